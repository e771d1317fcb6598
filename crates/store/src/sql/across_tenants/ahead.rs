//! What is due later than anything is ever put off. It was written while the clock was ahead, and would
//! wait for as long as it was.

use app::limits::{DUE_MAX, WATCH_DUE_MAX};
use app::ports::StoreError;
use jiff::Timestamp;

use crate::database::{Database, params};
use crate::error::At;
use crate::sql::{inbox, lease, outbox, watch};

/// A command that waits for its order waits from now on, not from a time that is still to come.
const INBOX: &str = "UPDATE inbox SET due_at = ?1,
        received_at = CASE WHEN received_at > ?1 THEN ?1 ELSE received_at END
    WHERE due_at > ?2";
const OUTBOX: &str = "UPDATE outbox SET due_at = ?1 WHERE channel = ?3 AND due_at > ?2";
const CALLS: &str = "UPDATE psp_call SET free_at = ?1,
        planned_at = CASE WHEN planned_at > ?1 THEN ?1 ELSE planned_at END
    WHERE settled_at IS NULL AND free_at > ?2";
const WATCHES: &str = "UPDATE watch SET due_at = ?1 WHERE due_at > ?2";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(in crate::sql) const STATEMENTS: &[&str] = &[INBOX, OUTBOX, CALLS, WATCHES];

/// Makes such rows due now. Whoever holds one of them by a lease loses it, as when its time is over.
pub(in crate::sql) fn bring_back(
    db: &Database,
    now: Timestamp,
    channels: &[String],
) -> Result<u64, StoreError> {
    let (now, last) = lease::moved(db, now, now + DUE_MAX)?;
    let (due, last) = (now.as_microsecond(), last.as_microsecond());
    let last_watch = (now + WATCH_DUE_MAX).as_microsecond();
    let mut brought = db.execute(INBOX, params![due, last]).at(inbox::TABLE)?;
    for channel in channels {
        brought += db.execute(OUTBOX, params![due, last, channel]).at(outbox::TABLE)?;
    }
    brought += db.execute(CALLS, params![due, last]).at("psp_call")?;
    brought += db.execute(WATCHES, params![due, last_watch]).at(watch::TABLE)?;
    Ok(brought)
}
