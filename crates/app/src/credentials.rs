//! How the app gets into a tenant's account at the PSP: with the keys that a configure call brings,
//! or through the operator's platform.

use payment::{Account, Mode, PspAccountId, TenantId};
use protocol::configure::Configuration;
use secrecy::SecretString;

use crate::checkout::InvalidField;
use crate::configure::ConfigureError;
use crate::context::Context;
use crate::platform::{self, Way};
use crate::ports::{PspError, StoreError, Versioned};
use crate::problem::Problem;
use crate::settings::{self, Keys};
use crate::tenant::{Access, BusinessModel, Credentials, KeyPair, Tenant, WebhookEndpoint};

/// What a configure call wants to be reached with.
pub(crate) enum Asked {
    /// The tenant's own keys.
    Own(Keys),
    /// The operator's platform, in this account.
    Platform(Account),
}

/// Credentials that work, and what they leave behind.
pub(crate) struct Reached {
    pub credentials: Credentials,
    /// Endpoints that are not needed any more, each with what removes it.
    pub replaced: Vec<(Credentials, WebhookEndpoint)>,
}

/// What a front end is given to speak to the PSP.
pub(crate) struct BrowserKeys {
    pub publishable: String,
    /// The account, where the key is the platform's.
    pub account: Option<PspAccountId>,
}

impl Asked {
    pub fn read(
        new: &Configuration,
        known: Option<&Credentials>,
        bound: &[Account],
    ) -> Result<Self, Vec<InvalidField>> {
        match platform::way(new, known, bound)? {
            Way::Own => settings::keys(new, known).map(Self::Own),
            Way::Platform(account) => Ok(Self::Platform(account)),
        }
    }
}

impl Context {
    /// The credentials of the tenant's current account.
    pub(crate) async fn known_credentials(
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

    /// Checks the tenant's own keys and makes its webhook endpoints.
    pub(crate) async fn reach_with_own_keys(
        &self,
        tenant: &TenantId,
        model: BusinessModel,
        configuration: &Configuration,
        known: Option<&Credentials>,
        keys: Keys,
    ) -> Result<Reached, ConfigureError> {
        let account = self.check_keys(&keys.secret, keys.mode, configuration).await?;
        let before = self.readable_credentials(tenant, &account).await?;
        let keys = match known {
            Some(last) if last.account != account => {
                settings::keys_of_another_account(configuration, keys, last, before.as_ref())
                    .map_err(ConfigureError::Invalid)?
            }
            Some(_) | None => keys,
        };
        let pair = KeyPair { secret: keys.secret, publishable: keys.publishable };
        let mut credentials =
            self.credentials(account, Access::Own(pair), before.as_ref(), keys.webhook_secrets);
        let replaced =
            self.ensure_endpoints(tenant, model, &mut credentials).await.map_err(failed)?;
        let replaced = replaced.into_iter().map(|old| (credentials.clone(), old)).collect();
        Ok(Reached { credentials, replaced })
    }

    /// Checks that the operator's platform works in the account. Its events come to the endpoints
    /// of the platform, so none is made for the tenant.
    pub(crate) async fn reach_through_platform(
        &self,
        tenant: &TenantId,
        model: BusinessModel,
        configuration: &Configuration,
        account: Account,
    ) -> Result<Reached, ConfigureError> {
        let invalid = |field: &str, problem: String| {
            ConfigureError::Invalid(vec![InvalidField::new(field, problem)])
        };
        if model == BusinessModel::Marketplace {
            let problem = "marketplace pays merchants out of an account of the tenant's own; send \
                           secretKey and publishableKey of that, or direct";
            return Err(invalid("businessModel", problem.to_owned()));
        }
        let Some(keys) = self.psp.platform().keys(account.mode) else {
            let mode = account.mode.name();
            let problem = format!("is {mode}, and the operator has set no platform keys for that");
            return Err(invalid("environment", problem));
        };
        platform::check_publishable(configuration, keys).map_err(ConfigureError::Invalid)?;
        match self.psp.check_platform(&account).await {
            Ok(()) => {}
            Err(PspError::Refused(refusal)) => {
                let problem = format!(
                    "cannot be worked in through the operator's platform: {}",
                    refusal.message
                );
                return Err(invalid("accountId", problem));
            }
            Err(error) => return Err(ConfigureError::Failed(error.to_string())),
        }
        let before = self.readable_credentials(tenant, &account).await?;
        let mut wrong = Vec::new();
        let secrets = settings::webhook_secrets(configuration, before.as_ref(), &mut wrong);
        if !wrong.is_empty() {
            return Err(ConfigureError::Invalid(wrong));
        }
        let mut credentials = self.credentials(account, Access::Platform, before.as_ref(), secrets);
        let ours = [credentials.endpoint.take(), credentials.merchant_endpoint.take()];
        let replaced = match before {
            Some(before) => ours.into_iter().flatten().map(|old| (before.clone(), old)).collect(),
            None => Vec::new(),
        };
        Ok(Reached { credentials, replaced })
    }

    fn credentials(
        &self,
        account: Account,
        access: Access,
        before: Option<&Credentials>,
        webhook_secrets: Vec<SecretString>,
    ) -> Credentials {
        let as_before = before.filter(|before| before.access.is_platform() == access.is_platform());
        Credentials {
            account,
            access_since: as_before.map_or_else(|| self.entropy.now(), |old| old.access_since),
            access,
            endpoint: before.and_then(|old| old.endpoint.clone()),
            merchant_endpoint: before.and_then(|old| old.merchant_endpoint.clone()),
            webhook_secrets,
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

    /// What a front end is given for payments of this account.
    ///
    /// # Errors
    /// The operator took the platform's keys away.
    pub(crate) fn browser_keys(&self, credentials: &Credentials) -> Result<BrowserKeys, Problem> {
        let account = &credentials.account;
        match &credentials.access {
            Access::Own(pair) => {
                Ok(BrowserKeys { publishable: pair.publishable.clone(), account: None })
            }
            Access::Platform => {
                let keys = self.psp.platform().keys(account.mode).ok_or_else(|| {
                    Problem::Broken(format!(
                        "the operator has set no platform keys for {} mode",
                        account.mode.name()
                    ))
                })?;
                let publishable = keys.pair.publishable.clone();
                Ok(BrowserKeys { publishable, account: Some(account.id.clone()) })
            }
        }
    }
}

fn failed(error: PspError) -> ConfigureError {
    ConfigureError::Failed(format!("the webhook endpoint could not be made: {error}"))
}
