//! Reading a channel as a shop does: in order, hiding what was returned (rule R21).

use std::collections::HashSet;

use app::limits::{CHANNEL_HIDE, CHANNEL_PARK_AGE, CHANNEL_PARK_READS};
use app::operate::advice;
use app::ports::{ChannelMessage, MessageId, StoreError};
use jiff::Timestamp;
use payment::TenantId;
use uuid::Uuid;

use super::outbox::{self, TABLE};
use super::unfinished::from_awaited;
use super::value;
use super::{lease, order};
use crate::database::{Database, Reading, Row, params};
use crate::error::At;
use crate::rows;

/// So many candidates are looked up at a time.
const PAGE: u32 = 128;

/// Everything on the channel that is not through, with what is needed to decide; the bodies are
/// read of those only that are returned. The one that comes last waits for nothing any more once
/// something was told after it: the tenant came back, and must hear so.
const CANDIDATES: &str = concat!(
    "SELECT seq, id, name, order_key, blocks, state, hidden_until,
        first_read_at, reads,
        EXISTS (SELECT 1 FROM outbox AS before WHERE before.tenant = ?1
            AND before.id = outbox.after AND before.state <> 'delivered')
        OR last = 1 AND NOT EXISTS (SELECT 1 FROM outbox AS later WHERE later.tenant = ?1
            AND later.order_key = outbox.order_key AND later.holds = 1
            AND later.seq > outbox.seq) AND (
            EXISTS (SELECT 1 FROM outbox AS other WHERE other.tenant = ?1
                AND other.holds = 1 AND other.state = 'waiting' AND other.last = 0)
            OR EXISTS (SELECT 1 FROM inbox WHERE tenant = ?1 AND state = 'waiting')
            OR EXISTS (SELECT 1 FROM psp_call WHERE tenant = ?1 AND settled_at IS NULL)
            OR EXISTS (SELECT 1 ",
    from_awaited!(),
    "))
    FROM outbox WHERE tenant = ?1 AND channel = ?2 AND holds = 1 AND seq > ?3 ORDER BY seq LIMIT ?4"
);
const HIDE: &str = "UPDATE outbox SET hidden_until = ?2, reads = reads + 1,
        first_read_at = coalesce(first_read_at, ?3)
    WHERE seq = ?1 RETURNING id, attributes, body";
const PARK: &str = "UPDATE outbox SET state = 'parked', holds = blocks, due_at = NULL,
        lease_owner = NULL, ended_at = ?2, note = ?3
    WHERE seq = ?1";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[CANDIDATES, HIDE, PARK];

#[derive(Clone)]
pub(super) struct ChannelRead {
    pub tenant: TenantId,
    pub channel: String,
    pub limit: u32,
    pub now: Timestamp,
    pub hide_until: Timestamp,
}

struct Candidate {
    seq: i64,
    id: String,
    name: String,
    order_key: String,
    blocks: bool,
    parked: bool,
    hidden_until: Option<i64>,
    first_read_at: Option<i64>,
    reads: i64,
    waits_for_another: bool,
}

/// What happens to a message that a read comes by.
enum Verdict {
    /// It is returned.
    Return,
    /// It stays, and so do the later ones of its order.
    Hold,
    /// It was returned in vain for too long.
    Park,
}

impl Candidate {
    fn new(row: &Row<'_>) -> Reading<Self> {
        Ok(Self {
            seq: row.get(0)?,
            id: row.get(1)?,
            name: row.get(2)?,
            order_key: row.get(3)?,
            blocks: row.get(4)?,
            parked: row.get::<String>(5)? == "parked",
            hidden_until: row.get(6)?,
            first_read_at: row.get(7)?,
            reads: row.get(8)?,
            waits_for_another: row.get(9)?,
        })
    }

    fn verdict(&self, now: i64) -> Verdict {
        // A time that lies further ahead was set while the clock was.
        let latest = i128::from(now) + CHANNEL_HIDE.as_micros();
        let hidden = |until| until > now && i128::from(until) <= latest;
        let hidden = self.hidden_until.is_some_and(hidden);
        if self.parked || hidden || self.waits_for_another {
            return Verdict::Hold;
        }
        let age = CHANNEL_PARK_AGE.as_micros();
        let old =
            self.first_read_at.is_some_and(|first| i128::from(now) - i128::from(first) >= age);
        if old && self.reads >= i64::from(CHANNEL_PARK_READS) {
            return Verdict::Park;
        }
        Verdict::Return
    }
}

/// The candidates one after the other, looked up by the page: of a long backlog no more is read than
/// is needed.
struct Waiting<'c> {
    db: &'c Database<'c>,
    read: &'c ChannelRead,
    page: std::vec::IntoIter<Candidate>,
    seen: i64,
    more: bool,
}

impl<'c> Waiting<'c> {
    fn of(db: &'c Database<'c>, read: &'c ChannelRead) -> Self {
        Self { db, read, page: Vec::new().into_iter(), seen: 0, more: true }
    }

    fn next(&mut self) -> Result<Option<Candidate>, StoreError> {
        if self.more && self.page.len() == 0 {
            let (tenant, channel) = (self.read.tenant.as_str(), &self.read.channel);
            let asked = params![tenant, channel, self.seen, PAGE];
            let page = self.db.rows(CANDIDATES, asked, Candidate::new).at(TABLE)?;
            self.more = page.len() == PAGE as usize;
            self.seen = page.last().map_or(self.seen, |last| last.seq);
            self.page = page.into_iter();
        }
        Ok(self.page.next())
    }
}

/// Returns what a shop may read now, and hides it.
pub(super) fn read(db: &Database, read: &ChannelRead) -> Result<Vec<ChannelMessage>, StoreError> {
    let (now, hide_until) = lease::moved(db, read.now, read.hide_until)?;
    let read = &ChannelRead { now, hide_until, ..read.clone() };
    order::of_channel(db, &read.tenant, &read.channel)?;
    let now = read.now.as_microsecond();
    let limit = usize::try_from(read.limit).unwrap_or(usize::MAX);
    let mut chosen = Vec::new();
    let mut parked = Vec::new();
    let mut held = HashSet::new();
    let mut waiting = Waiting::of(db, read);
    while chosen.len() < limit {
        let Some(candidate) = waiting.next()? else { break };
        if held.contains(&candidate.order_key) {
            continue;
        }
        match candidate.verdict(now) {
            Verdict::Return => chosen.push(candidate.seq),
            Verdict::Hold => {
                held.insert(candidate.order_key);
            }
            Verdict::Park => {
                if candidate.blocks {
                    held.insert(candidate.order_key.clone());
                }
                parked.push(candidate);
            }
        }
    }
    for candidate in parked {
        park(db, read, &candidate)?;
    }
    chosen.into_iter().map(|seq| hide(db, seq, read)).collect()
}

fn hide(db: &Database, seq: i64, read: &ChannelRead) -> Result<ChannelMessage, StoreError> {
    let (until, now) = (read.hide_until.as_microsecond(), read.now.as_microsecond());
    let (id, attributes, body): (String, String, String) = db
        .one(HIDE, params![seq, until, now], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .at(TABLE)?;
    message(&id, &attributes, body)
}

/// A message as it is told, from its columns.
pub(super) fn message(
    id: &str,
    attributes: &str,
    body: String,
) -> Result<ChannelMessage, StoreError> {
    let id = MessageId(value::id(TABLE, id, Uuid::parse_str)?);
    Ok(ChannelMessage { id, attributes: rows::from_json(TABLE, attributes)?, body })
}

fn park(db: &Database, read: &ChannelRead, candidate: &Candidate) -> Result<(), StoreError> {
    let note = format!("read {} times and never deleted", candidate.reads);
    db.execute(PARK, params![candidate.seq, read.now.as_microsecond(), note]).at(TABLE)?;
    let retry = advice::outbox_command("retry", &read.tenant, &candidate.id);
    tracing::warn!(
        tenant = %read.tenant,
        channel = read.channel,
        message = candidate.id,
        name = candidate.name,
        order = candidate.order_key,
        reads = candidate.reads,
        blocks_order = candidate.blocks,
        "a message was read again and again and never deleted, so it is parked. Next: look in the \
         shop's log for why it cannot decode it, then `{retry}` has it read again"
    );
    outbox::release_next(db, &read.tenant, &candidate.order_key)
}
