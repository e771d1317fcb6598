//! Envelope encryption: a tenant's credentials are sealed with its data key, the data key is
//! wrapped by a master key of the ring.
//!
//! Rows from before data keys were sealed by a master key itself; [`adopt`] moves them over at the
//! start. What a ring cannot open stays as it is until the key is back.

use app::ports::StoreError;
use jiff::Timestamp;
use payment::TenantId;
use zeroize::Zeroizing;

use crate::Keyring;
use crate::database::{Database, params};
use crate::error::At;
use crate::keyring::{Key, KeyError, Sealed};

const TABLE: &str = "data_key";

const OF_TENANT: &str = "SELECT id, master, wrapped FROM data_key WHERE tenant = ?1";
const ADD: &str = "INSERT INTO data_key (tenant, id, master, wrapped, created_at)
    VALUES (?1, ?2, ?3, ?4, ?5)";
const REWRAP: &str = "UPDATE data_key SET master = ?3, wrapped = ?4
    WHERE tenant = ?1 AND id = ?2 AND master = ?5";
const RESEAL: &str = "UPDATE credential SET key_id = ?4, sealed = ?5
    WHERE tenant = ?1 AND account = ?2 AND mode = ?3 AND key_id = ?6";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[OF_TENANT, ADD, REWRAP, RESEAL];

/// A data key's row: tenant, id, the wrapped key with its master's id.
pub(super) struct Wrapped {
    pub tenant: TenantId,
    pub id: String,
    pub key: Sealed,
}

/// Credentials that a master key sealed itself.
pub(super) struct SealedDirectly {
    pub tenant: TenantId,
    pub account: String,
    pub mode: String,
    pub sealed: Sealed,
}

impl SealedDirectly {
    fn context(&self) -> Vec<u8> {
        credential_context(&self.tenant, &self.account, &self.mode)
    }
}

/// Seals a tenant's credentials with its data key, which is made where there is none that opens:
/// after a master key was lost, credentials that are entered again are safe again.
pub(super) fn seal(
    db: &Database,
    keyring: &Keyring,
    tenant: &TenantId,
    plain: &[u8],
    context: &[u8],
    now: Timestamp,
) -> Result<Sealed, StoreError> {
    let key = match openable(db, keyring, tenant)? {
        Some(key) => key,
        None => make(db, keyring, tenant, now)?,
    };
    key.seal(plain, context).map_err(no_randomness)
}

/// Opens what [`seal`] sealed with the data key whose wrapped form this is, or without one what a
/// master key sealed itself.
///
/// # Errors
/// [`StoreError::Sealed`] with the id of the master key that is needed.
pub(super) fn open(
    keyring: &Keyring,
    tenant: &TenantId,
    sealed: &Sealed,
    data_key: Option<&Sealed>,
    context: &[u8],
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let (plain, master) = match data_key {
        Some(wrapped) => {
            let key = keyring.unwrap(wrapped, &key_context(tenant, &sealed.key_id));
            (key.and_then(|key| key.open(sealed, context)), &wrapped.key_id)
        }
        None => (keyring.open(sealed, context), &sealed.key_id),
    };
    plain.ok_or_else(|| StoreError::Sealed {
        what: "the credentials of a tenant",
        key_id: master.clone(),
    })
}

/// Wraps a data key by the active master key. Returns whether it was done: not where the row does
/// not open, or was changed meanwhile.
pub(super) fn rewrap(db: &Database, keyring: &Keyring, row: &Wrapped) -> Result<bool, StoreError> {
    let context = key_context(&row.tenant, &row.id);
    let Some(key) = keyring.unwrap(&row.key, &context) else { return Ok(false) };
    let wrapped = keyring.wrap(&key, &context).map_err(no_randomness)?;
    let values =
        params![row.tenant.as_str(), row.id, wrapped.key_id, wrapped.bytes, row.key.key_id];
    let written = db.execute(REWRAP, values).at(TABLE)?;
    Ok(written == 1)
}

/// Moves credentials that a master key sealed itself under their tenant's data key. Returns as
/// [`rewrap`] does.
pub(super) fn adopt(
    db: &Database,
    keyring: &Keyring,
    row: &SealedDirectly,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let context = row.context();
    let Some(plain) = keyring.open(&row.sealed, &context) else { return Ok(false) };
    let sealed = seal(db, keyring, &row.tenant, &plain, &context, now)?;
    let values = params![
        row.tenant.as_str(),
        row.account,
        row.mode,
        sealed.key_id,
        sealed.bytes,
        row.sealed.key_id
    ];
    let written = db.execute(RESEAL, values).at("credential")?;
    Ok(written == 1)
}

/// A tenant has one, and another one for each master key that was lost.
fn openable(
    db: &Database,
    keyring: &Keyring,
    tenant: &TenantId,
) -> Result<Option<Key>, StoreError> {
    let rows: Vec<(String, String, Vec<u8>)> = db
        .rows(OF_TENANT, params![tenant.as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .at(TABLE)?;
    Ok(rows.into_iter().find_map(|(id, master, bytes)| {
        keyring.unwrap(&Sealed { key_id: master, bytes }, &key_context(tenant, &id))
    }))
}

fn make(
    db: &Database,
    keyring: &Keyring,
    tenant: &TenantId,
    now: Timestamp,
) -> Result<Key, StoreError> {
    let key = Key::random().map_err(no_randomness)?;
    let wrapped = keyring.wrap(&key, &key_context(tenant, &key.id)).map_err(no_randomness)?;
    let values =
        params![tenant.as_str(), key.id, wrapped.key_id, wrapped.bytes, now.as_microsecond()];
    db.execute(ADD, values).at(TABLE)?;
    Ok(key)
}

/// What sealed credentials belong to: moved to another tenant's row they do not open.
pub(super) fn credential_context(tenant: &TenantId, account: &str, mode: &str) -> Vec<u8> {
    context(&["credential", tenant.as_str(), account, mode])
}

/// The same for a wrapped key.
fn key_context(tenant: &TenantId, id: &str) -> Vec<u8> {
    context(&["data key", tenant.as_str(), id])
}

/// The lengths keep two contexts from running into the same bytes.
fn context(parts: &[&str]) -> Vec<u8> {
    parts.iter().flat_map(|part| format!("{}:{part};", part.len()).into_bytes()).collect()
}

fn no_randomness(error: KeyError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
