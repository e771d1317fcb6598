//! The operator's platform at the PSP: keys of the operator's own, with which the app works in the
//! accounts of tenants that have no keys here. Which account a tenant has there is the operator's
//! word, never the tenant's (rule R5).

use payment::{Account, Mode};
use protocol::configure::Configuration;
use secrecy::{ExposeSecret, SecretString};

use crate::checkout::InvalidField;
use crate::settings;
use crate::tenant::{Access, Credentials, KeyPair};

/// The operator's keys of both modes.
#[derive(Clone, Debug, Default)]
pub struct Platform {
    /// Those for test money.
    pub test: Option<PlatformKeys>,
    /// Those for real money.
    pub live: Option<PlatformKeys>,
}

/// The operator's keys of one mode.
#[derive(Clone, Debug)]
pub struct PlatformKeys {
    /// The pair that calls are made, and pages are opened, with.
    pub pair: KeyPair,
    /// What webhooks of the platform's endpoints are signed with: several at once while one is
    /// replaced.
    pub webhook_secrets: Vec<SecretString>,
}

impl Platform {
    /// The keys of a mode, if there are any.
    pub fn keys(&self, mode: Mode) -> Option<&PlatformKeys> {
        match mode {
            Mode::Test => self.test.as_ref(),
            Mode::Live => self.live.as_ref(),
        }
    }
}

/// Which way a configure call means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The tenant's own keys.
    Own,
    /// The platform's, in this account.
    Platform(Account),
}

/// Which way to the PSP a configure call means. Once found, a way stays: a secret key leads to the
/// tenant's own account, and without one the name of a bound account leads back.
pub(crate) fn way(
    new: &Configuration,
    known: Option<&Credentials>,
    bound: &[Account],
) -> Result<Way, Vec<InvalidField>> {
    if new.secret_key.as_ref().is_some_and(|key| !key.expose_secret().is_empty()) {
        return Ok(Way::Own);
    }
    let names = |account: &Account| new.account_id.as_deref() == Some(account.id.as_str());
    let is_named = bound.iter().any(names);
    match known.map(|known| &known.access) {
        Some(Access::Platform) => {}
        Some(Access::Own(_)) if is_named => {}
        Some(Access::Own(_)) => return Ok(Way::Own),
        None if !bound.is_empty() => {}
        None if new.account_id.is_some() => return Err(vec![unbound()]),
        None => return Ok(Way::Own),
    }
    let mut wrong = Vec::new();
    let asked = settings::environment(new, &mut wrong);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let before = known.filter(|known| known.access.is_platform()).map(Credentials::mode);
    let mode =
        asked.or(before).or_else(|| only_mode(bound, names)).or_else(|| only_mode(bound, |_| true));
    let Some(mode) = mode else {
        let problem = "is missing; send test or live";
        return Err(vec![InvalidField::new("environment", problem)]);
    };
    let Some(account) = bound.iter().find(|account| account.mode == mode) else {
        let problem = format!(
            "is {0}, and the operator has bound no account of {0} mode to this tenant; ask for \
             that, or send secretKey and publishableKey",
            mode.name()
        );
        return Err(vec![InvalidField::new("environment", problem)]);
    };
    if new.account_id.is_some() && !names(account) {
        return Err(vec![unbound()]);
    }
    Ok(Way::Platform(account.clone()))
}

/// The mode of the accounts that are meant, if it is one.
fn only_mode(bound: &[Account], meant: impl Fn(&Account) -> bool) -> Option<Mode> {
    let mut modes = bound.iter().filter(|account| meant(account)).map(|account| account.mode);
    let first = modes.next()?;
    modes.all(|mode| mode == first).then_some(first)
}

/// The same words whether nobody has the account or another tenant does.
fn unbound() -> InvalidField {
    let problem = "is not an account that the operator has bound to this tenant; ask for that, or \
                   send secretKey and publishableKey of your own";
    InvalidField::new("accountId", problem)
}

/// A publishable key that comes without its secret key: a form may send back the platform's.
pub(crate) fn check_publishable(
    new: &Configuration,
    platform: &PlatformKeys,
) -> Result<(), Vec<InvalidField>> {
    match new.publishable_key.as_deref() {
        None | Some("") => Ok(()),
        Some(key) if key == platform.pair.publishable => Ok(()),
        Some(_) => {
            let problem = "came without its secretKey; send both, or neither to be paid through \
                           the operator's platform";
            Err(vec![InvalidField::new("publishableKey", problem)])
        }
    }
}
