//! Outbox rows for an operator: reading them, delivering one again, giving one up.

use app::ports::{
    Intervention, MessageId, OutboxRow, OutboxState, Page, RowFilter, RowQuery, StoreError, Touch,
};
use jiff::Timestamp;
use payment::TenantId;
use uuid::Uuid;

use super::{keys, page, probe};
use crate::database::{Database, Reading, Row, params};
use crate::error::{At, corrupt};
use crate::sql::outbox::{self, TABLE};
use crate::sql::value;
use crate::sql::{across_tenants, order};

/// The message that a waiting one has to wait for is looked up beside it: an older one of its
/// order, the one it was told to come after, or any other where it comes after everything.
const ROW: &str = "SELECT seq, id, channel, order_key, name, blocks, created_at, state, due_at,
        lease_owner IS NOT NULL, hidden_until, tries, reads, ended_at, discarded_at, note,
        CASE WHEN state = 'waiting' THEN coalesce(
            (SELECT older.id FROM outbox AS older WHERE older.tenant = ?1
                AND older.order_key = outbox.order_key AND older.holds = 1
                AND older.seq < outbox.seq ORDER BY older.seq LIMIT 1),
            (SELECT first.id FROM outbox AS first WHERE first.tenant = ?1
                AND first.id = outbox.after AND first.state <> 'delivered'),
            (SELECT other.id FROM outbox AS other WHERE outbox.last = 1 AND other.tenant = ?1
                AND other.holds = 1 AND other.state = 'waiting' AND other.last = 0 LIMIT 1)) END
    FROM outbox WHERE tenant = ?1 AND id = ?2";
const BODY: &str = "SELECT body FROM outbox WHERE tenant = ?1 AND id = ?2";

const PARKED: &str = "SELECT tenant, id FROM outbox
    WHERE tenant = ?1 AND state = 'parked' AND (CAST(?3 AS TEXT) IS NULL OR order_key = ?3)
    ORDER BY seq LIMIT ?2";
/// By channel, because that is what somebody reads or does not.
const WAITING: &str = "SELECT tenant, id FROM outbox
    WHERE tenant = ?1 AND holds = 1 AND state = 'waiting' ORDER BY channel, seq LIMIT ?2";
const WAITING_OF_ORDER: &str = "SELECT tenant, id FROM outbox
    WHERE tenant = ?1 AND order_key = ?2 AND holds = 1 AND state = 'waiting' ORDER BY seq LIMIT ?3";
const NEWEST: &str = "SELECT tenant, id FROM outbox WHERE tenant = ?1 ORDER BY id DESC LIMIT ?2";

/// Until when somebody has another message of the order: a worker that pushes it, or the shop that
/// read it.
const OTHERS_TAKEN: &str = "SELECT max(coalesce(hidden_until, 0)),
        max(CASE WHEN lease_owner IS NOT NULL THEN coalesce(due_at, 0) ELSE 0 END)
    FROM outbox WHERE tenant = ?1 AND order_key = ?2 AND holds = 1 AND seq <> ?3";
/// What came after a message waits behind it again.
const HOLD_BACK: &str = "UPDATE outbox SET due_at = NULL, lease_owner = NULL
    WHERE tenant = ?1 AND order_key = ?2 AND holds = 1 AND seq > ?3 AND state = 'waiting'";
/// It gets its due time from [`outbox::release_next`], once nothing comes before it.
const RETRY: &str = "UPDATE outbox SET state = 'waiting', holds = 1, due_at = NULL,
        lease_owner = NULL, tries = 0, reads = 0, hidden_until = NULL, first_read_at = NULL,
        ended_at = NULL
    WHERE tenant = ?1 AND id = ?2";
const DISCARD: &str = "UPDATE outbox SET state = 'delivered', holds = 0, due_at = NULL,
        lease_owner = NULL, ended_at = ?3, discarded_at = ?3, note = ?4
    WHERE tenant = ?1 AND id = ?2";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    ROW,
    BODY,
    PARKED,
    WAITING,
    WAITING_OF_ORDER,
    NEWEST,
    OTHERS_TAKEN,
    HOLD_BACK,
    RETRY,
    DISCARD,
];

