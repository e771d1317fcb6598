//! The webhook endpoints of a tenant at the PSP: one for its payments, and where it is a marketplace
//! another one, with a secret of its own, for the accounts of its merchants.

use payment::{IdempotencyKey, TenantId};

use crate::context::Context;
use crate::ports::{EndpointEvents, EndpointFault, PspError, RegisteredEndpoint};
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
            replaced.extend(known.filter(|known| known.id != made.id));
            credentials.endpoint = Some(made);
        }
        if model == BusinessModel::Marketplace {
            let url = self.site.merchant_webhook_url(credentials.mode(), tenant);
            let known = credentials.merchant_endpoint.clone();
            let wanted = Wanted { url, events: EndpointEvents::Merchants, known: known.clone() };
            if let Some(made) = self.ensure_endpoint(credentials, &registered, wanted).await? {
                replaced.extend(known.filter(|known| known.id != made.id));
                credentials.merchant_endpoint = Some(made);
            }
        }
        replaced.retain(|old| registered.iter().any(|other| other.id == old.id));
        Ok(replaced)
    }

    /// Makes an endpoint, unless the known one stands or can be changed into what is wanted. One of
    /// ours whose secret we do not know was left behind by a crash, or by a configure call that
    /// another one overtook, and is removed (rule R23).
    async fn ensure_endpoint(
        &self,
        credentials: &Credentials,
        registered: &[RegisteredEndpoint],
        wanted: Wanted,
    ) -> Result<Option<WebhookEndpoint>, PspError> {
        let Wanted { url, events, known } = wanted;
        let known = known.as_ref().filter(|endpoint| !endpoint.given_up);
        let found = known.and_then(|endpoint| {
            let there = registered.iter().find(|other| other.id == endpoint.id)?;
            Some((endpoint, there))
        });
        let is_orphan = |other: &&RegisteredEndpoint| {
            other.url == url && found.is_none_or(|(endpoint, _)| endpoint.id != other.id)
        };
        for orphan in registered.iter().filter(is_orphan) {
            self.psp.delete_endpoint(credentials, &orphan.id).await?;
        }
        let key = IdempotencyKey::new(self.entropy.new_id().to_string());
        let Some((endpoint, there)) = found else {
            return self.psp.create_endpoint(credentials, &url, events, &key).await.map(Some);
        };
        let faults = self.psp.endpoint_faults(there, events);
        if faults.iter().any(|fault| matches!(fault, EndpointFault::Version { .. })) {
            return self.psp.create_endpoint(credentials, &url, events, &key).await.map(Some);
        }
        if there.url != url || !faults.is_empty() {
            self.psp.update_endpoint(credentials, &endpoint.id, &url, events, &key).await?;
        }
        Ok((endpoint.url != url).then(|| WebhookEndpoint { url, ..endpoint.clone() }))
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
