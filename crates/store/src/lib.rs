//! Storage: the [`Store`](app::ports::Store) and [`OperatorStore`](app::ports::OperatorStore) ports on
//! SQLite and on PostgreSQL. Nothing else knows SQL.
//!
//! - [`DatabaseStore`]: the store itself, with its own threads or inline for simulations.
//! - [`DatabaseOperator`]: the same database as an operator uses it, beside a running server.
//! - [`migrate`], [`migrate_server`]: bring a database up to date without serving it.
//! - [`back_up`] and [`restore`]: a whole copy of a SQLite database, made beside a running server.
//! - [`relocate`]: an installation moves from SQLite to PostgreSQL.
//! - [`hear`]: a sign of another process that something waits.
//! - [`Keyring`]: the keys that tenants' credentials are encrypted with, from the first row on.
//!
//! Both databases run the same statements through `database`, which knows the differences between them.
//! What the store promises is written down as tests in `testkit::store_contract`.

mod condition;
mod database;
mod driver;
mod error;
mod job;
mod keyring;
mod known;
mod migration;
mod postgres;
mod relocate;
mod rows;
mod sql;
mod sqlite;

pub use driver::WriteCounts;
pub use error::OpenError;
pub use keyring::{KeyError, Keyring};
pub use migration::AppliedMigration;
pub use postgres::{PostgresServer, ServerError, hear, migrate_server};
pub use relocate::{RelocateError, Relocated, relocate};
pub use sql::{
    DatabaseOperator, DatabaseStore, KeyUse, OpenOptions, Rewritten, Rotated, STEP_PAUSE,
};
pub use sqlite::{CheckedCopy, CopyError, Restored, back_up, migrate, restore, ring_ids};

/// The store, by the database that tests and simulations make it on.
pub type SqliteStore = DatabaseStore;
/// The operator's side of [`SqliteStore`].
pub type SqliteOperator = DatabaseOperator;
