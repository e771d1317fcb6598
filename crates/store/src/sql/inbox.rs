//! What came in: webhooks and commands, durable before they are answered.
//!
//! `due_at` says from when on a worker may take a row, and is empty where none may. So claiming
//! is one range of one index: a postponed row is due later, a leased one when its lease ends, and
//! a command behind an older one of its order is not due at all until [`release_next`] says so.

use std::collections::HashSet;

use app::ports::{InboxItem, InboxKind, InboxOutcome, InboxSettlement, Received, StoreError};
use jiff::Timestamp;
use payment::{CommandId, TenantId};

use super::order;
use crate::database::{Bind, Cell, Database, Reading, Row, params};
use crate::error::At;

pub(super) const TABLE: &str = "inbox";

const RECEIVE: &str = "INSERT INTO inbox (tenant, id, kind, external_id, name, order_key, body,
        attributes, received_at, state, due_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'waiting',
        CASE WHEN ?3 = 'command' AND CAST(?6 AS TEXT) IS NOT NULL THEN NULL
            ELSE CAST(?9 AS BIGINT) END)
    ON CONFLICT (tenant, kind, external_id) DO NOTHING";
/// The same for events that come in at once. Of each that is new the id is answered.
const RECEIVE_EVENTS: &str =
    "INSERT INTO inbox (tenant, id, kind, external_id, name, order_key, body, attributes,
        received_at, state, due_at)
    SELECT tenant, id, 'event', external_id, name, order_key, body, attributes, received_at,
        'waiting', received_at
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[],
        $7::text[], $8::bigint[], $9::bigint[])
        AS event (tenant, id, external_id, name, order_key, body, attributes, received_at, version)
    WHERE version IS NULL OR EXISTS (SELECT 1 FROM tenant
        WHERE tenant.id = event.tenant AND tenant.version = event.version)
    ON CONFLICT (tenant, kind, external_id) DO NOTHING
    RETURNING id";
const TENANT_IS_AS_KNOWN: &str = "SELECT 1 FROM tenant WHERE id = ?1 AND version = ?2";
/// The oldest waiting command of an order becomes due, if it is not already.
const RELEASE_NEXT: &str = "UPDATE inbox SET due_at = received_at
    WHERE due_at IS NULL AND seq = (SELECT seq FROM inbox
        WHERE tenant = ?1 AND order_key = ?2 AND kind = 'command' AND state = 'waiting'
        ORDER BY seq LIMIT 1)";
/// Only who holds the lease ends a row. The fence says so, not the clock: an expired lease that
/// nobody else took has done no harm.
const SETTLE: &str = "UPDATE inbox SET state = ?4, due_at = ?5, ended_at = ?6, note = ?7,
        lease_owner = NULL, tries = tries + ?8,
        body = CASE WHEN ?4 = 'foreign' THEN NULL ELSE body END
    WHERE tenant = ?1 AND id = ?2 AND fence = ?3 AND lease_owner IS NOT NULL
    RETURNING order_key";
const HELD: &str = "SELECT 1 FROM inbox
    WHERE tenant = ?1 AND id = ?2 AND fence = ?3 AND lease_owner IS NOT NULL";
/// Whoever holds the lease: what it settles later finds no lease, and writes nothing.
const END: &str = "UPDATE inbox SET state = 'done', due_at = NULL, ended_at = ?3, note = ?4,
        lease_owner = NULL
    WHERE tenant = ?1 AND id = ?2 AND state IN ('waiting', 'parked')
    RETURNING order_key";
const ENDED_WITH_ITS_CALL: &str = "its call was settled";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[RECEIVE, TENANT_IS_AS_KNOWN, RELEASE_NEXT, SETTLE, HELD, END];
/// Of PostgreSQL alone.
#[cfg(test)]
pub(crate) const POSTGRES_STATEMENTS: &[&str] = &[RECEIVE_EVENTS];

pub(crate) fn receive(db: &Database, item: &InboxItem) -> Result<Received, StoreError> {
    let of_order = item.order_key.as_deref().filter(|_| item.kind == InboxKind::Command);
    if let Some(order) = of_order {
        order::of_commands(db, &item.tenant, order)?;
    }
    let written = db
        .execute(
            RECEIVE,
            params![
                item.tenant.as_str(),
                item.id.to_string(),
                item.kind.name(),
                item.external_id,
                item.name,
                item.order_key,
                item.body,
                item.attributes,
                item.received_at.as_microsecond(),
            ],
        )
        .at(TABLE)?;
    if written == 0 {
        return Ok(Received::Duplicate);
    }
    release_next(db, &item.tenant, of_order)?;
    Ok(Received::New)
}

/// An event as it came in.
#[derive(Clone)]
pub(crate) struct NewEvent {
    pub item: InboxItem,
    /// It is taken only if its tenant has this version still.
    pub known: Option<i64>,
}

