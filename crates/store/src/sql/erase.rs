//! Taking people out of the books. What is money stays: orders, items, amounts, times, the
//! provider's ids. What names people goes: the customer and the addresses of a checkout, also in the
//! journal of calls, and the bodies of webhooks.

use app::ports::{
    Erased, Erasure, ErasureOutcome, ErasureSubject, StoreError, UnsettledPayment, UnsettledReason,
};
use app::tenant::{Settings, TenantStatus};
use jiff::Timestamp;
use payment::{Status, TenantId};

use super::{order, tenant, unfinished, value};
use crate::database::{Database, Params, Row, params};
use crate::error::At;
use crate::job::Written;
use crate::rows;

const TABLE: &str = "payment";

const OF_CUSTOMER: &str = "SELECT id FROM payment WHERE tenant = ?1 AND erased_at IS NULL
        AND (checkout/*postgres ::json postgres*/ ->> 'customer_reference' = ?2
            OR lower(checkout/*postgres ::json postgres*/ ->> 'customer_email') = lower(?2))
    ORDER BY id";
const OF_ORDER: &str = "SELECT id FROM payment
    WHERE tenant = ?1 AND order_reference = ?2 AND linked = 1 AND erased_at IS NULL
    ORDER BY created_at, id";
const OF_TENANT: &str =
    "SELECT id FROM payment WHERE tenant = ?1 AND erased_at IS NULL ORDER BY id";

const STANDING: &str = "SELECT order_reference, status, open, checkout,
        EXISTS (SELECT 1 FROM psp_call WHERE psp_call.tenant = ?1 AND psp_call.payment = ?2
            AND settled_at IS NULL),
        EXISTS (SELECT 1 FROM attempt
            JOIN refund ON refund.tenant = ?1 AND refund.attempt = attempt.id
            WHERE attempt.tenant = ?1 AND attempt.payment = ?2
                AND refund.state IN ('requested', 'pending'))
        OR EXISTS (SELECT 1 FROM transfer WHERE transfer.tenant = ?1 AND transfer.payment = ?2
            AND transfer.state = 'requested'),
        EXISTS (SELECT 1 FROM inbox WHERE inbox.tenant = ?1 AND order_key = order_reference
            AND inbox.state IN ('waiting', 'parked'))
    FROM payment WHERE tenant = ?1 AND id = ?2";
const REFERENCES: &str =
    "SELECT reference FROM attempt WHERE tenant = ?1 AND payment = ?2 AND reference IS NOT NULL";
const EVENT_WAITS: &str = "SELECT 1 FROM inbox
    WHERE tenant = ?1 AND state IN ('waiting', 'parked') AND instr(body, ?2) > 0";

const ERASE: &str = "UPDATE payment SET version = version + 1, checkout = ?3, erased_at = ?4
    WHERE tenant = ?1 AND id = ?2";
/// The hash goes too: it was made of what goes. Only an open call is made again, and needs both.
const ERASE_CALLS: &str = "UPDATE psp_call SET parameters = '{}', parameters_hash = ''
    WHERE tenant = ?1 AND payment = ?2 AND purpose = 'update' AND settled_at IS NOT NULL";
const ERASE_BODIES: &str = "UPDATE inbox SET body = NULL
    WHERE tenant = ?1 AND state IN ('done', 'foreign') AND body IS NOT NULL
        AND (order_key = ?2 OR instr(body, ?2) > 0)";

const PARKED: &str = "SELECT count(*) FROM inbox WHERE tenant = ?1 AND state = 'parked'";
const ERASE_ALL_BODIES: &str = "UPDATE inbox SET body = NULL, attributes = '{}'
    WHERE tenant = ?1 AND state IN ('done', 'foreign')";
/// Nobody reads them any more.
const ERASE_MESSAGES: &str = "UPDATE outbox SET body = '{}', attributes = '{}',
        note = CASE WHEN state = 'delivered' THEN note ELSE 'the tenant was erased' END,
        discarded_at = CASE WHEN state = 'delivered' THEN discarded_at ELSE ?2 END,
        ended_at = coalesce(ended_at, ?2), state = 'delivered', holds = 0, due_at = NULL,
        lease_owner = NULL
    WHERE tenant = ?1";
