//! Whether the database is still where it was opened. One that was moved or deleted under a running
//! process can be written on as if nothing had happened, and everything is lost at the next start.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A disk that was full has room again only with so much: else the next small write fits, and the one
/// after it does not.
const ROOM_MIN_BYTES: u64 = 1024 * 1024;

/// A file, and which one it was.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    identity: Identity,
}

/// What tells a file from another one at the same place.
#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = ();

/// The file is not where it was.
#[derive(Debug, Error)]
pub(crate) enum Moved {
    #[error(
        "the database is not at {} any more: {source}; put it back, with the files beside it",
        .path.display()
    )]
    Gone { path: PathBuf, source: io::Error },
    #[error("another file took the place of the database {}: restart paybridge", .0.display())]
    Replaced(PathBuf),
}

impl Place {
    /// The file at `path` as it is now.
    pub fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: identity(path)? })
    }

    /// Whether there is room for some work on its disk. Where that cannot be asked, a write shows it.
    pub fn has_room(&self) -> bool {
        free_bytes(&self.path).is_none_or(|free| free >= ROOM_MIN_BYTES)
    }

    /// Whether it is still there.
    pub fn check(&self) -> Result<(), Moved> {
        match identity(&self.path) {
            Ok(found) if found == self.identity => Ok(()),
            Ok(_) => Err(Moved::Replaced(self.path.clone())),
            Err(source) => Err(Moved::Gone { path: self.path.clone(), source }),
        }
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).map(|file| (file.dev(), file.ino()))
}

#[cfg(unix)]
fn free_bytes(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    std::fs::metadata(path).map(|_| ())
}
