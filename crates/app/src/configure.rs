//! Configures a tenant: checks its keys at the PSP, makes its webhook endpoint there, and tells
//! the shop its payment methods.

use payment::{Account, Mode, TenantId};
use protocol::configure::{Configuration, masked};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::checkout::InvalidField;
use crate::context::Context;
use crate::limits::CONFLICTS_MAX;
use crate::ports::{
    CommitOutcome, Expected, PspError, StoreError, TenantChange, TenantCommit, Versioned,
};
use crate::tenant::{BusinessModel, Credentials, Tenant, TenantStatus};
use crate::{merchant_messages, methods, settings};

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
            merchant_endpoint: before.as_ref().and_then(|old| old.merchant_endpoint.clone()),
            webhook_secrets: keys.webhook_secrets,
        };
        let model = settings.business_model;
        let replaced = self.ensure_endpoints(id, model, &mut credentials).await.map_err(failed)?;

        let now = self.entropy.now();
        let mut tenant = Tenant {
            id: id.clone(),
            status: TenantStatus::Connected,
            account,
            settings,
            methods: stored.as_ref().map(|old| old.value.methods.clone()).unwrap_or_default(),
        };
        let mut messages = methods::diff(self, &mut tenant, now);
        let app_config = methods::app_config_updated(self, &tenant);
        let ready = match tenant.settings.business_model {
            BusinessModel::Marketplace => merchant_messages::ready(self, &tenant, app_config.id),
            BusinessModel::Direct => None,
        };
        messages.push(app_config);
        messages.extend(ready);
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
        for endpoint in replaced {
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
