//! The questions that do not start from a tenant, all in one place: the worker's claims, the
//! pre-orders that were forgotten, what is kept too long, the tenant of a webhook whose address names
//! none, whose an account is, what waits in all, what a start clears, what is due too late ([`ahead`]), which rows there are for an operator ([`operator`]),
//! whose a token is and what is sealed with which key ([`secrets`]), which accounts are looked after
//! ([`watch`]). Every other statement of this store names the tenant first.

pub(super) mod ahead;
pub(super) mod operator;
pub(super) mod secrets;
pub(super) mod watch;

use app::ports::{
    Backlog, CallClaim, ChannelBacklog, ForgottenPreOrder, InboxClaim, InboxItem, InboxKind, Lease,
    OutboxClaim, StoreError,
};
use jiff::{SignedDuration, Timestamp};
use payment::{Account, CommandId, PaymentId, PspAccountId, PspReference, TenantId};

use super::{channel, erase, inbox, lease, outbox, value};
use crate::database::{Database, Reading, Row, params};
use crate::error::At;

const CLAIM_INBOX: &str = "UPDATE inbox SET lease_owner = ?1, due_at = ?3, fence = fence + 1
    WHERE seq IN (SELECT seq FROM inbox WHERE due_at <= ?2 ORDER BY due_at, seq LIMIT ?4
        /*postgres FOR UPDATE SKIP LOCKED postgres*/)
    RETURNING seq, tenant, id, kind, external_id, name, order_key, body,
        attributes, received_at, fence, tries";
const CLAIM_OUTBOX: &str = "UPDATE outbox SET lease_owner = ?1, due_at = ?3, fence = fence + 1,
        tries = tries + 1
    WHERE seq IN (SELECT seq FROM outbox WHERE channel = ?5 AND due_at <= ?2
        ORDER BY due_at, seq LIMIT ?4 /*postgres FOR UPDATE SKIP LOCKED postgres*/)
    RETURNING seq, tenant, channel, id, attributes, body, fence, tries - 1, order_key";
/// Ordered by when a call became free, so that many calls that cannot be finished do not keep
/// the others from their turn.
const CLAIM_CALLS: &str = "UPDATE psp_call SET lease_owner = ?1, free_at = ?3
    WHERE rowid IN (SELECT rowid FROM psp_call
        WHERE settled_at IS NULL AND free_at <= ?2 AND planned_at < ?5
        ORDER BY free_at, rowid LIMIT ?4 /*postgres FOR UPDATE SKIP LOCKED postgres*/)
    RETURNING tenant, payment";

const TENANT_OF_REFERENCE: &str =
    "SELECT tenant FROM attempt WHERE reference = ?1 ORDER BY tenant LIMIT 1";
const TENANT_OF_MERCHANT: &str =
    "SELECT tenant FROM merchant WHERE account = ?1 ORDER BY tenant LIMIT 1";

const TENANTS_OF_ACCOUNT: &str =
    "SELECT tenant FROM credential WHERE account = ?1 AND mode = ?2 ORDER BY tenant";
const TENANT_OF_BOUND: &str =
    "SELECT tenant FROM bound_account WHERE account = ?1 AND tenant <> ?2 LIMIT 1";

const FORGOTTEN: &str = "SELECT tenant, id, version FROM payment
    WHERE linked = 0 AND status NOT IN ('cancel_requested', 'canceled') AND updated_at < ?1
        AND NOT EXISTS (SELECT 1 FROM psp_call WHERE psp_call.tenant = payment.tenant
            AND psp_call.payment = payment.id AND settled_at IS NULL)
    ORDER BY updated_at LIMIT ?2";

const TENANTS: &str = "SELECT id FROM tenant WHERE id > ?1 ORDER BY id LIMIT ?2";
const DISCONNECTED: &str = "SELECT id FROM tenant WHERE status = 'DISCONNECTED' ORDER BY id";

const KEPT: &str = "SELECT tenant, id, checkout FROM payment INDEXED BY payment_kept
    WHERE erased_at IS NULL AND open = 0 AND updated_at < ?1
        AND NOT EXISTS (SELECT 1 FROM psp_call WHERE psp_call.tenant = payment.tenant
            AND psp_call.payment = payment.id AND settled_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.tenant = payment.tenant
            AND order_key = order_reference AND inbox.state IN ('waiting', 'parked'))
    ORDER BY updated_at LIMIT ?2 /*postgres FOR UPDATE SKIP LOCKED postgres*/";
