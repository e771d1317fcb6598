//! Accounts at the PSP that are looked after, and the payments that are compared with them. Leasing
//! is in `across_tenants`.

use app::ports::{CompareQuery, Lease, StoreError, Stored, Watch, WatchStore};
use async_trait::async_trait;
use jiff::Timestamp;
use payment::{Account, PaymentId, PspAccountId, TenantId};

use super::{DatabaseStore, across_tenants, payment as payments, value};
use crate::database::{Database, params};
use crate::error::At;

pub(super) const TABLE: &str = "watch";

/// Nothing of ours can have happened at the account before.
const BEGIN: &str = "INSERT INTO watch
        (tenant, account, mode, platform, events_until, compared_at, due_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?5)
    ON CONFLICT (tenant, account, mode) DO NOTHING";
const MOVE: &str = "UPDATE watch SET due_at = ?6,
        events_until = CASE WHEN events_until < ?4 THEN ?4 ELSE events_until END,
        compared_at = CASE WHEN compared_at < ?5 THEN ?5 ELSE compared_at END
    WHERE tenant = ?1 AND account = ?2 AND mode = ?3";
const TO_COMPARE: &str = "SELECT id FROM payment
    WHERE tenant = ?1 AND id > ?2 AND (updated_at >= ?3 OR (open = 1 AND updated_at >= ?4))
    ORDER BY id LIMIT ?5";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[BEGIN, MOVE, TO_COMPARE];

/// From now on the account is looked after; one that is already, goes on.
pub(super) fn begin(
    db: &Database,
    tenant: &TenantId,
    account: &Account,
    platform: Option<&PspAccountId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (id, mode) = (account.id.as_str(), account.mode.name());
    let platform = platform.map(PspAccountId::as_str);
    db.send(BEGIN, params![tenant.as_str(), id, mode, platform, now.as_microsecond()]).at(TABLE)
}

fn move_to(db: &Database, watch: &Watch, due_at: Timestamp) -> Result<(), StoreError> {
    let account = &watch.account;
    db.send(
        MOVE,
        params![
            watch.tenant.as_str(),
            account.id.as_str(),
            account.mode.name(),
            watch.events_until.as_microsecond(),
            watch.compared_at.as_microsecond(),
            due_at.as_microsecond(),
        ],
    )
    .at(TABLE)
}

fn to_compare(db: &Database, query: &CompareQuery) -> Result<Vec<Stored>, StoreError> {
    let CompareQuery { tenant, after, since, open_since, limit } = query;
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let ids: Vec<String> = db
        .rows(
            TO_COMPARE,
            params![
                tenant.as_str(),
                after,
                since.as_microsecond(),
                open_since.as_microsecond(),
                limit
            ],
            |row| row.get(0),
        )
        .at("payment")?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let id = value::id("payment", &id, PaymentId::parse)?;
        found.extend(payments::by_id(db, tenant, id)?);
    }
    Ok(found)
}

#[async_trait]
impl WatchStore for DatabaseStore {
    async fn claim_watches(&self, lease: &Lease) -> Result<Vec<Watch>, StoreError> {
        let lease = lease.clone();
        self.write(move |db| across_tenants::watch::claim(db, &lease)).await
    }

    async fn move_watch(&self, watch: &Watch, due_at: Timestamp) -> Result<(), StoreError> {
        let watch = watch.clone();
        self.write(move |db| move_to(db, &watch, due_at)).await
    }

    async fn watches(&self, after: Option<&Watch>, limit: u32) -> Result<Vec<Watch>, StoreError> {
        let after = after.cloned();
        self.driver.read(move |db| across_tenants::watch::all(db, after.as_ref(), limit)).await
    }

    async fn payments_to_compare(&self, query: &CompareQuery) -> Result<Vec<Stored>, StoreError> {
        let query = query.clone();
        self.driver.read(move |db| to_compare(db, &query)).await
    }
}
