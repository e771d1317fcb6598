//! Tenants, what their shops were told of payment methods, and their sealed credentials.

use app::ports::{
    Addressee, CommitOutcome, Expected, StoreError, TenantChange, TenantCommit, Versioned,
};
use app::tenant::{CallMeans, Credentials, InstallationId, PaymentMethod, Tenant, TenantStatus};
use jiff::Timestamp;
use payment::{Account, Mode, PspAccountId, TenantId};
use uuid::Uuid;

use super::{binding, data_key, order, outbox, value, watch};
use crate::Keyring;
use crate::database::{Database, Reading, Row, params};
use crate::error::At;
use crate::job::Written;
use crate::keyring::Sealed;
use crate::rows;

const TABLE: &str = "tenant";

const INSTALLATION: &str = "SELECT id FROM installation WHERE one = 1";

const TENANT: &str = "SELECT version, status, account, mode, settings, name, told, told_at, active
    FROM tenant LEFT JOIN payment_method ON payment_method.tenant = tenant.id
    WHERE tenant.id = ?1";
const INSERT: &str = "INSERT INTO tenant
        (id, version, status, account, mode, settings, created_at, updated_at)
    VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?6)
    ON CONFLICT (id) DO NOTHING";
const UPDATE: &str = "UPDATE tenant SET version = version + 1, status = ?3, account = ?4,
        mode = ?5, settings = ?6, updated_at = ?7
    WHERE id = ?1 AND version = ?2";

const CLEAR_METHODS: &str = "DELETE FROM payment_method WHERE tenant = ?1";
const ADD_METHOD: &str = "INSERT INTO payment_method (tenant, name, told, told_at, active)
    VALUES (?1, ?2, ?3, ?4, ?5)";

const CREDENTIAL: &str = "SELECT account, mode, key_id, sealed, master, wrapped FROM credential
    LEFT JOIN data_key ON data_key.tenant = credential.tenant AND data_key.id = key_id
    WHERE credential.tenant = ?1 AND account = ?2 AND mode = ?3";
const CREDENTIALS: &str = "SELECT account, mode, key_id, sealed, master, wrapped FROM credential
    LEFT JOIN data_key ON data_key.tenant = credential.tenant AND data_key.id = key_id
    WHERE credential.tenant = ?1 ORDER BY updated_at DESC, account, mode";
/// Credentials have a tenant: the database sees to that.
const CALL_MEANS: &str =
    "SELECT credential.account, credential.mode, key_id, sealed, master, wrapped, settings
    FROM credential JOIN tenant ON tenant.id = credential.tenant
    LEFT JOIN data_key ON data_key.tenant = credential.tenant AND data_key.id = key_id
    WHERE credential.tenant = ?1 AND credential.account = ?2 AND credential.mode = ?3";
const ADDRESSEE: &str =
    "SELECT credential.account, credential.mode, key_id, sealed, master, wrapped,
        status, tenant.version FROM tenant
    LEFT JOIN credential ON credential.tenant = tenant.id
    LEFT JOIN data_key ON data_key.tenant = credential.tenant AND data_key.id = key_id
    WHERE tenant.id = ?1
    ORDER BY credential.updated_at DESC, credential.account, credential.mode";
const WRITE_CREDENTIAL: &str = "INSERT INTO credential
        (tenant, account, mode, platform, key_id, sealed, updated_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (tenant, account, mode) DO UPDATE SET platform = excluded.platform,
        key_id = excluded.key_id, sealed = excluded.sealed, updated_at = excluded.updated_at";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    INSTALLATION,
    TENANT,
    INSERT,
    UPDATE,
    CLEAR_METHODS,
    ADD_METHOD,
    CREDENTIAL,
    CREDENTIALS,
    CALL_MEANS,
    ADDRESSEE,
    WRITE_CREDENTIAL,
];

pub(crate) fn installation(db: &Database) -> Result<InstallationId, StoreError> {
    let id: String = db.one(INSTALLATION, params![], |row| row.get(0)).at("installation")?;
    value::id("installation", &id, Uuid::parse_str)
}