/// A row with its place in the order of telling.
struct Found {
    seq: i64,
    row: OutboxRow,
}

struct Columns {
    seq: i64,
    id: String,
    channel: String,
    order_key: String,
    name: String,
    blocks: bool,
    created_at: i64,
    state: String,
    due_at: Option<i64>,
    leased: bool,
    hidden_until: Option<i64>,
    tries: i64,
    reads: i64,
    ended_at: Option<i64>,
    discarded_at: Option<i64>,
    note: Option<String>,
    before: Option<String>,
}

impl Columns {
    fn new(row: &Row<'_>) -> Reading<Self> {
        Ok(Self {
            seq: row.get(0)?,
            id: row.get(1)?,
            channel: row.get(2)?,
            order_key: row.get(3)?,
            name: row.get(4)?,
            blocks: row.get(5)?,
            created_at: row.get(6)?,
            state: row.get(7)?,
            due_at: row.get(8)?,
            leased: row.get(9)?,
            hidden_until: row.get(10)?,
            tries: row.get(11)?,
            reads: row.get(12)?,
            ended_at: row.get(13)?,
            discarded_at: row.get(14)?,
            note: row.get(15)?,
            before: row.get(16)?,
        })
    }

    fn state(&self, now: Timestamp) -> Result<OutboxState, StoreError> {
        let time = |micros: Option<i64>| value::time(TABLE, micros.unwrap_or(self.created_at));
        if let Some(at) = self.discarded_at {
            return Ok(OutboxState::Discarded { at: time(Some(at))? });
        }
        let ended = time(self.ended_at)?;
        match self.state.as_str() {
            "waiting" => self.waiting(time(self.due_at)?, time(self.hidden_until)?, now),
            "delivered" => Ok(OutboxState::Delivered { at: ended }),
            "parked" => Ok(OutboxState::Parked { at: ended }),
            other => Err(corrupt(TABLE, format!("unknown word {other:?}"))),
        }
    }

    fn waiting(
        &self,
        due: Timestamp,
        hidden_until: Timestamp,
        now: Timestamp,
    ) -> Result<OutboxState, StoreError> {
        match &self.before {
            Some(before) => Ok(OutboxState::Held { by: message_id(before)? }),
            None if hidden_until > now => Ok(OutboxState::Hidden { until: hidden_until }),
            None if self.leased && due > now => Ok(OutboxState::Leased { until: due }),
            None => Ok(OutboxState::Due { at: due }),
        }
    }

    fn read(self, tenant: &TenantId, now: Timestamp) -> Result<Found, StoreError> {
        let row = OutboxRow {
            id: message_id(&self.id)?,
            tenant: tenant.clone(),
            created_at: value::time(TABLE, self.created_at)?,
            state: self.state(now)?,
            tries: value::count(TABLE, self.tries)?,
            reads: value::count(TABLE, self.reads)?,
            channel: self.channel,
            order_key: self.order_key,
            name: self.name,
            blocks: self.blocks,
            note: self.note,
        };
        Ok(Found { seq: self.seq, row })
    }
}

fn message_id(text: &str) -> Result<MessageId, StoreError> {
    Ok(MessageId(value::id(TABLE, text, Uuid::parse_str)?))
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
    order::hold_outbox(db, tenant, id, &row.channel, &row.order_key)?;
    find(db, tenant, id, now)
}

pub(super) fn row(
    db: &Database,
    tenant: &TenantId,
    id: &str,
    now: Timestamp,
) -> Result<Option<OutboxRow>, StoreError> {
    Ok(find(db, tenant, id, now)?.map(|found| found.row))
}

pub(super) fn body(
    db: &Database,
    tenant: &TenantId,
    id: MessageId,
) -> Result<Option<String>, StoreError> {
    db.row(BODY, params![tenant.as_str(), id.0.to_string()], |row| row.get(0)).at(TABLE)
}

