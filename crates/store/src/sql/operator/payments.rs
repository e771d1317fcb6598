//! Payments for an operator: lists of them, and one with everything that belongs to it.

use std::collections::BTreeSet;

use ::payment::{CallId, CommandId, OrderReference, PaymentId, PspReference, Status, TenantId};
use app::ports::{
    CallEntry, CallOutcome, Page, PaymentCase, PaymentFile, PaymentQuery, StoreError, Stored,
};
use jiff::Timestamp;

use super::{Key, inbox, keys, of_payment, outbox, page, probe};
use crate::database::{Database, Reading, Row, params};
use crate::error::At;
use crate::sql::{across_tenants, commit, payment, value};

/// At most so many open rows are read beside one payment.
const OPEN_ROWS_MAX: u32 = 20;
/// At most so many payments of one order are named.
const OTHERS_MAX: u32 = 20;
/// At most so many stuck payments of one kind are looked at.
pub(in crate::sql) const STUCK_MAX: u32 = 10_000;

const NEWEST: &str = "SELECT tenant, id FROM payment
    WHERE tenant = ?1 AND (CAST(?2 AS TEXT) IS NULL OR status = ?2) ORDER BY id DESC LIMIT ?3";
const OF_ORDER: &str = "SELECT tenant, id FROM payment WHERE tenant = ?1 AND order_reference = ?2
    ORDER BY created_at DESC, id DESC LIMIT ?3";
const UPDATED_AT: &str = "SELECT updated_at FROM payment WHERE tenant = ?1 AND id = ?2";
const CALLS: &str = "SELECT id, purpose, command, planned_at, settled_at, succeeded, reason
    FROM psp_call WHERE tenant = ?1 AND payment = ?2 ORDER BY rowid";

const CALL_STUCK: &str = "SELECT tenant, payment FROM psp_call
    WHERE tenant = ?1 AND settled_at IS NULL AND planned_at < ?2 LIMIT ?3";
/// A command is for the newest payment of its order.
const INBOX_STUCK: &str = "SELECT tenant, payment FROM (SELECT tenant,
            (SELECT id FROM payment WHERE payment.tenant = inbox.tenant
                AND order_reference = order_key ORDER BY created_at DESC, id DESC LIMIT 1)
                AS payment
        FROM inbox INDEXED BY inbox_open
        WHERE tenant = ?1 AND state IN ('waiting', 'parked') AND state = 'parked' ) AS stuck
    WHERE payment IS NOT NULL LIMIT ?2";
const OUTBOX_STUCK: &str = "SELECT tenant, payment FROM (SELECT tenant,
            (SELECT id FROM payment WHERE payment.tenant = outbox.tenant
                AND order_reference = order_key ORDER BY created_at DESC, id DESC LIMIT 1)
                AS payment
        FROM outbox
        WHERE tenant = ?1 AND state = 'parked') AS stuck
    WHERE payment IS NOT NULL LIMIT ?2";

/// Those that may have kept money back: an open payment whose cancel is not through yet.
const CANCEL_REQUESTED: &str = "SELECT tenant, id FROM payment
    WHERE tenant = ?1 AND open = 1 AND status = 'cancel_requested' LIMIT ?2";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[NEWEST, OF_ORDER, UPDATED_AT, CALLS, CALL_STUCK, INBOX_STUCK, OUTBOX_STUCK, CANCEL_REQUESTED];

pub(super) fn list(db: &Database, query: &PaymentQuery) -> Result<Page<PaymentCase>, StoreError> {
    let keys = match query.stuck_since {
        Some(since) => stuck(db, query.tenant.as_ref(), since)?,
        None => newest(db, query)?,
    };
    page(keys, query.limit, |tenant, id| {
        let id = value::id("payment", id, PaymentId::parse)?;
        let stored = payment::by_id(db, tenant, id).map_err(of_payment(id))?;
        let asked = |stored: &Stored| query.status.is_none_or(|asked| asked == stored.value.status);
        stored.filter(asked).map(|stored| case(db, stored, query.now)).transpose()
    })
}

fn newest(db: &Database, query: &PaymentQuery) -> Result<Vec<Key>, StoreError> {
    let (status, limit) = (query.status.map(Status::name), probe(query.limit));
    match &query.tenant {
        Some(tenant) => keys(db, "payment", NEWEST, params![tenant.as_str(), status, limit]),
        None => across_tenants::operator::newest_payments(db, status, limit),
    }
}

/// Stuck payments, the oldest first: their ids sort by the time they were made.
fn stuck(
    db: &Database,
    tenant: Option<&TenantId>,
    since: Timestamp,
) -> Result<Vec<Key>, StoreError> {
    let since = since.as_microsecond();
    let mut found = match tenant {
        None => across_tenants::operator::stuck_payments(db, since)?,
        Some(tenant) => {
            let tenant = tenant.as_str();
            let calls = keys(db, "psp_call", CALL_STUCK, params![tenant, since, STUCK_MAX])?;
            let commands = keys(db, "inbox", INBOX_STUCK, params![tenant, STUCK_MAX])?;
            let messages = keys(db, "outbox", OUTBOX_STUCK, params![tenant, STUCK_MAX])?;
            [calls, commands, messages].concat()
        }
    };
    match tenant {
        Some(tenant) => found.extend(not_given_back(db, tenant.as_str())?),
        None => {
            for (tenant, _) in across_tenants::operator::tenants(db, u32::MAX)? {
                found.extend(not_given_back(db, &tenant)?);
            }
        }
    }
    let by_age: BTreeSet<Key> = found.into_iter().map(|(tenant, id)| (id, tenant)).collect();
    Ok(by_age.into_iter().map(|(id, tenant)| (tenant, id)).collect())
}

