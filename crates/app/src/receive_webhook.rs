//! Takes a webhook of the PSP: proves it, puts it into the inbox, and only then says thanks.

use payment::{Account, Mode, TenantId};
use protocol::configure::masked;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::context::Context;
use crate::ports::{PspEvent, Received, StoreError, WebhookRejected};
use crate::tenant::{Credentials, TenantStatus, WebhookEndpoint};

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
    /// It came to the operator's platform and is about no tenant that the app works for. It is not
    /// refused: the PSP gives up an endpoint that refuses, with all others' events.
    Foreign,
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
            Ok(WebhookTaken::Foreign) => "foreign",
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
        if webhook.tenant.is_none() && self.is_of_platform(webhook, event.mode)? {
            return self.take_of_platform(webhook, event).await;
        }
        let tenant_id = self.tenant_of_webhook(webhook, &event).await?;
        if self.take_by_what_is_known(&tenant_id, webhook, &event).await? {
            return Ok(WebhookTaken::New);
        }
        let addressee =
            self.store.addressee(&tenant_id).await?.ok_or(WebhookError::UnknownTenant)?;
        let secret = self.prove(&addressee.credentials, webhook, event.mode)?;
        count_secret("tenant", webhook.mode, secret);
        if self.is_gone(&tenant_id, addressee.status).await? {
            return Err(WebhookError::Disconnected);
        }
        if event.mode != webhook.mode {
            return Ok(WebhookTaken::OtherMode);
        }
        self.keep_webhook(tenant_id, webhook, event).await
    }

    /// Takes a webhook that is proven by what is known of its tenant from before: the database stores
    /// it only if that is still so. Whatever is not as usual is left to those who ask first.
    async fn take_by_what_is_known(
        &self,
        tenant: &TenantId,
        webhook: IncomingWebhook<'_>,
        event: &PspEvent,
    ) -> Result<bool, StoreError> {
        let Some(known) = self.store.known_addressee(tenant) else { return Ok(false) };
        if known.status != TenantStatus::Connected || event.mode != webhook.mode {
            return Ok(false);
        }
        let Ok(secret) = self.prove(&known.credentials, webhook, event.mode) else {
            return Ok(false);
        };
        let Ok(item) = self.inbox_item(tenant.clone(), event.clone(), webhook.body) else {
            return Ok(false);
        };
        let is_taken = self.store.receive_of_known(item, known.version).await?;
        if is_taken {
            count_secret("tenant", webhook.mode, secret);
        }
        Ok(is_taken)
    }

    /// Until what was under way is done, a disconnected tenant's events are still wanted (rule R23).
    pub(crate) async fn is_gone(
        &self,
        tenant: &TenantId,
        status: TenantStatus,
    ) -> Result<bool, StoreError> {
        match status {
            TenantStatus::Connected => Ok(false),
            TenantStatus::Disconnected => Ok(self.store.unfinished(tenant).await?.is_drained()),
        }
    }

    async fn keep_webhook(
        &self,
        tenant: TenantId,
        webhook: IncomingWebhook<'_>,
        event: PspEvent,
    ) -> Result<WebhookTaken, WebhookError> {
        match self.keep_event(tenant, event, webhook.body).await?? {
            Received::New => Ok(WebhookTaken::New),
            Received::Duplicate => Ok(WebhookTaken::Duplicate),
        }
    }

    /// Whether an endpoint of the operator's platform was sent this: a secret of the path's mode
    /// proves it. What is ignored because of its mode may come with any of them.
    fn is_of_platform(
        &self,
        webhook: IncomingWebhook<'_>,
        event_mode: Mode,
    ) -> Result<bool, WebhookRejected> {
        let ignored = event_mode != webhook.mode;
        let secrets: Vec<Secret<'_>> = [Mode::Test, Mode::Live]
            .into_iter()
            .filter(|mode| ignored || *mode == webhook.mode)
            .filter_map(|mode| self.psp.platform().keys(mode))
            .flat_map(|keys| keys.webhook_secrets.iter().map(Secret::by_hand))
            .collect();
        if secrets.is_empty() {
            return Ok(false);
        }
        match self.verify(webhook, &secrets) {
            Ok(secret) => {
                count_secret("platform", webhook.mode, secret);
                Ok(true)
            }
            // It may be signed with a secret of a tenant.
            Err(WebhookRejected::WrongSignature) => Ok(false),
            Err(rejected) => Err(rejected),
        }
    }

    /// Takes a webhook that the platform's secrets have proven. The account in it is the PSP's
    /// word, and only tenants that have credentials there are meant: whoever works in that account
    /// could write any tenant's name into the metadata (rule R5).
    async fn take_of_platform(
        &self,
        webhook: IncomingWebhook<'_>,
        event: PspEvent,
    ) -> Result<WebhookTaken, WebhookError> {
        if event.mode != webhook.mode {
            return Ok(WebhookTaken::OtherMode);
        }
        let Some(tenant_id) = self.tenant_at_account(&event).await? else {
            return Ok(WebhookTaken::Foreign);
        };
        match self.store.tenant(&tenant_id).await? {
            Some(tenant) if !self.is_gone(&tenant_id, tenant.value.status).await? => {
                self.keep_webhook(tenant_id, webhook, event).await
            }
            Some(_) | None => Ok(WebhookTaken::Foreign),
        }
    }

    /// Of the tenants at the event's account the one whose payment it is about; where there is one
    /// alone, its inbox tells what is foreign.
    async fn tenant_at_account(&self, event: &PspEvent) -> Result<Option<TenantId>, StoreError> {
        let Some(id) = event.account.clone() else { return Ok(None) };
        let account = Account { id, mode: event.mode };
        let there = self.store.tenants_of_account(&account).await?;
        if let [tenant] = there.as_slice() {
            return Ok(Some(tenant.clone()));
        }
        if let Some(named) = &event.subject.tenant {
            return Ok(there.into_iter().find(|tenant| tenant == named));
        }
        let Some(reference) = &event.subject.reference else { return Ok(None) };
        let found = self.store.tenant_of_reference(reference).await?;
        Ok(found.filter(|tenant| there.contains(tenant)))
    }

    /// The tenant whose secrets the webhook has to verify with. Where the address does not name
    /// it, the body may: nothing else of the body is believed before it is proven.
    async fn tenant_of_webhook(
        &self,
        webhook: IncomingWebhook<'_>,
        event: &PspEvent,
    ) -> Result<TenantId, WebhookError> {
        if let Some(tenant) = webhook.tenant {
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
        match (found, self.psp.platform().keys(webhook.mode)) {
            (Some(tenant), _) => Ok(tenant),
            // An endpoint of the platform needs no tenant, but another secret.
            (None, Some(_)) => Err(WebhookRejected::WrongSignature.into()),
            (None, None) => Err(WebhookError::UnknownTenant),
        }
    }

    /// Proves a webhook with the tenant's secrets of the path's mode: whoever may make test events
    /// may not make live ones. One of the other mode is ignored, whichever of the tenant's secrets
    /// it was signed with. Returns the secret's label.
    fn prove(
        &self,
        credentials: &[Credentials],
        webhook: IncomingWebhook<'_>,
        event_mode: Mode,
    ) -> Result<String, WebhookRejected> {
        let ignored = event_mode != webhook.mode;
        let secrets: Vec<Secret<'_>> = credentials
            .iter()
            .filter(|credentials| ignored || credentials.mode() == webhook.mode)
            .flat_map(|credentials| {
                let by_hand = credentials.webhook_secrets.iter().map(Secret::by_hand);
                credentials.endpoints().map(Secret::of_endpoint).chain(by_hand)
            })
            .collect();
        self.verify(webhook, &secrets)
    }

    /// Verifies a webhook. Returns the label of the secret that has served.
    fn verify(
        &self,
        webhook: IncomingWebhook<'_>,
        secrets: &[Secret<'_>],
    ) -> Result<String, WebhookRejected> {
        let now = self.entropy.now();
        let keys: Vec<&SecretString> = secrets.iter().map(|secret| secret.key).collect();
        let position = self.psp.verify_webhook(webhook.signature, webhook.body, &keys, now)?;
        Ok(secrets.get(position).map(Secret::label).unwrap_or_default())
    }
}

/// Counts which secret has served: one that serves no more can go.
fn count_secret(level: &'static str, mode: Mode, label: String) {
    metrics::counter!(
        "paybridge_webhook_secrets_total",
        "level" => level, "mode" => mode.name(), "secret" => label
    )
    .increment(1);
}

/// What a webhook may be signed with.
struct Secret<'a> {
    key: &'a SecretString,
    /// The endpoint's name, where the app registered it.
    endpoint: Option<&'a str>,
}

impl<'a> Secret<'a> {
    fn of_endpoint(endpoint: &'a WebhookEndpoint) -> Self {
        Self { key: &endpoint.secret, endpoint: Some(&endpoint.id) }
    }

    fn by_hand(key: &'a SecretString) -> Self {
        Self { key, endpoint: None }
    }

    /// What an operator knows it by; it opens nothing.
    fn label(&self) -> String {
        match self.endpoint {
            Some(id) => id.to_owned(),
            None => masked(self.key.expose_secret()),
        }
    }
}
