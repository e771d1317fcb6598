//! Whether this process is connected to a broker, and what it tells of that.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// The connection of this process to a broker. Whoever holds the connection keeps this up to date;
/// readiness, the metric `paybridge_broker_up` and the log have it from here.
#[derive(Debug)]
pub struct Link {
    name: &'static str,
    next: &'static str,
    state: Mutex<LinkState>,
}

/// How a connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// It was not there yet.
    Connecting,
    /// It is there.
    Up {
        /// Since then.
        since: Timestamp,
    },
    /// It is gone, or could not be made.
    Down {
        /// Since then.
        since: Timestamp,
        /// Why, as it was found last.
        reason: String,
    },
}

impl Link {
    /// A connection that is not there yet. `next` is what an operator does when it does not come:
    /// a sentence, after "Next: ".
    pub fn new(name: &'static str, next: &'static str) -> Self {
        gauge(name, 0.0);
        Self { name, next, state: Mutex::new(LinkState::Connecting) }
    }

    /// What the broker is called.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How the connection is.
    pub fn state(&self) -> LinkState {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// It is there.
    pub fn up(&self, now: Timestamp) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            LinkState::Up { .. } => return,
            LinkState::Connecting => tracing::info!(broker = self.name, "connected to the broker"),
            LinkState::Down { since, .. } => tracing::info!(
                broker = self.name,
                seconds_gone = now.duration_since(*since).as_secs(),
                "the broker is back; what waited for it goes on"
            ),
        }
        *state = LinkState::Up { since: now };
        gauge(self.name, 1.0);
    }

    /// It is gone, or could not be made, for this reason. Told again and again it is logged once.
    pub fn down(&self, now: Timestamp, reason: impl Into<String>) {
        let reason = reason.into();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let since = match &*state {
            LinkState::Down { since, .. } => *since,
            LinkState::Connecting | LinkState::Up { .. } => {
                tracing::error!(
                    broker = self.name,
                    reason,
                    "the broker is gone; what waits for it is kept, and goes on by itself when it is back. Next: {}",
                    self.next
                );
                now
            }
        };
        *state = LinkState::Down { since, reason };
        gauge(self.name, 0.0);
    }
}

fn gauge(broker: &'static str, up: f64) {
    metrics::gauge!("paybridge_broker_up", "broker" => broker).set(up);
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn it_is_down_since_it_went_and_tells_the_latest_reason() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let later = now + SignedDuration::from_secs(5);
        let link = Link::new("rabbitmq", "look at it");
        assert_eq!(link.state(), LinkState::Connecting);
        link.down(now, "refused");
        link.down(later, "no route");
        assert_eq!(link.state(), LinkState::Down { since: now, reason: "no route".into() });
        link.up(later);
        link.up(later + SignedDuration::from_secs(1));
        assert_eq!(link.state(), LinkState::Up { since: later });
    }
}
