//! How long to wait before a request is sent again.

use std::time::Duration;

use sha2::{Digest, Sha256};

/// The shortest wait.
const SHORTEST_MS: u64 = 500;
/// The longest wait.
const LONGEST_MS: u64 = 5000;

/// The wait after try `number` (the first is 1): min(0.5·2^(n−1), 5) seconds, of which up to a half
/// is taken off by jitter, and never less than half a second (contract/stripe.md section 4).
///
/// The jitter comes from the request's own key, so that two requests wait differently and the same
/// run of a simulation waits the same.
pub(crate) fn delay(seed: &str, number: u32) -> Duration {
    let doublings = number.saturating_sub(1).min(16);
    let full = (SHORTEST_MS << doublings).min(LONGEST_MS);
    let half = full / 2;
    let jittered = half + hash(seed, number) % (half + 1);
    Duration::from_millis(jittered.max(SHORTEST_MS))
}

fn hash(seed: &str, number: u32) -> u64 {
    let digest = Sha256::new().chain_update(seed).chain_update(number.to_be_bytes()).finalize();
    digest.iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_longer_each_time_within_half_a_second_and_five() {
        for seed in ["a", "b", "0198c0de-cafe-7000-8000-000000000000"] {
            assert_eq!(delay(seed, 1), Duration::from_millis(500));
            for number in 2..40 {
                let full = (500 * (1_u64 << (number - 1).min(20))).min(5000);
                let waited = u64::try_from(delay(seed, number).as_millis()).unwrap();
                assert!((full / 2..=full).contains(&waited), "{seed} {number}: {waited}");
            }
        }
    }

    #[test]
    fn two_requests_do_not_wait_alike_and_one_repeats_itself() {
        assert_ne!(delay("a", 4), delay("b", 4));
        assert_eq!(delay("a", 4), delay("a", 4));
    }
}
