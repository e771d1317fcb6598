//! The journal of calls to the PSP.

use app::ports::StoreError;
use jiff::Timestamp;
use payment::{Call, CallId, CommandId, IdempotencyKey, Payment, PaymentId, Settlement, TenantId};

use super::value;
use crate::database::{Database, params};
use crate::error::{At, corrupt};
use crate::rows;

const TABLE: &str = "psp_call";

pub(super) const OPEN: &str =
    "SELECT id, purpose, parameters, parameters_hash, idempotency_key, command,
        planned_at
    FROM psp_call WHERE tenant = ?1 AND payment = ?2 AND settled_at IS NULL";
const OTHER_IS_OPEN: &str = "SELECT 1 FROM psp_call
    WHERE tenant = ?1 AND payment = ?2 AND id <> ?3 AND settled_at IS NULL";
/// The same call again changes only its key: that is a call that was proven not to have happened
/// and is made anew (rule R15).
const JOURNAL: &str = "INSERT INTO psp_call (tenant, id, payment, attempt, purpose, parameters,
        parameters_hash, idempotency_key, command, planned_at, free_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)
    ON CONFLICT (tenant, id) DO UPDATE SET idempotency_key = excluded.idempotency_key,
        planned_at = excluded.planned_at
    WHERE psp_call.idempotency_key <> excluded.idempotency_key";
const SETTLE: &str = "UPDATE psp_call SET settled_at = ?4, succeeded = ?5, reason = ?6,
        lease_owner = NULL
    WHERE tenant = ?1 AND payment = ?2 AND id = ?3 AND settled_at IS NULL";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[OPEN, OTHER_IS_OPEN, JOURNAL, SETTLE];

struct CallRow {
    id: String,
    purpose: String,
    parameters: String,
    parameters_hash: String,
    key: String,
    command: Option<String>,
    planned_at: i64,
}

/// The call of a payment whose outcome is not known.
pub(super) fn open_call(
    db: &Database,
    tenant: &TenantId,
    payment: PaymentId,
) -> Result<Option<Call>, StoreError> {
    let row = db
        .row(OPEN, params![tenant.as_str(), payment.to_string()], |row| {
            Ok(CallRow {
                id: row.get(0)?,
                purpose: row.get(1)?,
                parameters: row.get(2)?,
                parameters_hash: row.get(3)?,
                key: row.get(4)?,
                command: row.get(5)?,
                planned_at: row.get(6)?,
            })
        })
        .at(TABLE)?;
    row.map(read).transpose()
}

fn read(row: CallRow) -> Result<Call, StoreError> {
    // A repeated call with other parameters would be refused by the PSP, or move other money.
    if rows::parameters_hash(&row.purpose, &row.parameters) != row.parameters_hash {
        return Err(corrupt(TABLE, format!("call {}: parameters were changed", row.id)));
    }
    let command =
        row.command.map(|command| value::id(TABLE, &command, CommandId::parse)).transpose()?;
    Ok(Call {
        id: value::id(TABLE, &row.id, CallId::parse)?,
        key: IdempotencyKey::new(row.key),
        purpose: rows::purpose_from_json(&row.purpose, &row.parameters)?,
        command,
        planned_at: value::time(TABLE, row.planned_at)?,
    })
}

/// Whether another call of a payment is unsettled: this one may not be journaled then (rule R10).
/// The unique index refuses it too; asking first makes it a conflict instead of an error.
pub(super) fn other_is_open(
    db: &Database,
    payment: &Payment,
    call: &Call,
) -> Result<bool, StoreError> {
    let (tenant, id, of) = (payment.tenant.as_str(), call.id.to_string(), payment.id.to_string());
    db.exists(OTHER_IS_OPEN, params![tenant, of, id]).at(TABLE)
}

/// Journals the open call of a payment that has no other one.
pub(super) fn journal(db: &Database, payment: &Payment, call: &Call) -> Result<(), StoreError> {
    let purpose = call.purpose.name();
    let parameters = rows::purpose_to_json(&call.purpose)?;
    db.send(
        JOURNAL,
        params![
            payment.tenant.as_str(),
            call.id.to_string(),
            payment.id.to_string(),
            payment.attempt().id.to_string(),
            purpose,
            parameters,
            rows::parameters_hash(purpose, &parameters),
            call.key.as_str(),
            call.command.map(|command| command.to_string()),
            call.planned_at.as_microsecond(),
        ],
    )
    .at(TABLE)
}

/// Notes the outcome of a call.
pub(super) fn settle(
    db: &Database,
    tenant: &TenantId,
    payment: PaymentId,
    settlement: &Settlement,
    now: Timestamp,
) -> Result<(), StoreError> {
    db.send(
        SETTLE,
        params![
            tenant.as_str(),
            payment.to_string(),
            settlement.call.to_string(),
            now.as_microsecond(),
            settlement.succeeded,
            settlement.reason,
        ],
    )
    .at(TABLE)?;
    Ok(())
}
