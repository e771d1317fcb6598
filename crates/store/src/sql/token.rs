//! Fixed tokens of tenants: their hashes, and what an operator calls them by. Which tenant a hash
//! belongs to is asked in `across_tenants`.

use app::ports::{NewToken, StoreError, TokenRow};
use jiff::Timestamp;
use payment::TenantId;
use uuid::Uuid;

use super::value;
use crate::database::{Database, Row, params};
use crate::error::At;

const TABLE: &str = "access_token";

const ADD: &str = "INSERT INTO access_token (tenant, id, hash, label, created_at, expires_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
/// Ids begin with the time at which they were made.
const OF_TENANT: &str = "SELECT id, label, created_at, expires_at, revoked_at FROM access_token
    WHERE tenant = ?1 ORDER BY id";
const REVOKE: &str = "UPDATE access_token SET revoked_at = ?3
    WHERE tenant = ?1 AND id = ?2 AND revoked_at IS NULL";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[ADD, OF_TENANT, REVOKE];

pub(super) fn add(db: &Database, token: &NewToken) -> Result<(), StoreError> {
    let NewToken { id, tenant, hash, label, created_at, expires_at } = token;
    let (tenant, id) = (tenant.as_str(), id.to_string());
    let (created_at, expires_at) =
        (created_at.as_microsecond(), expires_at.map(Timestamp::as_microsecond));
    db.execute(ADD, params![tenant, id, hash.0, label, created_at, expires_at]).at(TABLE)?;
    Ok(())
}

pub(super) fn of_tenant(db: &Database, tenant: &TenantId) -> Result<Vec<TokenRow>, StoreError> {
    type Columns = (String, String, i64, Option<i64>, Option<i64>);
    let columns =
        |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?));
    let rows: Vec<Columns> = db.rows(OF_TENANT, params![tenant.as_str()], columns).at(TABLE)?;
    let time = |micros: Option<i64>| micros.map(|micros| value::time(TABLE, micros)).transpose();
    rows.into_iter()
        .map(|(id, label, created_at, expires_at, revoked_at)| {
            Ok(TokenRow {
                id: value::id(TABLE, &id, Uuid::parse_str)?,
                label,
                created_at: value::time(TABLE, created_at)?,
                expires_at: time(expires_at)?,
                revoked_at: time(revoked_at)?,
            })
        })
        .collect()
}

pub(super) fn revoke(
    db: &Database,
    tenant: &TenantId,
    id: Uuid,
    now: Timestamp,
) -> Result<Option<TokenRow>, StoreError> {
    db.execute(REVOKE, params![tenant.as_str(), id.to_string(), now.as_microsecond()]).at(TABLE)?;
    Ok(of_tenant(db, tenant)?.into_iter().find(|row| row.id == id))
}
