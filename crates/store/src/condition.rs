//! Whether the database can be used, as those who use it find. It is told once when it cannot any
//! more, and once when it can again, however many try meanwhile.

use std::sync::{Mutex, PoisonError};

use app::ports::StoreError;
use tokio::time::Instant;

/// What was done, or was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// Rows were read.
    Read,
    /// Rows were written, and are on disk.
    Written,
}

/// How it stands with the database, for one process.
#[derive(Debug)]
pub(crate) struct Condition(Mutex<State>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Usable,
    Unusable {
        since: Instant,
        reads_fail: bool,
        /// A disk that is full can still be read: only a write shows that there is room again.
        writes_fail: bool,
        is_full: bool,
    },
}

impl Default for Condition {
    fn default() -> Self {
        gauges(true, false);
        Self(Mutex::new(State::Usable))
    }
}

impl Condition {
    /// Somebody tried. What was wrong with the request itself says nothing of the database.
    pub fn saw(&self, done: Done, result: Result<(), &StoreError>) {
        match result {
            Ok(()) => self.worked(done),
            Err(StoreError::Unavailable(reason)) => self.failed(done, false, reason),
            Err(StoreError::Full(reason)) => self.failed(done, true, reason),
            Err(StoreError::Sealed { .. } | StoreError::Corrupt { .. }) => {}
        }
    }

    /// Whether the last write failed, so that only another one shows whether it can be used.
    pub fn writes_fail(&self) -> bool {
        match *self.lock() {
            State::Usable => false,
            State::Unusable { writes_fail, .. } => writes_fail,
        }
    }

    /// Whether its disk was full, and is not known to have room again.
    pub fn is_full(&self) -> bool {
        match *self.lock() {
            State::Usable => false,
            State::Unusable { is_full, .. } => is_full,
        }
    }

    fn worked(&self, done: Done) {
        let mut state = self.lock();
        let State::Unusable { since, reads_fail, writes_fail, is_full } = *state else { return };
        let (reads_fail, writes_fail) = match done {
            Done::Read => (false, writes_fail),
            Done::Written => (reads_fail, false),
        };
        if reads_fail || writes_fail {
            *state = State::Unusable { since, reads_fail, writes_fail, is_full };
            return;
        }
        *state = State::Usable;
        gauges(true, false);
        let seconds = since.elapsed().as_secs();
        tracing::info!(seconds, "the database can be used again; what waited goes on");
    }

    fn failed(&self, done: Done, is_full: bool, reason: &str) {
        let mut state = self.lock();
        let (since, mut reads_fail, mut writes_fail, was_full) = match *state {
            State::Usable => (None, false, false, false),
            State::Unusable { since, reads_fail, writes_fail, is_full } => {
                (Some(since), reads_fail, writes_fail, is_full)
            }
        };
        match done {
            Done::Read => reads_fail = true,
            Done::Written => writes_fail = true,
        }
        if is_full && !was_full {
            tracing::error!(
                reason,
                "the disk of the database is full: nothing new is taken, callers are answered 503 and \
                 ask again, and all goes on by itself when there is room. Next: make room on that disk"
            );
        } else if since.is_none() {
            tracing::error!(
                reason,
                "the database cannot be used: callers are answered 503 and ask again, work waits, and \
                 all goes on by itself when it is back. Next: bring it back, or see what \
                 `database_url` names"
            );
        }
        let is_full = is_full || was_full;
        let since = since.unwrap_or_else(Instant::now);
        *state = State::Unusable { since, reads_fail, writes_fail, is_full };
        gauges(false, is_full);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gauges(is_up: bool, is_full: bool) {
    metrics::gauge!("paybridge_database_up").set(f64::from(u8::from(is_up)));
    metrics::gauge!("paybridge_database_disk_full").set(f64::from(u8::from(is_full)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone() -> StoreError {
        StoreError::Unavailable("connection refused".to_owned())
    }

    #[test]
    fn a_full_disk_can_be_read_and_only_a_write_shows_that_there_is_room_again() {
        let condition = Condition::default();
        condition.saw(Done::Written, Err(&StoreError::Full("no space left".to_owned())));
        condition.saw(Done::Read, Ok(()));
        assert!(condition.writes_fail());
        condition.saw(Done::Written, Ok(()));
        assert!(!condition.writes_fail());
        assert_eq!(*condition.lock(), State::Usable);
    }

    #[test]
    fn a_database_that_is_gone_is_back_when_it_is_read_and_written() {
        let condition = Condition::default();
        for done in [Done::Read, Done::Written] {
            condition.saw(done, Err(&gone()));
            condition.saw(done, Err(&gone()));
        }
        condition.saw(Done::Read, Ok(()));
        assert_ne!(*condition.lock(), State::Usable);
        condition.saw(Done::Written, Ok(()));
        assert_eq!(*condition.lock(), State::Usable);
    }

    #[test]
    fn a_row_that_does_not_read_says_nothing_of_the_database() {
        let condition = Condition::default();
        let corrupt = StoreError::Corrupt { table: "tenant", detail: "?".to_owned() };
        condition.saw(Done::Read, Err(&corrupt));
        assert_eq!(*condition.lock(), State::Usable);
    }
}
