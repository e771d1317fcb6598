//! Who runs the statements: SQLite's threads, PostgreSQL's, or the caller itself. All run the same
//! synchronous functions over a connection.

use app::ports::StoreError;

use crate::database::Database;
use crate::job::Written;
use crate::postgres::{Access, Pool};
use crate::sqlite;

/// How often the database was written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteCounts {
    /// Writes that were asked for.
    pub writes: u64,
    /// Transactions they were carried out in; each is one fsync.
    pub transactions: u64,
}

pub(crate) enum Driver {
    Sqlite(sqlite::Driver),
    Postgres(Pool),
}

impl Driver {
    /// Runs a write and answers once it is on disk.
    pub async fn write<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Database) -> Result<Written<T>, StoreError> + Send + 'static,
    {
        match self {
            Self::Sqlite(driver) => driver.write(operation).await,
            Self::Postgres(pool) => pool.carry_out(Access::Write, operation).await,
        }
    }

    /// The same for writes that wait for no rows of others: several at once share a transaction.
    pub async fn write_together<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Database) -> Result<Written<T>, StoreError> + Send + 'static,
    {
        match self {
            // All of its writes do.
            Self::Sqlite(driver) => driver.write(operation).await,
            Self::Postgres(pool) => pool.carry_out_together(operation).await,
        }
    }

    pub fn counts(&self) -> WriteCounts {
        match self {
            Self::Sqlite(driver) => driver.counts(),
            Self::Postgres(pool) => pool.counts(),
        }
    }

    /// Runs a read on one state of the database.
    pub async fn read<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Database) -> Result<T, StoreError> + Send + 'static,
    {
        match self {
            Self::Sqlite(driver) => driver.read(operation).await,
            Self::Postgres(pool) => {
                let read = move |db: &Database| operation(db).map(Written::Undo);
                pool.carry_out(Access::Read, read).await
            }
        }
    }
}
