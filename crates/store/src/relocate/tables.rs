//! What an installation consists of.

use rusqlite::{Connection, OptionalExtension};
use tokio_postgres::Client;

use super::RelocateError;

/// The table of which a migrated database has its row already.
pub(super) const INSTALLATION: &str = "installation";

/// Every table but the schema's own history: those first that others refer to.
pub(crate) const ALL: [&str; 21] = [
    INSTALLATION,
    "tenant",
    "credential",
    "bound_account",
    "data_key",
    "access_token",
    "payment_method",
    "payment",
    "attempt",
    "capture",
    "refund",
    "dispute",
    "payment_history",
    "psp_call",
    "inbox",
    "outbox",
    "merchant",
    "transfer",
    "transfer_share",
    "reversal",
    "watch",
];

/// Connections of a server that works on the same database.
pub(super) const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND application_name = current_setting('application_name')";

/// The columns of a table in the order of the server.
const COLUMNS: &str = "SELECT column_name::text FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position";
/// The columns that are counted up by themselves.
const COUNTED: &str = "SELECT table_name::text, column_name::text FROM information_schema.columns
    WHERE table_schema = current_schema() AND is_identity = 'YES'";
/// How far SQLite has counted in a table, also where the last rows are gone.
const REACHED: &str = "SELECT seq FROM sqlite_sequence WHERE name = ?1";

/// The columns of a table.
pub(super) async fn columns(target: &Client, table: &str) -> Result<Vec<String>, RelocateError> {
    let rows = target.query(COLUMNS, &[&table]).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// The next row gets a number that none has had.
pub(super) async fn go_on_counting(
    source: &Connection,
    target: &Client,
) -> Result<(), RelocateError> {
    for row in target.query(COUNTED, &[]).await? {
        let (table, column): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let newest = format!("SELECT max([{column}]) FROM [{table}]");
        let newest: Option<i64> = source.query_row(&newest, [], |row| row.get(0))?;
        let reached: Option<i64> =
            source.query_row(REACHED, [&table], |row| row.get(0)).optional()?;
        if let Some(last) = newest.max(reached).filter(|last| *last > 0) {
            let go_on = "SELECT setval(pg_get_serial_sequence($1, $2), $3)";
            target.query(go_on, &[&table, &column, &last]).await?;
        }
    }
    Ok(())
}
