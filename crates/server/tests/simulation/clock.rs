//! Time and ids of a run: tokio's paused time, moved on by the steps of the plan.

use std::sync::{Mutex, PoisonError};

use app::Entropy;
use jiff::{SignedDuration, Timestamp};
use stripe_sandbox::Clock;
use testkit::TestEntropy;
use tokio::time::Instant;
use uuid::Uuid;

/// The clock of app and stand-in. It runs while they sleep, so that a slow call can outlive a
/// lease, and it can be put forward, and a little back.
#[derive(Debug)]
pub struct SimClock {
    inner: TestEntropy,
    base: Timestamp,
    started: Instant,
    stepped: Mutex<SignedDuration>,
}

impl SimClock {
    /// A clock that starts now. Call it inside the runtime whose time is paused.
    pub fn new(seed: u64) -> Self {
        let seed = u16::try_from(seed % u64::from(u16::MAX)).expect("below the bound");
        let inner = TestEntropy::with_seed(seed);
        let base = inner.now();
        Self { inner, base, started: Instant::now(), stepped: Mutex::default() }
    }

    /// Steps the clock.
    pub fn step(&self, by: SignedDuration) {
        *self.stepped.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// How long the run has been going on, by this clock.
    pub fn elapsed(&self) -> SignedDuration {
        self.time().duration_since(self.base)
    }

    fn time(&self) -> Timestamp {
        let ran = SignedDuration::try_from(self.started.elapsed()).expect("a run is short");
        let stepped = *self.stepped.lock().unwrap_or_else(PoisonError::into_inner);
        self.base + ran + stepped
    }
}

impl Entropy for SimClock {
    fn now(&self) -> Timestamp {
        self.time()
    }

    fn new_id(&self) -> Uuid {
        self.inner.set(self.time());
        self.inner.new_id()
    }

    fn new_secret(&self) -> Uuid {
        self.inner.new_secret()
    }
}

/// The stand-in's side of it.
pub struct SandboxClock(pub std::sync::Arc<SimClock>);

impl Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}