const ERASE_MERCHANTS: &str = "UPDATE merchant SET version = version + 1, name = NULL, token = id,
        success_url = '', refresh_url = NULL, cancel_url = NULL, error_url = NULL
    WHERE tenant = ?1";
const DROP_CREDENTIALS: &str = "DELETE FROM credential WHERE tenant = ?1";
const DROP_KEYS: &str = "DELETE FROM data_key WHERE tenant = ?1";
const DROP_TOKENS: &str = "DELETE FROM access_token WHERE tenant = ?1";
const DROP_BINDINGS: &str = "DELETE FROM bound_account WHERE tenant = ?1";
const DROP_WATCHES: &str = "DELETE FROM watch WHERE tenant = ?1";
const DROP_METHODS: &str = "DELETE FROM payment_method WHERE tenant = ?1";
const RESET: &str = "UPDATE tenant SET version = version + 1, settings = ?2, updated_at = ?3
    WHERE id = ?1";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    OF_CUSTOMER,
    OF_ORDER,
    OF_TENANT,
    STANDING,
    REFERENCES,
    EVENT_WAITS,
    ERASE,
    ERASE_CALLS,
    ERASE_BODIES,
    PARKED,
    ERASE_ALL_BODIES,
    ERASE_MESSAGES,
    ERASE_MERCHANTS,
    DROP_CREDENTIALS,
    DROP_KEYS,
    DROP_TOKENS,
    DROP_BINDINGS,
    DROP_WATCHES,
    DROP_METHODS,
    RESET,
];

/// Erases, unless something is not settled.
pub(super) fn erase(db: &Database, wish: &Erasure) -> Result<Written<ErasureOutcome>, StoreError> {
    let tenant = &wish.tenant;
    if let ErasureSubject::Tenant = wish.subject
        && let Some(refused) = not_yet(db, tenant)?
    {
        return Ok(Written::Undo(refused));
    }
    let mut unsettled = Vec::new();
    let mut erased = Erased::default();
    for id in found(db, tenant, &wish.subject)? {
        let standing = standing(db, tenant, &id)?;
        match standing.reason {
            Some(reason) => unsettled.push(UnsettledPayment { order: standing.order, reason }),
            None => {
                erased.bodies += erase_bodies(db, tenant, &id, &standing.order)?;
                erase_payment(db, tenant, &id, &standing.checkout, wish.now)?;
                erased.payments.push(standing.order);
            }
        }
    }
    if !unsettled.is_empty() {
        return Ok(Written::Undo(ErasureOutcome::Unsettled(unsettled)));
    }
    if let ErasureSubject::Tenant = wish.subject {
        erase_tenant(db, tenant, wish.now, &mut erased)?;
    }
    let outcome = ErasureOutcome::Erased(erased);
    Ok(if wish.rehearsed { Written::Undo(outcome) } else { Written::Keep(outcome) })
}

/// Takes the customer out of one payment and of its calls that have ended.
pub(super) fn erase_payment(
    db: &Database,
    tenant: &TenantId,
    id: &str,
    checkout: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let anonymous = rows::checkout_from_json(TABLE, checkout)?.without_customer();
    let checkout = rows::checkout_to_json(TABLE, &anonymous)?;
    run(db, ERASE, params![tenant.as_str(), id, checkout, now.as_microsecond()])?;
    run(db, ERASE_CALLS, params![tenant.as_str(), id])?;
    Ok(())
}

/// Why a tenant as a whole may not be erased.
fn not_yet(db: &Database, id: &TenantId) -> Result<Option<ErasureOutcome>, StoreError> {
    order::hold_tenant(db, id)?;
    let Some(stored) = tenant::tenant(db, id)? else { return Ok(None) };
    if stored.value.status == TenantStatus::Connected {
        return Ok(Some(ErasureOutcome::Connected));
    }
    let work = unfinished::unfinished(db, id)?;
    let parked = db.one(PARKED, params![id.as_str()], |row| row.get(0)).at("inbox")?;
    let parked = value::count("inbox", parked)?;
    // Messages that nobody reads any more hold nothing up; open payments are told one by one.
    let is_busy = work.calls + work.inbox + parked > 0;
    Ok(is_busy.then_some(ErasureOutcome::Unfinished { work, parked }))
}

