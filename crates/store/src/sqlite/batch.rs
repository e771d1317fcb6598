//! Group commit: writes that wait are carried out in one transaction, each in a savepoint of its
//! own, and answered together once that transaction is on disk.

use app::ports::StoreError;
use rusqlite::Connection;

use crate::database::Database;
use crate::error::not_available;
use crate::job::Job;

/// Carries out all jobs in one transaction and answers them. If the transaction is lost, all of
/// them are. Returns whether something was written to disk.
pub(crate) fn run_batch(connection: &Connection, mut jobs: Vec<Box<dyn Job>>) -> bool {
    let done = in_one_transaction(connection, &mut jobs);
    if done.is_err()
        // It may have been undone already, by the error itself.
        && !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "a transaction could not be undone");
    }
    answer_all(jobs, done.as_ref().err());
    done.unwrap_or(false)
}

/// Answers each of them: with its own result, or with why all of them were lost.
pub(crate) fn answer_all(jobs: Vec<Box<dyn Job>>, lost: Option<&StoreError>) {
    for job in jobs {
        job.answer(lost.cloned());
    }
}

fn in_one_transaction(
    connection: &Connection,
    jobs: &mut [Box<dyn Job>],
) -> Result<bool, StoreError> {
    let carry_out = |sql: &str| -> Result<(), StoreError> {
        let done = connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
        done.map(|_| ()).map_err(|error| not_available(&error))
    };
    let mut wrote = false;
    carry_out("BEGIN IMMEDIATE")?;
    for job in jobs {
        carry_out("SAVEPOINT job")?;
        let before = connection.total_changes();
        let keep = job.run(&Database::Sqlite(connection));
        // Some errors, a full disk for one, undo the whole transaction.
        if connection.is_autocommit()
            && let Some(failure) = job.failure()
        {
            return Err(failure.clone());
        }
        if keep {
            wrote |= connection.total_changes() > before;
        } else {
            carry_out("ROLLBACK TO job")?;
        }
        carry_out("RELEASE job")?;
    }
    carry_out("COMMIT")?;
    Ok(wrote)
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;
    use crate::database::params;
    use crate::error::At;
    use crate::job::{Written, job};

    type Answer = oneshot::Receiver<Result<i64, StoreError>>;

    fn database() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE line (n INTEGER PRIMARY KEY) STRICT").unwrap();
        connection
    }

    fn insert(n: i64, then: fn(i64) -> Result<Written<i64>, StoreError>) -> (Box<dyn Job>, Answer) {
        job(move |db: &Database| {
            db.execute("INSERT INTO line VALUES (?1)", params![n]).unwrap();
            then(n)
        })
    }

    fn lines(connection: &Connection) -> Vec<i64> {
        let mut statement = connection.prepare("SELECT n FROM line ORDER BY n").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn a_write_that_fails_is_undone_alone() {
        let connection = database();
        let (one, one_answer) = insert(1, |n| Ok(Written::Keep(n)));
        let (two, two_answer) = insert(2, |_| Err(StoreError::Unavailable("no".into())));
        let (three, three_answer) = insert(3, |n| Ok(Written::Undo(n)));
        let (four, four_answer) = insert(4, |n| Ok(Written::Keep(n)));
        run_batch(&connection, vec![one, two, three, four]);
        assert_eq!(lines(&connection), [1, 4]);
        assert_eq!(one_answer.blocking_recv().unwrap().unwrap(), 1);
        assert!(two_answer.blocking_recv().unwrap().is_err());
        assert_eq!(three_answer.blocking_recv().unwrap().unwrap(), 3, "answered, but undone");
        assert_eq!(four_answer.blocking_recv().unwrap().unwrap(), 4);
    }

    #[test]
    fn when_the_commit_fails_every_write_of_the_batch_is_lost() {
        let connection = database();
        // A deferred foreign key is checked by COMMIT: the one way to make it fail on purpose.
        connection
            .execute_batch(
                "PRAGMA foreign_keys = ON; CREATE TABLE child (n INTEGER REFERENCES line (n) \
                 DEFERRABLE INITIALLY DEFERRED) STRICT",
            )
            .unwrap();
        let (good, good_answer) = insert(1, |n| Ok(Written::Keep(n)));
        let (bad, bad_answer) = job(|db: &Database| {
            db.execute("INSERT INTO child VALUES (99)", params![]).unwrap();
            Ok(Written::Keep(99_i64))
        });
        run_batch(&connection, vec![good, bad]);
        for answer in [good_answer, bad_answer] {
            let error = answer.blocking_recv().unwrap().unwrap_err();
            assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
        }
        assert!(lines(&connection).is_empty());
        let (next, next_answer) = insert(2, |n| Ok(Written::Keep(n)));
        run_batch(&connection, vec![next]);
        assert_eq!(next_answer.blocking_recv().unwrap().unwrap(), 2, "the next one goes on");
    }

    #[test]
    fn a_full_disk_is_told_as_such_and_what_fits_goes_on() {
        let connection = database();
        connection.execute_batch("CREATE TABLE blob (b BLOB) STRICT").unwrap();
        connection.pragma_update(None, "max_page_count", 8).unwrap();
        let (huge, huge_answer) = job(|db: &Database| {
            db.execute("INSERT INTO blob VALUES (zeroblob(1000000))", params![]).at("blob")?;
            Ok(Written::Keep(1))
        });
        run_batch(&connection, vec![huge]);
        let error = huge_answer.blocking_recv().unwrap().unwrap_err();
        assert!(matches!(error, StoreError::Full(_)), "{error}");
        let (small, small_answer) = insert(2, |n| Ok(Written::Keep(n)));
        run_batch(&connection, vec![small]);
        assert_eq!(small_answer.blocking_recv().unwrap().unwrap(), 2);
        assert_eq!(lines(&connection), [2]);
    }
}
