//! Payments: reading one with all that belongs to it, and writing it.

use app::ports::{Expected, StoreError, Stored, Versioned};
use jiff::Timestamp;
use payment::{
    Account, Attempt, AttemptState, CommandId, Mode, Money, OrderReference, Payment, PaymentId,
    PaymentRecord, PspAccountId, PspChargeId, PspReference, PspTransferId, ShopStatus, Status,
    TenantId,
};

use super::{call, capture, payout, value};
use crate::database::{Database, Params, Reading, Row, params};
use crate::error::{At, corrupt};
use crate::rows;

const TABLE: &str = "payment";

macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT id, version, account, mode, status, authorized_minor, authorized_currency,
                    capturable_minor, capturable_currency, captured_minor, captured_currency,
                    canceled_items, method, checkout, created_at, received_minor,
                    received_currency
             FROM payment WHERE tenant = ?1 AND ",
            $where
        )
    };
}

const BY_ID: &str = select!("id = ?2");
const OF_ORDER: &str =
    select!("order_reference = ?2 AND linked = 1 ORDER BY created_at DESC, id DESC");
const LATEST_OF_ORDER: &str =
    select!("order_reference = ?2 AND linked = 1 ORDER BY created_at DESC, id DESC LIMIT 1");
const BY_REFERENCE: &str =
    select!("id = (SELECT payment FROM attempt WHERE tenant = ?1 AND reference = ?2)");
const OF_OPEN_COMMAND: &str = select!(
    "id = (SELECT payment FROM psp_call WHERE tenant = ?1 AND command = ?2 AND settled_at IS NULL)"
);
const OF_TRANSFER: &str =
    select!("id = (SELECT payment FROM transfer WHERE tenant = ?1 AND reference = ?2)");

const INSERT: &str = "INSERT INTO payment (tenant, id, version, account, mode, order_reference,
        status, open, total_minor, total_currency, authorized_minor, authorized_currency,
        capturable_minor, capturable_currency, captured_minor, captured_currency, canceled_items,
        method, checkout, created_at, updated_at, received_minor,
        received_currency, linked)
    VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
        ?19, ?20, ?21, ?22, ?23)
    ON CONFLICT DO NOTHING";
const UPDATE: &str = "UPDATE payment SET version = version + 1, status = ?4, open = ?5,
        total_minor = ?6, total_currency = ?7, authorized_minor = ?8, authorized_currency = ?9,
        capturable_minor = ?10, capturable_currency = ?11, captured_minor = ?12,
        captured_currency = ?13, canceled_items = ?14, method = ?15, checkout = ?16,
        updated_at = ?17, received_minor = ?18, received_currency = ?19, order_reference = ?20,
        linked = ?21, erased_at = CASE checkout WHEN ?16 THEN erased_at END
    WHERE tenant = ?1 AND id = ?2 AND version = ?3";

const ATTEMPTS: &str =
    "SELECT id, reference, state, multicapture, ended_because, charge FROM attempt
    WHERE tenant = ?1 AND payment = ?2 ORDER BY position";
const WRITE_ATTEMPT: &str = "INSERT INTO attempt
        (tenant, id, payment, position, reference, state, multicapture, ended_because, charge)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
    ON CONFLICT (tenant, id) DO UPDATE SET
        reference = excluded.reference, state = excluded.state,
        multicapture = excluded.multicapture, ended_because = excluded.ended_because,
        charge = excluded.charge
    WHERE (attempt.reference, attempt.state, attempt.multicapture, attempt.ended_because,
            attempt.charge)
        IS DISTINCT FROM (excluded.reference, excluded.state, excluded.multicapture, excluded.ended_because,
            excluded.charge)";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    BY_ID,
    OF_ORDER,
    LATEST_OF_ORDER,
    BY_REFERENCE,
    OF_OPEN_COMMAND,
    OF_TRANSFER,
    INSERT,
    UPDATE,
    ATTEMPTS,
    WRITE_ATTEMPT,
];

pub(super) fn by_id(
    db: &Database,
    tenant: &TenantId,
    id: PaymentId,
) -> Result<Option<Stored>, StoreError> {
    one(db, tenant, BY_ID, params![tenant.as_str(), id.to_string()])
}

pub(super) fn of_order(
    db: &Database,
    tenant: &TenantId,
    order: &OrderReference,
) -> Result<Vec<Stored>, StoreError> {
    let parameters = params![tenant.as_str(), order.as_str()];
    let rows = db.rows(OF_ORDER, parameters, PaymentRow::new).at(TABLE)?;
    rows.into_iter().map(|row| read(db, tenant, row)).collect()
}

pub(super) fn latest_of_order(
    db: &Database,
    tenant: &TenantId,
    order: &OrderReference,
) -> Result<Option<Stored>, StoreError> {
    one(db, tenant, LATEST_OF_ORDER, params![tenant.as_str(), order.as_str()])
}

