//! Which accounts under the operator's platform are bound to a tenant. Whose an account is, is
//! asked in `across_tenants`.

use app::ports::{BindOutcome, Bindings, BoundAccount, NewBinding, StoreError, UnbindOutcome};
use async_trait::async_trait;
use payment::{Account, Mode, PspAccountId, TenantId};

use super::{DatabaseOperator, DatabaseStore, across_tenants, order, value};
use crate::database::{Database, params};
use crate::driver::Driver;
use crate::error::At;
use crate::job::Written;

const TABLE: &str = "bound_account";

const OF_TENANT: &str = "SELECT account, mode, bound_at FROM bound_account
    WHERE tenant = ?1 ORDER BY mode DESC";
const BIND: &str = "INSERT INTO bound_account (tenant, mode, account, bound_at)
    VALUES (?1, ?2, ?3, ?4)";
const UNBIND: &str = "DELETE FROM bound_account WHERE tenant = ?1 AND mode = ?2";
const IS_CONNECTED_THERE: &str = "SELECT 1 FROM tenant, credential
    WHERE tenant.id = ?1 AND tenant.status = 'CONNECTED'
        AND tenant.account = ?2 AND tenant.mode = ?3
        AND credential.tenant = ?1 AND credential.account = ?2 AND credential.mode = ?3
        AND credential.platform = 1";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[OF_TENANT, BIND, UNBIND, IS_CONNECTED_THERE];

pub(super) fn of_tenant(db: &Database, tenant: &TenantId) -> Result<Vec<BoundAccount>, StoreError> {
    let rows: Vec<(String, String, i64)> = db
        .rows(OF_TENANT, params![tenant.as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .at(TABLE)?;
    rows.into_iter()
        .map(|(account, mode, bound_at)| {
            let (id, mode) =
                (PspAccountId::new(account), value::word(TABLE, &mode, Mode::from_name)?);
            let bound_at = value::time(TABLE, bound_at)?;
            Ok(BoundAccount { account: Account { id, mode }, bound_at })
        })
        .collect()
}

/// Whether this very account is bound to the tenant now.
pub(super) fn is_bound(
    db: &Database,
    tenant: &TenantId,
    account: &Account,
) -> Result<bool, StoreError> {
    Ok(of_tenant(db, tenant)?.iter().any(|bound| bound.account == *account))
}

pub(super) fn bind(db: &Database, binding: &NewBinding) -> Result<BindOutcome, StoreError> {
    order::of_bindings(db)?;
    let NewBinding { tenant, account, now, rehearsed: _ } = binding;
    let bound = of_tenant(db, tenant)?.into_iter().find(|old| old.account.mode == account.mode);
    match bound {
        Some(old) if old.account == *account => return Ok(BindOutcome::Already),
        Some(old) => return Ok(BindOutcome::HasAnother(old.account.id)),
        None => {}
    }
    let others = [
        across_tenants::tenant_of_bound(db, &account.id, tenant)?,
        across_tenants::tenant_of_merchant(db, &account.id)?.filter(|other| other != tenant),
    ];
    if let Some(other) = others.into_iter().flatten().next() {
        return Ok(BindOutcome::OfAnother(other));
    }
    let mode = account.mode.name();
    let (tenant, id, now) = (tenant.as_str(), account.id.as_str(), now.as_microsecond());
    db.execute(BIND, params![tenant, mode, id, now]).at(TABLE)?;
    Ok(BindOutcome::Bound)
}

fn unbind(db: &Database, tenant: &TenantId, mode: Mode) -> Result<UnbindOutcome, StoreError> {
    order::of_bindings(db)?;
    let bound = of_tenant(db, tenant)?.into_iter().find(|old| old.account.mode == mode);
    let Some(BoundAccount { account, .. }) = bound else { return Ok(UnbindOutcome::None) };
    let there = params![tenant.as_str(), account.id.as_str(), mode.name()];
    if db.exists(IS_CONNECTED_THERE, there).at(TABLE)? {
        return Ok(UnbindOutcome::InUse(account.id));
    }
    db.execute(UNBIND, params![tenant.as_str(), mode.name()]).at(TABLE)?;
    Ok(UnbindOutcome::Unbound(account.id))
}

impl Driver {
    async fn bind(&self, binding: &NewBinding) -> Result<BindOutcome, StoreError> {
        let binding = binding.clone();
        self.write(move |db| Ok(kept(bind(db, &binding)?, binding.rehearsed))).await
    }

    async fn unbind(
        &self,
        tenant: &TenantId,
        mode: Mode,
        rehearsed: bool,
    ) -> Result<UnbindOutcome, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db| Ok(kept(unbind(db, &tenant, mode)?, rehearsed))).await
    }

    async fn bindings(&self, tenant: &TenantId) -> Result<Vec<BoundAccount>, StoreError> {
        let tenant = tenant.clone();
        self.read(move |db| of_tenant(db, &tenant)).await
    }
}

fn kept<T>(outcome: T, rehearsed: bool) -> Written<T> {
    if rehearsed { Written::Undo(outcome) } else { Written::Keep(outcome) }
}

/// The same three for the store of the app and for an operator beside it.
macro_rules! bindings_of {
    ($store:ty) => {
        #[async_trait]
        impl Bindings for $store {
            async fn bindings(&self, tenant: &TenantId) -> Result<Vec<BoundAccount>, StoreError> {
                self.driver.bindings(tenant).await
            }

            async fn bind_account(&self, binding: &NewBinding) -> Result<BindOutcome, StoreError> {
                self.driver.bind(binding).await
            }

            async fn unbind_account(
                &self,
                tenant: &TenantId,
                mode: Mode,
                rehearsed: bool,
            ) -> Result<UnbindOutcome, StoreError> {
                self.driver.unbind(tenant, mode, rehearsed).await
            }
        }
    };
}

bindings_of!(DatabaseStore);
bindings_of!(DatabaseOperator);
