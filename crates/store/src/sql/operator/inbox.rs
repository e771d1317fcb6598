//! Inbox rows for an operator: reading them, trying one again, ending one for good.

use app::ports::{
    InboxKind, InboxRow, InboxState, Intervention, Page, RowFilter, RowQuery, StoreError, Touch,
};
use jiff::Timestamp;
use payment::{CommandId, TenantId};

use super::{Key, keys, page, probe};
use crate::database::{Database, Reading, Row, params};
use crate::error::At;
use crate::sql::inbox::TABLE;
use crate::sql::value;
use crate::sql::{across_tenants, order};

/// The older command that a waiting one has to wait for is looked up beside it, and whether a call
/// made for it is open.
const ROW: &str = "SELECT seq, id, kind, external_id, name, order_key, received_at, state, due_at,
        lease_owner IS NOT NULL, tries, ended_at, discarded_at, note,
        CASE WHEN kind = 'command' AND state = 'waiting' THEN
            (SELECT older.id FROM inbox AS older WHERE older.tenant = ?1
                AND older.order_key = inbox.order_key AND older.kind = 'command'
                AND older.state = 'waiting' AND older.seq < inbox.seq
                ORDER BY older.seq LIMIT 1) END,
        kind = 'command' AND EXISTS (SELECT 1 FROM psp_call
            WHERE psp_call.tenant = ?1 AND command = inbox.id AND settled_at IS NULL)
    FROM inbox WHERE tenant = ?1 AND id = ?2";
const BODY: &str = "SELECT body FROM inbox WHERE tenant = ?1 AND id = ?2";

/// Of one order, where ?4 names one.
const OF_STATE: &str = "SELECT tenant, id FROM inbox INDEXED BY inbox_open
    WHERE tenant = ?1 AND state IN ('waiting', 'parked') AND state = ?2
        AND (CAST(?4 AS TEXT) IS NULL OR order_key = ?4)
    ORDER BY seq LIMIT ?3";
const COMMANDS_OF_ORDER: &str = "SELECT tenant, id FROM inbox
    WHERE tenant = ?1 AND order_key = ?2 AND kind = 'command' AND state = 'waiting'
    ORDER BY seq LIMIT ?3";
const NEWEST: &str = "SELECT tenant, id FROM inbox WHERE tenant = ?1 ORDER BY id DESC LIMIT ?2";

/// Until when a worker has another command of the order.
const OTHERS_LEASE: &str = "SELECT max(due_at) FROM inbox
    WHERE tenant = ?1 AND order_key = ?2 AND kind = 'command' AND state = 'waiting'
        AND lease_owner IS NOT NULL AND seq <> ?3";
/// What came after a command waits behind it again.
const HOLD_BACK: &str = "UPDATE inbox SET due_at = NULL, lease_owner = NULL
    WHERE tenant = ?1 AND order_key = ?2 AND kind = 'command' AND state = 'waiting' AND seq > ?3";
const OLDER_WAITS: &str = "SELECT 1 FROM inbox
    WHERE tenant = ?1 AND order_key = ?2 AND kind = 'command' AND state = 'waiting' AND seq < ?3";
const RETRY: &str =
    "UPDATE inbox SET state = 'waiting', due_at = ?3, lease_owner = NULL, tries = 0,
        ended_at = NULL
    WHERE tenant = ?1 AND id = ?2";
const DISCARD: &str = "UPDATE inbox SET state = 'done', due_at = NULL, lease_owner = NULL,
        ended_at = ?3, discarded_at = ?3, note = ?4
    WHERE tenant = ?1 AND id = ?2";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    ROW,
    BODY,
    OF_STATE,
    COMMANDS_OF_ORDER,
    NEWEST,
    OTHERS_LEASE,
    HOLD_BACK,
    OLDER_WAITS,
    RETRY,
    DISCARD,
];

/// A row with its place in the order of arrival.
struct Found {
    seq: i64,
    row: InboxRow,
}

struct Columns {
    seq: i64,
    id: String,
    kind: String,
    external_id: String,
    name: String,
    order_key: Option<String>,
    received_at: i64,
    state: String,
    due_at: Option<i64>,
    leased: bool,
    tries: i64,
    ended_at: Option<i64>,
    discarded_at: Option<i64>,
    note: Option<String>,
    older: Option<String>,
    call_open: bool,
}