const DROP_KEPT_BODIES: &str = "UPDATE inbox SET body = NULL
    WHERE seq IN (SELECT seq FROM inbox INDEXED BY inbox_kept
        WHERE state IN ('done', 'foreign') AND body IS NOT NULL AND ended_at < ?1
        ORDER BY ended_at LIMIT ?2)";

const INBOX_BACKLOG: &str = "SELECT count(*) FILTER (WHERE state = 'waiting'),
        count(*) FILTER (WHERE state = 'parked')
    FROM inbox WHERE state IN ('waiting', 'parked')";
const OUTBOX_BACKLOG: &str = "SELECT channel, count(*), min(created_at) FROM outbox
    WHERE state = 'waiting' AND created_at IS NOT NULL GROUP BY channel ORDER BY channel";
const OUTBOX_PARKED: &str = "SELECT count(*) FROM outbox WHERE state = 'parked'";
const CALLS_OPEN: &str = "SELECT count(*) FROM psp_call WHERE settled_at IS NULL";

const CLEAR_INBOX: &str = "UPDATE inbox SET lease_owner = NULL, due_at = received_at
    WHERE due_at IS NOT NULL AND lease_owner IS NOT NULL";
const CLEAR_OUTBOX: &str = "UPDATE outbox SET lease_owner = NULL, due_at = created_at
    WHERE due_at IS NOT NULL AND lease_owner IS NOT NULL";
const CLEAR_CALLS: &str = "UPDATE psp_call SET lease_owner = NULL, free_at = planned_at
    WHERE settled_at IS NULL AND lease_owner IS NOT NULL";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    CLAIM_INBOX,
    CLAIM_OUTBOX,
    CLAIM_CALLS,
    TENANT_OF_REFERENCE,
    FORGOTTEN,
    TENANT_OF_MERCHANT,
    TENANTS_OF_ACCOUNT,
    TENANT_OF_BOUND,
    TENANTS,
    DISCONNECTED,
    KEPT,
    DROP_KEPT_BODIES,
    INBOX_BACKLOG,
    OUTBOX_BACKLOG,
    OUTBOX_PARKED,
    CALLS_OPEN,
    CLEAR_INBOX,
    CLEAR_OUTBOX,
    CLEAR_CALLS,
];

/// Leases due inbox rows, the oldest first.
pub(super) fn claim_inbox(db: &Database, lease: &Lease) -> Result<Vec<InboxClaim>, StoreError> {
    let lease = &lease::by_the_clock(db, lease)?;
    let (now, until) = (lease.now.as_microsecond(), lease.until.as_microsecond());
    let mut rows: Vec<InboxRow> = db
        .rows(CLAIM_INBOX, params![lease.worker, now, until, lease.limit], InboxRow::new)
        .at(inbox::TABLE)?;
    // An UPDATE returns its rows in no promised order.
    rows.sort_by_key(|row| row.seq);
    rows.into_iter().map(InboxRow::read).collect()
}

struct InboxRow {
    seq: i64,
    tenant: String,
    id: String,
    kind: String,
    external_id: String,
    name: String,
    order_key: Option<String>,
    body: Vec<u8>,
    attributes: String,
    received_at: i64,
    fence: i64,
    tries: i64,
}

impl InboxRow {
    fn new(row: &Row<'_>) -> Reading<Self> {
        Ok(Self {
            seq: row.get(0)?,
            tenant: row.get(1)?,
            id: row.get(2)?,
            kind: row.get(3)?,
            external_id: row.get(4)?,
            name: row.get(5)?,
            order_key: row.get(6)?,
            body: row.get::<Option<_>>(7)?.unwrap_or_default(),
            attributes: row.get(8)?,
            received_at: row.get(9)?,
            fence: row.get(10)?,
            tries: row.get(11)?,
        })
    }

    fn read(self) -> Result<InboxClaim, StoreError> {
        let item = InboxItem {
            id: value::id(inbox::TABLE, &self.id, CommandId::parse)?,
            tenant: TenantId::new(self.tenant),
            kind: value::word(inbox::TABLE, &self.kind, InboxKind::from_name)?,
            external_id: self.external_id,
            name: self.name,
            order_key: self.order_key,
            body: self.body,
            attributes: self.attributes,
            received_at: value::time(inbox::TABLE, self.received_at)?,
        };
        Ok(InboxClaim { item, fence: self.fence, tries: value::count(inbox::TABLE, self.tries)? })
    }
}

