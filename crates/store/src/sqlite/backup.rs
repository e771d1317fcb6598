//! A whole copy of the database, made beside a running server, and put back.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use thiserror::Error;

use super::connection::{self, DatabaseLock};
use super::migrations;
use crate::database::Database;
use crate::sql::{KeyUse, rotate, tenant};
use crate::{Keyring, OpenError};

/// Why a copy was not made, or not put back. Nothing was changed then.
#[derive(Debug, Error)]
pub enum CopyError {
    /// There is a file where the copy is to be.
    #[error("{} is there already: name a file that is not, or remove it", .path.display())]
    Exists {
        /// That file.
        path: PathBuf,
    },
    /// There is no copy.
    #[error("there is no file {}: check the path", .path.display())]
    Absent {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("cannot use {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file is no whole database of this program.
    #[error("{} is no whole paybridge database: {detail}. Use another copy", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// A database cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// A database file that was read from end to end and found whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedCopy {
    /// Its size.
    pub bytes: u64,
    /// Which installation it is of.
    pub installation: String,
    /// How many migrations it lacks: those that came after it.
    pub missing_migrations: usize,
    /// The keys that open its secrets.
    pub keys: Vec<KeyUse>,
}

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The copy.
    pub copy: CheckedCopy,
    /// Where the database that was there before is now, if there was one.
    pub set_aside: Option<PathBuf>,
}

/// Makes a copy of the database at `database`, as it is at one moment, also while a server works on
/// it: that is not held up. The copy appears under its name only once it is whole, checked and on
/// disk, and only its owner may read it.
///
/// # Errors
/// [`CopyError`].
pub fn back_up(database: &Path, to: &Path, ring: &[String]) -> Result<CheckedCopy, CopyError> {
    if to.exists() {
        return Err(CopyError::Exists { path: to.to_owned() });
    }
    let source = connection::open_beside(database)?;
    match migrations::pending(&source)? {
        0 => {}
        pending => return Err(OpenError::Outdated { pending }.into()),
    }
    let begun = beside(to, ".begun");
    remove_if_there(&begun)?;
    connection::create_private(&begun).map_err(at(&begun))?;
    let checked = copy_into(&source, &begun).and_then(|()| check(&begun, ring));
    let checked = checked.and_then(|checked| {
        move_durably(&begun, to)?;
        Ok(checked)
    });
    if checked.is_err() {
        // The copy's own error says more than that of cleaning up would.
        let _ = fs::remove_file(&begun);
    }
    checked
}

/// A read transaction sees one moment of the database, and in write-ahead mode holds up nobody.
fn copy_into(source: &Connection, target: &Path) -> Result<(), CopyError> {
    let name = target.to_str().ok_or_else(|| {
        at(target)(io::Error::new(io::ErrorKind::InvalidInput, "the path is not UTF-8"))
    })?;
    source.execute("VACUUM INTO ?1", [name]).map_err(OpenError::from)?;
    File::open(target).and_then(|file| file.sync_all()).map_err(at(target))
}

/// Reads a database file from end to end.
///
/// # Errors
/// [`CopyError`]: it is not whole, not ours, or newer than this program.
pub fn check(path: &Path, ring: &[String]) -> Result<CheckedCopy, CopyError> {
    let bytes = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(CopyError::Absent { path: path.to_owned() });
        }
        Err(error) => return Err(at(path)(error)),
    };
    let damaged = |detail: String| CopyError::Damaged { path: path.to_owned(), detail };
    let unreadable = |error: &dyn std::fmt::Display| damaged(error.to_string());
    let copy = connection::open_reader(path).map_err(|error| unreadable(&error))?;
    let found: String = copy
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|error| unreadable(&error))?;
    if found != "ok" {
        return Err(damaged(found));
    }
    let stray: Option<String> = copy
        .query_row("PRAGMA foreign_key_check", [], |row| row.get(0))
        .optional()
        .map_err(|error| unreadable(&error))?;
    if let Some(table) = stray {
        return Err(damaged(format!("a row of {table} refers to nothing")));
    }
    let missing_migrations = migrations::pending(&copy)?;
    if missing_migrations == migrations::all() {
        return Err(damaged("no migration was ever applied to it".to_owned()));
    }
    let installation =
        tenant::installation(&Database::Sqlite(&copy)).map_err(|error| unreadable(&error))?;
    let keys =
        rotate::key_uses(&Database::Sqlite(&copy), ring).map_err(|error| unreadable(&error))?;
    Ok(CheckedCopy { bytes, installation: installation.to_string(), missing_migrations, keys })
}

/// Puts a copy in the place of the database at `database`. What was there is set aside and not
/// overwritten; a database that a process uses is left alone.
///
/// # Errors
/// [`CopyError`].
pub fn restore(
    from: &Path,
    database: &Path,
    ring: &[String],
    now: Timestamp,
    rehearsed: bool,
) -> Result<Restored, CopyError> {
    let copy = check(from, ring)?;
    // A rehearsal leaves nothing behind, so it looks only at a lock that is there.
    let _lock = match rehearsed && !connection::lock_path(database).exists() {
        true => None,
        false => Some(DatabaseLock::hold(database)?),
    };
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    let has_database = fs::metadata(database).is_ok_and(|metadata| metadata.len() > 0);
    let set_aside = has_database.then(|| beside(database, &format!(".before-restore-{stamp}")));
    if let Some(path) = set_aside.as_ref().filter(|path| path.exists()) {
        return Err(CopyError::Exists { path: path.clone() });
    }
    if rehearsed {
        return Ok(Restored { copy, set_aside });
    }
    let begun = beside(database, ".restoring");
    let mut target = connection::create_private(&begun).map_err(at(&begun))?;
    target.set_len(0).map_err(at(&begun))?;
    let mut source = File::open(from).map_err(at(from))?;
    io::copy(&mut source, &mut target).map_err(at(&begun))?;
    target.sync_all().map_err(at(&begun))?;
    if let Some(aside) = &set_aside {
        set_database_aside(database, aside)?;
    }
    // A log that a crash left behind would be taken for the copy's.
    for log in ["-wal", "-shm"] {
        remove_if_there(&beside(database, log))?;
    }
    move_durably(&begun, database)?;
    Ok(Restored { copy, set_aside })
}

/// The log first: without it the database is only older, but a log beside another database is
/// damage.
fn set_database_aside(database: &Path, aside: &Path) -> Result<(), CopyError> {
    let log = beside(database, "-wal");
    if log.exists() {
        fs::rename(&log, beside(aside, "-wal")).map_err(at(&log))?;
    }
    fs::rename(database, aside).map_err(at(database))
}

/// Gives a file that is on disk its name, and has that on disk as well.
fn move_durably(from: &Path, to: &Path) -> Result<(), CopyError> {
    fs::rename(from, to).map_err(at(to))?;
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}

fn remove_if_there(path: &Path) -> Result<(), CopyError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(at(path)(error)),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> CopyError {
    let path = path.to_owned();
    move |source| CopyError::File { path, source }
}

/// The ids of the keys of a ring, to say of a copy whether they open it.
pub fn ring_ids(keyring: &Keyring) -> Vec<String> {
    keyring.ids().map(str::to_owned).collect()
}