impl Columns {
    fn new(row: &Row<'_>) -> Reading<Self> {
        Ok(Self {
            seq: row.get(0)?,
            id: row.get(1)?,
            kind: row.get(2)?,
            external_id: row.get(3)?,
            name: row.get(4)?,
            order_key: row.get(5)?,
            received_at: row.get(6)?,
            state: row.get(7)?,
            due_at: row.get(8)?,
            leased: row.get(9)?,
            tries: row.get(10)?,
            ended_at: row.get(11)?,
            discarded_at: row.get(12)?,
            note: row.get(13)?,
            older: row.get(14)?,
            call_open: row.get(15)?,
        })
    }

    fn state(&self, now: Timestamp) -> Result<InboxState, StoreError> {
        let time = |micros: Option<i64>| value::time(TABLE, micros.unwrap_or(self.received_at));
        if let Some(at) = self.discarded_at {
            return Ok(InboxState::Discarded { at: time(Some(at))? });
        }
        let ended = time(self.ended_at)?;
        match self.state.as_str() {
            "waiting" => self.waiting(time(self.due_at)?, now),
            "done" => Ok(InboxState::Done { at: ended }),
            "foreign" => Ok(InboxState::Foreign { at: ended }),
            "parked" => Ok(InboxState::Parked { at: ended }),
            other => Err(crate::error::corrupt(TABLE, format!("unknown word {other:?}"))),
        }
    }

    fn waiting(&self, due: Timestamp, now: Timestamp) -> Result<InboxState, StoreError> {
        match &self.older {
            Some(older) => Ok(InboxState::Held { by: value::id(TABLE, older, CommandId::parse)? }),
            None if self.leased && due > now => Ok(InboxState::Leased { until: due }),
            None => Ok(InboxState::Due { at: due }),
        }
    }

    fn read(self, tenant: &TenantId, now: Timestamp) -> Result<Found, StoreError> {
        let row = InboxRow {
            id: value::id(TABLE, &self.id, CommandId::parse)?,
            tenant: tenant.clone(),
            kind: value::word(TABLE, &self.kind, InboxKind::from_name)?,
            received_at: value::time(TABLE, self.received_at)?,
            state: self.state(now)?,
            tries: value::count(TABLE, self.tries)?,
            external_id: self.external_id,
            name: self.name,
            order_key: self.order_key,
            note: self.note,
            call_open: self.call_open,
        };
        Ok(Found { seq: self.seq, row })
    }
}

fn find(
    db: &Database,
    tenant: &TenantId,
    id: &str,
    now: Timestamp,
) -> Result<Option<Found>, StoreError> {
    let columns = db.row(ROW, params![tenant.as_str(), id], Columns::new).at(TABLE)?;
    columns.map(|columns| columns.read(tenant, now)).transpose()
}

/// Finds a row that nobody else changes before this transaction has ended.
fn hold(
    db: &Database,
    tenant: &TenantId,
    id: &str,
    now: Timestamp,
) -> Result<Option<Found>, StoreError> {
    let Some(Found { row, .. }) = find(db, tenant, id, now)? else { return Ok(None) };
    let of_order = row.order_key.as_deref().filter(|_| row.kind == InboxKind::Command);
    order::hold_inbox(db, tenant, id, of_order)?;
    find(db, tenant, id, now)
}

pub(super) fn row(
    db: &Database,
    tenant: &TenantId,
    id: &str,
    now: Timestamp,
) -> Result<Option<InboxRow>, StoreError> {
    Ok(find(db, tenant, id, now)?.map(|found| found.row))
}

pub(super) fn body(
    db: &Database,
    tenant: &TenantId,
    id: CommandId,
) -> Result<Option<Vec<u8>>, StoreError> {
    let body: Option<Option<Vec<u8>>> =
        db.row(BODY, params![tenant.as_str(), id.to_string()], |row| row.get(0)).at(TABLE)?;
    Ok(body.flatten())
}

