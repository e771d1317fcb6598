//! Configures a tenant: checks its keys at the PSP, makes its webhook endpoint there, and tells
//! the shop its payment methods.

use payment::{Account, IdempotencyKey, Mode, TenantId};
use protocol::configure::{Configuration, masked};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::checkout::InvalidField;
use crate::context::Context;
use crate::limits::CONFLICTS_MAX;
use crate::methods;
use crate::ports::{
    CommitOutcome, Expected, PspError, RegisteredEndpoint, StoreError, TenantChange, TenantCommit,
    Versioned,
};
use crate::settings;
use crate::tenant::{Credentials, Tenant, TenantStatus, WebhookEndpoint};

/// A tenant's configuration as it is after a configure call, with its secrets masked.
#[derive(Clone, Debug)]
pub struct Configured {
    /// The tenant.
    pub tenant: Tenant,
    /// The key that the payment page is given.
    pub publishable_key: String,
    /// The secret key, masked.
    pub secret_key: String,
    /// The secrets of endpoints made by hand, masked.
    pub webhook_secrets: Vec<String>,
}

/// Why a tenant could not be configured. Nothing is saved then.
#[derive(Debug, Error)]
pub enum ConfigureError {
    /// Fields are missing or wrong, every one of them named (case 69).
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<InvalidField>),
    /// The PSP could not be asked, or would not make the webhook endpoint (case 70).
    #[error("Tenant action failed: {0}; nothing was saved")]
    Failed(String),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Context {
    /// Merges `configuration` into what is stored (new values win, old ones stay) and connects
    /// the tenant.
    ///
    /// # Errors
    /// [`ConfigureError`].
    pub async fn configure(
        &self,
        tenant: &TenantId,
        configuration: &Configuration,
    ) -> Result<Configured, ConfigureError> {
        for _ in 0..CONFLICTS_MAX {
            let stored = self.store.tenant(tenant).await?;
            if let Some(configured) = self.try_configure(tenant, stored, configuration).await? {
                return Ok(configured);
            }
        }
        Err(ConfigureError::Failed("the tenant is being configured by others".into()))
    }

    async fn try_configure(
        &self,
        id: &TenantId,
        stored: Option<Versioned<Tenant>>,
        configuration: &Configuration,
    ) -> Result<Option<Configured>, ConfigureError> {
        let known = self.known_credentials(stored.as_ref()).await?;
        let keys = settings::keys(configuration, known.as_ref());
        let merged = settings::merge(
            stored.as_ref().map(|old| &old.value.settings),
            configuration,
            &|kind| self.psp.is_kind(kind),
        );
        let (keys, settings) = match (keys, merged) {
            (Ok(keys), Ok(settings)) => (keys, settings),
            (keys, settings) => {
                let wrong = keys.err().into_iter().chain(settings.err()).flatten().collect();
                return Err(ConfigureError::Invalid(wrong));
            }
        };
        let account = self.check_keys(&keys.secret, keys.mode, configuration).await?;
        let before = self.readable_credentials(id, &account).await?;
        let keys = match &known {
            Some(last) if last.account != account => {
                settings::keys_of_another_account(configuration, keys, last, before.as_ref())
                    .map_err(ConfigureError::Invalid)?
            }
            Some(_) | None => keys,
        };
        let mut credentials = Credentials {
            account: account.clone(),
            secret_key: keys.secret,
            publishable_key: keys.publishable,
            endpoint: before.as_ref().and_then(|old| old.endpoint.clone()),
            webhook_secrets: keys.webhook_secrets,
        };
        let old_endpoint = self.ensure_endpoint(id, &mut credentials).await?;

        let now = self.entropy.now();
        let mut tenant = Tenant {
            id: id.clone(),
            status: TenantStatus::Connected,
            account,
            settings,
            methods: stored.as_ref().map(|old| old.value.methods.clone()).unwrap_or_default(),
        };
        let mut messages = methods::diff(self, &mut tenant, now);
        messages.push(methods::app_config_updated(self, &tenant));
        let commit = TenantCommit {
            tenant: tenant.clone(),
            expected: stored.map_or(Expected::Absent, |old| Expected::Version(old.version)),
            now,
            change: TenantChange::Credentials(Box::new(credentials.clone())),
            messages,
        };
        match self.store.commit_tenant(commit).await? {
            CommitOutcome::Committed | CommitOutcome::Duplicate => {}
            CommitOutcome::Conflict => return Ok(None),
        }
        if let Some(endpoint) = old_endpoint {
            self.remove_endpoint(&credentials, &endpoint.id).await;
        }
        Ok(Some(configured(tenant, &credentials)))
    }

    async fn known_credentials(
        &self,
        stored: Option<&Versioned<Tenant>>,
    ) -> Result<Option<Credentials>, ConfigureError> {
        match stored {
            Some(old) => self.readable_credentials(&old.value.id, &old.value.account).await,
            None => Ok(None),
        }
    }

    /// The stored credentials of an account. Those that no key opens any more are as good as none:
    /// configuring again, with all keys, is how a tenant gets over a lost encryption key.
    async fn readable_credentials(
        &self,
        tenant: &TenantId,
        account: &Account,
    ) -> Result<Option<Credentials>, ConfigureError> {
        match self.store.credentials(tenant, account).await {
            Err(StoreError::Sealed { what, key_id }) => {
                tracing::warn!(%tenant, what, key_id, "not readable; configured anew");
                Ok(None)
            }
            found => Ok(found?),
        }
    }

    async fn check_keys(
        &self,
        secret: &SecretString,
        mode: Mode,
        configuration: &Configuration,
    ) -> Result<Account, ConfigureError> {
        let account = match self.psp.check_keys(secret, mode).await {
            Ok(account) => account,
            Err(PspError::Refused(refusal)) => {
                let problem =
                    format!("the payment provider does not accept it: {}", refusal.message);
                return Err(ConfigureError::Invalid(vec![InvalidField::new("secretKey", problem)]));
            }
            Err(error) => return Err(ConfigureError::Failed(error.to_string())),
        };
        match &configuration.account_id {
            Some(wanted) if wanted != account.id.as_str() => {
                let problem = format!("is not the account of secretKey, which is {}", account.id);
                Err(ConfigureError::Invalid(vec![InvalidField::new("accountId", problem)]))
            }
            Some(_) | None => Ok(account),
        }
    }

    /// Makes sure that the PSP sends this tenant's events here, with a secret that we know. An
    /// endpoint of ours whose secret we do not know was left behind by a crash, or by a configure
    /// call that another one overtook, and is removed (rule R23). Returns the endpoint that this
    /// one replaces.
    async fn ensure_endpoint(
        &self,
        tenant: &TenantId,
        credentials: &mut Credentials,
    ) -> Result<Option<WebhookEndpoint>, ConfigureError> {
        let url = self.site.webhook_url(credentials.mode(), tenant);
        let registered = self.psp.list_endpoints(credentials).await.map_err(failed)?;
        let known = credentials.endpoint.clone();
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
            self.psp.delete_endpoint(credentials, &orphan.id).await.map_err(failed)?;
        }
        if standing.is_some() {
            return Ok(None);
        }
        let key = IdempotencyKey::new(self.entropy.new_id().to_string());
        let made = self.psp.create_endpoint(credentials, &url, &key).await.map_err(failed)?;
        credentials.endpoint = Some(made);
        Ok(known.filter(|old| registered.iter().any(|other| other.id == old.id)))
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

fn failed(error: PspError) -> ConfigureError {
    ConfigureError::Failed(format!("the webhook endpoint could not be made: {error}"))
}

fn configured(tenant: Tenant, credentials: &Credentials) -> Configured {
    let show = |secret: &SecretString| masked(secret.expose_secret());
    Configured {
        tenant,
        publishable_key: credentials.publishable_key.clone(),
        secret_key: show(&credentials.secret_key),
        webhook_secrets: credentials.webhook_secrets.iter().map(show).collect(),
    }
}