pub(super) fn by_reference(
    db: &Database,
    tenant: &TenantId,
    reference: &PspReference,
) -> Result<Option<Stored>, StoreError> {
    one(db, tenant, BY_REFERENCE, params![tenant.as_str(), reference.as_str()])
}

pub(super) fn of_open_command(
    db: &Database,
    tenant: &TenantId,
    command: CommandId,
) -> Result<Option<Stored>, StoreError> {
    one(db, tenant, OF_OPEN_COMMAND, params![tenant.as_str(), command.to_string()])
}

pub(super) fn of_transfer(
    db: &Database,
    tenant: &TenantId,
    transfer: &PspTransferId,
) -> Result<Option<Stored>, StoreError> {
    one(db, tenant, OF_TRANSFER, params![tenant.as_str(), transfer.as_str()])
}

/// The columns of a payment, before they are read as what they mean.
struct PaymentRow {
    id: String,
    version: i64,
    account: String,
    mode: String,
    status: String,
    authorized: (i64, String),
    capturable: (i64, String),
    captured: (i64, String),
    canceled_items: String,
    method: Option<String>,
    checkout: String,
    created_at: i64,
    received: (i64, Option<String>),
}

impl PaymentRow {
    fn new(row: &Row<'_>) -> Reading<Self> {
        Ok(Self {
            id: row.get(0)?,
            version: row.get(1)?,
            account: row.get(2)?,
            mode: row.get(3)?,
            status: row.get(4)?,
            authorized: (row.get(5)?, row.get(6)?),
            capturable: (row.get(7)?, row.get(8)?),
            captured: (row.get(9)?, row.get(10)?),
            canceled_items: row.get(11)?,
            method: row.get(12)?,
            checkout: row.get(13)?,
            created_at: row.get(14)?,
            received: (row.get(15)?, row.get(16)?),
        })
    }
}

fn one(
    db: &Database,
    tenant: &TenantId,
    sql: &'static str,
    parameters: Params,
) -> Result<Option<Stored>, StoreError> {
    let row = db.row(sql, parameters, PaymentRow::new).at(TABLE)?;
    row.map(|row| read(db, tenant, row)).transpose()
}

fn read(db: &Database, tenant: &TenantId, row: PaymentRow) -> Result<Stored, StoreError> {
    let money = |(minor, currency): (i64, String)| rows::money(TABLE, minor, &currency);
    let id = value::id(TABLE, &row.id, PaymentId::parse)?;
    let of_payment = [ATTEMPTS, payout::TRANSFERS, call::OPEN];
    db.read_next(&of_payment, params![tenant.as_str(), id.to_string()]).at(TABLE)?;
    let attempts = attempts(db, tenant, id)?;
    let current = attempts.last().ok_or_else(|| corrupt("attempt", "a payment has none"))?.id;
    let transfers = payout::transfers(db, tenant, id)?;
    let open_call = call::open_call(db, tenant, id)?;
    let of_attempt = [capture::CAPTURES, capture::REFUNDS, payout::DISPUTES];
    db.read_next(&of_attempt, params![tenant.as_str(), current.to_string()]).at(TABLE)?;
    let payment = Payment::restore(PaymentRecord {
        id,
        tenant: tenant.clone(),
        account: Account {
            id: PspAccountId::new(row.account),
            mode: value::word(TABLE, &row.mode, Mode::from_name)?,
        },
        checkout: rows::checkout_from_json(TABLE, &row.checkout)?,
        status: value::word(TABLE, &row.status, Status::from_name)?,
        authorized: money(row.authorized)?,
        capturable: money(row.capturable)?,
        received: money((row.received.0, row.received.1.unwrap_or(row.captured.1.clone())))?,
        captured: money(row.captured)?,
        captures: capture::captures(db, tenant, current)?,
        canceled_items: rows::items_from_json(TABLE, &row.canceled_items)?,
        refunds: capture::refunds(db, tenant, current)?,
        disputes: payout::disputes(db, tenant, current)?,
        transfers,
        open_call,
        method: row.method,
        created_at: value::time(TABLE, row.created_at)?,
        attempts,
    });
    Ok(Versioned { value: payment, version: row.version })
}

fn attempts(
    db: &Database,
    tenant: &TenantId,
    payment: PaymentId,
) -> Result<Vec<Attempt>, StoreError> {
    type AttemptRow =
        (String, Option<String>, String, Option<bool>, Option<String>, Option<String>);
    let rows: Vec<AttemptRow> = db
        .rows(ATTEMPTS, params![tenant.as_str(), payment.to_string()], |row| {
            let (id, reference, state) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok((id, reference, state, row.get(3)?, row.get(4)?, row.get(5)?))
        })
        .at("attempt")?;
    rows.into_iter()
        .map(|(id, reference, state, multicapture, ended_because, charge)| {
            Ok(Attempt {
                id: value::id("attempt", &id, payment::AttemptId::parse)?,
                reference: reference.map(PspReference::new),
                charge: charge.map(PspChargeId::new),
                state: value::word("attempt", &state, AttemptState::from_name)?,
                multicapture,
                ended_because,
            })
        })
        .collect()
}

