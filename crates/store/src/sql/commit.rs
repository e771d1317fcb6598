//! The heart: one transaction that writes what was decided about a payment, with everything that
//! follows from it. It is written as a whole or not at all.

use ::payment::{PaymentId, Status, TenantId};
use app::ports::{Commit, CommitOutcome, HistoryEntry, PaymentChange, StoreError};
use jiff::Timestamp;

use super::{call, inbox, outbox, payment, value};
use crate::database::{Database, params};
use crate::error::{At, corrupt};
use crate::job::Written;

const TABLE: &str = "payment_history";

const ADD_HISTORY: &str = "INSERT INTO payment_history
        (tenant, payment, at, what, from_status, to_status, note)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const HISTORY: &str = "SELECT at, what, from_status, to_status, note FROM payment_history
    WHERE tenant = ?1 AND payment = ?2 ORDER BY seq";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[ADD_HISTORY, HISTORY];

pub(super) fn commit(db: &Database, commit: &Commit) -> Result<Written<CommitOutcome>, StoreError> {
    one_tenant(commit)?;
    if let Some(settlement) = &commit.inbox
        && !inbox::settle(db, settlement)?
    {
        return Ok(Written::Undo(CommitOutcome::Duplicate));
    }
    // Before the payment: everybody waits for the rows of the inbox first, then for those of payments.
    if let Some(command) = commit.ends {
        inbox::end(db, &commit.tenant, command, commit.now)?;
    }
    if let Some(change) = &commit.payment
        && !write_payment(db, &commit.tenant, change, commit.now)?
    {
        return Ok(Written::Undo(CommitOutcome::Conflict));
    }
    outbox::add(db, &commit.tenant, &commit.messages, commit.now)?;
    Ok(Written::Keep(CommitOutcome::Committed))
}

/// Everything in a commit belongs to its tenant. A commit that mixes two is a mistake of ours
/// that must not reach the disk.
fn one_tenant(commit: &Commit) -> Result<(), StoreError> {
    let payment = commit.payment.as_ref().map(|change| &change.payment.tenant);
    let inbox = commit.inbox.as_ref().map(|settlement| &settlement.tenant);
    match payment.into_iter().chain(inbox).find(|tenant| **tenant != commit.tenant) {
        None => Ok(()),
        Some(other) => {
            Err(corrupt("payment", format!("a commit of {} holds rows of {other}", commit.tenant)))
        }
    }
}

fn write_payment(
    db: &Database,
    tenant: &TenantId,
    change: &PaymentChange,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let id = change.payment.id;
    // Before the payment, because its next call may be journaled only after the last one ended.
    if let Some(settlement) = &change.settled {
        call::settle(db, tenant, id, settlement, now)?;
    }
    if !payment::write(db, &change.payment, change.expected, now)? {
        return Ok(false);
    }
    for entry in &change.history {
        db.send(
            ADD_HISTORY,
            params![
                tenant.as_str(),
                id.to_string(),
                entry.at.as_microsecond(),
                entry.what,
                entry.from.name(),
                entry.to.name(),
                entry.note,
            ],
        )
        .at(TABLE)?;
    }
    Ok(true)
}

pub(super) fn history(
    db: &Database,
    tenant: &TenantId,
    payment: PaymentId,
) -> Result<Vec<HistoryEntry>, StoreError> {
    type HistoryRow = (i64, String, String, String, Option<String>);
    let rows: Vec<HistoryRow> = db
        .rows(HISTORY, params![tenant.as_str(), payment.to_string()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })
        .at(TABLE)?;
    rows.into_iter()
        .map(|(at, what, from, to, note)| {
            Ok(HistoryEntry {
                at: value::time(TABLE, at)?,
                what,
                from: value::word(TABLE, &from, Status::from_name)?,
                to: value::word(TABLE, &to, Status::from_name)?,
                note,
            })
        })
        .collect()
}