pub(super) fn list(db: &Database, query: &RowQuery) -> Result<Page<InboxRow>, StoreError> {
    let limit = probe(query.limit);
    let of_state = |state: &str| match &query.tenant {
        Some(tenant) => of_tenant(db, tenant, state, limit, None),
        None => across_tenants::operator::inbox_of_state(db, state, limit),
    };
    let keys = match query.filter {
        RowFilter::Open => [of_state("parked")?, of_state("waiting")?].concat(),
        RowFilter::Parked => of_state("parked")?,
        RowFilter::Waiting => of_state("waiting")?,
        RowFilter::All => match &query.tenant {
            Some(tenant) => keys(db, TABLE, NEWEST, params![tenant.as_str(), limit])?,
            None => across_tenants::operator::newest_inbox(db, limit)?,
        },
    };
    page(keys, query.limit, |tenant, id| row(db, tenant, id, query.now))
}

fn of_tenant(
    db: &Database,
    tenant: &TenantId,
    state: &str,
    limit: u32,
    order: Option<&str>,
) -> Result<Vec<Key>, StoreError> {
    keys(db, TABLE, OF_STATE, params![tenant.as_str(), state, limit, order])
}

/// What is open for an order: everything that is parked, and the commands that wait.
pub(super) fn of_order(
    db: &Database,
    tenant: &TenantId,
    order: &str,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<InboxRow>, StoreError> {
    let mut found = of_tenant(db, tenant, "parked", limit, Some(order))?;
    found.extend(keys(db, TABLE, COMMANDS_OF_ORDER, params![tenant.as_str(), order, limit])?);
    Ok(page(found, limit, |tenant, id| row(db, tenant, id, now))?.rows)
}

pub(super) fn retry(
    db: &Database,
    touch: &Touch<CommandId>,
) -> Result<Intervention<InboxRow>, StoreError> {
    let (tenant, id, now) = (&touch.tenant, touch.id.to_string(), touch.now);
    let Some(Found { seq, row }) = hold(db, tenant, &id, now)? else {
        return Ok(Intervention::Absent);
    };
    match row.state {
        InboxState::Due { .. } | InboxState::Held { .. } | InboxState::Parked { .. } => {}
        InboxState::Leased { until } => return Ok(Intervention::Busy { until }),
        InboxState::Done { .. } | InboxState::Foreign { .. } | InboxState::Discarded { .. } => {
            return Ok(Intervention::Refused(row));
        }
    }
    let mut due_at = Some(now.as_microsecond());
    if let (InboxKind::Command, Some(order)) = (row.kind, &row.order_key) {
        if let Some(until) = lease_of_another(db, tenant, order, seq, now)? {
            return Ok(Intervention::Busy { until });
        }
        let of_order = params![tenant.as_str(), order, seq];
        db.execute(HOLD_BACK, of_order).at(TABLE)?;
        let older = db.exists(OLDER_WAITS, of_order);
        if older.at(TABLE)? {
            due_at = None;
        }
    }
    db.execute(RETRY, params![tenant.as_str(), id, due_at]).at(TABLE)?;
    after(db, tenant, &id, now)
}

/// Until when a worker has another command of the order: two of them must never run at once.
fn lease_of_another(
    db: &Database,
    tenant: &TenantId,
    order: &str,
    seq: i64,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let until: Option<i64> =
        db.one(OTHERS_LEASE, params![tenant.as_str(), order, seq], |row| row.get(0)).at(TABLE)?;
    let until = until.map(|until| value::time(TABLE, until)).transpose()?;
    Ok(until.filter(|until| *until > now))
}

pub(super) fn discard(
    db: &Database,
    touch: &Touch<CommandId>,
    reason: &str,
) -> Result<Intervention<InboxRow>, StoreError> {
    let (tenant, id, now) = (&touch.tenant, touch.id.to_string(), touch.now);
    let Some(Found { row, .. }) = hold(db, tenant, &id, now)? else {
        return Ok(Intervention::Absent);
    };
    if !matches!(row.state, InboxState::Parked { .. }) {
        return Ok(Intervention::Refused(row));
    }
    let note = super::given_up(reason, row.note.as_deref());
    db.execute(DISCARD, params![tenant.as_str(), id, now.as_microsecond(), note]).at(TABLE)?;
    after(db, tenant, &id, now)
}

fn after(
    db: &Database,
    tenant: &TenantId,
    id: &str,
    now: Timestamp,
) -> Result<Intervention<InboxRow>, StoreError> {
    Ok(row(db, tenant, id, now)?.map_or(Intervention::Absent, Intervention::Changed))
}
