//! Moving secrets from one master key to another, beside a running server.
//!
//! Each step is a transaction of its own over a few rows, and every row is right before and after
//! it: whoever stops in between goes on later, and nobody has to stop serving. A server reads what
//! is there, with whichever key of its ring; so both keys have to be in its ring meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use app::ports::StoreError;
use jiff::Timestamp;

use super::across_tenants::secrets;
use super::data_key;
use super::operator::DatabaseOperator;
use crate::database::Database;
use crate::job::Written;
use crate::{Keyring, OpenError};

/// At most so many rows are moved in one transaction: a server beside it waits no longer.
const STEP_ROWS: u32 = 32;

/// Whoever rotates waits so long after each step. A server beside it asks again and again for its turn
/// to write; without a pause it might not get one for seconds, and its callers would be refused.
pub const STEP_PAUSE: Duration = Duration::from_millis(20);

/// How many secrets a master key protects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// The id of the key. No secret.
    pub key_id: String,
    /// So many secrets need it.
    pub secrets: u64,
    /// Whether it is in the ring.
    pub in_ring: bool,
}

/// What one step of rotating did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// So many secrets were moved to the active key.
    pub moved: u64,
    /// Whether there was nothing left to do.
    pub done: bool,
}

impl DatabaseOperator {
    /// Which master keys the database needs.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn key_uses(&self, keyring: &Keyring) -> Result<Vec<KeyUse>, StoreError> {
        let ring: Vec<String> = keyring.ids().map(str::to_owned).collect();
        self.driver.read(move |db| key_uses(db, &ring)).await
    }

    /// Moves some secrets to the active key of the ring, from all its other keys. What does not
    /// open stays, and is counted by [`key_uses`](Self::key_uses). Between two calls
    /// [`STEP_PAUSE`] belongs to the server.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rotate_some(
        &self,
        keyring: Arc<Keyring>,
        now: Timestamp,
    ) -> Result<Rotated, StoreError> {
        self.driver.write(move |db| step(db, &keyring, now).map(Written::Keep)).await
    }
}

/// Moves what master keys of the ring sealed themselves under data keys, and says which keys are
/// missing. Without them the server runs: what they protect waits (rule R24).
pub(crate) fn at_start(db: &Database, keyring: &Keyring, now: Timestamp) -> Result<(), OpenError> {
    let ring: Vec<String> = keyring.ids().map(str::to_owned).collect();
    while db.transaction(|db| adopt_some(db, keyring, now))? > 0 {}
    for KeyUse { key_id, secrets, in_ring } in db.transaction(|db| key_uses(db, &ring))? {
        if !in_ring {
            tracing::error!(
                key_id,
                secrets,
                "secrets are encrypted with a key that is not in the ring: add it to \
                 `older_encryption_keys`; until then webhooks of these tenants are answered 503 \
                 and their commands wait"
            );
        }
    }
    Ok(())
}

pub(crate) fn key_uses(db: &Database, ring: &[String]) -> Result<Vec<KeyUse>, StoreError> {
    let mut secrets_of = BTreeMap::new();
    for key_id in ring {
        secrets_of.insert(key_id.clone(), 0);
    }
    for (key_id, count) in [secrets::masters(db)?, secrets::sealing_keys(db)?].concat() {
        *secrets_of.entry(key_id).or_insert(0) += count;
    }
    let uses = secrets_of.into_iter().map(|(key_id, secrets)| {
        let in_ring = ring.contains(&key_id);
        KeyUse { key_id, secrets, in_ring }
    });
    Ok(uses.collect())
}

fn step(db: &Database, keyring: &Keyring, now: Timestamp) -> Result<Rotated, StoreError> {
    let mut moved = adopt_some(db, keyring, now)?;
    for key_id in keyring.ids().filter(|key_id| *key_id != keyring.active_id()) {
        for row in secrets::wrapped_by(db, key_id, STEP_ROWS)? {
            moved += u64::from(data_key::rewrap(db, keyring, &row)?);
        }
    }
    Ok(Rotated { moved, done: moved == 0 })
}

/// What master keys sealed themselves, the active one included.
fn adopt_some(db: &Database, keyring: &Keyring, now: Timestamp) -> Result<u64, StoreError> {
    let mut moved = 0;
    for key_id in keyring.ids() {
        for row in secrets::sealed_by(db, key_id, STEP_ROWS)? {
            moved += u64::from(data_key::adopt(db, keyring, &row, now)?);
        }
    }
    Ok(moved)
}