/// Leases due messages of these channels, the oldest first.
pub(super) fn claim_outbox(
    db: &Database,
    lease: &Lease,
    channels: &[String],
) -> Result<Vec<OutboxClaim>, StoreError> {
    let lease = &lease::by_the_clock(db, lease)?;
    let mut rows = Vec::new();
    for channel in channels {
        let taken = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        claim_channel(db, lease, channel, lease.limit.saturating_sub(taken), &mut rows)?;
    }
    rows.sort_by_key(|row| row.seq);
    rows.into_iter().map(OutboxRow::read).collect()
}

fn claim_channel(
    db: &Database,
    lease: &Lease,
    channel: &str,
    limit: u32,
    claimed: &mut Vec<OutboxRow>,
) -> Result<(), StoreError> {
    let (now, until) = (lease.now.as_microsecond(), lease.until.as_microsecond());
    let values = params![lease.worker, now, until, limit, channel];
    claimed.extend(db.rows(CLAIM_OUTBOX, values, OutboxRow::new).at(outbox::TABLE)?);
    Ok(())
}

struct OutboxRow {
    seq: i64,
    tenant: String,
    channel: String,
    id: String,
    attributes: String,
    body: String,
    fence: i64,
    tries: i64,
    order_key: String,
}

impl OutboxRow {
    fn new(row: &Row<'_>) -> Reading<Self> {
        Ok(Self {
            seq: row.get(0)?,
            tenant: row.get(1)?,
            channel: row.get(2)?,
            id: row.get(3)?,
            attributes: row.get(4)?,
            body: row.get(5)?,
            fence: row.get(6)?,
            tries: row.get(7)?,
            order_key: row.get(8)?,
        })
    }

    fn read(self) -> Result<OutboxClaim, StoreError> {
        Ok(OutboxClaim {
            tenant: TenantId::new(self.tenant),
            channel: self.channel,
            order_key: self.order_key,
            message: channel::message(&self.id, &self.attributes, self.body)?,
            fence: self.fence,
            tries: value::count(outbox::TABLE, self.tries)?,
        })
    }
}

