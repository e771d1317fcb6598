//! Storage: the [`Store`](app::ports::Store) and [`OperatorStore`](app::ports::OperatorStore) ports on
//! SQLite. Nothing else knows SQL.
//!
//! - [`SqliteStore`]: the store itself, with its own threads or inline for simulations.
//! - [`SqliteOperator`]: the same database as an operator uses it, beside a running server.
//! - [`migrate`]: brings a database up to date without serving it.
//! - [`back_up`] and [`restore`]: a whole copy of a database, made beside a running server.
//! - [`Keyring`]: the keys that tenants' credentials are encrypted with, from the first row on.
//!
//! What the store promises is written down as tests in `testkit::store_contract`.

mod error;
mod keyring;
mod rows;
mod sqlite;

pub use error::OpenError;
pub use keyring::{KeyError, Keyring};
pub use sqlite::{
    AppliedMigration, CheckedCopy, CopyError, KeyUse, OpenOptions, Restored, Rotated, STEP_PAUSE,
    SqliteOperator, SqliteStore, WriteCounts, back_up, migrate, restore, ring_ids,
};
