//! Notices that the app's public address was changed, and lets the webhook endpoints follow it.
//!
//! The address that is stored with an endpoint is the journal: it is written after the provider has
//! changed the endpoint, and until then the change is made again, which changes nothing more.

use payment::{Account, TenantId};

use crate::context::Context;
use crate::limits::TENANTS_PAGE;
use crate::methods;
use crate::ports::{CommitOutcome, Expected, StoreError, TenantChange, TenantCommit, Versioned};
use crate::tenant::{BusinessModel, Credentials, Tenant, TenantStatus};

/// What is left to do about the endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moving {
    /// Nothing.
    Done,
    /// The provider could not be asked, or somebody else was faster: to be tried again.
    Later,
}

impl Context {
    /// Points every webhook endpoint of ours to the public address, where it points to another one,
    /// and tells the shops that are connected the new addresses of their payment methods.
    ///
    /// An endpoint never moves from https to anything else: that is a start without its
    /// `public_url`, and Stripe's events would be lost.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn move_endpoints(&self) -> Result<Moving, StoreError> {
        let mut moving = Moving::Done;
        let mut last: Option<TenantId> = None;
        loop {
            let page = self.store.tenants(last.as_ref(), TENANTS_PAGE).await?;
            for tenant in &page {
                if self.move_endpoints_of(tenant).await? == Moving::Later {
                    moving = Moving::Later;
                }
            }
            match page.last() {
                Some(tenant) => last = Some(tenant.clone()),
                None => return Ok(moving),
            }
        }
    }

    async fn move_endpoints_of(&self, id: &TenantId) -> Result<Moving, StoreError> {
        let all = match self.store.all_credentials(id).await {
            // An operator has to bring the key back, and restarts for that.
            Err(StoreError::Sealed { .. }) => return Ok(Moving::Done),
            found => found?,
        };
        let mut moving = Moving::Done;
        for account in all.iter().map(|credentials| &credentials.account) {
            if self.move_endpoints_at(id, account).await? == Moving::Later {
                moving = Moving::Later;
            }
        }
        Ok(moving)
    }

    /// The tenant is read before its credentials: whoever changes either meanwhile is a conflict.
    async fn move_endpoints_at(
        &self,
        id: &TenantId,
        account: &Account,
    ) -> Result<Moving, StoreError> {
        let Some(stored) = self.store.tenant(id).await? else { return Ok(Moving::Done) };
        let Some(mut credentials) = self.store.credentials(id, account).await? else {
            return Ok(Moving::Done);
        };
        let public_url = &self.site.public_url;
        let Some(from) = self.stale_url(id, &credentials) else { return Ok(Moving::Done) };
        if is_downgrade(&from, public_url) {
            tracing::error!(
                tenant = %id, from, public_url,
                "the webhook endpoint is not moved to an address that is not https. Next: set \
                 `public_url` to where Stripe reaches the app, and restart"
            );
            return Ok(Moving::Done);
        }
        let model = match credentials.merchant_endpoint {
            Some(_) => BusinessModel::Marketplace,
            None => BusinessModel::Direct,
        };
        let replaced = match self.ensure_endpoints(id, model, &mut credentials).await {
            Ok(replaced) => replaced,
            Err(error) => {
                tracing::warn!(
                    tenant = %id, %error, from, public_url,
                    "the webhook endpoint could not be moved to the new `public_url`; it is tried \
                     again, and until then Stripe's events go to the old address"
                );
                return Ok(Moving::Later);
            }
        };
        match self.store.commit_tenant(self.moved(stored, &credentials)).await? {
            CommitOutcome::Committed | CommitOutcome::Duplicate => {}
            CommitOutcome::Conflict => return Ok(Moving::Later),
        }
        tracing::info!(
            tenant = %id, from, public_url,
            "the webhook endpoint was moved to the new `public_url`"
        );
        for endpoint in &replaced {
            self.remove_endpoint(&credentials, &endpoint.id).await;
        }
        Ok(Moving::Done)
    }

    /// The address of an endpoint in use that is not where it should be.
    fn stale_url(&self, id: &TenantId, credentials: &Credentials) -> Option<String> {
        let mode = credentials.mode();
        let payments = credentials.endpoint.iter().zip([self.site.webhook_url(mode, id)]);
        let merchants =
            credentials.merchant_endpoint.iter().zip([self.site.merchant_webhook_url(mode, id)]);
        payments
            .chain(merchants)
            .find(|(endpoint, wanted)| !endpoint.given_up && endpoint.url != *wanted)
            .map(|(endpoint, _)| endpoint.url.clone())
    }

    fn moved(&self, stored: Versioned<Tenant>, credentials: &Credentials) -> TenantCommit {
        let now = self.entropy.now();
        let mut tenant = stored.value;
        let messages = match tenant.status {
            TenantStatus::Connected => methods::diff(self, &mut tenant, now),
            TenantStatus::Disconnected => Vec::new(),
        };
        TenantCommit {
            tenant,
            expected: Expected::Version(stored.version),
            now,
            change: TenantChange::Credentials(Box::new(credentials.clone())),
            messages,
        }
    }
}

fn is_downgrade(from: &str, to: &str) -> bool {
    from.starts_with("https:") && !to.starts_with("https:")
}
