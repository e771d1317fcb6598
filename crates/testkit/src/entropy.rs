//! Time and ids that repeat exactly.

use std::sync::Mutex;

use app::Entropy;
use jiff::{SignedDuration, Timestamp};
use uuid::{Builder, Uuid};

/// 22 September 2026, noon UTC: where a test's clock starts.
const START_SECONDS: i64 = 1_790_078_400;

/// A clock that stands still until a test moves it, and a counter for ids. Two of them with the
/// same seed say the same.
#[derive(Debug)]
pub struct TestEntropy {
    seed: u16,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    now: Timestamp,
    ids: u32,
}

impl TestEntropy {
    /// A clock at noon of 22 September 2026, and ids from the first on.
    pub fn new() -> Self {
        Self::with_seed(0)
    }

    /// Its ids differ from those of other seeds.
    pub fn with_seed(seed: u16) -> Self {
        let now = Timestamp::from_second(START_SECONDS).expect("a valid time");
        Self { seed, state: Mutex::new(State { now, ids: 0 }) }
    }

    /// Moves the clock.
    pub fn advance(&self, by: SignedDuration) {
        let mut state = self.state.lock().expect("no test panics while it holds the clock");
        state.now += by;
    }

    /// Sets the clock.
    pub fn set(&self, now: Timestamp) {
        self.state.lock().expect("no test panics while it holds the clock").now = now;
    }
}

impl Default for TestEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl Entropy for TestEntropy {
    fn now(&self) -> Timestamp {
        self.state.lock().expect("no test panics while it holds the clock").now
    }

    fn new_id(&self) -> Uuid {
        let mut state = self.state.lock().expect("no test panics while it holds the clock");
        state.ids += 1;
        let millis = u64::try_from(state.now.as_millisecond()).expect("a time after 1970");
        // The first three bytes are partly overwritten by the version and the variant.
        let mut bytes = [0; 10];
        bytes[4..6].copy_from_slice(&self.seed.to_be_bytes());
        bytes[6..].copy_from_slice(&state.ids.to_be_bytes());
        Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }

    fn new_secret(&self) -> Uuid {
        Builder::from_random_bytes(*self.new_id().as_bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_sort_by_their_making_and_repeat_with_the_seed() {
        let ids = |seed| {
            let entropy = TestEntropy::with_seed(seed);
            let mut ids: Vec<_> = (0..300).map(|_| entropy.new_id()).collect();
            entropy.advance(SignedDuration::from_secs(1));
            ids.push(entropy.new_id());
            ids
        };
        let first = ids(1);
        assert!(first.is_sorted_by(|a, b| a < b));
        assert!(first.iter().all(|id| id.get_version_num() == 7));
        assert_eq!(first, ids(1));
        assert!(ids(2).iter().all(|id| !first.contains(id)));
    }

    #[test]
    fn the_clock_stands_still_until_it_is_moved() {
        let entropy = TestEntropy::new();
        let before = entropy.now();
        assert_eq!(before.to_string(), "2026-09-22T12:00:00Z");
        entropy.advance(SignedDuration::from_secs(5));
        assert_eq!(entropy.now().duration_since(before), SignedDuration::from_secs(5));
    }
}
