//! Configures a tenant: checks its keys at the PSP, makes its webhook endpoint there, and tells
//! the shop its payment methods.

use payment::TenantId;
use protocol::configure::{Configuration, masked};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::checkout::InvalidField;
use crate::context::Context;
use crate::credentials::{Asked, Reached};
use crate::limits::CONFLICTS_MAX;
use crate::ports::{CommitOutcome, Expected, StoreError, TenantChange, TenantCommit, Versioned};
use crate::tenant::{BusinessModel, Credentials, Tenant, TenantStatus};
use crate::{merchant_messages, methods, settings};

/// A tenant's configuration as it is after a configure call, with its secrets masked.
#[derive(Clone, Debug)]
pub struct Configured {
    /// The tenant.
    pub tenant: Tenant,
    /// The key that the payment page is given: the platform's where the tenant has no keys here.
    pub publishable_key: String,
    /// The tenant's own secret key, masked, if it has one here.
    pub secret_key: Option<String>,
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
        let bound = self.store.bound_accounts(id).await?;
        let asked = Asked::read(configuration, known.as_ref(), &bound);
        let merged = settings::merge(
            stored.as_ref().map(|old| &old.value.settings),
            configuration,
            &|kind| self.psp.is_kind(kind),
        );
        let (asked, settings) = match (asked, merged) {
            (Ok(asked), Ok(settings)) => (asked, settings),
            (asked, settings) => {
                let wrong = asked.err().into_iter().chain(settings.err()).flatten().collect();
                return Err(ConfigureError::Invalid(wrong));
            }
        };
        let model = settings.business_model;
        let Reached { credentials, replaced } = match asked {
            Asked::Own(keys) => {
                self.reach_with_own_keys(id, model, configuration, known.as_ref(), keys).await?
            }
            Asked::Platform(account) => {
                self.reach_through_platform(id, model, configuration, account).await?
            }
        };

        let now = self.entropy.now();
        let mut tenant = Tenant {
            id: id.clone(),
            status: TenantStatus::Connected,
            account: credentials.account.clone(),
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
        for (keys, endpoint) in replaced {
            self.remove_endpoint(&keys, &endpoint.id).await;
        }
        Ok(Some(self.configured(tenant, &credentials)))
    }

    fn configured(&self, tenant: Tenant, credentials: &Credentials) -> Configured {
        let show = |secret: &SecretString| masked(secret.expose_secret());
        let publishable_key = self.browser_keys(credentials).map(|keys| keys.publishable);
        Configured {
            tenant,
            // Keys of the platform that went since they were checked are told to whoever pays.
            publishable_key: publishable_key.unwrap_or_default(),
            secret_key: credentials.own_keys().map(|pair| show(&pair.secret)),
            webhook_secrets: credentials.webhook_secrets.iter().map(show).collect(),
        }
    }
}
