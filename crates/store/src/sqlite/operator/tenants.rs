//! Tenants as an operator sees them.

use app::ports::{Page, StoreError, Unfinished};
use app::tenant::Tenant;
use payment::TenantId;

use super::{SqliteOperator, page, probe};
use crate::sqlite::across_tenants::operator as across;
use crate::sqlite::{tenant, unfinished};

impl SqliteOperator {
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
}
