//! The file itself: whether it can be written, and leaving nothing behind in it.

use app::ports::StoreError;

use super::SqliteOperator;
use crate::error::At;
use crate::sqlite::batch::Written;

/// Any write will do; it is undone.
const WRITE: &str = "UPDATE installation SET id = id";
const REWRITE: &str = "VACUUM";
const EMPTY_LOG: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

impl SqliteOperator {
    /// Tries to write, and undoes it.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn check_write(&self) -> Result<(), StoreError> {
        self.driver
            .write(|db| {
                db.execute(WRITE, []).at("installation")?;
                Ok(Written::Undo(()))
            })
            .await
    }

    /// Writes the whole file anew and empties the log beside it, so that nothing of what was erased
    /// is left in either. A server beside it waits with its writes meanwhile. Returns whether the
    /// log could be emptied: not while somebody reads an older state.
    ///
    /// # Errors
    /// The database is not free, or there is no room for a second copy.
    pub fn rewrite(&self) -> Result<bool, StoreError> {
        self.driver.alone(|db| {
            db.execute_batch(REWRITE).at("installation")?;
            let busy: i64 = db.query_row(EMPTY_LOG, [], |row| row.get(0)).at("installation")?;
            Ok(busy == 0)
        })
    }
}
