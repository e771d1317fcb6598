//! A merchant comes back from the onboarding, with nothing but an address that nobody else knows.
//! Where it goes from here was stored when the onboarding began.

use payment::{MerchantStatus, TenantId};
use thiserror::Error;

use crate::context::Context;
use crate::merchant::{Merchant, Visit};
use crate::onboarding::VISIT_LIFE;
use crate::ports::{StoreError, Versioned};
use crate::tenant::TenantStatus;

/// Why a merchant could not be sent on.
#[derive(Debug, Error)]
pub enum ReturnError {
    /// The address is not one of ours.
    #[error("This address is not known. Go back to the merchant portal and begin again.")]
    Unknown,
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Context {
    /// A merchant comes back from the onboarding, which does not mean that it is done: the PSP is
    /// asked. Returns where the merchant goes on.
    ///
    /// # Errors
    /// [`ReturnError`].
    pub async fn onboarding_returns(
        &self,
        tenant: &TenantId,
        token: &str,
    ) -> Result<String, ReturnError> {
        let stored = self.merchant_of_token(tenant, token).await?;
        let visit = stored.value.visit.clone();
        let known = stored.value.status;
        let status = match self.sync_merchant(stored, None).await {
            Ok(merchant) => merchant.status,
            // The webhook tells; the merchant is not kept waiting.
            Err(problem) => {
                tracing::warn!(%tenant, %problem, "a merchant came back and the provider was not asked");
                known
            }
        };
        Ok(match status {
            Some(MerchantStatus::Incomplete) => first_of(visit.cancel, visit.success),
            Some(MerchantStatus::Rejected) => first_of(visit.error, visit.success),
            Some(
                MerchantStatus::Pending
                | MerchantStatus::Enabled
                | MerchantStatus::Completed
                | MerchantStatus::Restricted
                | MerchantStatus::RestrictedSoon,
            )
            | None => visit.success,
        })
    }

    /// A merchant comes back with a link that is used up or too old, and gets a new one. Returns
    /// where the merchant goes on.
    ///
    /// # Errors
    /// [`ReturnError`].
    pub async fn onboarding_refreshes(
        &self,
        tenant: &TenantId,
        token: &str,
    ) -> Result<String, ReturnError> {
        let merchant = self.merchant_of_token(tenant, token).await?.value;
        let Visit { at, refresh, error, success, .. } = merchant.visit.clone();
        if self.entropy.now().duration_since(at) > VISIT_LIFE {
            return Ok(first_of(refresh, success));
        }
        match self.fresh_link(tenant, &merchant).await {
            Ok(Some(url)) => Ok(url),
            Ok(None) => Ok(first_of(error, success)),
            Err(problem) => {
                tracing::warn!(%tenant, problem, "a merchant did not get a new link");
                Ok(first_of(error, success))
            }
        }
    }

    async fn fresh_link(
        &self,
        tenant: &TenantId,
        merchant: &Merchant,
    ) -> Result<Option<String>, String> {
        let said = |error: StoreError| error.to_string();
        let known = self.store.tenant(tenant).await.map_err(said)?;
        if known.is_none_or(|tenant| tenant.value.status == TenantStatus::Disconnected) {
            return Ok(None);
        }
        let found = self.store.credentials(tenant, &merchant.platform).await.map_err(said)?;
        let Some(credentials) = found else { return Ok(None) };
        let link = self.onboarding_address(&credentials, merchant).await;
        link.map(Some).map_err(|error| error.to_string())
    }

    async fn merchant_of_token(
        &self,
        tenant: &TenantId,
        token: &str,
    ) -> Result<Versioned<Merchant>, ReturnError> {
        self.store.merchant_by_token(tenant, token).await?.ok_or(ReturnError::Unknown)
    }
}

fn first_of(wanted: Option<String>, otherwise: String) -> String {
    wanted.unwrap_or(otherwise)
}