pub(super) fn tenant(
    db: &Database,
    id: &TenantId,
) -> Result<Option<Versioned<Tenant>>, StoreError> {
    type TenantRow = (i64, String, String, String, String);
    let rows: Vec<(TenantRow, Option<MethodRow>)> = db
        .rows(TENANT, params![id.as_str()], |row| {
            let tenant = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            let method = match row.get(5)? {
                Some(name) => Some((name, row.get(6)?, row.get(7)?, row.get(8)?)),
                None => None,
            };
            Ok((tenant, method))
        })
        .at(TABLE)?;
    let (tenants, methods): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let Some((version, status, account, mode, settings)) = tenants.into_iter().next() else {
        return Ok(None);
    };
    let value = Tenant {
        id: id.clone(),
        status: value::word(TABLE, &status, TenantStatus::from_name)?,
        account: read_account(TABLE, account, &mode)?,
        settings: rows::settings_from_json(&settings)?,
        methods: methods.into_iter().flatten().map(read_method).collect::<Result<_, _>>()?,
    };
    Ok(Some(Versioned { value, version }))
}

type MethodRow = (String, String, i64, bool);

fn read_method(row: MethodRow) -> Result<(String, PaymentMethod), StoreError> {
    let (name, told, told_at, active) = row;
    let told_at = value::time("payment_method", told_at)?;
    Ok((name, PaymentMethod { told, told_at, active }))
}

/// Writes a tenant with its methods, its credentials and the messages that go with it.
pub(super) fn commit(
    db: &Database,
    keyring: &Keyring,
    commit: &TenantCommit,
) -> Result<Written<CommitOutcome>, StoreError> {
    let TenantCommit { tenant, expected, now, change, messages } = commit;
    if !write(db, tenant, *expected, *now)? {
        return Ok(Written::Undo(CommitOutcome::Conflict));
    }
    write_methods(db, tenant)?;
    match change {
        TenantChange::Credentials(credentials) => {
            let is_begun =
                tenant.status == TenantStatus::Connected && credentials.access.is_platform();
            if is_begun {
                order::of_bindings(db)?;
                if !binding::is_bound(db, &tenant.id, &credentials.account)? {
                    return Ok(Written::Undo(CommitOutcome::Conflict));
                }
            }
            write_credentials(db, keyring, &tenant.id, credentials, *now)?;
        }
        TenantChange::Keep => {}
    }
    outbox::add(db, &tenant.id, messages, *now)?;
    Ok(Written::Keep(CommitOutcome::Committed))
}

fn write(
    db: &Database,
    tenant: &Tenant,
    expected: Expected,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (id, status) = (tenant.id.as_str(), tenant.status.name());
    let (account, mode) = (tenant.account.id.as_str(), tenant.account.mode.name());
    let settings = rows::settings_to_json(&tenant.settings)?;
    let now = now.as_microsecond();
    let written = match expected {
        Expected::Absent => db.execute(INSERT, params![id, status, account, mode, settings, now]),
        Expected::Version(version) => {
            db.execute(UPDATE, params![id, version, status, account, mode, settings, now])
        }
    };
    Ok(written.at(TABLE)? == 1)
}

/// There are few of them and they seldom change, so all are written anew.
fn write_methods(db: &Database, tenant: &Tenant) -> Result<(), StoreError> {
    let id = tenant.id.as_str();
    db.send(CLEAR_METHODS, params![id]).at("payment_method")?;
    for (name, method) in &tenant.methods {
        let told_at = method.told_at.as_microsecond();
        db.send(ADD_METHOD, params![id, name, method.told, told_at, method.active])
            .at("payment_method")?;
    }
    Ok(())
}

