//! Opening the database: file, lock, and the settings that make it durable.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::OpenError;

/// The connection that writes keeps at most so much of the database in memory.
const CACHE_KIB: i64 = 32 * 1024;
/// Each that only reads does. There are several, and every commit makes them read anew.
const READER_CACHE_KIB: i64 = 8 * 1024;
/// The log is cut back to this size once it was taken over into the database.
const LOG_BYTES_MAX: i64 = 64 * 1024 * 1024;
/// How long a connection waits for another one, for instance a backup's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// So many prepared statements are kept for each connection: more than there are.
const STATEMENTS_MAX: usize = 128;

/// The connection that writes.
///
/// In write-ahead mode a commit appends to the log, and `synchronous = FULL` syncs the log to
/// disk before the commit returns: what was answered survives a power failure.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    write_ahead(&connection)?;
    configure(&connection)?;
    Ok(connection)
}

/// SQLite keeps its old journal without an error where it cannot do as asked.
fn write_ahead(connection: &Connection) -> Result<(), OpenError> {
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode == "wal" { Ok(()) } else { Err(OpenError::NoWriteAheadLog { mode }) }
}

/// A connection that writes beside those of a running server. The database has to be there, and
/// stays in the journal mode that the server gave it.
pub(crate) fn open_beside(path: &Path) -> Result<Connection, OpenError> {
    if !path.exists() {
        return Err(OpenError::Absent { path: path.to_owned() });
    }
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    configure(&connection)?;
    Ok(connection)
}

/// A connection in a transaction that keeps everybody else from writing, and writes nothing itself.
pub(crate) fn open_for_nobody_else(path: &Path) -> Result<Connection, OpenError> {
    let connection = open_beside(path)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    Ok(connection)
}

/// A connection that cannot write.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    configure(&connection)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    Ok(connection)
}

/// A database that is gone with its connection, for simulations.
pub(crate) fn open_in_memory() -> Result<Connection, OpenError> {
    let connection = Connection::open_in_memory()?;
    configure(&connection)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // What is deleted or replaced is overwritten in the file, not only forgotten.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Negative: in KiB, not in pages.
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_MAX)?;
    // Plans do not depend on what is bound. Without this SQLite prepares a statement anew, from its
    // text, whenever another value is bound to it: a fifth of all time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(())
}

/// An exclusive lock on a database, held as long as this lives (rule R22). It is a file of its
/// own beside the database; the operating system gives it up when the process dies.
#[derive(Debug)]
pub(crate) struct DatabaseLock(#[expect(dead_code, reason = "held, not read")] File);

impl DatabaseLock {
    /// Makes the folder and an empty database that only its owner may read, if they are not
    /// there, and takes the lock.
    pub fn take(database: &Path) -> Result<Self, OpenError> {
        let lock = Self::hold(database)?;
        // SQLite gives its log the permissions of the database.
        create_private(database).map_err(|source| file_error(database, source))?;
        Ok(lock)
    }

    /// Takes the lock, whether there is a database or not.
    pub fn hold(database: &Path) -> Result<Self, OpenError> {
        if let Some(folder) = database.parent() {
            fs::create_dir_all(folder).map_err(|source| file_error(folder, source))?;
        }
        let path = lock_path(database);
        let file = create_private(&path).map_err(|source| file_error(&path, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { lock: path }),
            Err(TryLockError::Error(source)) => return Err(file_error(&path, source)),
        }
        Ok(Self(file))
    }
}

pub(crate) fn lock_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// Opens a file; a new one is readable by its owner alone.
pub(crate) fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn file_error(path: &Path, source: std::io::Error) -> OpenError {
    OpenError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pragma(connection: &Connection, name: &str) -> String {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
            .map(|value| match value {
                rusqlite::types::Value::Integer(number) => number.to_string(),
                rusqlite::types::Value::Text(text) => text,
                other => format!("{other:?}"),
            })
            .unwrap()
    }

    #[test]
    fn a_commit_is_on_disk_before_it_returns_and_keys_are_checked() {
        let folder = tempfile::tempdir().unwrap();
        let writer = open_writer(&folder.path().join("test.db")).unwrap();
        assert_eq!(pragma(&writer, "journal_mode"), "wal");
        assert_eq!(pragma(&writer, "synchronous"), "2", "FULL: one fsync each commit");
        assert_eq!(pragma(&writer, "foreign_keys"), "1");
        let reader = open_reader(&folder.path().join("test.db")).unwrap();
        assert_eq!(pragma(&reader, "journal_mode"), "wal");
    }

    #[test]
    fn a_place_without_a_write_ahead_log_is_refused() {
        let error = write_ahead(&Connection::open_in_memory().unwrap()).unwrap_err();
        assert!(error.to_string().contains("put it on a local disk"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_the_database_and_its_log() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/deep/test.db");
        let _lock = DatabaseLock::take(&path).unwrap();
        let writer = open_writer(&path).unwrap();
        writer.execute_batch("CREATE TABLE line (n INTEGER) STRICT").unwrap();
        let files: Vec<_> =
            fs::read_dir(path.parent().unwrap()).unwrap().map(Result::unwrap).collect();
        assert!(files.len() >= 3, "database, log, lock: {files:?}");
        for file in files {
            let mode = file.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{:?}", file.path());
        }
    }
}