fn found(
    db: &Database,
    tenant: &TenantId,
    subject: &ErasureSubject,
) -> Result<Vec<String>, StoreError> {
    let tenant = tenant.as_str();
    match subject {
        ErasureSubject::Customer(name) => texts(db, OF_CUSTOMER, params![tenant, name]),
        ErasureSubject::Order(order) => texts(db, OF_ORDER, params![tenant, order.as_str()]),
        ErasureSubject::Tenant => texts(db, OF_TENANT, params![tenant]),
    }
}

struct Standing {
    order: String,
    checkout: String,
    reason: Option<UnsettledReason>,
}

/// What keeps a payment from being erased. It stays as it is until the transaction ends.
fn standing(db: &Database, tenant: &TenantId, id: &str) -> Result<Standing, StoreError> {
    type Columns = (String, String, bool, String, [bool; 3]);
    order::hold_payment(db, tenant, id)?;
    let columns = |row: &Row| {
        let flags = [row.get(4)?, row.get(5)?, row.get(6)?];
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, flags))
    };
    let (order, status, open, checkout, [call, under_way, inbox]): Columns =
        db.one(STANDING, params![tenant.as_str(), id], columns).at(TABLE)?;
    let reason = if call {
        Some(UnsettledReason::Call)
    } else if under_way {
        Some(UnsettledReason::UnderWay)
    } else if open {
        Some(UnsettledReason::Open(value::word(TABLE, &status, Status::from_name)?))
    } else if inbox || event_waits(db, tenant, id)? {
        Some(UnsettledReason::Inbox)
    } else {
        None
    };
    Ok(Standing { order, checkout, reason })
}

/// An event that is still to be applied names the provider's id of the payment.
fn event_waits(db: &Database, tenant: &TenantId, id: &str) -> Result<bool, StoreError> {
    for reference in texts(db, REFERENCES, params![tenant.as_str(), id])? {
        if db.exists(EVENT_WAITS, params![tenant.as_str(), reference]).at("inbox")? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What came in about a payment: it names its order, its own id, or the provider's.
fn erase_bodies(
    db: &Database,
    tenant: &TenantId,
    id: &str,
    order: &str,
) -> Result<u64, StoreError> {
    let mut bodies = 0;
    let references = texts(db, REFERENCES, params![tenant.as_str(), id])?;
    for name in references.iter().map(String::as_str).chain([id, order]) {
        bodies += run(db, ERASE_BODIES, params![tenant.as_str(), name])?;
    }
    Ok(bodies)
}

fn erase_tenant(
    db: &Database,
    id: &TenantId,
    now: Timestamp,
    erased: &mut Erased,
) -> Result<(), StoreError> {
    let (tenant, now) = (id.as_str(), now.as_microsecond());
    run(db, ERASE_ALL_BODIES, params![tenant])?;
    run(db, ERASE_MESSAGES, params![tenant, now])?;
    run(db, ERASE_MERCHANTS, params![tenant])?;
    erased.credentials = run(db, DROP_CREDENTIALS, params![tenant])?;
    for sql in [DROP_KEYS, DROP_TOKENS, DROP_BINDINGS, DROP_WATCHES, DROP_METHODS] {
        run(db, sql, params![tenant])?;
    }
    let settings = rows::settings_to_json(&Settings::default())?;
    run(db, RESET, params![tenant, settings, now])?;
    Ok(())
}

fn texts(db: &Database, sql: &'static str, values: Params) -> Result<Vec<String>, StoreError> {
    db.rows(sql, values, |row| row.get(0)).at(TABLE)
}

/// Returns how many rows were changed.
fn run(db: &Database, sql: &'static str, values: Params) -> Result<u64, StoreError> {
    db.execute(sql, values).at(TABLE)
}
