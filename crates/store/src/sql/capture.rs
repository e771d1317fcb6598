//! Captures and refunds. They belong to an attempt: a payment is read with those of its current
//! one, and a new attempt starts without any. The rows of older attempts stay.

use app::ports::StoreError;
use jiff::Timestamp;
use payment::{
    AttemptId, CallId, Capture, CaptureOrigin, CaptureState, Payment, PspRefundId, Refund,
    RefundId, RefundState, TenantId,
};

use super::value;
use crate::database::{Database, params};
use crate::error::At;
use crate::rows;

pub(super) const CAPTURES: &str = "SELECT call, items, amount_minor, currency, state FROM capture
    WHERE tenant = ?1 AND attempt = ?2 ORDER BY position";
const WRITE_CAPTURE: &str = "INSERT INTO capture
        (tenant, attempt, position, call, items, amount_minor, currency, state)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (tenant, attempt, position) DO UPDATE SET call = excluded.call,
        items = excluded.items, amount_minor = excluded.amount_minor,
        currency = excluded.currency, state = excluded.state
    WHERE (capture.call, capture.items, capture.amount_minor, capture.currency, capture.state)
        IS DISTINCT FROM
        (excluded.call, excluded.items, excluded.amount_minor, excluded.currency, excluded.state)";

pub(super) const REFUNDS: &str =
    "SELECT id, reference, items, amount_minor, currency, state, succeeded_at
    FROM refund
    WHERE tenant = ?1 AND attempt = ?2 ORDER BY position";
const WRITE_REFUND: &str = "INSERT INTO refund
        (tenant, attempt, position, id, reference, items, amount_minor, currency, state,
         succeeded_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
    ON CONFLICT (tenant, attempt, position) DO UPDATE SET id = excluded.id,
        reference = excluded.reference, items = excluded.items,
        amount_minor = excluded.amount_minor, currency = excluded.currency,
        state = excluded.state, succeeded_at = excluded.succeeded_at
    WHERE (refund.id, refund.reference, refund.items, refund.amount_minor, refund.currency,
            refund.state, refund.succeeded_at) IS DISTINCT FROM
        (excluded.id, excluded.reference, excluded.items, excluded.amount_minor,
         excluded.currency, excluded.state, excluded.succeeded_at)";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[CAPTURES, WRITE_CAPTURE, REFUNDS, WRITE_REFUND];

pub(super) fn captures(
    db: &Database,
    tenant: &TenantId,
    attempt: AttemptId,
) -> Result<Vec<Capture>, StoreError> {
    type CaptureRow = (Option<String>, String, i64, String, String);
    let rows: Vec<CaptureRow> = db
        .rows(CAPTURES, params![tenant.as_str(), attempt.to_string()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })
        .at("capture")?;
    rows.into_iter()
        .map(|(call, items, minor, currency, state)| {
            let origin = match call {
                Some(call) => CaptureOrigin::Call(value::id("capture", &call, CallId::parse)?),
                None => CaptureOrigin::Psp,
            };
            Ok(Capture {
                origin,
                items: rows::items_from_json("capture", &items)?,
                amount: rows::money("capture", minor, &currency)?,
                state: value::word("capture", &state, CaptureState::from_name)?,
            })
        })
        .collect()
}

pub(super) fn write_captures(db: &Database, payment: &Payment) -> Result<(), StoreError> {
    let attempt = payment.attempt().id.to_string();
    for (index, capture) in payment.captures.iter().enumerate() {
        let call = match capture.origin {
            CaptureOrigin::Call(call) => Some(call.to_string()),
            CaptureOrigin::Psp => None,
        };
        db.send(
            WRITE_CAPTURE,
            params![
                payment.tenant.as_str(),
                attempt,
                value::position(index),
                call,
                rows::items_to_json("capture", &capture.items)?,
                capture.amount.minor(),
                capture.amount.currency().code(),
                capture.state.name(),
            ],
        )
        .at("capture")?;
    }
    Ok(())
}

pub(super) fn refunds(
    db: &Database,
    tenant: &TenantId,
    attempt: AttemptId,
) -> Result<Vec<Refund>, StoreError> {
    type RefundRow = (String, Option<String>, String, i64, String, String, Option<i64>);
    let rows: Vec<RefundRow> = db
        .rows(REFUNDS, params![tenant.as_str(), attempt.to_string()], |row| {
            let (id, reference, items) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let amount: (i64, String) = (row.get(3)?, row.get(4)?);
            let (state, at) = (row.get(5)?, row.get(6)?);
            Ok((id, reference, items, amount.0, amount.1, state, at))
        })
        .at("refund")?;
    rows.into_iter()
        .map(|(id, reference, items, minor, currency, state, succeeded_at)| {
            Ok(Refund {
                id: value::id("refund", &id, RefundId::parse)?,
                reference: reference.map(PspRefundId::new),
                items: rows::items_from_json("refund", &items)?,
                amount: rows::money("refund", minor, &currency)?,
                state: value::word("refund", &state, RefundState::from_name)?,
                succeeded_at: succeeded_at.map(|at| value::time("refund", at)).transpose()?,
            })
        })
        .collect()
}

pub(super) fn write_refunds(db: &Database, payment: &Payment) -> Result<(), StoreError> {
    let attempt = payment.attempt().id.to_string();
    for (index, refund) in payment.refunds.iter().enumerate() {
        db.send(
            WRITE_REFUND,
            params![
                payment.tenant.as_str(),
                attempt,
                value::position(index),
                refund.id.to_string(),
                refund.reference.as_ref().map(PspRefundId::as_str),
                rows::items_to_json("refund", &refund.items)?,
                refund.amount.minor(),
                refund.amount.currency().code(),
                refund.state.name(),
                refund.succeeded_at.map(Timestamp::as_microsecond),
            ],
        )
        .at("refund")?;
    }
    Ok(())
}
