//! What a tenant has not finished: each figure is counted from an index that holds only that.

use app::ports::{StoreError, Unfinished};
use payment::TenantId;

use super::value;
use crate::database::{Database, params};
use crate::error::At;

const OPEN_PAYMENTS: &str = "SELECT count(*) FROM payment WHERE tenant = ?1 AND open = 1";
/// What the provider works on: payments with a capture, a cancel or a refund of which it says later
/// what came of it.
macro_rules! from_awaited {
    () => {
        "FROM payment WHERE tenant = ?1 AND open = 1
            AND (status IN ('capture_requested', 'cancel_requested') OR EXISTS (
                SELECT 1 FROM attempt
                JOIN refund ON refund.tenant = ?1 AND refund.attempt = attempt.id
                WHERE attempt.tenant = ?1 AND attempt.payment = payment.id
                    AND refund.state IN ('requested', 'pending')))"
    };
}
pub(super) use from_awaited;

const AWAITED: &str = concat!("SELECT count(*) ", from_awaited!());
const OPEN_CALLS: &str = "SELECT count(*) FROM psp_call WHERE tenant = ?1 AND settled_at IS NULL";
const INBOX: &str = "SELECT count(*) FROM inbox WHERE tenant = ?1 AND state = 'waiting'";
const MESSAGES: &str = "SELECT count(*) FROM outbox
    WHERE tenant = ?1 AND holds = 1 AND state = 'waiting' AND last = 0";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[OPEN_PAYMENTS, AWAITED, OPEN_CALLS, INBOX, MESSAGES];

pub(super) fn unfinished(db: &Database, tenant: &TenantId) -> Result<Unfinished, StoreError> {
    let count = |sql: &'static str, table: &'static str| -> Result<u64, StoreError> {
        let count: i64 = db.one(sql, params![tenant.as_str()], |row| row.get(0)).at(table)?;
        value::count(table, count)
    };
    Ok(Unfinished {
        payments: count(OPEN_PAYMENTS, "payment")?,
        awaited: count(AWAITED, "payment")?,
        calls: count(OPEN_CALLS, "psp_call")?,
        inbox: count(INBOX, "inbox")?,
        messages: count(MESSAGES, "outbox")?,
    })
}
