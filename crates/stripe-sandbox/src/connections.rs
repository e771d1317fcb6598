//! Which platforms may work in which accounts.

use std::collections::BTreeMap;

/// How a platform came to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// The platform made the account; no other one gets in.
    Made,
    /// The account has keys of its own and let the platform in.
    Granted,
    /// The account was deleted, or sent the platform away.
    Revoked,
}

/// The connections, by account and then by platform.
#[derive(Debug, Default)]
pub(crate) struct Connections(BTreeMap<String, BTreeMap<String, Access>>);

impl Connections {
    /// A platform made an account.
    pub(crate) fn made(&mut self, account: &str, platform: &str) {
        self.set(account, platform, Access::Made);
    }

    /// A platform names an account in `Stripe-Account`; true when it may. An account with keys of its own lets in
    /// every platform that names it, which takes the place of a click on Stripe's consent page.
    pub(crate) fn enter(&mut self, account: &str, platform: &str) -> bool {
        let platforms = self.0.get(account);
        match platforms.and_then(|platforms| platforms.get(platform)) {
            Some(Access::Made | Access::Granted) => true,
            Some(Access::Revoked) => false,
            None if self.is_shut(account) => false,
            None => {
                self.set(account, platform, Access::Granted);
                true
            }
        }
    }

    /// Whether a platform works in an account.
    pub(crate) fn includes(&self, account: &str, platform: &str) -> bool {
        self.platforms_of(account).any(|connected| connected == platform)
    }

    /// Whether the account exists by a platform only, without keys of its own.
    pub(crate) fn is_made(&self, account: &str) -> bool {
        self.0.get(account).is_some_and(|platforms| {
            platforms.values().any(|access| matches!(access, Access::Made))
        })
    }

    /// The platforms that work in an account, and so get its events.
    pub(crate) fn platforms_of(&self, account: &str) -> impl Iterator<Item = &str> {
        self.0
            .get(account)
            .into_iter()
            .flatten()
            .filter(|(_, access)| matches!(access, Access::Made | Access::Granted))
            .map(|(platform, _)| platform.as_str())
    }

    /// The account lets in no platform any more.
    pub(crate) fn revoke(&mut self, account: &str) {
        for access in self.0.get_mut(account).into_iter().flat_map(BTreeMap::values_mut) {
            *access = Access::Revoked;
        }
    }

    /// Whether one platform made the account, or it sent those it had away.
    fn is_shut(&self, account: &str) -> bool {
        self.0.get(account).is_some_and(|platforms| {
            platforms.values().any(|access| matches!(access, Access::Made | Access::Revoked))
        })
    }

    fn set(&mut self, account: &str, platform: &str, access: Access) {
        self.0.entry(account.to_owned()).or_default().insert(platform.to_owned(), access);
    }
}
