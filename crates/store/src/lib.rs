//! Storage: the [`Store`](app::ports::Store) port on SQLite. Nothing else knows SQL.
//!
//! - [`SqliteStore`]: the store itself, with its own threads or inline for simulations.
//! - [`migrate`]: brings a database up to date without serving it.
//! - [`Keyring`]: the keys that tenants' credentials are encrypted with, from the first row on.
//!
//! What the store promises is written down as tests in `testkit::store_contract`.

mod error;
mod keyring;
mod rows;
mod sqlite;

pub use error::OpenError;
pub use keyring::{KeyError, Keyring};
pub use sqlite::{AppliedMigration, OpenOptions, SqliteStore, WriteCounts, migrate};
