//! What keeps writers from passing each other. SQLite has one writer and needs nothing of this; on
//! PostgreSQL each transaction sees the database without what the others have not committed.
//!
//! Two of them could each take their own message for the oldest of an order, or both miss a row that the
//! other one was to release. So whoever adds to an order, or ends something of it, waits here for the
//! others that do, until they have committed. The locks end with their transaction. Where two wait for
//! each other, PostgreSQL undoes one, which is then tried again.

use app::ports::{MessageId, StoreError};
use payment::TenantId;
use sha2::{Digest, Sha256};

use super::{inbox, outbox};
use crate::database::{Database, Params, params};
use crate::error::At;

const ALONE: &str = "SELECT pg_advisory_xact_lock(?1)";
const TOGETHER: &str = "SELECT pg_advisory_xact_lock_shared(?1)";

const HOLD_COMMAND: &str = "SELECT seq FROM inbox WHERE tenant = ?1 AND id = ?2 FOR UPDATE";
const HOLD_COMMANDS: &str = "SELECT seq FROM inbox WHERE tenant = ?1 AND order_key = ?2
    AND kind = 'command' AND state = 'waiting' ORDER BY seq FOR UPDATE";
const HOLD_MESSAGE: &str = "SELECT seq FROM outbox WHERE tenant = ?1 AND id = ?2 FOR UPDATE";
const HOLD_MESSAGES: &str = "SELECT seq FROM outbox WHERE tenant = ?1 AND order_key = ?2
    AND holds = 1 ORDER BY seq FOR UPDATE";
const KEEP_MESSAGE: &str = "SELECT seq FROM outbox WHERE tenant = ?1 AND id = ?2 FOR SHARE";

const HOLD_PAYMENT: &str = "SELECT id FROM payment WHERE tenant = ?1 AND id = ?2 FOR UPDATE";
const HOLD_TENANT: &str = "SELECT id FROM tenant WHERE id = ?1 FOR UPDATE";

/// What PostgreSQL alone is asked. For its test of statements.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    ALONE,
    TOGETHER,
    HOLD_COMMAND,
    HOLD_COMMANDS,
    HOLD_MESSAGE,
    HOLD_MESSAGES,
    KEEP_MESSAGE,
    HOLD_PAYMENT,
    HOLD_TENANT,
];

/// Before a command of an order is added, or the next one is looked for.
pub(super) fn of_commands(db: &Database, tenant: &TenantId, order: &str) -> Result<(), StoreError> {
    wait(db, inbox::TABLE, ALONE, params![number(&["commands", tenant.as_str(), order])])
}

/// Before a message of an order is added, or the next one is looked for.
pub(super) fn of_messages(db: &Database, tenant: &TenantId, order: &str) -> Result<(), StoreError> {
    wait(db, outbox::TABLE, ALONE, params![number(&["messages", tenant.as_str(), order])])
}

/// Before a channel is read, or messages are deleted from it.
pub(super) fn of_channel(
    db: &Database,
    tenant: &TenantId,
    channel: &str,
) -> Result<(), StoreError> {
    wait(db, outbox::TABLE, ALONE, params![number(&["channel", tenant.as_str(), channel])])
}

/// Before a message is added that comes after all others of its tenant.
pub(super) fn before_the_last(db: &Database, tenant: &TenantId) -> Result<(), StoreError> {
    wait(db, outbox::TABLE, ALONE, params![number(&["last", tenant.as_str()])])
}

/// Before those are looked for that come after all others, because one of these is through. Any
/// number may do so at once.
pub(super) fn one_is_through(db: &Database, tenant: &TenantId) -> Result<(), StoreError> {
    wait(db, outbox::TABLE, TOGETHER, params![number(&["last", tenant.as_str()])])
}

/// Before a message is added that comes after this one: it is through or not until the other one is
/// there.
pub(super) fn keep(db: &Database, tenant: &TenantId, after: MessageId) -> Result<(), StoreError> {
    wait(db, outbox::TABLE, KEEP_MESSAGE, params![tenant.as_str(), after.0.to_string()])
}

/// Before it is decided by what is bound to whom, and before that is changed.
pub(super) fn of_bindings(db: &Database) -> Result<(), StoreError> {
    wait(db, "bound_account", ALONE, params![number(&["bindings"])])
}

/// Keeps workers from a row of the inbox, and from the commands of its order.
pub(super) fn hold_inbox(
    db: &Database,
    tenant: &TenantId,
    id: &str,
    order: Option<&str>,
) -> Result<(), StoreError> {
    if let Some(order) = order {
        of_commands(db, tenant, order)?;
        wait(db, inbox::TABLE, HOLD_COMMANDS, params![tenant.as_str(), order])?;
    }
    wait(db, inbox::TABLE, HOLD_COMMAND, params![tenant.as_str(), id])
}

/// Keeps workers and the shop from a message, and from those of its order.
pub(super) fn hold_outbox(
    db: &Database,
    tenant: &TenantId,
    id: &str,
    channel: &str,
    order: &str,
) -> Result<(), StoreError> {
    of_channel(db, tenant, channel)?;
    one_is_through(db, tenant)?;
    of_messages(db, tenant, order)?;
    wait(db, outbox::TABLE, HOLD_MESSAGES, params![tenant.as_str(), order])?;
    wait(db, outbox::TABLE, HOLD_MESSAGE, params![tenant.as_str(), id])
}

/// Before it is decided by how a payment stands: no commit changes it meanwhile, and none adds a call.
pub(super) fn hold_payment(db: &Database, tenant: &TenantId, id: &str) -> Result<(), StoreError> {
    wait(db, "payment", HOLD_PAYMENT, params![tenant.as_str(), id])
}

/// Before it is decided by how a tenant stands: nobody configures it meanwhile.
pub(super) fn hold_tenant(db: &Database, tenant: &TenantId) -> Result<(), StoreError> {
    wait(db, "tenant", HOLD_TENANT, params![tenant.as_str()])
}

fn wait(
    db: &Database,
    table: &'static str,
    sql: &'static str,
    params: Params,
) -> Result<(), StoreError> {
    match db {
        Database::Sqlite(_) => Ok(()),
        Database::Postgres(_) => db.send(sql, params).at(table),
    }
}

/// The number of a lock. That two things share one is rare, and costs no more than waiting.
fn number(of: &[&str]) -> i64 {
    let hash = Sha256::digest(of.join("\u{1}"));
    hash.iter().take(8).fold(0, |number, byte| number << 8 | i64::from(*byte))
}

#[cfg(test)]
mod tests;
