//! Merchants of marketplaces.

use app::merchant::{Merchant, Visit};
use app::ports::{CommitOutcome, Expected, MerchantCommit, StoreError, Versioned};
use jiff::Timestamp;
use payment::{
    Account, IdempotencyKey, MerchantId, MerchantReference, MerchantStatus, Mode, PspAccountId,
    TenantId,
};

use super::{inbox, outbox, value, watch};
use crate::database::{Database, Params, Reading, Row, params};
use crate::error::{At, corrupt};
use crate::job::Written;

const TABLE: &str = "merchant";

macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT id, version, platform, mode, reference, name, account, key, key_since, status,
                    token, visited_at, success_url, refresh_url, cancel_url, error_url, created_at
             FROM merchant WHERE tenant = ?1 AND ",
            $where
        )
    };
}

const BY_REFERENCE: &str = select!("platform = ?2 AND mode = ?3 AND reference = ?4");
const BY_ACCOUNT: &str = select!("account = ?2");
const BY_TOKEN: &str = select!("token = ?2");

const INSERT: &str = "INSERT INTO merchant (tenant, id, version, platform, mode, reference, name,
        account, key, key_since, status, token, visited_at, success_url, refresh_url, cancel_url,
        error_url, created_at, updated_at)
    VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
    ON CONFLICT DO NOTHING";
const UPDATE: &str = "UPDATE merchant SET version = version + 1, name = ?4, account = ?5, key = ?6,
        key_since = ?7, status = ?8, token = ?9, visited_at = ?10, success_url = ?11,
        refresh_url = ?12, cancel_url = ?13, error_url = ?14, updated_at = ?15
    WHERE tenant = ?1 AND id = ?2 AND version = ?3";

const ACCOUNTS: &str = "SELECT reference, account FROM merchant
    WHERE tenant = ?1 AND platform = ?2 AND mode = ?3 AND account IS NOT NULL
    ORDER BY reference LIMIT ?4";
const OPEN: &str = "SELECT count(*) FROM merchant
    WHERE tenant = ?1 AND account IS NOT NULL AND status <> 'rejected'";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[BY_REFERENCE, BY_ACCOUNT, BY_TOKEN, INSERT, UPDATE, ACCOUNTS, OPEN];

pub(super) fn by_reference(
    db: &Database,
    tenant: &TenantId,
    platform: &Account,
    reference: &MerchantReference,
) -> Result<Option<Versioned<Merchant>>, StoreError> {
    let (id, mode) = (platform.id.as_str(), platform.mode.name());
    one(db, tenant, BY_REFERENCE, params![tenant.as_str(), id, mode, reference.as_str()])
}

pub(super) fn by_account(
    db: &Database,
    tenant: &TenantId,
    account: &PspAccountId,
) -> Result<Option<Versioned<Merchant>>, StoreError> {
    one(db, tenant, BY_ACCOUNT, params![tenant.as_str(), account.as_str()])
}

pub(super) fn by_token(
    db: &Database,
    tenant: &TenantId,
    token: &str,
) -> Result<Option<Versioned<Merchant>>, StoreError> {
    one(db, tenant, BY_TOKEN, params![tenant.as_str(), token])
}

/// Merchants below this platform that have an account, by their reference.
pub(super) fn accounts(
    db: &Database,
    tenant: &TenantId,
    platform: &Account,
    limit: u32,
) -> Result<Vec<(MerchantReference, PspAccountId)>, StoreError> {
    let values = params![tenant.as_str(), platform.id.as_str(), platform.mode.name(), limit];
    let known = |row: &Row| {
        let (reference, account) = (row.get::<String>(0)?, row.get::<String>(1)?);
        Ok((MerchantReference::new(reference), PspAccountId::new(account)))
    };
    db.rows(ACCOUNTS, values, known).at(TABLE)
}

pub(super) fn open(db: &Database, tenant: &TenantId) -> Result<u64, StoreError> {
    let count: i64 = db.one(OPEN, params![tenant.as_str()], |row| row.get(0)).at(TABLE)?;
    value::count(TABLE, count)
}

/// The columns of a merchant, before they are read as what they mean.
struct MerchantRow {
    id: String,
    version: i64,
    platform: String,
    mode: String,
    reference: String,
    name: Option<String>,
    account: Option<String>,
    key: String,
    key_since: i64,
    status: Option<String>,
    token: String,
    visited_at: i64,
    success_url: String,
    refresh_url: Option<String>,
    cancel_url: Option<String>,
    error_url: Option<String>,
    created_at: i64,
}

