//! What the keys about who may call mean together.

use std::net::SocketAddr;
use std::time::Duration;

use signin::IdentityProviderOptions;
use url::{Host, Url};

use super::keys::{self, Key};
use super::{Problem, Reader, parse};

/// Who may call.
#[derive(Debug)]
pub enum Auth {
    /// Whoever shows a token: the operator's, a tenant's, one that a tenant signed for a customer, or
    /// one that the identity provider signed.
    Token {
        /// Who signs tokens, besides tenants for their customers.
        provider: Option<Box<IdentityProviderSettings>>,
        /// How far the clocks of whoever signs may differ from this machine's.
        clock_skew: Duration,
    },
    /// Whoever reaches the app, which answers on loopback.
    Nobody,
}

/// An identity provider.
#[derive(Clone, Debug)]
pub struct IdentityProviderSettings {
    /// What is expected of its tokens.
    pub options: IdentityProviderOptions,
    /// Where its keys are.
    pub jwks_url: Url,
}

impl Reader<'_> {
    /// `None` comes with a problem.
    pub(super) fn auth(&mut self, listen: Option<SocketAddr>) -> Option<Auth> {
        let asks = self.read(&keys::AUTH_MODE, parse::asks_for_token);
        let clock_skew = self.number(&keys::AUTH_CLOCK_SKEW_SECONDS).map(Duration::from_secs);
        let provider = self.identity_provider(clock_skew);
        if asks? {
            return Some(Auth::Token { provider: provider?, clock_skew: clock_skew? });
        }
        let is_public = listen.is_some_and(|address| !address.ip().is_loopback());
        let is_published = self
            .settings
            .get(&keys::PUBLIC_URL)
            .and_then(|setting| Url::parse(&setting.value).ok())
            .is_some_and(|url| !is_loopback(&url));
        if is_public || is_published {
            let reason = "\"none\" works on loopback alone, for both `listen` and `public_url`: \
                          others must not move a shop's money"
                .to_owned();
            self.refuse(&keys::AUTH_MODE, reason);
            return None;
        }
        Some(Auth::Nobody)
    }

    fn identity_provider(
        &mut self,
        clock_skew: Option<Duration>,
    ) -> Option<Option<Box<IdentityProviderSettings>>> {
        let issuer = self.read(&keys::AUTH_ISSUER, parse::text);
        let jwks_url = self.read(&keys::AUTH_JWKS_URL, parse::url);
        let customer_audience = self.read(&keys::AUTH_CUSTOMER_AUDIENCE, parse::text);
        let audience = self.read(&keys::AUTH_AUDIENCE, parse::text);
        let tenant_claim = self.read(&keys::AUTH_TENANT_CLAIM, parse::text);
        let (issuer, jwks_url) = match (issuer, jwks_url) {
            (None, None) => return Some(None),
            (Some(issuer), Some(jwks_url)) => (issuer, jwks_url),
            (Some(_), None) => return self.misses(&keys::AUTH_JWKS_URL, &keys::AUTH_ISSUER),
            (None, Some(_)) => return self.misses(&keys::AUTH_ISSUER, &keys::AUTH_JWKS_URL),
        };
        let options = IdentityProviderOptions {
            issuer,
            audience: audience?,
            customer_audience,
            tenant_claim: tenant_claim?,
            clock_skew: clock_skew?,
        };
        Some(Some(Box::new(IdentityProviderSettings { options, jwks_url })))
    }

    pub(super) fn misses<T>(&mut self, missing: &Key, because: &Key) -> Option<T> {
        // One that is set and wrong has been told already.
        if self.settings.get(missing).is_none() {
            let advice = format!("`{}` is set, and is of no use without it", because.name);
            self.problems.push(Problem::Missing { name: missing.name, advice });
        }
        None
    }
}

/// Whether only this machine reaches it.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
