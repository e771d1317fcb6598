//! The real clock and the real source of ids.

use app::Entropy;
use jiff::Timestamp;
use uuid::Uuid;

/// The clock of this machine, and ids of version 7 made from it and from random bits.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the real clock and makes real ids; all others are handed it"
)]
impl Entropy for SystemEntropy {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn new_secret(&self) -> Uuid {
        Uuid::new_v4()
    }
}

/// The sandbox knows nothing of the app's ports, so it has a clock of its own kind.
impl stripe_sandbox::Clock for SystemEntropy {
    fn now(&self) -> Timestamp {
        Entropy::now(self)
    }
}

/// Nor does the demo shop.
impl demo_shop::Entropy for SystemEntropy {
    fn now(&self) -> Timestamp {
        Entropy::now(self)
    }

    fn new_id(&self) -> Uuid {
        Entropy::new_id(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_sorted_by_their_making() {
        let ids: Vec<Uuid> = (0..1000).map(|_| SystemEntropy.new_id()).collect();
        assert!(ids.is_sorted_by(|earlier, later| earlier < later));
    }

    #[test]
    fn the_clock_of_the_sandbox_is_the_same_clock() {
        let before = Entropy::now(&SystemEntropy);
        let between = stripe_sandbox::Clock::now(&SystemEntropy);
        let after = Entropy::now(&SystemEntropy);
        assert!(before <= between && between <= after);
    }
}