impl MerchantRow {
    fn new(row: &Row<'_>) -> Reading<Self> {
        Ok(Self {
            id: row.get(0)?,
            version: row.get(1)?,
            platform: row.get(2)?,
            mode: row.get(3)?,
            reference: row.get(4)?,
            name: row.get(5)?,
            account: row.get(6)?,
            key: row.get(7)?,
            key_since: row.get(8)?,
            status: row.get(9)?,
            token: row.get(10)?,
            visited_at: row.get(11)?,
            success_url: row.get(12)?,
            refresh_url: row.get(13)?,
            cancel_url: row.get(14)?,
            error_url: row.get(15)?,
            created_at: row.get(16)?,
        })
    }

    fn read(self, tenant: &TenantId) -> Result<Versioned<Merchant>, StoreError> {
        let time = |micros| value::time(TABLE, micros);
        let status = |name: String| value::word(TABLE, &name, MerchantStatus::from_name);
        let merchant = Merchant {
            id: value::id(TABLE, &self.id, MerchantId::parse)?,
            tenant: tenant.clone(),
            platform: Account {
                id: PspAccountId::new(self.platform),
                mode: value::word(TABLE, &self.mode, Mode::from_name)?,
            },
            reference: MerchantReference::new(self.reference),
            name: self.name,
            account: self.account.map(PspAccountId::new),
            key: IdempotencyKey::new(self.key),
            key_since: time(self.key_since)?,
            status: self.status.map(status).transpose()?,
            visit: Visit {
                token: self.token,
                at: time(self.visited_at)?,
                success: self.success_url,
                refresh: self.refresh_url,
                cancel: self.cancel_url,
                error: self.error_url,
            },
            created_at: time(self.created_at)?,
        };
        Ok(Versioned { value: merchant, version: self.version })
    }
}

fn one(
    db: &Database,
    tenant: &TenantId,
    sql: &'static str,
    parameters: Params,
) -> Result<Option<Versioned<Merchant>>, StoreError> {
    let row = db.row(sql, parameters, MerchantRow::new).at(TABLE)?;
    row.map(|row| row.read(tenant)).transpose()
}

pub(super) fn commit(
    db: &Database,
    commit: &MerchantCommit,
) -> Result<Written<CommitOutcome>, StoreError> {
    let tenant = &commit.merchant.tenant;
    if let Some(settlement) = &commit.inbox {
        if settlement.tenant != *tenant {
            let other = &settlement.tenant;
            return Err(corrupt(TABLE, format!("a commit of {tenant} holds a row of {other}")));
        }
        if !inbox::settle(db, settlement)? {
            return Ok(Written::Undo(CommitOutcome::Duplicate));
        }
    }
    let written = match commit.expected {
        Expected::Absent => insert(db, &commit.merchant, commit.now)?,
        Expected::Version(version) => update(db, &commit.merchant, version, commit.now)?,
    };
    if !written {
        return Ok(Written::Undo(CommitOutcome::Conflict));
    }
    if let Some(id) = commit.merchant.account.clone() {
        let platform = &commit.merchant.platform;
        let account = Account { id, mode: platform.mode };
        watch::begin(db, tenant, &account, Some(&platform.id), commit.now)?;
    }
    outbox::add(db, tenant, &commit.messages, commit.now)?;
    Ok(Written::Keep(CommitOutcome::Committed))
}

fn insert(db: &Database, merchant: &Merchant, now: Timestamp) -> Result<bool, StoreError> {
    let visit = &merchant.visit;
    let written = db
        .execute(
            INSERT,
            params![
                merchant.tenant.as_str(),
                merchant.id.to_string(),
                merchant.platform.id.as_str(),
                merchant.platform.mode.name(),
                merchant.reference.as_str(),
                merchant.name,
                merchant.account.as_ref().map(PspAccountId::as_str),
                merchant.key.as_str(),
                merchant.key_since.as_microsecond(),
                merchant.status.map(MerchantStatus::name),
                visit.token,
                visit.at.as_microsecond(),
                visit.success,
                visit.refresh,
                visit.cancel,
                visit.error,
                merchant.created_at.as_microsecond(),
                now.as_microsecond(),
            ],
        )
        .at(TABLE)?;
    Ok(written == 1)
}

fn update(
    db: &Database,
    merchant: &Merchant,
    version: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let visit = &merchant.visit;
    let written = db
        .execute(
            UPDATE,
            params![
                merchant.tenant.as_str(),
                merchant.id.to_string(),
                version,
                merchant.name,
                merchant.account.as_ref().map(PspAccountId::as_str),
                merchant.key.as_str(),
                merchant.key_since.as_microsecond(),
                merchant.status.map(MerchantStatus::name),
                visit.token,
                visit.at.as_microsecond(),
                visit.success,
                visit.refresh,
                visit.cancel,
                visit.error,
                now.as_microsecond(),
            ],
        )
        .at(TABLE)?;
    Ok(written == 1)
}
