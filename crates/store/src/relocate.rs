//! Moving an installation from a SQLite file to a PostgreSQL server: every row of every table, in one
//! transaction, read again and compared before it is committed.
//!
//! - [`tables`]: what there is to move, and in which order.
//! - [`copy`]: one table, and what its rows come to.
//!
//! Secrets stay sealed: the new place needs the same encryption keys, and is asked for them before.

mod copy;
pub(crate) mod tables;

use std::path::Path;

use app::ports::Entropy;
use rusqlite::Connection;
use thiserror::Error;
use tokio_postgres::Client;

use crate::error::with_cause;
use crate::postgres::{PostgresServer, Session, beside, migrations};
use crate::sqlite::{self, CopyError, DatabaseLock};
use crate::{Keyring, OpenError};

/// Why an installation was not moved. It is where it was, and nothing of it is in the other place.
#[derive(Debug, Error)]
pub enum RelocateError {
    /// The file is in use, not whole, or not of this program's version.
    #[error(transparent)]
    Source(#[from] CopyError),
    /// The server cannot be used.
    #[error(transparent)]
    Target(#[from] OpenError),
    /// A key that the secrets need is not there.
    #[error(
        "{secrets} secrets need key {key_id}, which is not in the configuration: set \
         `encryption_key`, and `older_encryption_keys` if there are any, as the server has them"
    )]
    Key {
        /// The id of the key. No secret.
        key_id: String,
        /// How many secrets need it.
        secrets: u64,
    },
    /// Somebody works on the server's database.
    #[error(
        "{others} connection(s) of another paybridge use the database to move to: stop it first"
    )]
    TargetInUse {
        /// How many connections it has.
        others: i64,
    },
    /// There is an installation already.
    #[error(
        "the database to move to has rows in `{table}` already: name one that is empty. An \
         installation is moved, not merged with another one"
    )]
    NotEmpty {
        /// Where they were found.
        table: &'static str,
    },
    /// Something did not arrive.
    #[error("`{table}` could not be moved, and nothing was: {why}")]
    Table {
        /// The table.
        table: &'static str,
        /// What the database says, or what differed.
        why: String,
    },
}

impl From<tokio_postgres::Error> for RelocateError {
    fn from(error: tokio_postgres::Error) -> Self {
        OpenError::Statement(with_cause(&error)).into()
    }
}

impl From<rusqlite::Error> for RelocateError {
    fn from(error: rusqlite::Error) -> Self {
        OpenError::Sqlite(error).into()
    }
}

/// What was moved, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relocated {
    /// The installation. It keeps its id: Stripe knows payments by it.
    pub installation: String,
    /// How many rows each table has.
    pub tables: Vec<(&'static str, u64)>,
}

/// Moves the installation of the file `from` to the empty database on `to`. The file is not changed,
/// and nobody can write to it meanwhile. `told` hears of each table once its rows are copied.
///
/// A rehearsal checks both sides and counts the rows, and changes nothing.
///
/// # Errors
/// [`RelocateError`].
pub fn relocate(
    from: &Path,
    to: &PostgresServer,
    keyring: &Keyring,
    entropy: &dyn Entropy,
    rehearsed: bool,
    told: &mut (dyn FnMut(&str, u64) + Send),
) -> Result<Relocated, RelocateError> {
    if !from.exists() {
        return Err(CopyError::Absent { path: from.to_owned() }.into());
    }
    let _lock = DatabaseLock::hold(from)?;
    let found = sqlite::check(from, &sqlite::ring_ids(keyring))?;
    if found.missing_migrations > 0 {
        return Err(OpenError::Outdated { pending: found.missing_migrations }.into());
    }
    if let Some(key) = found.keys.iter().find(|key| !key.in_ring && key.secrets > 0) {
        return Err(RelocateError::Key { key_id: key.key_id.clone(), secrets: key.secrets });
    }
    let source = sqlite::open_for_nobody_else(from)?;
    let tables = beside(move || {
        let target = Session::open(&to.for_migrations())?;
        if rehearsed {
            let is_migrated = migrations::pending(&target)? == 0;
            return target.run(async |target| {
                look_at(target, is_migrated).await?;
                tables::ALL.iter().map(|table| Ok((*table, copy::count(&source, table)?))).collect()
            });
        }
        migrations::apply(&target, entropy)?;
        target.run(async |target| move_all(&source, target, told).await)
    })?;
    Ok(Relocated { installation: found.installation, tables })
}

/// Whether the database can be moved to. Where its tables are not there, nothing can be in them.
async fn look_at(target: &Client, is_migrated: bool) -> Result<(), RelocateError> {
    let others = target.query_one(tables::OTHERS, &[]).await?.try_get(0)?;
    if others > 0 {
        return Err(RelocateError::TargetInUse { others });
    }
    for table in tables::ALL.into_iter().filter(|table| *table != tables::INSTALLATION) {
        let has_rows = if is_migrated {
            format!("SELECT 1 FROM {table} LIMIT 1")
        } else {
            format!("SELECT 1 WHERE to_regclass('{table}') IS NOT NULL")
        };
        if target.query_opt(&has_rows, &[]).await?.is_some() {
            return Err(RelocateError::NotEmpty { table });
        }
    }
    Ok(())
}

async fn move_all(
    source: &Connection,
    target: &Client,
    told: &mut (dyn FnMut(&str, u64) + Send),
) -> Result<Vec<(&'static str, u64)>, RelocateError> {
    let locked = tables::ALL.join(", ");
    target.batch_execute(&format!("BEGIN; LOCK TABLE {locked} IN ACCESS EXCLUSIVE MODE")).await?;
    look_at(target, true).await?;
    // Until now it was an installation of its own, with nothing in it.
    target.batch_execute("DELETE FROM installation").await?;
    let mut moved = Vec::new();
    for table in tables::ALL {
        let sent = copy::send(source, target, table).await?;
        told(table, sent.rows);
        moved.push((table, sent));
    }
    let mut tables = Vec::new();
    for (table, sent) in moved {
        let arrived = copy::read_back(target, table).await?;
        if arrived != sent {
            let why = format!(
                "{} rows were read and {} arrived, or one differs",
                sent.rows, arrived.rows
            );
            return Err(RelocateError::Table { table, why });
        }
        tables.push((table, sent.rows));
    }
    tables::go_on_counting(source, target).await?;
    target.batch_execute("COMMIT").await?;
    // So that the first queries are planned by what is there.
    target.batch_execute("ANALYZE").await?;
    Ok(tables)
}
