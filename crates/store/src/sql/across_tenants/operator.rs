//! What an operator may ask across tenants: which rows there are. Each is then read by its tenant
//! and id.

use app::ports::StoreError;

use crate::database::{Database, params};
use crate::sql::operator::{Key, STUCK_MAX, keys};
use crate::sql::{inbox, outbox};

const TENANTS: &str = "SELECT id, id FROM tenant WHERE id > '' ORDER BY id LIMIT ?1";

const INBOX_OF_STATE: &str = "SELECT tenant, id FROM inbox INDEXED BY inbox_open
    WHERE state IN ('waiting', 'parked') AND state = ?1 ORDER BY seq LIMIT ?2";
const NEWEST_INBOX: &str = "SELECT tenant, id FROM inbox WHERE seq > 0 ORDER BY seq DESC LIMIT ?1";

const PARKED_OUTBOX: &str =
    "SELECT tenant, id FROM outbox WHERE state = 'parked' ORDER BY tenant, seq LIMIT ?1";
const WAITING_OUTBOX: &str = "SELECT tenant, id FROM outbox
    WHERE state = 'waiting' AND created_at IS NOT NULL
    ORDER BY channel, created_at LIMIT ?1";
const NEWEST_OUTBOX: &str =
    "SELECT tenant, id FROM outbox WHERE seq > 0 ORDER BY seq DESC LIMIT ?1";

const NEWEST_PAYMENTS: &str = "SELECT tenant, id FROM payment
    WHERE rowid > 0 AND (CAST(?1 AS TEXT) IS NULL OR status = ?1) ORDER BY rowid DESC LIMIT ?2";
const CALL_STUCK: &str = "SELECT tenant, payment FROM psp_call
    WHERE settled_at IS NULL AND planned_at < ?1 LIMIT ?2";
const INBOX_STUCK: &str = "SELECT tenant, payment FROM (SELECT tenant,
            (SELECT id FROM payment WHERE payment.tenant = inbox.tenant
                AND order_reference = order_key ORDER BY created_at DESC, id DESC LIMIT 1)
                AS payment
        FROM inbox INDEXED BY inbox_open
        WHERE state IN ('waiting', 'parked') AND state = 'parked') AS stuck
    WHERE payment IS NOT NULL LIMIT ?1";
const OUTBOX_STUCK: &str = "SELECT tenant, payment FROM (SELECT tenant,
            (SELECT id FROM payment WHERE payment.tenant = outbox.tenant
                AND order_reference = order_key ORDER BY created_at DESC, id DESC LIMIT 1)
                AS payment
        FROM outbox
        WHERE state = 'parked') AS stuck
    WHERE payment IS NOT NULL LIMIT ?1";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(in crate::sql) const STATEMENTS: &[&str] = &[
    TENANTS,
    INBOX_OF_STATE,
    NEWEST_INBOX,
    PARKED_OUTBOX,
    WAITING_OUTBOX,
    NEWEST_OUTBOX,
    NEWEST_PAYMENTS,
    CALL_STUCK,
    INBOX_STUCK,
    OUTBOX_STUCK,
];

/// Each tenant, twice: it has no other id.
pub(in crate::sql) fn tenants(db: &Database, limit: u32) -> Result<Vec<Key>, StoreError> {
    keys(db, "tenant", TENANTS, params![limit])
}

pub(in crate::sql) fn inbox_of_state(
    db: &Database,
    state: &str,
    limit: u32,
) -> Result<Vec<Key>, StoreError> {
    keys(db, inbox::TABLE, INBOX_OF_STATE, params![state, limit])
}

pub(in crate::sql) fn newest_inbox(db: &Database, limit: u32) -> Result<Vec<Key>, StoreError> {
    keys(db, inbox::TABLE, NEWEST_INBOX, params![limit])
}

pub(in crate::sql) fn parked_outbox(db: &Database, limit: u32) -> Result<Vec<Key>, StoreError> {
    keys(db, outbox::TABLE, PARKED_OUTBOX, params![limit])
}

pub(in crate::sql) fn waiting_outbox(db: &Database, limit: u32) -> Result<Vec<Key>, StoreError> {
    keys(db, outbox::TABLE, WAITING_OUTBOX, params![limit])
}

pub(in crate::sql) fn newest_outbox(db: &Database, limit: u32) -> Result<Vec<Key>, StoreError> {
    keys(db, outbox::TABLE, NEWEST_OUTBOX, params![limit])
}

pub(in crate::sql) fn newest_payments(
    db: &Database,
    status: Option<&str>,
    limit: u32,
) -> Result<Vec<Key>, StoreError> {
    keys(db, "payment", NEWEST_PAYMENTS, params![status, limit])
}

/// Payments with a call that was planned before `since` and is open, or with parked work.
pub(in crate::sql) fn stuck_payments(db: &Database, since: i64) -> Result<Vec<Key>, StoreError> {
    let calls = keys(db, "psp_call", CALL_STUCK, params![since, STUCK_MAX])?;
    let commands = keys(db, inbox::TABLE, INBOX_STUCK, params![STUCK_MAX])?;
    let messages = keys(db, outbox::TABLE, OUTBOX_STUCK, params![STUCK_MAX])?;
    Ok([calls, commands, messages].concat())
}