/// Writes a payment with its attempts, the captures and refunds of the current one, and its open
/// call. Returns whether it was as `expected`; where not, what was written has to be undone.
pub(super) fn write(
    db: &Database,
    payment: &Payment,
    expected: Expected,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let written = match expected {
        Expected::Absent => insert(db, payment, now)?,
        Expected::Version(version) => update(db, payment, version, now)?,
    };
    if !written {
        return Ok(false);
    }
    write_attempts(db, payment)?;
    capture::write_captures(db, payment)?;
    capture::write_refunds(db, payment)?;
    payout::write_disputes(db, payment)?;
    payout::write_transfers(db, payment)?;
    let Some(open) = &payment.open_call else { return Ok(true) };
    let other_is_open = match expected {
        // It was made just now: PostgreSQL is spared a question.
        Expected::Absent => false,
        Expected::Version(_) => call::other_is_open(db, payment, open)?,
    };
    if !other_is_open {
        call::journal(db, payment, open)?;
    }
    Ok(!other_is_open)
}

fn insert(db: &Database, payment: &Payment, now: Timestamp) -> Result<bool, StoreError> {
    let written = db
        .execute(
            INSERT,
            params![
                payment.tenant.as_str(),
                payment.id.to_string(),
                payment.account.id.as_str(),
                payment.account.mode.name(),
                payment.order_key(),
                payment.status.name(),
                keeps_tenant_connected(payment),
                payment.checkout.total.minor(),
                code(payment.checkout.total),
                payment.authorized.minor(),
                code(payment.authorized),
                payment.capturable.minor(),
                code(payment.capturable),
                payment.captured.minor(),
                code(payment.captured),
                rows::items_to_json(TABLE, &payment.canceled_items)?,
                payment.method,
                rows::checkout_to_json(TABLE, &payment.checkout)?,
                payment.created_at.as_microsecond(),
                now.as_microsecond(),
                payment.received.minor(),
                code(payment.received),
                !payment.is_pre_order(),
            ],
        )
        .at(TABLE)?;
    Ok(written == 1)
}

fn update(
    db: &Database,
    payment: &Payment,
    version: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let written = db.execute(
        UPDATE,
        params![
            payment.tenant.as_str(),
            payment.id.to_string(),
            version,
            payment.status.name(),
            keeps_tenant_connected(payment),
            payment.checkout.total.minor(),
            code(payment.checkout.total),
            payment.authorized.minor(),
            code(payment.authorized),
            payment.capturable.minor(),
            code(payment.capturable),
            payment.captured.minor(),
            code(payment.captured),
            rows::items_to_json(TABLE, &payment.canceled_items)?,
            payment.method,
            rows::checkout_to_json(TABLE, &payment.checkout)?,
            now.as_microsecond(),
            payment.received.minor(),
            code(payment.received),
            payment.order_key(),
            !payment.is_pre_order(),
        ],
    );
    match written {
        // A pre-order is linked to an order that has another payment (rule R1).
        Err(failure) if failure.is_taken() => Ok(false),
        written => Ok(written.at(TABLE)? == 1),
    }
}

fn write_attempts(db: &Database, payment: &Payment) -> Result<(), StoreError> {
    for (index, attempt) in payment.attempts.iter().enumerate() {
        db.send(
            WRITE_ATTEMPT,
            params![
                payment.tenant.as_str(),
                attempt.id.to_string(),
                payment.id.to_string(),
                value::position(index),
                attempt.reference.as_ref().map(PspReference::as_str),
                attempt.state.name(),
                attempt.multicapture,
                attempt.ended_because,
                attempt.charge.as_ref().map(PspChargeId::as_str),
            ],
        )
        .at("attempt")?;
    }
    Ok(())
}

fn code(money: Money) -> &'static str {
    money.currency().code()
}

/// Whether a payment keeps its tenant from disconnecting (contract, "Configure and disconnect"): so
/// does one for which a refund is under way, because a command waits for its result. Stored with
/// the payment, so that counting them reads an index. A pre-order does until it is over: whatever
/// came in for it is an order's, or goes back.
fn keeps_tenant_connected(payment: &Payment) -> bool {
    if payment.refunds.iter().any(|refund| refund.state.in_flight()) {
        return true;
    }
    if payment.is_pre_order() {
        return payment.status != Status::Canceled;
    }
    match payment.status {
        Status::New
        | Status::Authorized
        | Status::PartiallyCaptured
        | Status::CaptureRequested
        | Status::CaptureFailed
        | Status::CancelRequested
        | Status::CancellationFailed => true,
        Status::Captured => payment.shop_status() == ShopStatus::Underpaid,
        Status::AuthorizationFailed | Status::Canceled => false,
    }
}
