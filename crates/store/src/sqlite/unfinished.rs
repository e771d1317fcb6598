//! What a tenant has not finished: each figure is counted from an index that holds only that.

use app::ports::{StoreError, Unfinished};
use payment::TenantId;
use rusqlite::Connection;

use super::value;
use crate::error::At;

const OPEN_PAYMENTS: &str = "SELECT count(*) FROM payment WHERE tenant = ?1 AND open = 1";
const OPEN_CALLS: &str = "SELECT count(*) FROM psp_call WHERE tenant = ?1 AND settled_at IS NULL";
const INBOX: &str = "SELECT count(*) FROM inbox WHERE tenant = ?1 AND state = 'waiting'";
const MESSAGES: &str = "SELECT count(*) FROM outbox
    WHERE tenant = ?1 AND holds = 1 AND state = 'waiting' AND last = 0";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[OPEN_PAYMENTS, OPEN_CALLS, INBOX, MESSAGES];

pub(super) fn unfinished(db: &Connection, tenant: &TenantId) -> Result<Unfinished, StoreError> {
    let count = |sql: &str, table: &'static str| -> Result<u64, StoreError> {
        let count: i64 = db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([tenant.as_str()], |row| row.get(0)))
            .at(table)?;
        value::count(table, count)
    };
    Ok(Unfinished {
        payments: count(OPEN_PAYMENTS, "payment")?,
        calls: count(OPEN_CALLS, "psp_call")?,
        inbox: count(INBOX, "inbox")?,
        messages: count(MESSAGES, "outbox")?,
    })
}
