//! The schema's history: numbered, forward only, one transaction each.

use app::ports::Entropy;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::OpenError;

struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

/// A migration that was released is never changed; the next one is added.
const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "first",
        sql: include_str!("../../migrations/sqlite/0001_first.sql"),
    },
    Migration {
        version: 2,
        name: "operator",
        sql: include_str!("../../migrations/sqlite/0002_operator.sql"),
    },
    Migration {
        version: 3,
        name: "late",
        sql: include_str!("../../migrations/sqlite/0003_late.sql"),
    },
    Migration {
        version: 4,
        name: "pre_order",
        sql: include_str!("../../migrations/sqlite/0004_pre_order.sql"),
    },
    Migration {
        version: 6,
        name: "marketplace",
        sql: include_str!("../../migrations/sqlite/0006_marketplace.sql"),
    },
];

const JOURNAL: &str = "CREATE TABLE IF NOT EXISTS schema_migration (
    version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT";
const HAS_JOURNAL: &str =
    "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migration'";
const NEWEST: &str = "SELECT coalesce(max(version), 0) FROM schema_migration";
const APPLIED: &str =
    "INSERT INTO schema_migration (version, name, applied_at) VALUES (?1, ?2, ?3)";
const INSTALLATION: &str = "INSERT INTO installation (one, id, created_at) VALUES (1, ?1, ?2)
    ON CONFLICT (one) DO NOTHING";

/// A migration that was applied just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedMigration {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: &'static str,
}

/// How many migrations the database lacks.
///
/// # Errors
/// [`OpenError::Newer`].
pub(crate) fn pending(connection: &Connection) -> Result<usize, OpenError> {
    let version = version(connection)?;
    Ok(MIGRATIONS.iter().filter(|migration| migration.version > version).count())
}

/// So many migrations a database that is not there lacks.
pub(crate) fn all() -> usize {
    MIGRATIONS.len()
}

/// Applies what is missing, and gives the installation its id.
pub(crate) fn apply(
    connection: &mut Connection,
    entropy: &dyn Entropy,
) -> Result<Vec<AppliedMigration>, OpenError> {
    let version = version(connection)?;
    connection.execute_batch(JOURNAL)?;
    let mut applied = Vec::new();
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > version) {
        let Migration { version, name, .. } = *migration;
        apply_one(connection, migration, entropy.now()).map_err(|source| OpenError::Migration {
            version,
            name,
            source,
        })?;
        tracing::info!(version, name, "the database was migrated");
        applied.push(AppliedMigration { version, name });
    }
    let (id, now) = (entropy.new_id().to_string(), entropy.now().as_microsecond());
    connection.execute(INSTALLATION, params![id, now])?;
    Ok(applied)
}

fn apply_one(
    connection: &mut Connection,
    migration: &Migration,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(migration.sql)?;
    transaction
        .execute(APPLIED, params![migration.version, migration.name, now.as_microsecond()])?;
    transaction.commit()
}

fn version(connection: &Connection) -> Result<i64, OpenError> {
    let journal = connection.query_row(HAS_JOURNAL, [], |_| Ok(())).optional()?;
    if journal.is_none() {
        return Ok(0);
    }
    let found = connection.query_row(NEWEST, [], |row| row.get(0))?;
    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_from_one_without_gaps() {
        let versions: Vec<_> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        let expected: Vec<_> = (1..).take(versions.len()).collect();
        assert_eq!(versions, expected);
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing_behind() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(JOURNAL).unwrap();
        let broken =
            Migration { version: 1, name: "broken", sql: "CREATE TABLE a (n INTEGER); nonsense" };
        assert!(apply_one(&mut connection, &broken, Timestamp::UNIX_EPOCH).is_err());
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'a'", [], |row| row.get(0))
            .unwrap();
        assert_eq!((tables, version(&connection).unwrap()), (0, 0));
    }
}