/// Payments of which the provider would not give back what came in after a cancel. Only the whole
/// payment tells that.
fn not_given_back(db: &Database, tenant: &str) -> Result<Vec<Key>, StoreError> {
    let mut kept = Vec::new();
    for key in keys(db, "payment", CANCEL_REQUESTED, params![tenant, STUCK_MAX])? {
        let id = value::id("payment", &key.1, PaymentId::parse)?;
        let stored = payment::by_id(db, &TenantId::new(tenant), id).map_err(of_payment(id))?;
        if stored.is_some_and(|stored| stored.value.not_given_back().is_some()) {
            kept.push(key);
        }
    }
    Ok(kept)
}

fn case(db: &Database, stored: Stored, now: Timestamp) -> Result<PaymentCase, StoreError> {
    let payment = stored.value;
    let (tenant, order) = (&payment.tenant, payment.order_key());
    let updated_at: i64 = db
        .one(UPDATED_AT, params![tenant.as_str(), payment.id.to_string()], |row| row.get(0))
        .at("payment")?;
    Ok(PaymentCase {
        updated_at: value::time("payment", updated_at)?,
        inbox: inbox::of_order(db, tenant, &order, OPEN_ROWS_MAX, now)?,
        outbox: outbox::of_order(db, tenant, &order, OPEN_ROWS_MAX, now)?,
        payment,
    })
}

pub(super) fn file(
    db: &Database,
    tenant: &TenantId,
    key: &str,
    now: Timestamp,
) -> Result<Option<PaymentFile>, StoreError> {
    let Some(stored) = find(db, tenant, key)? else { return Ok(None) };
    let id = stored.value.id;
    let order = stored.value.order_key();
    Ok(Some(PaymentFile {
        history: commit::history(db, tenant, id).map_err(of_payment(id))?,
        calls: calls(db, tenant, id)?,
        others: others(db, tenant, &order, id)?,
        case: case(db, stored, now)?,
    }))
}

/// An order reference may look like anything, so it is tried last.
fn find(db: &Database, tenant: &TenantId, key: &str) -> Result<Option<Stored>, StoreError> {
    if let Ok(id) = PaymentId::parse(key)
        && let Some(found) = payment::by_id(db, tenant, id)?
    {
        return Ok(Some(found));
    }
    match payment::by_reference(db, tenant, &PspReference::new(key))? {
        Some(found) => Ok(Some(found)),
        None => payment::latest_of_order(db, tenant, &OrderReference::new(key)),
    }
}

fn others(
    db: &Database,
    tenant: &TenantId,
    order: &str,
    shown: PaymentId,
) -> Result<Vec<PaymentId>, StoreError> {
    let of_order = params![tenant.as_str(), order, OTHERS_MAX];
    let ids = keys(db, "payment", OF_ORDER, of_order)?.into_iter();
    let ids = ids.map(|(_, id)| value::id("payment", &id, PaymentId::parse));
    let mut ids = ids.collect::<Result<Vec<_>, _>>()?;
    ids.retain(|id| *id != shown);
    Ok(ids)
}

struct CallColumns {
    id: String,
    purpose: String,
    command: Option<String>,
    planned_at: i64,
    settled_at: Option<i64>,
    succeeded: Option<bool>,
    reason: Option<String>,
}

impl CallColumns {
    fn new(row: &Row<'_>) -> Reading<Self> {
        Ok(Self {
            id: row.get(0)?,
            purpose: row.get(1)?,
            command: row.get(2)?,
            planned_at: row.get(3)?,
            settled_at: row.get(4)?,
            succeeded: row.get(5)?,
            reason: row.get(6)?,
        })
    }

    fn read(self) -> Result<CallEntry, StoreError> {
        let table = "psp_call";
        let outcome = match (self.settled_at, self.succeeded) {
            (Some(at), Some(true)) => CallOutcome::Succeeded { at: value::time(table, at)? },
            (Some(at), _) => {
                CallOutcome::Failed { at: value::time(table, at)?, reason: self.reason }
            }
            (None, _) => CallOutcome::Open,
        };
        let command = self.command.map(|command| value::id(table, &command, CommandId::parse));
        Ok(CallEntry {
            id: value::id(table, &self.id, CallId::parse)?,
            purpose: self.purpose,
            command: command.transpose()?,
            planned_at: value::time(table, self.planned_at)?,
            outcome,
        })
    }
}

fn calls(
    db: &Database,
    tenant: &TenantId,
    payment: PaymentId,
) -> Result<Vec<CallEntry>, StoreError> {
    let rows: Vec<CallColumns> = db
        .rows(CALLS, params![tenant.as_str(), payment.to_string()], CallColumns::new)
        .at("psp_call")?;
    rows.into_iter().map(CallColumns::read).collect()
}
