//! The database: whether it can be used, how much room a file has, which keys open what is in it.

use std::path::Path;
use std::sync::Arc;

use app::ports::StoreError;
use store::{DatabaseOperator, Keyring};

use super::Finding;
use crate::config::Database;

/// With less free room on the database's disk, writing stops soon.
pub const DISK_FREE_MIN_BYTES: u64 = 256 * MIB;
/// With less free room on the database's disk, somebody should know.
pub const DISK_FREE_WARNING_BYTES: u64 = 2048 * MIB;
const MIB: u64 = 1024 * 1024;

/// One that does not open. The error says what to do.
pub(super) fn unusable(error: &anyhow::Error) -> Finding {
    let next = "bring it back, or see what `database_url` names: docs/guide/operate.md";
    Finding::problem("database", error.to_string(), next)
}

/// The room on the disk of a PostgreSQL server is for whoever runs that to watch: it may be elsewhere.
pub(super) async fn checks(database: &Database, store: &DatabaseOperator) -> Vec<Finding> {
    let (name, next, disk) = match database {
        Database::Sqlite { path } => (
            path.display().to_string(),
            "let the service's user own the file and its folder, on a disk that is not read-only",
            disk(path),
        ),
        Database::Postgres(server) => (
            server.to_string(),
            "name the server that takes writes, not its standby, and let paybridge's user own the \
             database and its tables",
            None,
        ),
    };
    let written = match store.check_write().await {
        Ok(()) => Finding::ok("database", format!("{name} is of this version and can be written")),
        Err(error) => {
            Finding::problem("database", format!("{name} cannot be written: {error}"), next)
        }
    };
    std::iter::once(written).chain(disk).collect()
}

#[cfg(unix)]
fn disk(path: &Path) -> Option<Finding> {
    let check = "disk";
    let next =
        "make room, or move the database: it stops taking webhooks and commands when it is full";
    match rustix::fs::statvfs(path) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let text = format!("{} MiB free", free / MIB);
            Some(if free < DISK_FREE_MIN_BYTES {
                Finding::problem(check, text, next)
            } else if free < DISK_FREE_WARNING_BYTES {
                Finding::warning(check, text, next)
            } else {
                Finding::ok(check, text)
            })
        }
        Err(error) => {
            let text = format!("cannot be asked how much is free: {error}");
            Some(Finding::warning(check, text, "see for yourself with `df`"))
        }
    }
}

#[cfg(not(unix))]
fn disk(_: &Path) -> Option<Finding> {
    None
}

/// Whether the key ring has every master key that the database needs.
pub(super) async fn key_ring(
    store: &DatabaseOperator,
    keyring: &Arc<Keyring>,
) -> Result<Vec<Finding>, StoreError> {
    let check = "encryption key";
    let uses = store.key_uses(keyring).await?;
    let mut findings: Vec<Finding> = uses
        .iter()
        .filter(|key| !key.in_ring)
        .map(|key| {
            let text = format!(
                "{} secrets need key {}, which is not in the ring",
                key.secrets, key.key_id
            );
            let next = "add that key to `older_encryption_keys` and restart: until then webhooks of \
                        these tenants are answered 503 and their commands wait";
            Finding::problem(check, text, next)
        })
        .collect();
    let older = uses.iter().filter(|key| key.in_ring && key.key_id != keyring.active_id());
    let left: u64 = older.map(|key| key.secrets).sum();
    if left > 0 {
        let text = format!("{left} secrets are still under an older key");
        findings.push(Finding::warning(check, text, "run `paybridge keys rotate`"));
    }
    if findings.is_empty() {
        let secrets: u64 = uses.iter().map(|key| key.secrets).sum();
        let text = format!("key {} opens all {secrets} data keys", keyring.active_id());
        findings.push(Finding::ok(check, text));
    }
    Ok(findings)
}
