//! What is told: messages with their bytes fixed, in the order they were told.
//!
//! `holds` says whether later messages of the same order wait for a row. `due_at` is for channels
//! that are pushed, and works as in the inbox: empty where no worker may take the row.

use app::ports::{After, DeliveryOutcome, MessageId, NewMessage, SendOutcome, StoreError};
use jiff::Timestamp;
use payment::TenantId;

use super::order;
use crate::database::{Database, Params, params};
use crate::error::At;
use crate::rows;

pub(super) const TABLE: &str = "outbox";

const ADD: &str = "INSERT INTO outbox (tenant, id, channel, order_key, name, attributes, body,
        blocks, after, last, created_at, state, holds)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'waiting', 1)";
/// The oldest message of an order becomes due, if it is not already, is not parked, and waits for
/// no message of another order. The one that comes last waits for nothing any more once something
/// was told after it: the tenant came back, and must hear so.
const RELEASE_NEXT: &str = "UPDATE outbox SET due_at = created_at
    WHERE tenant = ?1 AND id = (SELECT id FROM outbox
            WHERE tenant = ?1 AND order_key = ?2 AND holds = 1 ORDER BY seq LIMIT 1)
        AND due_at IS NULL AND state = 'waiting'
        AND COALESCE((SELECT state FROM outbox AS before WHERE before.tenant = ?1
            AND before.id = outbox.after), 'delivered') = 'delivered'
        AND (last = 0
            OR EXISTS (SELECT 1 FROM outbox AS later WHERE later.tenant = ?1
                AND later.order_key = ?2 AND later.holds = 1 AND later.seq > outbox.seq)
            OR NOT EXISTS (SELECT 1 FROM outbox AS other WHERE other.tenant = ?1
                AND other.holds = 1 AND other.state = 'waiting' AND other.last = 0))";
pub(super) const WAITING_FOR_ALL: &str = "SELECT order_key FROM outbox
    WHERE tenant = ?1 AND last = 1 AND state = 'waiting'";
const WAITING_FOR: &str = "SELECT order_key FROM outbox
    WHERE tenant = ?1 AND after = ?2 AND after IS NOT NULL AND state = 'waiting'";
const DELETE: &str = "UPDATE outbox SET state = 'delivered', holds = 0, due_at = NULL,
        lease_owner = NULL, ended_at = ?4
    WHERE tenant = ?1 AND channel = ?2 AND id = ?3 AND state <> 'delivered'
    RETURNING order_key";
const SETTLE: &str = "UPDATE outbox SET state = ?4, due_at = ?5, ended_at = ?6, note = ?7,
        holds = CASE ?4 WHEN 'delivered' THEN 0 WHEN 'parked' THEN blocks ELSE 1 END,
        lease_owner = NULL, tries = tries - ?8
    WHERE tenant = ?1 AND id = ?2 AND fence = ?3 AND lease_owner IS NOT NULL
    RETURNING order_key";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[ADD, RELEASE_NEXT, WAITING_FOR, WAITING_FOR_ALL, DELETE, SETTLE];

/// Adds messages in this order.
pub(super) fn add(
    db: &Database,
    tenant: &TenantId,
    messages: &[NewMessage],
    now: Timestamp,
) -> Result<(), StoreError> {
    if messages.iter().any(|message| matches!(message.after, After::Everything)) {
        order::before_the_last(db, tenant)?;
    }
    for message in messages {
        let (after, last) = match message.after {
            After::Nothing => (None, false),
            After::Message(id) => {
                order::keep(db, tenant, id)?;
                (Some(id.0.to_string()), false)
            }
            After::Everything => (None, true),
        };
        order::of_messages(db, tenant, &message.order_key)?;
        db.send(
            ADD,
            params![
                tenant.as_str(),
                message.id.0.to_string(),
                message.channel,
                message.order_key,
                message.name,
                rows::to_json(TABLE, &message.attributes)?,
                message.body,
                message.blocks,
                after,
                last,
                now.as_microsecond(),
            ],
        )
        .at(TABLE)?;
        release_next(db, tenant, &message.order_key)?;
    }
    Ok(())
}

/// Marks messages that the shop deleted as delivered. The rows stay for the operator.
pub(super) fn delete(
    db: &Database,
    tenant: &TenantId,
    channel: &str,
    ids: &[MessageId],
    now: Timestamp,
) -> Result<u64, StoreError> {
    order::of_channel(db, tenant, channel)?;
    let mut deleted = 0;
    for id in ids {
        let id = id.0.to_string();
        let order_key: Option<String> = db
            .row(DELETE, params![tenant.as_str(), channel, id, now.as_microsecond()], |row| {
                row.get(0)
            })
            .at(TABLE)?;
        if let Some(order_key) = order_key {
            deleted += 1;
            delivered(db, tenant, &id, &order_key)?;
        }
    }
    Ok(deleted)
}

/// Notes what came of sending a message. Without the lease it changes nothing: whoever has it
/// now will say what came of it.
pub(super) fn settle(db: &Database, outcome: &DeliveryOutcome) -> Result<(), StoreError> {
    let (state, due_at, note) = match &outcome.outcome {
        SendOutcome::Delivered => ("delivered", None, None),
        SendOutcome::Later { at, reason } | SendOutcome::PutOff { at, reason } => {
            ("waiting", Some(at.as_microsecond()), Some(reason))
        }
        SendOutcome::Parked(reason) => ("parked", None, Some(reason)),
    };
    // A claim counts as a try.
    let untried = i64::from(matches!(outcome.outcome, SendOutcome::PutOff { .. }));
    let ended_at = due_at.is_none().then(|| outcome.now.as_microsecond());
    let id = outcome.id.0.to_string();
    let order_key: Option<String> = db
        .row(
            SETTLE,
            params![
                outcome.tenant.as_str(),
                id,
                outcome.fence,
                state,
                due_at,
                ended_at,
                note,
                untried
            ],
            |row| row.get(0),
        )
        .at(TABLE)?;
    match (order_key, &outcome.outcome) {
        (None, _) => Ok(()),
        (Some(order_key), SendOutcome::Delivered) => {
            delivered(db, &outcome.tenant, &id, &order_key)
        }
        (
            Some(order_key),
            SendOutcome::Later { .. } | SendOutcome::PutOff { .. } | SendOutcome::Parked(_),
        ) => release_next(db, &outcome.tenant, &order_key),
    }
}

/// A message is through: the next one of its order becomes due, and those that waited for it.
pub(super) fn delivered(
    db: &Database,
    tenant: &TenantId,
    id: &str,
    order_key: &str,
) -> Result<(), StoreError> {
    order::one_is_through(db, tenant)?;
    release_next(db, tenant, order_key)?;
    let keys = |sql: &'static str, values: Params| -> Result<Vec<String>, StoreError> {
        db.rows(sql, values, |row| row.get(0)).at(TABLE)
    };
    for order_key in keys(WAITING_FOR, params![tenant.as_str(), id])? {
        release_next(db, tenant, &order_key)?;
    }
    for order_key in keys(WAITING_FOR_ALL, params![tenant.as_str()])? {
        release_next(db, tenant, &order_key)?;
    }
    Ok(())
}

pub(super) fn release_next(
    db: &Database,
    tenant: &TenantId,
    order_key: &str,
) -> Result<(), StoreError> {
    order::of_messages(db, tenant, order_key)?;
    db.send(RELEASE_NEXT, params![tenant.as_str(), order_key]).at(TABLE)
}
