//! Chance from a seed, and nothing else: what is drawn depends on the seed and on how often was
//! drawn before.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A source of chance. Written out here (SplitMix64) because a seed in a report has to mean the
/// same run after every update of every dependency.
#[derive(Debug)]
pub struct Chance(Mutex<u64>);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed ^ 0x9e37_79b9_7f4a_7c15))
    }

    fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is above zero.
    pub fn below(&self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A number from `from` to `to`, both of them possible.
    pub fn between(&self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }

    pub fn percent(&self, percent: u64) -> bool {
        self.per_mille(percent * 10)
    }

    pub fn per_mille(&self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    pub fn pick<'a, T>(&self, choices: &'a [T]) -> &'a T {
        &choices[self.index(choices.len())]
    }

    /// A position in a list of this length, which is above zero.
    pub fn index(&self, length: usize) -> usize {
        let bound = u64::try_from(length).expect("a list's length");
        usize::try_from(self.below(bound)).expect("below a list's length")
    }

    /// Sleeps, in virtual time, for so many milliseconds at least and at most.
    pub async fn pause(&self, from_ms: u64, to_ms: u64) {
        tokio::time::sleep(Duration::from_millis(self.between(from_ms, to_ms))).await;
    }
}