pub(super) fn list(db: &Database, query: &RowQuery) -> Result<Page<OutboxRow>, StoreError> {
    let limit = probe(query.limit);
    let parked = || match &query.tenant {
        Some(tenant) => keys(db, TABLE, PARKED, params![tenant.as_str(), limit, None::<&str>]),
        None => across_tenants::operator::parked_outbox(db, limit),
    };
    let waiting = || match &query.tenant {
        Some(tenant) => keys(db, TABLE, WAITING, params![tenant.as_str(), limit]),
        None => across_tenants::operator::waiting_outbox(db, limit),
    };
    let keys = match query.filter {
        RowFilter::Open => [parked()?, waiting()?].concat(),
        RowFilter::Parked => parked()?,
        RowFilter::Waiting => waiting()?,
        RowFilter::All => match &query.tenant {
            Some(tenant) => keys(db, TABLE, NEWEST, params![tenant.as_str(), limit])?,
            None => across_tenants::operator::newest_outbox(db, limit)?,
        },
    };
    page(keys, query.limit, |tenant, id| row(db, tenant, id, query.now))
}

/// What is open for an order.
pub(super) fn of_order(
    db: &Database,
    tenant: &TenantId,
    order: &str,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<OutboxRow>, StoreError> {
    let mut found = keys(db, TABLE, PARKED, params![tenant.as_str(), limit, order])?;
    found.extend(keys(db, TABLE, WAITING_OF_ORDER, params![tenant.as_str(), order, limit])?);
    Ok(page(found, limit, |tenant, id| row(db, tenant, id, now))?.rows)
}

pub(super) fn retry(
    db: &Database,
    touch: &Touch<MessageId>,
) -> Result<Intervention<OutboxRow>, StoreError> {
    let (tenant, id, now) = (&touch.tenant, touch.id.0.to_string(), touch.now);
    let Some(Found { seq, row }) = hold(db, tenant, &id, now)? else {
        return Ok(Intervention::Absent);
    };
    match row.state {
        OutboxState::Due { .. } | OutboxState::Held { .. } | OutboxState::Parked { .. } => {}
        OutboxState::Leased { until } | OutboxState::Hidden { until } => {
            return Ok(Intervention::Busy { until });
        }
        OutboxState::Delivered { .. } | OutboxState::Discarded { .. } => {
            return Ok(Intervention::Refused(row));
        }
    }
    let of_order = params![tenant.as_str(), row.order_key, seq];
    if let Some(until) = other_is_taken(db, tenant, &row.order_key, seq, now)? {
        return Ok(Intervention::Busy { until });
    }
    db.execute(HOLD_BACK, of_order).at(TABLE)?;
    db.execute(RETRY, params![tenant.as_str(), id]).at(TABLE)?;
    outbox::release_next(db, tenant, &row.order_key)?;
    after(db, tenant, &id, now)
}

/// Until when somebody has another message of the order: two of them must never travel at once.
fn other_is_taken(
    db: &Database,
    tenant: &TenantId,
    order: &str,
    seq: i64,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let of_order = params![tenant.as_str(), order, seq];
    let (hidden, leased): (Option<i64>, Option<i64>) =
        db.one(OTHERS_TAKEN, of_order, |row| Ok((row.get(0)?, row.get(1)?))).at(TABLE)?;
    let until = hidden.max(leased).map(|until| value::time(TABLE, until)).transpose()?;
    Ok(until.filter(|until| *until > now))
}

pub(super) fn discard(
    db: &Database,
    touch: &Touch<MessageId>,
    reason: &str,
) -> Result<Intervention<OutboxRow>, StoreError> {
    let (tenant, id, now) = (&touch.tenant, touch.id.0.to_string(), touch.now);
    let Some(Found { row, .. }) = hold(db, tenant, &id, now)? else {
        return Ok(Intervention::Absent);
    };
    if !matches!(row.state, OutboxState::Parked { .. }) {
        return Ok(Intervention::Refused(row));
    }
    let note = super::given_up(reason, row.note.as_deref());
    db.execute(DISCARD, params![tenant.as_str(), id, now.as_microsecond(), note]).at(TABLE)?;
    outbox::delivered(db, tenant, &id, &row.order_key)?;
    after(db, tenant, &id, now)
}

fn after(
    db: &Database,
    tenant: &TenantId,
    id: &str,
    now: Timestamp,
) -> Result<Intervention<OutboxRow>, StoreError> {
    Ok(row(db, tenant, id, now)?.map_or(Intervention::Absent, Intervention::Changed))
}
