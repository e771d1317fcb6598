//! Leaving nothing behind in the file.

use app::ports::StoreError;
use rusqlite::Connection;

use crate::error::At;

const REWRITE: &str = "VACUUM";
const EMPTY_LOG: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Writes the whole file anew and empties the log beside it. Returns whether the log could be emptied:
/// not while somebody reads an older state.
pub(crate) fn rewrite(connection: &Connection) -> Result<bool, StoreError> {
    connection.execute_batch(REWRITE).at("installation")?;
    let busy: i64 = connection.query_row(EMPTY_LOG, [], |row| row.get(0)).at("installation")?;
    Ok(busy == 0)
}
