//! When a lease begins and ends. On SQLite the one process that uses the database says so; on PostgreSQL
//! the database does, because the clocks of several processes may differ (rule R22).

use app::ports::{Lease, StoreError};
use jiff::Timestamp;

use super::value;
use crate::database::{Database, params};
use crate::error::At;
use crate::postgres::Clock;

const NOW: &str = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";

/// What PostgreSQL alone is asked. For its test of statements.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[NOW];

/// The same lease, by the clock that counts.
pub(super) fn by_the_clock(db: &Database, lease: &Lease) -> Result<Lease, StoreError> {
    let (now, until) = moved(db, lease.now, lease.until)?;
    Ok(Lease { now, until, ..lease.clone() })
}

/// The same span, by the clock that counts.
pub(super) fn moved(
    db: &Database,
    now: Timestamp,
    until: Timestamp,
) -> Result<(Timestamp, Timestamp), StoreError> {
    let by_the_database = match db {
        Database::Sqlite(_) => false,
        Database::Postgres(session) => match session.clock() {
            Clock::Database => true,
            Clock::Caller => false,
        },
    };
    if !by_the_database {
        return Ok((now, until));
    }
    let there = db.one(NOW, params![], |row| row.get(0)).at("clock")?;
    let there = value::time("clock", there)?;
    Ok((there, there.saturating_add(until.duration_since(now)).unwrap_or(until)))
}
