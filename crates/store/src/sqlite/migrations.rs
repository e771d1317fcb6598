//! The schema's history: numbered, forward only, one transaction each.

use std::collections::BTreeSet;

use app::ports::Entropy;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::OpenError;
use crate::migration::{AppliedMigration, Migration};

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
        version: 5,
        name: "sign_in",
        sql: include_str!("../../migrations/sqlite/0005_sign_in.sql"),
    },
    Migration {
        version: 6,
        name: "marketplace",
        sql: include_str!("../../migrations/sqlite/0006_marketplace.sql"),
    },
    Migration {
        version: 7,
        name: "platform",
        sql: include_str!("../../migrations/sqlite/0007_platform.sql"),
    },
    Migration {
        version: 8,
        name: "watch",
        sql: include_str!("../../migrations/sqlite/0008_watch.sql"),
    },
    Migration {
        version: 9,
        name: "erasure",
        sql: include_str!("../../migrations/sqlite/0009_erasure.sql"),
    },
    Migration {
        version: 10,
        name: "last_messages",
        sql: include_str!("../../migrations/sqlite/0010_last_messages.sql"),
    },
];

const JOURNAL: &str = "CREATE TABLE IF NOT EXISTS schema_migration (
    version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT";
const HAS_JOURNAL: &str =
    "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migration'";
const ALL_APPLIED: &str = "SELECT version FROM schema_migration";
const APPLIED: &str =
    "INSERT INTO schema_migration (version, name, applied_at) VALUES (?1, ?2, ?3)";
const INSTALLATION: &str = "INSERT INTO installation (one, id, created_at) VALUES (1, ?1, ?2)
    ON CONFLICT (one) DO NOTHING";

/// How many migrations the database lacks.
///
/// # Errors
/// [`OpenError::Newer`].
pub(crate) fn pending(connection: &Connection) -> Result<usize, OpenError> {
    let applied = applied(connection)?;
    Ok(MIGRATIONS.iter().filter(|migration| !applied.contains(&migration.version)).count())
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
    let known = applied(connection)?;
    connection.execute_batch(JOURNAL)?;
    let mut applied = Vec::new();
    for migration in MIGRATIONS.iter().filter(|migration| !known.contains(&migration.version)) {
        let Migration { version, name, .. } = *migration;
        apply_one(connection, migration, entropy.now()).map_err(|source| OpenError::Migration {
            version,
            name,
            source: source.into(),
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

/// Which migrations the database has. Not only the newest: two that were made side by side may
/// come in either order.
fn applied(connection: &Connection) -> Result<BTreeSet<i64>, OpenError> {
    let journal = connection.query_row(HAS_JOURNAL, [], |_| Ok(())).optional()?;
    if journal.is_none() {
        return Ok(BTreeSet::new());
    }
    let mut statement = connection.prepare(ALL_APPLIED)?;
    let applied: BTreeSet<i64> =
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    match applied.last() {
        Some(&found) if found > known => Err(OpenError::Newer { found, known }),
        Some(_) | None => Ok(applied),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_in_rising_order() {
        let rising = MIGRATIONS.is_sorted_by(|one, next| one.version < next.version);
        assert!(rising && MIGRATIONS.first().is_some_and(|first| first.version == 1));
    }

    #[test]
    fn a_migration_that_came_in_between_is_applied_as_well() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, &testkit::TestEntropy::new()).unwrap();
        let undo = "DELETE FROM schema_migration WHERE version = 3;
            ALTER TABLE refund DROP COLUMN succeeded_at;
            ALTER TABLE attempt DROP COLUMN ended_because;
            ALTER TABLE payment DROP COLUMN received_minor;
            ALTER TABLE payment DROP COLUMN received_currency;";
        connection.execute_batch(undo).unwrap();
        assert_eq!(pending(&connection).unwrap(), 1);
        let again = apply(&mut connection, &testkit::TestEntropy::new()).unwrap();
        assert_eq!(again, [AppliedMigration { version: 3, name: "late" }]);
        assert_eq!(pending(&connection).unwrap(), 0);
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
        assert_eq!((tables, applied(&connection).unwrap()), (0, BTreeSet::new()));
    }
}
