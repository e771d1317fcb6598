//! Tenants as an operator sees them.

use std::sync::Arc;

use app::ports::{Page, StoreError, Unfinished};
use app::tenant::{Credentials, Tenant};
use payment::{Account, MerchantReference, PspAccountId, TenantId};

use super::{DatabaseOperator, page, probe};
use crate::Keyring;
use crate::sql::across_tenants::operator as across;
use crate::sql::{merchant, tenant, unfinished};

impl DatabaseOperator {
    /// Tenants by their identifiers.
    ///
    /// # Errors
    /// [`StoreError`]; so for all methods here.
    pub async fn list_tenants(&self, limit: u32) -> Result<Page<Tenant>, StoreError> {
        self.driver
            .read(move |db| {
                let keys = across::tenants(db, probe(limit))?;
                page(keys, limit, |id, _| Ok(tenant::tenant(db, id)?.map(|found| found.value)))
            })
            .await
    }

    /// A tenant with what it has not finished, if it was ever configured.
    pub async fn tenant(&self, id: &TenantId) -> Result<Option<(Tenant, Unfinished)>, StoreError> {
        let id = id.clone();
        self.driver
            .read(move |db| {
                let Some(found) = tenant::tenant(db, &id)? else { return Ok(None) };
                Ok(Some((found.value, unfinished::unfinished(db, &id)?)))
            })
            .await
    }

    /// The credentials of a tenant at one account, opened with this ring.
    pub async fn credentials(
        &self,
        keyring: Arc<Keyring>,
        tenant: &TenantId,
        account: &Account,
    ) -> Result<Option<Credentials>, StoreError> {
        let (tenant, account) = (tenant.clone(), account.clone());
        self.driver.read(move |db| tenant::credentials(db, &keyring, &tenant, &account)).await
    }

    /// Merchants of a tenant below this account that have an account of their own.
    pub async fn merchant_accounts(
        &self,
        tenant: &TenantId,
        platform: &Account,
        limit: u32,
    ) -> Result<Page<(MerchantReference, PspAccountId)>, StoreError> {
        let (tenant, platform) = (tenant.clone(), platform.clone());
        self.driver
            .read(move |db| {
                let mut rows = merchant::accounts(db, &tenant, &platform, probe(limit))?;
                let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                let more = rows.len() > limit;
                rows.truncate(limit);
                Ok(Page { rows, more })
            })
            .await
    }
}
