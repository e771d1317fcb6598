//! Whose a token is: the question that proves a tenant. And what is sealed with which master key,
//! for a start and for rotating.

use app::ports::{StoreError, TokenHash};
use jiff::Timestamp;
use payment::TenantId;

use crate::database::{Database, params};
use crate::error::At;
use crate::keyring::Sealed;
use crate::sql::data_key::{SealedDirectly, Wrapped};
use crate::sql::value;

const TENANT_OF_TOKEN: &str = "SELECT tenant FROM access_token
    WHERE hash = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)";

const MASTERS: &str = "SELECT master, count(*) FROM data_key GROUP BY master";
/// Those of data keys have ids that no master key has.
const SEALING_KEYS: &str = "SELECT key_id, count(*) FROM credential
    WHERE NOT EXISTS (SELECT 1 FROM data_key
        WHERE data_key.tenant = credential.tenant AND data_key.id = credential.key_id)
    GROUP BY key_id";
const WRAPPED_BY: &str = "SELECT tenant, id, wrapped FROM data_key WHERE master = ?1 LIMIT ?2";
const SEALED_BY: &str = "SELECT tenant, account, mode, sealed FROM credential
    WHERE key_id = ?1 LIMIT ?2";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(in crate::sql) const STATEMENTS: &[&str] =
    &[TENANT_OF_TOKEN, MASTERS, SEALING_KEYS, WRAPPED_BY, SEALED_BY];

pub(in crate::sql) fn tenant_of_token(
    db: &Database,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<Option<TenantId>, StoreError> {
    let found: Option<String> = db
        .row(TENANT_OF_TOKEN, params![hash.0, now.as_microsecond()], |row| row.get(0))
        .at("access_token")?;
    Ok(found.map(TenantId::new))
}

/// The master keys that data keys are wrapped by, and how many by each.
pub(in crate::sql) fn masters(db: &Database) -> Result<Vec<(String, u64)>, StoreError> {
    counts(db, "data_key", MASTERS)
}

/// The master keys that credentials are sealed with themselves, and how many with each.
pub(in crate::sql) fn sealing_keys(db: &Database) -> Result<Vec<(String, u64)>, StoreError> {
    counts(db, "credential", SEALING_KEYS)
}

fn counts(
    db: &Database,
    table: &'static str,
    sql: &'static str,
) -> Result<Vec<(String, u64)>, StoreError> {
    let rows: Vec<(String, i64)> =
        db.rows(sql, params![], |row| Ok((row.get(0)?, row.get(1)?))).at(table)?;
    rows.into_iter().map(|(key_id, count)| Ok((key_id, value::count(table, count)?))).collect()
}

/// Some of the data keys that a master key has wrapped.
pub(in crate::sql) fn wrapped_by(
    db: &Database,
    master: &str,
    limit: u32,
) -> Result<Vec<Wrapped>, StoreError> {
    db.rows(WRAPPED_BY, params![master, limit], |row| {
        Ok(Wrapped {
            tenant: TenantId::new(row.get::<String>(0)?),
            id: row.get(1)?,
            key: Sealed { key_id: master.to_owned(), bytes: row.get(2)? },
        })
    })
    .at("data_key")
}

/// Some of the credentials that a master key has sealed itself.
pub(in crate::sql) fn sealed_by(
    db: &Database,
    master: &str,
    limit: u32,
) -> Result<Vec<SealedDirectly>, StoreError> {
    db.rows(SEALED_BY, params![master, limit], |row| {
        Ok(SealedDirectly {
            tenant: TenantId::new(row.get::<String>(0)?),
            account: row.get(1)?,
            mode: row.get(2)?,
            sealed: Sealed { key_id: master.to_owned(), bytes: row.get(3)? },
        })
    })
    .at("credential")
}