fn write_credentials(
    db: &Database,
    keyring: &Keyring,
    tenant: &TenantId,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<(), StoreError> {
    let plain = rows::credentials_to_json(credentials)?;
    let account = &credentials.account;
    let context = data_key::credential_context(tenant, account.id.as_str(), account.mode.name());
    let sealed = data_key::seal(db, keyring, tenant, &plain, &context, now)?;
    db.execute(
        WRITE_CREDENTIAL,
        params![
            tenant.as_str(),
            account.id.as_str(),
            account.mode.name(),
            credentials.access.is_platform(),
            sealed.key_id,
            sealed.bytes,
            now.as_microsecond(),
        ],
    )
    .at("credential")?;
    watch::begin(db, tenant, account, None, now)
}

struct CredentialRow {
    account: String,
    mode: String,
    sealed: Sealed,
    /// The data key, unless a master key sealed it itself.
    data_key: Option<Sealed>,
}

impl CredentialRow {
    fn new(row: &Row<'_>) -> Reading<Self> {
        let sealed = Sealed { key_id: row.get(2)?, bytes: row.get(3)? };
        let (master, wrapped): (Option<String>, Option<Vec<u8>>) = (row.get(4)?, row.get(5)?);
        let data_key = master.zip(wrapped).map(|(key_id, bytes)| Sealed { key_id, bytes });
        Ok(Self { account: row.get(0)?, mode: row.get(1)?, sealed, data_key })
    }

    fn open(self, keyring: &Keyring, tenant: &TenantId) -> Result<Credentials, StoreError> {
        let context = data_key::credential_context(tenant, &self.account, &self.mode);
        let data_key = self.data_key.as_ref();
        let plain = data_key::open(keyring, tenant, &self.sealed, data_key, &context)?;
        let account = read_account("credential", self.account, &self.mode)?;
        rows::credentials_from_json(account, &plain)
    }
}

pub(super) fn credentials(
    db: &Database,
    keyring: &Keyring,
    tenant: &TenantId,
    account: &Account,
) -> Result<Option<Credentials>, StoreError> {
    let row = db
        .row(
            CREDENTIAL,
            params![tenant.as_str(), account.id.as_str(), account.mode.name()],
            CredentialRow::new,
        )
        .at("credential")?;
    row.map(|row| row.open(keyring, tenant)).transpose()
}

pub(super) fn all_credentials(
    db: &Database,
    keyring: &Keyring,
    tenant: &TenantId,
) -> Result<Vec<Credentials>, StoreError> {
    let rows: Vec<CredentialRow> =
        db.rows(CREDENTIALS, params![tenant.as_str()], CredentialRow::new).at("credential")?;
    rows.into_iter().map(|row| row.open(keyring, tenant)).collect()
}

pub(super) fn call_means(
    db: &Database,
    keyring: &Keyring,
    tenant: &TenantId,
    account: &Account,
) -> Result<Option<CallMeans>, StoreError> {
    let row: Option<(CredentialRow, String)> = db
        .row(
            CALL_MEANS,
            params![tenant.as_str(), account.id.as_str(), account.mode.name()],
            |row| Ok((CredentialRow::new(row)?, row.get(6)?)),
        )
        .at("credential")?;
    let Some((credential, settings)) = row else { return Ok(None) };
    let credentials = credential.open(keyring, tenant)?;
    Ok(Some(CallMeans { credentials, settings: rows::settings_from_json(&settings)? }))
}

pub(super) fn addressee(
    db: &Database,
    keyring: &Keyring,
    tenant: &TenantId,
) -> Result<Option<Addressee>, StoreError> {
    let rows: Vec<(String, i64, Option<CredentialRow>)> = db
        .rows(ADDRESSEE, params![tenant.as_str()], |row| {
            let has_credential = row.get::<Option<String>>(0)?.is_some();
            let credential = has_credential.then(|| CredentialRow::new(row)).transpose()?;
            Ok((row.get(6)?, row.get(7)?, credential))
        })
        .at(TABLE)?;
    let Some((status, version, _)) = rows.first() else { return Ok(None) };
    let version = *version;
    let status = value::word(TABLE, status, TenantStatus::from_name)?;
    let credentials = rows.into_iter().filter_map(|(_, _, credential)| credential);
    let credentials = credentials.map(|row| row.open(keyring, tenant)).collect::<Result<_, _>>()?;
    Ok(Some(Addressee { version, status, credentials }))
}

pub(super) fn read_account(
    table: &'static str,
    id: String,
    mode: &str,
) -> Result<Account, StoreError> {
    Ok(Account { id: PspAccountId::new(id), mode: value::word(table, mode, Mode::from_name)? })
}
