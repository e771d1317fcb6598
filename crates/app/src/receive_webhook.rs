//! Takes a webhook of the PSP: proves it, puts it into the inbox, and only then says thanks.

use payment::{Mode, TenantId};
use secrecy::SecretString;
use thiserror::Error;

use crate::context::Context;
use crate::ports::{InboxItem, InboxKind, PspEvent, Received, StoreError, WebhookRejected};
use crate::tenant::TenantStatus;

/// A webhook as it came in.
#[derive(Clone, Copy, Debug)]
pub struct IncomingWebhook<'a> {
    /// The mode of the path it came to.
    pub mode: Mode,
    /// The tenant that its address names.
    pub tenant: Option<&'a TenantId>,
    /// The signature header.
    pub signature: Option<&'a str>,
    /// The raw body.
    pub body: &'a [u8],
}

/// Why a webhook was not taken.
#[derive(Debug, Error)]
pub enum WebhookError {
    /// It is not proven to come from the PSP, or does not read.
    #[error(transparent)]
    Rejected(#[from] WebhookRejected),
    /// The address names a tenant that was never configured, or none can be found.
    #[error("tenantIdentifier: the tenant is not known; configure it, or remove the endpoint")]
    UnknownTenant,
    /// The tenant is disconnected.
    #[error("Tenant is disconnected.")]
    Disconnected,
    /// It cannot be stored or proven now; the PSP sends it again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookTaken {
    /// It is in the inbox.
    New,
    /// It was there before.
    Duplicate,
    /// It belongs to the other mode than its path and is ignored (conformance case 61).
    OtherMode,
}

impl Context {
    /// Takes a webhook. When this returns, it is durable.
    ///
    /// # Errors
    /// [`WebhookError`]; nothing is stored then.
    pub async fn receive_webhook(
        &self,
        webhook: IncomingWebhook<'_>,
    ) -> Result<WebhookTaken, WebhookError> {
        let taken = self.take_webhook(webhook).await;
        let outcome = match &taken {
            Ok(WebhookTaken::New) => "new",
            Ok(WebhookTaken::Duplicate) => "duplicate",
            Ok(WebhookTaken::OtherMode) => "other_mode",
            Err(_) => "rejected",
        };
        metrics::counter!("paybridge_webhooks_total", "outcome" => outcome).increment(1);
        taken
    }

    async fn take_webhook(
        &self,
        webhook: IncomingWebhook<'_>,
    ) -> Result<WebhookTaken, WebhookError> {
        let event = self.psp.read_event(webhook.body)?;
        let tenant_id = self.tenant_of_webhook(webhook.tenant, &event).await?;
        let tenant = self.store.tenant(&tenant_id).await?.ok_or(WebhookError::UnknownTenant)?.value;
        self.prove(&tenant_id, webhook, event.mode).await?;
        // Until what was under way is done, its events are still wanted (rule R23).
        if tenant.status == TenantStatus::Disconnected
            && self.store.unfinished(&tenant_id).await?.is_drained()
        {
            return Err(WebhookError::Disconnected);
        }
        if event.mode != webhook.mode {
            return Ok(WebhookTaken::OtherMode);
        }
        let item = InboxItem {
            id: payment::CommandId::new(self.entropy.new_id()),
            tenant: tenant_id,
            kind: InboxKind::Event,
            external_id: event.id,
            name: event.kind,
            order_key: event.subject.order.map(|order| order.as_str().to_owned()),
            body: self.psp.storable_event(webhook.body)?,
            attributes: "{}".to_owned(),
            received_at: self.entropy.now(),
        };
        match self.store.receive(item).await? {
            Received::New => Ok(WebhookTaken::New),
            Received::Duplicate => Ok(WebhookTaken::Duplicate),
        }
    }

    /// The tenant whose secrets the webhook has to verify with. Where the address does not name
    /// it, the body may: nothing else of the body is believed before it is proven.
    async fn tenant_of_webhook(
        &self,
        named: Option<&TenantId>,
        event: &PspEvent,
    ) -> Result<TenantId, WebhookError> {
        if let Some(tenant) = named {
            return Ok(tenant.clone());
        }
        if let Some(tenant) = &event.subject.tenant {
            return Ok(tenant.clone());
        }
        let found = match (&event.subject.reference, &event.account) {
            (Some(reference), _) => self.store.tenant_of_reference(reference).await?,
            (None, Some(account)) => self.store.tenant_of_merchant(account).await?,
            (None, None) => None,
        };
        found.ok_or(WebhookError::UnknownTenant)
    }

    /// Proves a webhook with the tenant's secrets of the path's mode: whoever may make test events
    /// may not make live ones. One of the other mode is ignored, whichever of the tenant's secrets
    /// it was signed with.
    async fn prove(
        &self,
        tenant: &TenantId,
        webhook: IncomingWebhook<'_>,
        event_mode: Mode,
    ) -> Result<(), WebhookError> {
        let credentials = self.store.all_credentials(tenant).await?;
        let ignored = event_mode != webhook.mode;
        let secrets: Vec<&SecretString> = credentials
            .iter()
            .filter(|credentials| ignored || credentials.mode() == webhook.mode)
            .flat_map(|credentials| credentials.all_webhook_secrets())
            .collect();
        let now = self.entropy.now();
        Ok(self.psp.verify_webhook(webhook.signature, webhook.body, &secrets, now)?)
    }
}
