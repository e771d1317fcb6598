//! The database itself: whether it can be written, and leaving nothing behind in it.

use app::ports::StoreError;

use super::DatabaseOperator;
use crate::database::params;
use crate::driver::{ANY_WRITE, Driver};
use crate::error::At;
use crate::job::Written;
use crate::sqlite;

/// What is left of rows that were erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewritten {
    /// Nothing: the file was written anew, and the log beside it is empty.
    Whole,
    /// The file was written anew. The log beside it could not be emptied: somebody reads an older state.
    ButForTheLog,
    /// PostgreSQL shows the old rows to nobody, but has their bytes until a vacuum, and in its log.
    UntilVacuum,
}

impl DatabaseOperator {
    /// Tries to write, and undoes it.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn check_write(&self) -> Result<(), StoreError> {
        self.driver
            .write(|db| {
                db.execute(ANY_WRITE, params![]).at("installation")?;
                Ok(Written::Undo(()))
            })
            .await
    }

    /// Writes the whole of a SQLite file anew and empties the log beside it, so that nothing of what was
    /// erased is left in either. A server beside it waits with its writes meanwhile. On PostgreSQL it
    /// does nothing: only a vacuum of the tables, by whoever runs that server, does.
    ///
    /// # Errors
    /// The database is not free, or there is no room for a second copy.
    pub fn rewrite(&self) -> Result<Rewritten, StoreError> {
        match &self.driver {
            Driver::Sqlite(driver) => {
                let emptied = driver.alone(sqlite::rewrite)?;
                Ok(if emptied { Rewritten::Whole } else { Rewritten::ButForTheLog })
            }
            Driver::Postgres(_) => Ok(Rewritten::UntilVacuum),
        }
    }
}
