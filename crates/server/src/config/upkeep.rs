//! What the keys about stopping and keeping mean.

use std::time::Duration;

use app::prune::Retention;
use jiff::SignedDuration;

use super::{Reader, keys};

impl Reader<'_> {
    /// `None` comes with a problem.
    pub(super) fn drain(&mut self) -> Option<Duration> {
        self.number(&keys::DRAIN_SECONDS).map(Duration::from_secs)
    }

    /// `None` comes with a problem.
    pub(super) fn retention(&mut self) -> Option<Retention> {
        let inbox = self.days(&keys::INBOX_DAYS);
        let outbox = self.days(&keys::OUTBOX_DAYS);
        let calls = self.days(&keys::CALLS_DAYS);
        let history = self.days(&keys::HISTORY_DAYS);
        Some(Retention { inbox: inbox?, outbox: outbox?, calls: calls?, history: history? })
    }

    /// Within the bounds of its key, and so far from overflowing.
    fn days(&mut self, key: &keys::Key) -> Option<SignedDuration> {
        let days = i64::try_from(self.number(key)?).ok()?;
        Some(SignedDuration::from_hours(24 * days))
    }
}
