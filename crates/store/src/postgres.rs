//! PostgreSQL: what is its own. The statements are those of [`sql`](crate::sql).
//!
//! - [`server`]: where the database is, and how a connection is made. [`migrations`]: the schema.
//! - [`session`]: one connection, and what travels over it together.
//! - [`pool`]: who carries out what waits, and what is tried again.
//! - [`events`]: what comes in at once is stored at once.
//! - [`bell`]: a sign to other processes that something waits.

mod bell;
mod events;
pub(crate) mod migrations;
mod pool;
mod server;
mod session;
#[cfg(test)]
mod statements;
mod value;

use app::ports::Entropy;

use crate::OpenError;
use crate::database::Database;
use crate::driver::Driver;
use crate::keyring::Keyring;
use crate::sql::{DatabaseOperator, DatabaseStore, OpenOptions, rotate};

pub use bell::hear;
pub(crate) use migrations::missing as pending_migrations;
pub(crate) use pool::{Access, Pool};
pub(crate) use server::Clock;
pub use server::{PostgresServer, ServerError};
pub(crate) use session::{Lost, Session};

/// Brings the database on `server` up to date. Returns which migrations were applied, in order.
///
/// Any number of programs may do so at once: one does it, the others wait.
///
/// # Errors
/// [`OpenError`]; a migration that fails leaves nothing behind.
pub fn migrate_server(
    server: &PostgresServer,
    entropy: &dyn Entropy,
) -> Result<Vec<crate::AppliedMigration>, OpenError> {
    beside(|| migrations::apply(&Session::open(&server.for_migrations())?, entropy))
}

impl DatabaseStore {
    /// Uses the database on `server`, beside any number of others that do.
    ///
    /// Leases of a process that died end when their time is over: nothing is cleared here.
    ///
    /// # Errors
    /// [`OpenError`]: among others when it cannot be reached, when it lacks migrations and may not
    /// be changed, or when it is newer than this program can read.
    pub fn connect(
        server: &PostgresServer,
        keyring: Keyring,
        options: OpenOptions,
        entropy: &dyn Entropy,
    ) -> Result<Self, OpenError> {
        beside(|| {
            let session = Session::open(&server.for_migrations())?;
            match migrations::pending(&session)? {
                0 => {}
                _ if options.migrate => {
                    migrations::apply(&session, entropy)?;
                }
                pending => return Err(OpenError::Pending { pending }),
            }
            rotate::at_start(&Database::Postgres(&session), &keyring, entropy.now())
        })?;
        Ok(Self::new(Driver::Postgres(Pool::new(server)?), keyring, None))
    }

    /// Uses the database on `server`, which has to be of this program's version, for a command that an
    /// operator gives.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn connect_beside(server: &PostgresServer, keyring: Keyring) -> Result<Self, OpenError> {
        let DatabaseOperator { driver } = DatabaseOperator::connect(server)?;
        Ok(Self::new(driver, keyring, None))
    }
}

impl DatabaseOperator {
    /// Uses the database on `server`, which has to be there and of this program's version.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn connect(server: &PostgresServer) -> Result<Self, OpenError> {
        match beside(|| migrations::pending(&Session::open(server)?))? {
            0 => Ok(Self { driver: Driver::Postgres(Pool::new(&server.for_operators())?) }),
            pending => Err(OpenError::Outdated { pending }),
        }
    }
}

/// Does something on a thread of its own: a connection waits for its answers by itself, which a
/// thread of the caller's runtime may not.
pub(crate) fn beside<T: Send, E: From<OpenError> + Send>(
    work: impl FnOnce() -> Result<T, E> + Send,
) -> Result<T, E> {
    std::thread::scope(|scope| {
        let done = std::thread::Builder::new()
            .name("store-opening".into())
            .spawn_scoped(scope, work)
            .map_err(OpenError::Thread)?;
        done.join().unwrap_or_else(|_| {
            Err(OpenError::Thread(std::io::Error::other("it ended without an answer")).into())
        })
    })
}
