//! The schema's history on PostgreSQL: numbered, forward only, one transaction each.
//!
//! Several programs may start at once: an advisory lock lets one of them migrate, and the others see
//! what it did. Programs of the version before go on meanwhile, and may be started again: each row of
//! `schema_migration` says which version a program has to know at least.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use app::ports::Entropy;

use super::session::{Session, Trouble};
use crate::OpenError;
use crate::database::{Database, Failure, params};
use crate::migration::{AppliedMigration, Migration};

/// With the oldest version that a program may be of to go on beside it.
const MIGRATIONS: &[(Migration, i64)] = &[
    (
        Migration {
            version: 1,
            name: "first",
            sql: include_str!("../../migrations/postgres/0001_first.sql"),
        },
        1,
    ),
    (
        Migration {
            version: 2,
            name: "last_messages",
            sql: include_str!("../../migrations/postgres/0002_last_messages.sql"),
        },
        1,
    ),
];

/// What the lock is called; no other program takes this number by chance.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7012406339821145)";
const JOURNAL: &str = "CREATE TABLE IF NOT EXISTS schema_migration (version BIGINT PRIMARY KEY,
    name TEXT NOT NULL, usable_from BIGINT NOT NULL, applied_at BIGINT NOT NULL)";
const HAS_JOURNAL: &str = "SELECT 1 WHERE to_regclass('schema_migration') IS NOT NULL";
const ALL_APPLIED: &str = "SELECT version, usable_from FROM schema_migration";
const APPLIED: &str = "INSERT INTO schema_migration (version, name, usable_from, applied_at)
    VALUES (?1, ?2, ?3, ?4)";
const INSTALLATION: &str = "INSERT INTO installation (one, id, created_at) VALUES (1, ?1, ?2)
    ON CONFLICT (one) DO NOTHING";

const WRITE: &str = "BEGIN";
/// So often a migration is begun that gets in the way of a program at work, and so long after each.
const TRIES_MAX: u32 = 8;
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// How many migrations the database lacks.
///
/// # Errors
/// [`OpenError::Newer`].
pub(crate) fn pending(session: &Session) -> Result<usize, OpenError> {
    in_transaction(session, |db| Ok(missing(db)))?
}

/// The same, within a transaction.
pub(crate) fn missing(db: &Database) -> Result<usize, OpenError> {
    let applied = applied(db)??;
    Ok(MIGRATIONS.iter().filter(|(migration, _)| !applied.contains(&migration.version)).count())
}

/// Applies what is missing, and gives the installation its id.
pub(crate) fn apply(
    session: &Session,
    entropy: &dyn Entropy,
) -> Result<Vec<AppliedMigration>, OpenError> {
    let mut done = Vec::new();
    for (migration, usable_from) in MIGRATIONS {
        let (version, name) = (migration.version, migration.name);
        let now = entropy.now().as_microsecond();
        let applied = in_transaction(session, |db| {
            session.batch(LOCK)?;
            session.batch(JOURNAL)?;
            match applied(db)? {
                Ok(applied) if applied.contains(&version) => return Ok(Ok(false)),
                Ok(_) => {}
                Err(newer) => return Ok(Err(newer)),
            }
            session.batch(migration.sql)?;
            db.execute(APPLIED, params![version, name, *usable_from, now])?;
            Ok(Ok(true))
        });
        let failed =
            |source: Failure| OpenError::Migration { version, name, source: source.into() };
        if applied.map_err(failed)?? {
            tracing::info!(version, name, "the database was migrated");
            done.push(AppliedMigration { version, name });
        }
    }
    let (id, now) = (entropy.new_id().to_string(), entropy.now().as_microsecond());
    in_transaction(session, |db| db.execute(INSTALLATION, params![id, now]))?;
    Ok(done)
}

/// A program at work may hold what a migration needs and wait for what it has: the server undoes one
/// of the two, and that one begins again.
fn in_transaction<T>(
    session: &Session,
    work: impl Fn(&Database) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut tries = TRIES_MAX;
    loop {
        session.begin(Some(WRITE));
        let done = work(&Database::Postgres(session));
        let failure = match done.and_then(|done| session.commit().map(|()| done)) {
            Ok(done) => return Ok(done),
            Err(failure) => failure,
        };
        session.undo();
        tries -= 1;
        if tries == 0 || session.trouble() != Some(Trouble::InTheWay) {
            return Err(failure);
        }
        thread::sleep(AGAIN_AFTER);
    }
}

/// Which migrations the database has.
fn applied(db: &Database) -> Result<Result<BTreeSet<i64>, OpenError>, Failure> {
    if !db.exists(HAS_JOURNAL, params![])? {
        return Ok(Ok(BTreeSet::new()));
    }
    let rows: Vec<(i64, i64)> =
        db.rows(ALL_APPLIED, params![], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let known = MIGRATIONS.iter().map(|(migration, _)| migration.version).max().unwrap_or(0);
    let found = rows.iter().map(|(_, usable_from)| *usable_from).max().unwrap_or(0);
    Ok(if found > known {
        Err(OpenError::Newer { found, known })
    } else {
        Ok(rows.into_iter().map(|(version, _)| version).collect())
    })
}

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) async fn apply_all(address: &str) {
    for (migration, _) in MIGRATIONS {
        testkit::postgres::statement(address, migration.sql).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;
    use tokio_postgres::NoTls;

    use super::*;
    use crate::PostgresServer;
    use crate::postgres::beside;

    /// A program at work holds one table and is about to need the other one.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_migration_that_a_program_at_work_is_in_the_way_of_begins_again() {
        let address = testkit::postgres::database().await;
        let tables = "CREATE TABLE one (n INTEGER); CREATE TABLE two (n INTEGER)";
        testkit::postgres::statement(&address, tables).await;
        let (client, connection) = tokio_postgres::connect(&address, NoTls).await.unwrap();
        tokio::spawn(connection);
        // The server undoes the one that is patient for less long: the migration.
        let at_work = "SET deadlock_timeout = '60s'; BEGIN; INSERT INTO one VALUES (1)";
        client.batch_execute(at_work).await.unwrap();
        let (holds_two, begun) = (Arc::new(Notify::new()), AtomicU32::new(0));
        let held = holds_two.clone();
        let at_work = tokio::spawn(async move {
            held.notified().await;
            client.batch_execute("INSERT INTO two VALUES (1); COMMIT").await
        });
        let server = PostgresServer::parse(&address).unwrap();
        let migrated = beside(|| {
            let session = Session::open(&server)?;
            let migrated = in_transaction(&session, |_| {
                begun.fetch_add(1, Ordering::SeqCst);
                session.batch("ALTER TABLE two ADD COLUMN later INTEGER")?;
                holds_two.notify_one();
                session.batch("ALTER TABLE one ADD COLUMN later INTEGER")
            });
            migrated.map_err(OpenError::from)
        });
        migrated.unwrap();
        at_work.await.unwrap().unwrap();
        assert_eq!(begun.into_inner(), 2);
    }

    #[test]
    fn migrations_are_numbered_in_rising_order() {
        let rising = MIGRATIONS.is_sorted_by(|(one, _), (next, _)| one.version < next.version);
        assert!(rising && MIGRATIONS.first().is_some_and(|(first, _)| first.version == 1));
        assert!(
            MIGRATIONS.iter().all(|(migration, usable_from)| *usable_from <= migration.version)
        );
    }
}
