//! A circuit breaker for each place that messages go to: one that fails again and again rests, so
//! that it costs neither time nor tries, and then one message goes first to see whether it is back.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use app::limits::{CLAIM_MAX, LEASE};
use jiff::{SignedDuration, Timestamp};

/// A target rests after so many failures in a row.
pub const FAILURES_MAX: u32 = 5;
/// It rests so long before one message goes first.
pub const REST: SignedDuration = SignedDuration::from_secs(30);
/// While that one is under way, the others look again after so long.
const PROBE_PATIENCE: SignedDuration = SignedDuration::from_secs(1);

/// What is known of one target.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Breaker {
    /// It is sent to.
    Closed { failures: u32 },
    /// Nothing is sent before `until`; then one message is.
    Resting { until: Timestamp, reason: String },
    /// That one is under way. Should it never report, another one may go after `until`.
    Probing { until: Timestamp, reason: String },
}

/// What a message does that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is sent, and what came of it noted.
    Send,
    /// It waits, because its target rests.
    Wait {
        /// Until when.
        until: Timestamp,
        /// What the target said last.
        reason: String,
    },
}

/// What a noted outcome changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Opened,
    Closed,
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// How many messages may be taken for it now.
    fn room(&self, now: Timestamp) -> u32 {
        match self {
            Self::Closed { .. } => CLAIM_MAX,
            Self::Resting { until, .. } | Self::Probing { until, .. } => u32::from(*until <= now),
        }
    }

    fn turn(&mut self, now: Timestamp) -> Turn {
        match self {
            Self::Closed { .. } => Turn::Send,
            Self::Resting { until, reason } | Self::Probing { until, reason } if *until <= now => {
                let reason = std::mem::take(reason);
                *self = Self::Probing { until: now + LEASE, reason };
                Turn::Send
            }
            Self::Resting { until, reason } => Turn::Wait { until: *until, reason: reason.clone() },
            Self::Probing { reason, .. } => {
                Turn::Wait { until: now + PROBE_PATIENCE, reason: reason.clone() }
            }
        }
    }

    /// Whatever was sent when: an answer means that the target is there.
    fn answered(&mut self) -> Option<Change> {
        let change = match self {
            Self::Closed { .. } => None,
            Self::Resting { .. } | Self::Probing { .. } => Some(Change::Closed),
        };
        *self = Self::default();
        change
    }

    fn failed(&mut self, now: Timestamp, reason: &str) -> Option<Change> {
        let (failures, change) = match self {
            Self::Closed { failures } => (*failures + 1, Some(Change::Opened)),
            Self::Probing { .. } => (FAILURES_MAX, None),
            // It was sent before the target began to rest.
            Self::Resting { .. } => return None,
        };
        if failures < FAILURES_MAX {
            *self = Self::Closed { failures };
            return None;
        }
        *self = Self::Resting { until: now + REST, reason: reason.to_owned() };
        change
    }
}

/// The breakers of all targets, by channel and target.
#[derive(Debug, Default)]
pub struct Breakers(Mutex<BTreeMap<(String, String), Breaker>>);

impl Breakers {
    /// How many messages of this channel may be taken now, if it leads to one target.
    pub(crate) fn room(&self, channel: &str, now: Timestamp) -> u32 {
        self.with(channel, "", |breaker| breaker.room(now))
    }

    /// What a message to this target does that is due.
    pub(crate) fn turn(&self, channel: &str, target: &str, now: Timestamp) -> Turn {
        self.with(channel, target, |breaker| breaker.turn(now))
    }

    /// The target has answered.
    pub(crate) fn answered(&self, channel: &str, target: &str) {
        if self.with(channel, target, Breaker::answered).is_some() {
            tracing::info!(channel, target, "messages are sent there again");
            self.gauge(channel);
        }
    }

    /// The target has not taken what was sent, for this reason.
    pub(crate) fn failed(&self, channel: &str, target: &str, now: Timestamp, reason: &str) {
        if self.with(channel, target, |breaker| breaker.failed(now, reason)).is_some() {
            tracing::warn!(
                channel,
                target,
                reason,
                failures = FAILURES_MAX,
                "the target rests: it failed several times in a row. Its messages wait, one of them \
                 goes first every 30 seconds. Next: mend what the reason says"
            );
            self.gauge(channel);
        }
    }

