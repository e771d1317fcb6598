//! The webhook endpoints of a tenant at the PSP: one for its payments, and where it is a marketplace
//! another one, with a secret of its own, for the accounts of its merchants.

use payment::{IdempotencyKey, TenantId};

use crate::context::Context;
use crate::ports::{EndpointEvents, PspError, RegisteredEndpoint};
use crate::tenant::{BusinessModel, Credentials, WebhookEndpoint};

impl Context {
    /// Makes sure that the PSP sends this tenant's events here, with secrets that we know. Returns
    /// the endpoints that new ones replace.
    ///
    /// # Errors
    /// The PSP's; nothing may be saved then.
    pub(crate) async fn ensure_endpoints(
        &self,
        tenant: &TenantId,
        model: BusinessModel,
        credentials: &mut Credentials,
    ) -> Result<Vec<WebhookEndpoint>, PspError> {
        let registered = self.psp.list_endpoints(credentials).await?;
        let url = self.site.webhook_url(credentials.mode(), tenant);
        let known = credentials.endpoint.clone();
        let wanted = Wanted { url, events: EndpointEvents::Payments, known: known.clone() };
        let payments = self.ensure_endpoint(credentials, &registered, wanted).await?;
        let mut replaced = Vec::new();
        if let Some(made) = payments {
            credentials.endpoint = Some(made);
            replaced.extend(known);
        }
        if model == BusinessModel::Marketplace {
            let url = self.site.merchant_webhook_url(credentials.mode(), tenant);
            let known = credentials.merchant_endpoint.clone();
            let wanted = Wanted { url, events: EndpointEvents::Merchants, known: known.clone() };
            if let Some(made) = self.ensure_endpoint(credentials, &registered, wanted).await? {
                credentials.merchant_endpoint = Some(made);
                replaced.extend(known);
            }
        }
        replaced.retain(|old| registered.iter().any(|other| other.id == old.id));
        Ok(replaced)
    }

    /// Makes an endpoint, unless the known one stands. One of ours whose secret we do not know was
    /// left behind by a crash, or by a configure call that another one overtook, and is removed
    /// (rule R23).
    async fn ensure_endpoint(
        &self,
        credentials: &Credentials,
        registered: &[RegisteredEndpoint],
        wanted: Wanted,
    ) -> Result<Option<WebhookEndpoint>, PspError> {
        let Wanted { url, events, known } = wanted;
        let stands = |endpoint: &WebhookEndpoint| {
            !endpoint.given_up
                && endpoint.url == url
                && registered.iter().any(|other| other.id == endpoint.id)
        };
        let standing = known.as_ref().filter(|endpoint| stands(endpoint));
        let is_orphan = |other: &&RegisteredEndpoint| {
            other.url == url && standing.is_none_or(|endpoint| endpoint.id != other.id)
        };
        for orphan in registered.iter().filter(is_orphan) {
            self.psp.delete_endpoint(credentials, &orphan.id).await?;
        }
        if standing.is_some() {
            return Ok(None);
        }
        let key = IdempotencyKey::new(self.entropy.new_id().to_string());
        self.psp.create_endpoint(credentials, &url, events, &key).await.map(Some)
    }

    /// Removes an endpoint that is no longer needed. It may stay: its deliveries are refused, and
    /// the next configure call finds it.
    pub(crate) async fn remove_endpoint(&self, credentials: &Credentials, id: &str) {
        if let Err(error) = self.psp.delete_endpoint(credentials, id).await {
            tracing::warn!(
                endpoint = id, %error,
                "the webhook endpoint could not be removed; remove it in the provider's dashboard"
            );
        }
    }
}

/// An endpoint as it is to be.
struct Wanted {
    url: String,
    events: EndpointEvents,
    known: Option<WebhookEndpoint>,
}
