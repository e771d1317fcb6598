//! Rates by key: who asks too much waits, and nobody else does. Memory is bounded, whatever keys
//! come.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

use crate::limits::BURST_SECONDS;

/// So many keys are remembered. Beyond it new ones share one rate until others were idle.
const KEYS_MAX: usize = 50_000;
/// Idle keys are forgotten at most so often, in seconds.
const SWEEP_SECONDS: u64 = 10;

/// Tokio's clock, which tests stop and move.
#[derive(Clone, Copy, Debug)]
struct RuntimeClock {
    begun: Instant,
}

impl Clock for RuntimeClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }
}

type Middleware = NoOpMiddleware<Duration>;

/// Requests a second for each key.
pub(crate) struct Rate<K: Hash + Eq + Clone> {
    clock: RuntimeClock,
    by_key: RateLimiter<K, DashMapStateStore<K>, RuntimeClock, Middleware>,
    /// Of all keys that there was no room for.
    rest: RateLimiter<NotKeyed, InMemoryState, RuntimeClock, Middleware>,
    keys_max: usize,
    swept_at: AtomicU64,
}

impl<K: Hash + Eq + Clone> Rate<K> {
    pub fn new(per_second: NonZeroU32) -> Self {
        Self::with_room(per_second, KEYS_MAX)
    }

    fn with_room(per_second: NonZeroU32, keys_max: usize) -> Self {
        let clock = RuntimeClock { begun: Instant::now() };
        let burst = per_second.saturating_mul(NonZeroU32::MIN.saturating_add(BURST_SECONDS - 1));
        let quota = Quota::per_second(per_second).allow_burst(burst);
        Self {
            clock,
            by_key: RateLimiter::new(quota, DashMapStateStore::default(), clock),
            rest: RateLimiter::new(quota, InMemoryState::default(), clock),
            keys_max,
            swept_at: AtomicU64::new(0),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// After so many whole seconds the next one passes.
    pub fn take(&self, key: &K) -> Result<(), u64> {
        let now = self.clock.now();
        self.sweep(now);
        let taken = if self.by_key.len() < self.keys_max {
            self.by_key.check_key(key)
        } else {
            self.rest.check()
        };
        taken.map_err(|not_until| {
            let wait = not_until.wait_time_from(now);
            wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
        })
    }

    /// Forgets keys that were idle so long that they are as good as new.
    fn sweep(&self, now: Duration) {
        let (now, before) = (now.as_secs(), self.swept_at.load(Ordering::Relaxed));
        let is_due = now >= before.saturating_add(SWEEP_SECONDS);
        let relaxed = Ordering::Relaxed;
        if is_due && self.swept_at.compare_exchange(before, now, relaxed, relaxed).is_ok() {
            self.by_key.retain_recent();
            self.by_key.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_second: u32, keys_max: usize) -> Rate<u32> {
        Rate::with_room(NonZeroU32::new(per_second).unwrap(), keys_max)
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_then_a_steady_rate_and_keys_do_not_share() {
        let rate = rate(2, 100);
        for _ in 0..20 {
            rate.take(&1).unwrap();
        }
        assert_eq!(rate.take(&1), Err(1));
        rate.take(&2).unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        rate.take(&1).unwrap();
        rate.take(&1).unwrap();
        assert_eq!(rate.take(&1), Err(1));
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded_whatever_keys_come() {
        let rate = rate(1, 100);
        let passed = (0..10_000).filter(|key| rate.take(key).is_ok()).count();
        assert_eq!(passed, 110, "100 keys of their own, and one burst for all others");
        assert!(rate.by_key.len() <= 100);
        tokio::time::advance(Duration::from_secs(SWEEP_SECONDS)).await;
        rate.take(&20_000).unwrap();
        assert_eq!(rate.by_key.len(), 1, "idle keys are forgotten");
    }
}