    /// Targets that were never in trouble take no room.
    fn with<T>(&self, channel: &str, target: &str, act: impl FnOnce(&mut Breaker) -> T) -> T {
        let mut breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (channel.to_owned(), target.to_owned());
        let mut breaker = breakers.remove(&key).unwrap_or_default();
        let told = act(&mut breaker);
        if breaker != Breaker::default() {
            breakers.insert(key, breaker);
        }
        told
    }

    fn gauge(&self, channel: &str) {
        let breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = breakers.iter().filter(|((of, _), breaker)| {
            of == channel && !matches!(breaker, Breaker::Closed { .. })
        });
        let count = u32::try_from(rest.count()).unwrap_or(u32::MAX);
        metrics::gauge!("paybridge_targets_resting", "channel" => channel.to_owned())
            .set(f64::from(count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOWN: &str = "the shop answered 503";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 1..FAILURES_MAX {
            assert_eq!(breaker.failed(at(0), DOWN), None);
            assert_eq!(breaker.turn(at(0)), Turn::Send);
        }
        assert_eq!(breaker.failed(at(0), DOWN), Some(Change::Opened));
        breaker
    }

    fn wait(until: Timestamp) -> Turn {
        Turn::Wait { until, reason: DOWN.into() }
    }

    #[test]
    fn only_failures_in_a_row_make_a_target_rest() {
        let mut breaker = Breaker::default();
        for _ in 0..10 {
            for _ in 1..FAILURES_MAX {
                assert_eq!(breaker.failed(at(0), DOWN), None);
            }
            assert_eq!(breaker.answered(), None);
        }
        assert_eq!(breaker.room(at(0)), CLAIM_MAX);
    }

    #[test]
    fn after_its_rest_one_message_goes_first() {
        let mut breaker = opened();
        assert_eq!(breaker.failed(at(1), DOWN), None, "sent before it began to rest");
        assert_eq!((breaker.room(at(29)), breaker.turn(at(29))), (0, wait(at(30))));
        assert_eq!((breaker.room(at(30)), breaker.turn(at(30))), (1, Turn::Send));
        assert_eq!((breaker.room(at(31)), breaker.turn(at(31))), (0, wait(at(32))));
        assert_eq!(breaker.failed(at(40), DOWN), None, "it rests on, and that is told once");
        assert_eq!(breaker.turn(at(69)), wait(at(70)));
        assert_eq!(breaker.turn(at(70)), Turn::Send);
        assert_eq!(breaker.answered(), Some(Change::Closed));
        assert_eq!((breaker.room(at(70)), breaker.turn(at(70))), (CLAIM_MAX, Turn::Send));
        assert_eq!(breaker.failed(at(71), DOWN), None, "it starts afresh");
    }

    #[test]
    fn a_message_that_went_first_and_never_reports_is_followed_by_another() {
        let mut breaker = opened();
        assert_eq!(breaker.turn(at(30)), Turn::Send);
        assert_eq!(breaker.turn(at(89)), wait(at(90)));
        assert_eq!(breaker.turn(at(90)), Turn::Send);
    }

    #[test]
    fn targets_rest_by_themselves() {
        let breakers = Breakers::default();
        for _ in 0..FAILURES_MAX {
            breakers.failed("payment-events", "one", at(0), DOWN);
            breakers.failed("app-events", "", at(0), DOWN);
        }
        assert_eq!(breakers.turn("payment-events", "one", at(1)), wait(at(30)));
        assert_eq!(breakers.turn("payment-events", "two", at(1)), Turn::Send);
        assert_eq!(breakers.room("payment-events", at(1)), CLAIM_MAX);
        assert_eq!(breakers.room("app-events", at(1)), 0);
        breakers.answered("app-events", "");
        assert_eq!(breakers.room("app-events", at(1)), CLAIM_MAX);
    }
}
