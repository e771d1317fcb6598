//! What this process is there for, and whether it can do it now: what readiness is made of.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use jiff::Timestamp;

use crate::limits::WORKER_SILENCE_MAX;
use crate::link::{Link, LinkState};

/// What a process does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    #[default]
    All,
    /// Answers requests and stores what comes in.
    Api,
    /// Carries out what is stored, and delivers messages.
    Worker,
}

impl Role {
    /// Whether shop, shopper and Stripe are answered.
    pub fn answers(self) -> bool {
        match self {
            Self::All | Self::Api => true,
            Self::Worker => false,
        }
    }

    /// Whether what is stored is carried out.
    pub fn works(self) -> bool {
        match self {
            Self::All | Self::Worker => true,
            Self::Api => false,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Api => "api",
            Self::Worker => "worker",
        }
    }
}

/// Why a process should not be sent requests, although it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unready {
    /// It was asked to stop, and still answers.
    Stopping,
    /// Its worker does not come round any more.
    WorkerSilent {
        /// For so long, in seconds.
        seconds: i64,
    },
    /// All it is there for is to work, and a broker that it works with is gone.
    BrokerGone {
        /// Which.
        broker: &'static str,
        /// Why; nothing when it was not there yet.
        reason: Option<String>,
    },
}

/// This process, as its parts tell each other of it.
#[derive(Debug, Default)]
pub struct Process {
    role: Role,
    stopping: AtomicBool,
    /// When the worker last came round, in microseconds; 0 before it did.
    came_round: AtomicI64,
    requests: AtomicU64,
    links: Vec<Arc<Link>>,
}

impl Process {
    /// A process of this role that was not asked to stop.
    pub fn new(role: Role) -> Self {
        Self { role, ..Self::default() }
    }

    /// The same, connected to these brokers.
    pub fn with_links(self, links: Vec<Arc<Link>>) -> Self {
        Self { links, ..self }
    }

    /// The brokers it is connected to, or should be.
    pub fn links(&self) -> &[Arc<Link>] {
        &self.links
    }

    /// What it is there for.
    pub fn role(&self) -> Role {
        self.role
    }

    /// It was asked to stop.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// The number of a request, counted from 1: what the log tells requests apart by.
    pub fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The worker came round: it has looked for work, whatever it found.
    pub fn worker_came_round(&self, now: Timestamp) {
        self.came_round.store(now.as_microsecond(), Ordering::Relaxed);
    }

    /// Why it should not be sent requests. A worker that has not come round yet is only starting. A
    /// process that answers is ready without a broker: what it takes in is kept.
    pub fn unready(&self, now: Timestamp) -> Option<Unready> {
        if self.is_stopping() {
            return Some(Unready::Stopping);
        }
        self.silent(now).or_else(|| match self.role {
            Role::Worker => self.broker_gone(),
            Role::All | Role::Api => None,
        })
    }

    fn silent(&self, now: Timestamp) -> Option<Unready> {
        let came_round = self.came_round.load(Ordering::Relaxed);
        if came_round == 0 {
            return None;
        }
        let silent = now.duration_since(Timestamp::from_microsecond(came_round).ok()?);
        if silent.is_negative() {
            // The clock jumped back: it is counted from now on, not from a time still to come.
            self.worker_came_round(now);
        }
        (silent > WORKER_SILENCE_MAX).then(|| Unready::WorkerSilent { seconds: silent.as_secs() })
    }

    fn broker_gone(&self) -> Option<Unready> {
        self.links.iter().find_map(|link| {
            let reason = match link.state() {
                LinkState::Up { .. } => return None,
                LinkState::Connecting => None,
                LinkState::Down { reason, .. } => Some(reason),
            };
            Some(Unready::BrokerGone { broker: link.name(), reason })
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_worker_that_does_not_come_round_is_not_ready() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let process = Process::default();
        assert_eq!(process.unready(now), None, "it is only starting");
        process.worker_came_round(now);
        assert_eq!(process.unready(now + WORKER_SILENCE_MAX), None);
        let late = now + WORKER_SILENCE_MAX + SignedDuration::from_secs(1);
        let seconds = WORKER_SILENCE_MAX.as_secs() + 1;
        assert_eq!(process.unready(late), Some(Unready::WorkerSilent { seconds }));
        process.worker_came_round(late);
        assert_eq!(process.unready(late), None, "it recovers by itself");
        process.stop();
        assert_eq!(process.unready(late), Some(Unready::Stopping));
    }

    #[test]
    fn a_broker_that_is_gone_makes_only_a_worker_unready() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let link = Arc::new(Link::new("rabbitmq", "look at it"));
        let of = |role| Process::new(role).with_links(vec![link.clone()]);
        let (worker, all) = (of(Role::Worker), of(Role::All));
        let gone = |reason| Some(Unready::BrokerGone { broker: "rabbitmq", reason });
        assert_eq!(worker.unready(now), gone(None), "it was not there yet");
        link.up(now);
        assert_eq!(worker.unready(now), None);
        link.down(now, "refused");
        assert_eq!(worker.unready(now), gone(Some("refused".to_owned())));
        assert_eq!(all.unready(now), None, "what it takes in is kept");
    }

    #[test]
    fn a_stuck_worker_is_noticed_although_the_clock_jumped_back() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let process = Process::default();
        process.worker_came_round(now + SignedDuration::from_hours(3));
        assert_eq!(process.unready(now), None);
        let late = now + WORKER_SILENCE_MAX + SignedDuration::from_secs(1);
        assert!(matches!(process.unready(late), Some(Unready::WorkerSilent { .. })));
    }
}