/// Puts an event into the inbox; whether it is new, and its tenant as it was known.
pub(crate) fn receive_event(db: &Database, event: &NewEvent) -> Result<bool, StoreError> {
    if let Some(version) = event.known {
        let tenant = event.item.tenant.as_str();
        if !db.exists(TENANT_IS_AS_KNOWN, params![tenant, version]).at("tenant")? {
            return Ok(false);
        }
    }
    Ok(receive(db, &event.item)? == Received::New)
}

/// The same for events that come in at once: on PostgreSQL one statement.
pub(crate) fn receive_events(db: &Database, events: &[NewEvent]) -> Result<Vec<bool>, StoreError> {
    let session = match db {
        Database::Sqlite(_) => {
            return events.iter().map(|event| receive_event(db, event)).collect();
        }
        Database::Postgres(session) => session,
    };
    let ids: Vec<String> = events.iter().map(|event| event.item.id.to_string()).collect();
    let rows = session.query_with_arrays(RECEIVE_EVENTS, &arrays(events, &ids)).at(TABLE)?;
    let new: Reading<HashSet<String>> = rows.iter().map(|row| Row::Postgres(row).get(0)).collect();
    let new = new.at(TABLE)?;
    Ok(ids.iter().map(|id| new.contains(id)).collect())
}

/// A column of the statement each.
fn arrays<'e>(events: &'e [NewEvent], ids: &'e [String]) -> [Vec<Cell<'e>>; 9] {
    fn cells<'e, T: Bind + ?Sized + 'e>(values: impl Iterator<Item = &'e T>) -> Vec<Cell<'e>> {
        values.map(Bind::cell).collect()
    }
    let items = || events.iter().map(|event| &event.item);
    let received_at = |item: &InboxItem| Cell::Integer(item.received_at.as_microsecond());
    [
        cells(items().map(|item| item.tenant.as_str())),
        cells(ids.iter()),
        cells(items().map(|item| &item.external_id)),
        cells(items().map(|item| &item.name)),
        cells(items().map(|item| &item.order_key)),
        cells(items().map(|item| &item.body)),
        cells(items().map(|item| &item.attributes)),
        items().map(received_at).collect(),
        cells(events.iter().map(|event| &event.known)),
    ]
}

/// Ends or postpones a leased row, or leaves it leased. Returns whether the lease still held.
pub(super) fn settle(db: &Database, settlement: &InboxSettlement) -> Result<bool, StoreError> {
    let (state, due_at, note) = match &settlement.outcome {
        InboxOutcome::Held => return is_held(db, settlement),
        InboxOutcome::Done(note) => ("done", None, Some(note)),
        InboxOutcome::Foreign => ("foreign", None, None),
        InboxOutcome::Later { at, reason } | InboxOutcome::PutOff { at, reason } => {
            ("waiting", Some(at.as_microsecond()), Some(reason))
        }
        InboxOutcome::Parked(reason) => ("parked", None, Some(reason)),
    };
    // Counted here and not with the claim: what ends with a process or the database is no try either.
    let tried = i64::from(!matches!(settlement.outcome, InboxOutcome::PutOff { .. }));
    let ended_at = due_at.is_none().then(|| settlement.now.as_microsecond());
    let settled = db
        .row(
            SETTLE,
            params![
                settlement.tenant.as_str(),
                settlement.id.to_string(),
                settlement.fence,
                state,
                due_at,
                ended_at,
                note,
                tried
            ],
            |row| row.get::<Option<String>>(0),
        )
        .at(TABLE)?;
    let Some(order_key) = settled else { return Ok(false) };
    release_next(db, &settlement.tenant, order_key.as_deref())?;
    Ok(true)
}

fn is_held(db: &Database, settlement: &InboxSettlement) -> Result<bool, StoreError> {
    db.exists(
        HELD,
        params![settlement.tenant.as_str(), settlement.id.to_string(), settlement.fence],
    )
    .at(TABLE)
}

/// Ends the command whose call was settled, if it has not ended.
pub(super) fn end(
    db: &Database,
    tenant: &TenantId,
    id: CommandId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ended = db
        .row(
            END,
            params![tenant.as_str(), id.to_string(), now.as_microsecond(), ENDED_WITH_ITS_CALL],
            |row| row.get::<Option<String>>(0),
        )
        .at(TABLE)?;
    release_next(db, tenant, ended.flatten().as_deref())
}

fn release_next(
    db: &Database,
    tenant: &TenantId,
    order_key: Option<&str>,
) -> Result<(), StoreError> {
    let Some(order_key) = order_key else { return Ok(()) };
    order::of_commands(db, tenant, order_key)?;
    db.send(RELEASE_NEXT, params![tenant.as_str(), order_key]).at(TABLE)
}
