//! What can go wrong at the database, by what the caller does next.

use std::error::Error as _;
use std::path::{Path, PathBuf};

use app::ports::StoreError;
use rusqlite::ErrorCode;
use thiserror::Error;
use tokio_postgres::error::SqlState;

use crate::ServerError;
use crate::database::Failure;

/// Why a database could not be opened or brought up to date. All of them stop the start and are
/// for the operator.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process holds the lock (rule R22).
    #[error(
        "another paybridge uses this database: {} is locked. Stop it first, or give this one a \
         database of its own",
        .lock.display()
    )]
    InUse {
        /// The lock file.
        lock: PathBuf,
    },
    /// The database is older than the program, and it was asked not to change it.
    #[error(
        "the database lacks {pending} migration(s): run `paybridge migrate`, or start without \
         `--no-migrate`"
    )]
    Pending {
        /// How many migrations are not applied.
        pending: usize,
    },
    /// The database is older than the program, which is only there to look at it.
    #[error(
        "the database lacks {pending} migration(s) that this paybridge knows: use the paybridge \
         that serves it, or stop the server and run `paybridge migrate`"
    )]
    Outdated {
        /// How many migrations are not applied.
        pending: usize,
    },
    /// There is no database.
    #[error(
        "there is no database at {}: check `database_url`; `paybridge serve` makes a new one",
        .path.display()
    )]
    Absent {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A newer program has migrated the database. There is no way back but a backup.
    #[error(
        "the database was migrated to version {found} by a newer paybridge; this one knows \
         versions up to {known}. Start the newer program, or restore a backup from before"
    )]
    Newer {
        /// The version of the database.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// There is no room for what a start writes.
    #[error(
        "there is no room on the disk of {}: make room on it, then start again. Nothing of what was \
         answered is lost",
        .path.display()
    )]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// A file or its folder cannot be made or opened.
    #[error("cannot open {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file system cannot hold a write-ahead log, as network file systems cannot.
    #[error(
        "the database cannot keep a write-ahead log where it is (its journal is {mode:?}): put it \
         on a local disk"
    )]
    NoWriteAheadLog {
        /// The journal that SQLite fell back to.
        mode: String,
    },
    /// A statement on PostgreSQL failed before anything was served.
    #[error("cannot use the database: {0}")]
    Statement(String),
    /// SQLite does not take the file.
    #[error("cannot use the database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A migration failed; nothing of it was applied.
    #[error("migration {version} ({name}) failed and was undone: {source}")]
    Migration {
        /// Its number.
        version: i64,
        /// Its name.
        name: &'static str,
        /// What the database says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// PostgreSQL cannot be reached, or is none that can be used.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The operating system gives no thread.
    #[error("cannot start a thread for the database: {0}")]
    Thread(std::io::Error),
    /// What is in the database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OpenError {
    /// The same, or that there is no room, where that is all there is to it.
    pub(crate) fn or_full(self, path: &Path) -> Self {
        let is_full = match &self {
            Self::Sqlite(error) => is_full(error),
            Self::Migration { source, .. } => source.downcast_ref().is_some_and(is_full),
            Self::File { source, .. } => source.kind() == std::io::ErrorKind::StorageFull,
            Self::Store(StoreError::Full(_)) => true,
            Self::Store(_)
            | Self::InUse { .. }
            | Self::Pending { .. }
            | Self::Outdated { .. }
            | Self::Absent { .. }
            | Self::Newer { .. }
            | Self::NoWriteAheadLog { .. }
            | Self::Statement(_)
            | Self::Server(_)
            | Self::Thread(_)
            | Self::Full { .. } => false,
        };
        if is_full { Self::Full { path: path.to_owned() } } else { self }
    }
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        Self::Statement(told(&failure))
    }
}

/// Says which table a statement was about, and turns SQLite's errors into the port's.
pub(crate) trait At<T> {
    /// # Errors
    /// [`StoreError::Corrupt`] where the rows are wrong, [`StoreError::Unavailable`] where the
    /// database is.
    fn at(self, table: &'static str) -> Result<T, StoreError>;
}

impl<T> At<T> for Result<T, Failure> {
    fn at(self, table: &'static str) -> Result<T, StoreError> {
        self.map_err(|failure| store_error(&failure, table))
    }
}

impl<T> At<T> for rusqlite::Result<T> {
    fn at(self, table: &'static str) -> Result<T, StoreError> {
        self.map_err(Failure::Sqlite).at(table)
    }
}

/// What a failure means for the caller.
pub(crate) fn store_error(failure: &Failure, table: &'static str) -> StoreError {
    let rows_are_wrong = match failure {
        Failure::Sqlite(rusqlite::Error::SqliteFailure(failure, _)) => matches!(
            failure.code,
            ErrorCode::ConstraintViolation
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::TypeMismatch
                | ErrorCode::TooBig
        ),
        Failure::Postgres(error) => error.code().is_some_and(is_about_rows),
        Failure::Lost(_) => false,
        // Everything that is not the database's own failure is a value that does not read.
        Failure::Sqlite(_) | Failure::Unreadable { .. } | Failure::NoRow => true,
    };
    if rows_are_wrong {
        return StoreError::Corrupt { table, detail: told(failure) };
    }
    let is_full = match failure {
        Failure::Sqlite(error) => is_full(error),
        Failure::Postgres(error) => error.code() == Some(&SqlState::DISK_FULL),
        Failure::Lost(_) | Failure::Unreadable { .. } | Failure::NoRow => false,
    };
    if is_full { StoreError::Full(told(failure)) } else { StoreError::Unavailable(told(failure)) }
}

/// SQLite cannot be used, whatever the statement was.
pub(crate) fn not_available(error: &rusqlite::Error) -> StoreError {
    let reason = error.to_string();
    if is_full(error) { StoreError::Full(reason) } else { StoreError::Unavailable(reason) }
}

/// Beside its own code for a full disk SQLite has one for when the index of its log cannot grow.
fn is_full(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            failure.code == ErrorCode::DiskFull
                || failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE
        }
        _ => false,
    }
}

/// The classes "data exception" and "integrity constraint violation", and what the server says of
/// damaged files.
fn is_about_rows(code: &SqlState) -> bool {
    let damaged = [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED];
    code.code().starts_with("22") || code.code().starts_with("23") || damaged.contains(code)
}

/// PostgreSQL's driver says in its own words only that there was an error; what it was is behind it.
fn told(failure: &Failure) -> String {
    match failure {
        Failure::Postgres(error) => with_cause(error),
        Failure::Sqlite(_) | Failure::Lost(_) | Failure::Unreadable { .. } | Failure::NoRow => {
            failure.to_string()
        }
    }
}

/// An error with what it comes from, without the values of rows that the server adds.
pub(crate) fn with_cause(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(said), _) => format!("{} ({})", said.message(), said.code().code()),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}

/// A value that does not read as it was written.
pub(crate) fn corrupt(table: &'static str, detail: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt { table, detail: detail.to_string() }
}
