//! Which accounts at the PSP there are to look after, and which are due.

use app::ports::{Lease, StoreError, Watch};
use payment::{PspAccountId, TenantId};

use crate::database::{Database, Params, Reading, Row, params};
use crate::error::At;
use crate::sql::watch::TABLE;
use crate::sql::{lease, tenant, value};

const CLAIM: &str = "UPDATE watch SET due_at = ?2
    WHERE (tenant, account, mode) IN (SELECT tenant, account, mode FROM watch
        WHERE due_at <= ?1 ORDER BY due_at LIMIT ?3
        /*postgres FOR UPDATE SKIP LOCKED postgres*/)
    RETURNING tenant, account, mode, platform, events_until, compared_at";
const ALL: &str = "SELECT tenant, account, mode, platform, events_until, compared_at FROM watch
    WHERE (tenant, account, mode) > (?1, ?2, ?3) ORDER BY tenant, account, mode LIMIT ?4";
const ALL_DUE: &str = "UPDATE watch SET due_at = 0 WHERE due_at > 0";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(in crate::sql) const STATEMENTS: &[&str] = &[CLAIM, ALL, ALL_DUE];

/// Leases accounts that are due.
pub(in crate::sql) fn claim(db: &Database, lease: &Lease) -> Result<Vec<Watch>, StoreError> {
    let lease = &lease::by_the_clock(db, lease)?;
    let (now, until) = (lease.now.as_microsecond(), lease.until.as_microsecond());
    read(db, CLAIM, params![now, until, lease.limit])
}

/// All accounts after this one.
pub(in crate::sql) fn all(
    db: &Database,
    after: Option<&Watch>,
    limit: u32,
) -> Result<Vec<Watch>, StoreError> {
    let (tenant, account, mode) = match after {
        Some(Watch { tenant, account, .. }) => {
            (tenant.as_str(), account.id.as_str(), account.mode.name())
        }
        None => ("", "", ""),
    };
    read(db, ALL, params![tenant, account, mode, limit])
}

/// Every account is looked at after a start: nobody was there to be told of events.
pub(super) fn all_due(db: &Database) -> Result<(), StoreError> {
    db.execute(ALL_DUE, params![]).at(TABLE)?;
    Ok(())
}

fn read(db: &Database, sql: &'static str, values: Params) -> Result<Vec<Watch>, StoreError> {
    let rows: Vec<WatchRow> = db.rows(sql, values, WatchRow::new).at(TABLE)?;
    rows.into_iter().map(WatchRow::read).collect()
}

struct WatchRow {
    tenant: String,
    account: String,
    mode: String,
    platform: Option<String>,
    events_until: i64,
    compared_at: i64,
}

impl WatchRow {
    fn new(row: &Row<'_>) -> Reading<Self> {
        Ok(Self {
            tenant: row.get(0)?,
            account: row.get(1)?,
            mode: row.get(2)?,
            platform: row.get(3)?,
            events_until: row.get(4)?,
            compared_at: row.get(5)?,
        })
    }

    fn read(self) -> Result<Watch, StoreError> {
        Ok(Watch {
            tenant: TenantId::new(self.tenant),
            account: tenant::read_account(TABLE, self.account, &self.mode)?,
            platform: self.platform.map(PspAccountId::new),
            events_until: value::time(TABLE, self.events_until)?,
            compared_at: value::time(TABLE, self.compared_at)?,
        })
    }
}
