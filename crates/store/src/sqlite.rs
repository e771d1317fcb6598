//! SQLite: what is its own. The statements are those of [`sql`](crate::sql).
//!
//! - [`connection`]: opening, the lock, what makes it durable. [`migrations`]: the schema.
//! - [`backup`]: a whole copy, made beside a running server, and put back.
//! - [`driver`] and [`batch`]: who runs the statements, and group commit. [`checkpoint`]: what is
//!   behind it.

mod backup;
mod batch;
mod checkpoint;
mod connection;
mod driver;
mod migrations;
mod place;
mod rewrite;

use std::path::Path;

use app::ports::Entropy;
use rusqlite::Connection;

use crate::database::Database;
use crate::migration::AppliedMigration;
use crate::sql::{DatabaseOperator, DatabaseStore, OpenOptions, across_tenants, rotate};
use crate::{Keyring, OpenError};

pub(crate) use backup::check;
pub use backup::{CheckedCopy, CopyError, Restored, back_up, restore, ring_ids};
pub(crate) use connection::{DatabaseLock, open_for_nobody_else};
pub(crate) use driver::Driver;
pub(crate) use migrations::pending as pending_migrations;
pub(crate) use rewrite::rewrite;

/// Brings the database at `path` up to date, making it where it is not there. Returns which
/// migrations were applied, in order.
///
/// # Errors
/// [`OpenError`]; a migration that fails leaves nothing behind.
pub fn migrate(path: &Path, entropy: &dyn Entropy) -> Result<Vec<AppliedMigration>, OpenError> {
    let apply = || {
        let _lock = DatabaseLock::take(path)?;
        migrations::apply(&mut connection::open_writer(path)?, entropy)
    };
    apply().map_err(|error| error.or_full(path))
}

impl DatabaseStore {
    /// Opens the database at `path` with a thread that writes and some that read.
    ///
    /// The folder and the database are made where they are not there, readable by their owner
    /// alone. Leases that a process left behind are cleared (rule R22).
    ///
    /// # Errors
    /// [`OpenError`]: among others when another process uses the database, when it lacks
    /// migrations and may not be changed, or when it is newer than this program.
    pub fn open(
        path: &Path,
        keyring: Keyring,
        options: OpenOptions,
        entropy: &dyn Entropy,
    ) -> Result<Self, OpenError> {
        let open = || {
            let (connection, lock) = open_file(path, &keyring, options, entropy)?;
            Ok((Driver::threads(connection, path)?, lock))
        };
        let (driver, lock) = open().map_err(|error: OpenError| error.or_full(path))?;
        Ok(Self::new(crate::driver::Driver::Sqlite(driver), keyring, Some(lock)))
    }

    /// Opens the database at `path` without threads: whoever calls runs the statements. For
    /// simulations and tests under paused time.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn inline_at(
        path: &Path,
        keyring: Keyring,
        options: OpenOptions,
        entropy: &dyn Entropy,
    ) -> Result<Self, OpenError> {
        let (connection, lock) = open_file(path, &keyring, options, entropy)?;
        Ok(Self::new(
            crate::driver::Driver::Sqlite(Driver::inline(connection)),
            keyring,
            Some(lock),
        ))
    }

    /// Opens the database at `path`, which has to be there and of this program's version, beside a
    /// running server or without one: for a command that an operator gives. It takes no lock and
    /// clears no lease, because both belong to the server. Whoever calls runs the statements.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn beside(path: &Path, keyring: Keyring) -> Result<Self, OpenError> {
        let connection = connection::open_beside(path)?;
        match migrations::pending(&connection)? {
            0 => {}
            pending => return Err(OpenError::Outdated { pending }),
        }
        let driver = crate::driver::Driver::Sqlite(Driver::inline(connection));
        Ok(Self::new(driver, keyring, None))
    }

    /// A new database in memory, without threads; gone when the store is dropped. For
    /// simulations and tests under paused time.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn inline(keyring: Keyring, entropy: &dyn Entropy) -> Result<Self, OpenError> {
        let mut connection = connection::open_in_memory()?;
        migrations::apply(&mut connection, entropy)?;
        Ok(Self::new(crate::driver::Driver::Sqlite(Driver::inline(connection)), keyring, None))
    }
}

impl DatabaseOperator {
    /// Opens the database at `path`, which has to be there and of this program's version.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let connection = connection::open_beside(path)?;
        match migrations::pending(&connection)? {
            0 => Ok(Self { driver: crate::driver::Driver::Sqlite(Driver::inline(connection)) }),
            pending => Err(OpenError::Outdated { pending }),
        }
    }
}

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(crate) fn migrated_in_memory() -> Connection {
    let mut connection = connection::open_in_memory().unwrap();
    migrations::apply(&mut connection, &testkit::TestEntropy::new()).unwrap();
    connection
}

fn open_file(
    path: &Path,
    keyring: &Keyring,
    options: OpenOptions,
    entropy: &dyn Entropy,
) -> Result<(Connection, DatabaseLock), OpenError> {
    if !options.migrate && !path.exists() {
        return Err(OpenError::Pending { pending: migrations::all() });
    }
    let lock = DatabaseLock::take(path)?;
    let mut connection = connection::open_writer(path)?;
    match migrations::pending(&connection)? {
        0 => {}
        _ if options.migrate => {
            migrations::apply(&mut connection, entropy)?;
        }
        pending => return Err(OpenError::Pending { pending }),
    }
    let db = Database::Sqlite(&connection);
    across_tenants::clear_leases(&db)?;
    rotate::at_start(&db, keyring, entropy.now())?;
    Ok((connection, lock))
}
