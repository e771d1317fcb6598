//! Who runs the statements: SQLite's threads, PostgreSQL's, or the caller itself. All run the same
//! synchronous functions over a connection.

use std::sync::atomic::{AtomicU64, Ordering};

use app::ports::StoreError;

use crate::condition::{Condition, Done};
use crate::database::{Database, params};
use crate::error::At;
use crate::job::Written;
use crate::postgres::{Access, Pool};
use crate::sql::inbox::{self, NewEvent};
use crate::sqlite;

/// How far a read goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// One statement that finds a few rows by their keys.
    Statement,
    /// Several of them, on one state of the database.
    FewRows,
    /// A list or a count, which may take its time.
    ManyRows,
}

impl Extent {
    /// Whether it is over sooner than another thread is woken for it.
    pub fn is_short(self) -> bool {
        match self {
            Self::Statement | Self::FewRows => true,
            Self::ManyRows => false,
        }
    }
}

/// How often the database was written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteCounts {
    /// Writes that were asked for.
    pub writes: u64,
    /// Transactions they were carried out in; each is one fsync.
    pub transactions: u64,
}

/// Counts writes.
#[derive(Default)]
pub(crate) struct Counters {
    writes: AtomicU64,
    transactions: AtomicU64,
}

impl Counters {
    /// So many writes are asked for.
    pub fn asked(&self, writes: usize) {
        let writes = u64::try_from(writes).unwrap_or(u64::MAX);
        self.writes.fetch_add(writes, Ordering::Relaxed);
        metrics::counter!("paybridge_database_writes_total").increment(writes);
    }

    /// A transaction begins that carries them out.
    pub fn began(&self) {
        self.transactions.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("paybridge_database_transactions_total").increment(1);
    }

    pub fn so_far(&self) -> WriteCounts {
        WriteCounts {
            writes: self.writes.load(Ordering::Relaxed),
            transactions: self.transactions.load(Ordering::Relaxed),
        }
    }
}

/// Any write will do.
pub(crate) const ANY_WRITE: &str = "UPDATE installation SET id = id";

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
            Self::Postgres(pool) => pool.written(pool.carry_out(Access::Write, operation).await),
        }
    }

    /// Whether the database can be used, as far as is known; found out by a write where the last one
    /// failed.
    pub async fn check(&self) -> Result<(), StoreError> {
        if !self.condition().writes_fail() {
            return Ok(());
        }
        let write = |db: &Database| db.execute(ANY_WRITE, params![]).at("installation");
        self.write(move |db| write(db).map(Written::Keep)).await?;
        if self.condition().is_full() {
            return Err(StoreError::Full("there is hardly any room yet".to_owned()));
        }
        Ok(())
    }

    fn condition(&self) -> &Condition {
        match self {
            Self::Sqlite(driver) => driver.condition(),
            Self::Postgres(pool) => pool.condition(),
        }
    }

    /// Puts an event into the inbox; whether it is new. Those that come in at once share a
    /// transaction.
    pub async fn receive_event(&self, event: NewEvent) -> Result<bool, StoreError> {
        match self {
            // All of its writes do.
            Self::Sqlite(driver) => {
                driver.write(move |db| inbox::receive_event(db, &event).map(Written::Keep)).await
            }
            Self::Postgres(pool) => pool.written(pool.receive_event(event).await),
        }
    }

    pub fn counts(&self) -> WriteCounts {
        match self {
            Self::Sqlite(driver) => driver.counts(),
            Self::Postgres(pool) => pool.counts(),
        }
    }

    /// Runs a read of one statement that finds a few rows by their keys.
    pub async fn read_one<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Database) -> Result<T, StoreError> + Send + 'static,
    {
        self.read_with(Extent::Statement, operation).await
    }

    /// Runs a read of several such statements on one state of the database.
    pub async fn read_few<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Database) -> Result<T, StoreError> + Send + 'static,
    {
        self.read_with(Extent::FewRows, operation).await
    }

    /// Runs a read of many rows on one state of the database.
    pub async fn read<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Database) -> Result<T, StoreError> + Send + 'static,
    {
        self.read_with(Extent::ManyRows, operation).await
    }

    async fn read_with<T, F>(&self, extent: Extent, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Database) -> Result<T, StoreError> + Send + 'static,
    {
        let result = match self {
            Self::Sqlite(driver) => driver.read(extent, operation).await,
            Self::Postgres(pool) => {
                let access = match extent {
                    Extent::Statement => Access::OneStatement,
                    Extent::FewRows | Extent::ManyRows => Access::Read,
                };
                pool.carry_out(access, move |db| operation(db).map(Written::Undo)).await
            }
        };
        self.condition().saw(Done::Read, result.as_ref().map(|_| ()));
        result
    }
}
