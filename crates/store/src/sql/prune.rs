//! Giving up what nobody needs any more: rows that have ended, the oldest first.
//!
//! Rows are numbered in the order in which they came. What is old stands at the front of its table,
//! so a look at it ends at the first row that is not old, and needs no index of its own, which every
//! write would have to keep. These statements do not start from a tenant: age is the same for all.

use app::ports::{PruneBefore, Pruned, StoreError, Upkeep};
use async_trait::async_trait;
use jiff::Timestamp;

use super::across_tenants::ahead;
use super::{DatabaseOperator, DatabaseStore, value};
use crate::database::{Database, params};
use crate::error::At;
use crate::job::Written;
use crate::{postgres, sqlite};

/// The first row of a table that is not old; beyond the last one where all of them are.
macro_rules! first_young {
    ($table:literal, $key:literal, $came:literal) => {
        concat!(
            "coalesce((SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE ",
            $key,
            " > 0 AND ",
            $came,
            " >= ?1 ORDER BY ",
            $key,
            " LIMIT 1), 9223372036854775807)"
        )
    };
}

macro_rules! prunable {
    ($what:literal, $table:literal, $key:literal, $came:literal, $ended:literal, $limit:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM ",
            $table,
            " WHERE ",
            $key,
            " > 0 AND ",
            $key,
            " < ",
            first_young!($table, $key, $came),
            " AND ",
            $ended,
            $limit
        )
    };
}

/// A kind of row: how the old ones are counted, and how some are given up.
struct Prunable {
    table: &'static str,
    count: &'static str,
    delete: &'static str,
}

macro_rules! kind {
    ($table:literal, $key:literal, $came:literal, $ended:literal) => {
        Prunable {
            table: $table,
            count: prunable!("count(*)", $table, $key, $came, $ended, ""),
            delete: concat!(
                "DELETE FROM ",
                $table,
                " WHERE ",
                $key,
                " IN (",
                prunable!($key, $table, $key, $came, $ended, " ORDER BY 1 LIMIT ?2"),
                ")"
            ),
        }
    };
}

const INBOX: Prunable =
    kind!("inbox", "seq", "received_at", "state IN ('done', 'foreign') AND ended_at < ?1");
const OUTBOX: Prunable =
    kind!("outbox", "seq", "created_at", "state = 'delivered' AND ended_at < ?1");
const CALLS: Prunable = kind!("psp_call", "rowid", "planned_at", "settled_at < ?1");
const HISTORY: Prunable = kind!("payment_history", "seq", "at", "at < ?1");

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    INBOX.count,
    INBOX.delete,
    OUTBOX.count,
    OUTBOX.delete,
    CALLS.count,
    CALLS.delete,
    HISTORY.count,
    HISTORY.delete,
];

impl Prunable {
    fn count(&self, db: &Database, before: Timestamp) -> Result<u64, StoreError> {
        let count = db.one(self.count, params![before.as_microsecond()], |row| row.get(0));
        value::count(self.table, count.at(self.table)?)
    }

    fn delete(&self, db: &Database, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        db.execute(self.delete, params![before.as_microsecond(), limit]).at(self.table)
    }
}

fn prunable(db: &Database, before: &PruneBefore) -> Result<Pruned, StoreError> {
    Ok(Pruned {
        inbox: INBOX.count(db, before.inbox)?,
        outbox: OUTBOX.count(db, before.outbox)?,
        calls: CALLS.count(db, before.calls)?,
        history: HISTORY.count(db, before.history)?,
    })
}

fn prune(db: &Database, before: &PruneBefore, limit: u32) -> Result<Pruned, StoreError> {
    Ok(Pruned {
        inbox: INBOX.delete(db, before.inbox, limit)?,
        outbox: OUTBOX.delete(db, before.outbox, limit)?,
        calls: CALLS.delete(db, before.calls, limit)?,
        history: HISTORY.delete(db, before.history, limit)?,
    })
}

fn missing_migrations(db: &Database) -> Result<usize, StoreError> {
    let pending = match db {
        Database::Sqlite(connection) => sqlite::pending_migrations(connection),
        Database::Postgres(_) => postgres::pending_migrations(db),
    };
    pending.map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// The worker's store and the operator's look after the same database in the same way.
macro_rules! upkeep {
    ($database:ty) => {
        #[async_trait]
        impl Upkeep for $database {
            async fn missing_migrations(&self) -> Result<usize, StoreError> {
                self.driver.read(missing_migrations).await
            }

            async fn check(&self) -> Result<(), StoreError> {
                self.driver.check().await
            }

            async fn bring_back(
                &self,
                now: Timestamp,
                channels: &[String],
            ) -> Result<u64, StoreError> {
                let channels = channels.to_vec();
                let bring =
                    move |db: &Database| ahead::bring_back(db, now, &channels).map(Written::Keep);
                self.driver.write(bring).await
            }

            async fn prunable(&self, before: &PruneBefore) -> Result<Pruned, StoreError> {
                let before = *before;
                self.driver.read(move |db| prunable(db, &before)).await
            }

            async fn prune(&self, before: &PruneBefore, limit: u32) -> Result<Pruned, StoreError> {
                let before = *before;
                self.driver.write(move |db| prune(db, &before, limit).map(Written::Keep)).await
            }
        }
    };
}

upkeep!(DatabaseStore);
upkeep!(DatabaseOperator);
