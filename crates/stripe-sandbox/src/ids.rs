//! Identifiers and chance, both derived from one seed.
//!
//! Nothing here is random: the n-th id of a kind is a hash of the seed, the kind and n. The same seed and the same
//! calls in the same order therefore give the same bytes, which is what makes a failing simulation repeatable.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// How many characters follow the prefix of an id; Stripe's own vary between 14 and 24.
const ID_LENGTH: usize = 24;

/// How many characters a client secret or a webhook secret has after its prefix.
const SECRET_LENGTH: usize = 32;

/// The source of every id, secret and drawn number.
#[derive(Debug)]
pub(crate) struct Ids {
    seed: u64,
    drawn: BTreeMap<&'static str, u64>,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, drawn: BTreeMap::new() }
    }

    /// The next id of a kind, such as `pi_0aB…`. One counter a kind, so that a new refund does not shift the charges.
    pub(crate) fn next(&mut self, prefix: &'static str) -> String {
        let digest = self.draw(prefix);
        format!("{prefix}_{}", letters(&digest, ID_LENGTH))
    }

    /// A secret that cannot be guessed from the ids around it.
    pub(crate) fn secret(&mut self, kind: &'static str) -> String {
        let digest = self.draw(kind);
        letters(&digest, SECRET_LENGTH)
    }

    /// A number below `bound`; 0 when the bound is 0.
    pub(crate) fn number(&mut self, kind: &'static str, bound: u64) -> u64 {
        let digest = self.draw(kind);
        let value = digest.iter().take(8).fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        value.checked_rem(bound).unwrap_or(0)
    }

    fn draw(&mut self, kind: &'static str) -> [u8; 32] {
        let count = self.drawn.entry(kind).or_insert(0);
        *count += 1;
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(kind.as_bytes());
        hash.update(count.to_be_bytes());
        hash.finalize().into()
    }
}

/// The account a key belongs to. Only the part after `sk_test_` counts, so that the secret, restricted and publishable
/// keys of one suffix meet in one account whatever the seed is.
pub(crate) fn account_id(key_suffix: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(format!("account:{key_suffix}")).into();
    format!("acct_{}", letters(&digest, 16))
}

/// A stable identifier of some content, as Stripe's card fingerprints are.
pub(crate) fn fingerprint(content: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(content).into();
    letters(&digest, 16)
}

fn letters(digest: &[u8; 32], length: usize) -> String {
    digest
        .iter()
        .take(length)
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_another_seed_others() {
        let mut one = Ids::new(7);
        let mut two = Ids::new(7);
        let mut other = Ids::new(8);
        assert_eq!(one.next("pi"), two.next("pi"));
        assert_ne!(one.next("pi"), other.next("pi"));
    }

    #[test]
    fn keys_of_one_suffix_share_an_account() {
        assert_eq!(account_id("a"), account_id("a"));
        assert_ne!(account_id("a"), account_id("b"));
    }
}