/// Leases calls that were journaled longer than `older_than` ago and are not settled.
pub(super) fn claim_calls(
    db: &Database,
    lease: &Lease,
    older_than: SignedDuration,
) -> Result<Vec<CallClaim>, StoreError> {
    let lease = &lease::by_the_clock(db, lease)?;
    let (now, until) = (lease.now.as_microsecond(), lease.until.as_microsecond());
    let age = i64::try_from(older_than.as_micros()).unwrap_or(i64::MAX);
    let before = now.saturating_sub(age);
    let rows: Vec<(String, String)> = db
        .rows(CLAIM_CALLS, params![lease.worker, now, until, lease.limit, before], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .at("psp_call")?;
    rows.into_iter()
        .map(|(tenant, payment)| {
            let payment = value::id("psp_call", &payment, PaymentId::parse)?;
            Ok(CallClaim { tenant: TenantId::new(tenant), payment })
        })
        .collect()
}

pub(super) fn tenant_of_reference(
    db: &Database,
    reference: &PspReference,
) -> Result<Option<TenantId>, StoreError> {
    db.row(TENANT_OF_REFERENCE, params![reference.as_str()], |row| {
        Ok(TenantId::new(row.get::<String>(0)?))
    })
    .at("attempt")
}

/// Pre-orders that nothing has happened to since `before`, the oldest first. One with an open call
/// waits for that to be finished.
pub(super) fn forgotten_pre_orders(
    db: &Database,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<ForgottenPreOrder>, StoreError> {
    let rows: Vec<(String, String, i64)> = db
        .rows(FORGOTTEN, params![before.as_microsecond(), limit], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .at("payment")?;
    rows.into_iter()
        .map(|(tenant, id, version)| {
            let payment = value::id("payment", &id, PaymentId::parse)?;
            Ok(ForgottenPreOrder { tenant: TenantId::new(tenant), payment, version })
        })
        .collect()
}

pub(super) fn tenant_of_merchant(
    db: &Database,
    account: &PspAccountId,
) -> Result<Option<TenantId>, StoreError> {
    db.row(TENANT_OF_MERCHANT, params![account.as_str()], |row| {
        Ok(TenantId::new(row.get::<String>(0)?))
    })
    .at("merchant")
}

/// The tenants that have credentials at an account.
pub(super) fn tenants_of_account(
    db: &Database,
    account: &Account,
) -> Result<Vec<TenantId>, StoreError> {
    db.rows(TENANTS_OF_ACCOUNT, params![account.id.as_str(), account.mode.name()], |row| {
        Ok(TenantId::new(row.get::<String>(0)?))
    })
    .at("credential")
}

/// Another tenant that an account is bound to, in whatever mode.
pub(super) fn tenant_of_bound(
    db: &Database,
    account: &PspAccountId,
    but: &TenantId,
) -> Result<Option<TenantId>, StoreError> {
    db.row(TENANT_OF_BOUND, params![account.as_str(), but.as_str()], |row| {
        Ok(TenantId::new(row.get::<String>(0)?))
    })
    .at("bound_account")
}

/// Takes people out of what was settled long ago. Returns how many payments.
pub(super) fn erase_older(
    db: &Database,
    before: Timestamp,
    now: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let before = before.as_microsecond();
    let kept = |row: &Row| {
        let (tenant, id, checkout) = (row.get::<String>(0)?, row.get(1)?, row.get(2)?);
        Ok((TenantId::new(tenant), id, checkout))
    };
    let rows: Vec<(TenantId, String, String)> =
        db.rows(KEPT, params![before, limit], kept).at("payment")?;
    let mut erased = 0;
    for (tenant, id, checkout) in rows {
        erase::erase_payment(db, &tenant, &id, &checkout, now)?;
        erased += 1;
    }
    db.send(DROP_KEPT_BODIES, params![before, limit]).at(inbox::TABLE)?;
    Ok(erased)
}

/// Every tenant in the order of their identifiers, those after `after`.
pub(super) fn tenants(
    db: &Database,
    after: Option<&TenantId>,
    limit: u32,
) -> Result<Vec<TenantId>, StoreError> {
    let after = after.map_or("", TenantId::as_str);
    db.rows(TENANTS, params![after, limit], |row| Ok(TenantId::new(row.get::<String>(0)?)))
        .at("tenant")
}

pub(super) fn disconnected_tenants(db: &Database) -> Result<Vec<TenantId>, StoreError> {
    db.rows(DISCONNECTED, params![], |row| Ok(TenantId::new(row.get::<String>(0)?))).at("tenant")
}

/// What waits; each figure is counted from an index that holds only what waits.
pub(super) fn backlog(db: &Database) -> Result<Backlog, StoreError> {
    let number = |sql: &'static str, table: &'static str| -> Result<u64, StoreError> {
        let count: i64 = db.one(sql, params![], |row| row.get(0)).at(table)?;
        value::count(table, count)
    };
    let (waiting, parked): (i64, i64) =
        db.one(INBOX_BACKLOG, params![], |row| Ok((row.get(0)?, row.get(1)?))).at(inbox::TABLE)?;
    let channels: Vec<(String, i64, i64)> = db
        .rows(OUTBOX_BACKLOG, params![], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .at(outbox::TABLE)?;
    let outbox_waiting = channels
        .into_iter()
        .map(|(channel, waiting, oldest)| {
            let waiting = value::count(outbox::TABLE, waiting)?;
            Ok(ChannelBacklog { channel, waiting, oldest: value::time(outbox::TABLE, oldest)? })
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(Backlog {
        inbox_waiting: value::count(inbox::TABLE, waiting)?,
        inbox_parked: value::count(inbox::TABLE, parked)?,
        outbox_waiting,
        outbox_parked: number(OUTBOX_PARKED, outbox::TABLE)?,
        calls_open: number(CALLS_OPEN, "psp_call")?,
    })
}

/// Gives up all leases: the workers that held them died with the last process (rule R22).
pub(crate) fn clear_leases(db: &Database) -> Result<(), StoreError> {
    for (sql, table) in
        [(CLEAR_INBOX, inbox::TABLE), (CLEAR_OUTBOX, outbox::TABLE), (CLEAR_CALLS, "psp_call")]
    {
        db.execute(sql, params![]).at(table)?;
    }
    watch::all_due(db)
}
