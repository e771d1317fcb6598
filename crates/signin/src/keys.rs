//! The keys of an identity provider: fetched when they are first needed, kept, and fetched again
//! when they are old or a token names one that is not among them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::key_source::KeySource;

/// Keys older than this are fetched again.
pub const KEYS_TTL: Duration = Duration::from_secs(3600);
/// While they cannot be fetched, keys up to this age still serve: an identity provider that is down
/// for a night does not close the shop.
pub const KEYS_STALE_MAX: Duration = Duration::from_secs(24 * 3600);
/// Between two fetches there is at least this time, whatever tokens come in.
pub const KEYS_REFETCH_MIN: Duration = Duration::from_secs(30);
/// At most so many keys of a set are kept.
const KEYS_MAX: usize = 64;

/// A key that verifies.
pub(crate) struct VerifyingKey {
    pub algorithm: Algorithm,
    pub key: DecodingKey,
}

/// Why there is no key for a token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// The set has no key of this id, and is as new as it may be.
    Unknown,
    /// The set cannot be fetched, and what is there is too old or lacks the key.
    Unavailable,
}

/// A set as it was fetched. A key without an id is found by the empty one.
struct KeySet {
    keys: HashMap<String, Arc<VerifyingKey>>,
    fetched_at: Instant,
}

pub(crate) struct Keys {
    source: Box<dyn KeySource>,
    set: RwLock<Option<Arc<KeySet>>>,
    /// When it was last tried. Held while fetching, so that one request fetches and others wait.
    last_try: Mutex<Option<Instant>>,
}

impl Keys {
    pub fn new(source: Box<dyn KeySource>) -> Self {
        Self { source, set: RwLock::default(), last_try: Mutex::default() }
    }

    /// The key of this id.
    pub async fn key(&self, id: &str) -> Result<Arc<VerifyingKey>, NoKey> {
        if let Some(key) = self.known(id, KEYS_TTL) {
            return Ok(key);
        }
        let refreshed = self.refresh(id).await;
        match (self.known(id, KEYS_STALE_MAX), refreshed) {
            (Some(key), _) => Ok(key),
            (None, true) => Err(NoKey::Unknown),
            (None, false) => Err(NoKey::Unavailable),
        }
    }

    fn known(&self, id: &str, age_max: Duration) -> Option<Arc<VerifyingKey>> {
        let set = self.current()?;
        (set.fetched_at.elapsed() < age_max).then(|| set.keys.get(id).cloned()).flatten()
    }

    fn current(&self) -> Option<Arc<KeySet>> {
        self.set.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Fetches the set, unless that was tried a moment ago. Returns whether the set that is there
    /// came of the last try.
    async fn refresh(&self, id: &str) -> bool {
        let mut last_try = self.last_try.lock().await;
        // Somebody else has fetched while this one waited.
        if self.known(id, KEYS_TTL).is_some() {
            return true;
        }
        let is_fresh = || {
            let fetched_at = self.current().map(|set| set.fetched_at);
            fetched_at.is_some() && fetched_at >= *last_try
        };
        if last_try.is_some_and(|tried| tried.elapsed() < KEYS_REFETCH_MIN) {
            return is_fresh();
        }
        *last_try = Some(Instant::now());
        let fetched = self.source.fetch().await.and_then(|text| read(&text));
        match fetched {
            Ok(keys) => {
                let set = Arc::new(KeySet { keys, fetched_at: Instant::now() });
                *self.set.write().unwrap_or_else(PoisonError::into_inner) = Some(set);
                true
            }
            Err(reason) => {
                tracing::error!(reason, "the identity provider's keys cannot be fetched");
                false
            }
        }
    }
}

/// Takes the keys that sign with an algorithm that is accepted here, and leaves the others.
fn read(text: &[u8]) -> Result<HashMap<String, Arc<VerifyingKey>>, String> {
    let set: JwkSet = serde_json::from_slice(text)
        .map_err(|error| format!("what came is no JSON Web Key Set: {error}"))?;
    let keys: HashMap<_, _> = set
        .keys
        .iter()
        .filter_map(|jwk| {
            let id = jwk.common.key_id.clone().unwrap_or_default();
            let key = DecodingKey::from_jwk(jwk).ok()?;
            Some((id, Arc::new(VerifyingKey { algorithm: algorithm(jwk)?, key })))
        })
        .take(KEYS_MAX)
        .collect();
    if keys.is_empty() {
        return Err("the JSON Web Key Set has no key for RS256, ES256 or EdDSA".to_owned());
    }
    Ok(keys)
}

/// The one algorithm that a key is for. It follows from the key and never from a token: a token
/// that is "signed" with a public key as if that were a password finds no key.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    use jsonwebtoken::jwk::{EllipticCurve, KeyAlgorithm};
    if matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption)) {
        return None;
    }
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        _ => return None,
    };
    let named = match jwk.common.key_algorithm {
        None => return Some(algorithm),
        Some(KeyAlgorithm::RS256) => Algorithm::RS256,
        Some(KeyAlgorithm::ES256) => Algorithm::ES256,
        Some(KeyAlgorithm::EdDSA) => Algorithm::EdDSA,
        Some(_) => return None,
    };
    (named == algorithm).then_some(algorithm)
}
