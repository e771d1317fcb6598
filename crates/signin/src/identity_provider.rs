//! Signed tokens (RFC 7519) of the one identity provider that the operator trusts.

use std::time::Duration;

use app::ports::{Caller, SignInError};
use jiff::Timestamp;
use payment::TenantId;
use serde_json::Value;

use crate::key_source::KeySource;
use crate::keys::{Keys, NoKey};
use crate::signed::{ACCEPTED, Claims, SignedToken, TENANT_MAX, check_time, invalid, is_for};
use crate::verifier;

/// What is expected of a token.
#[derive(Clone, Debug)]
pub struct IdentityProviderOptions {
    /// Who signs: the claim `iss`, to the letter.
    pub issuer: String,
    /// Whom tokens of shops are for: in the claim `aud`.
    pub audience: String,
    /// Whom tokens of shops' customers are for. Without it no browser calls.
    pub customer_audience: Option<String>,
    /// Which claim names the tenant.
    pub tenant_claim: String,
    /// How far the clocks may differ.
    pub clock_skew: Duration,
}

/// Verifies the tokens of one issuer.
pub struct IdentityProvider {
    options: IdentityProviderOptions,
    keys: Keys,
}

impl IdentityProvider {
    /// An identity provider whose keys come from `source`. Nothing is fetched yet.
    pub fn new(options: IdentityProviderOptions, source: Box<dyn KeySource>) -> Self {
        verifier::install();
        Self { options, keys: Keys::new(source) }
    }

    /// Whether a token says that this one signed it.
    pub(crate) fn is_claimed_by(&self, token: &SignedToken<'_>) -> bool {
        token.claimed_issuer() == Some(&self.options.issuer)
    }

    /// The caller that a token names.
    ///
    /// # Errors
    /// [`SignInError::Invalid`], or [`SignInError::Unavailable`] while the keys cannot be had.
    pub(crate) async fn caller(
        &self,
        token: &SignedToken<'_>,
        now: Timestamp,
    ) -> Result<Caller, SignInError> {
        let claims = self.verified(token).await?;
        check_time(&claims, self.options.clock_skew, now)?;
        let is_customer = self.is_customer(&claims)?;
        let tenant = self.tenant(&claims)?;
        Ok(if is_customer { Caller::Customer(tenant) } else { Caller::Tenant(tenant) })
    }

    /// The claims of a token whose signature is right. Nothing is believed before.
    async fn verified(&self, token: &SignedToken<'_>) -> Result<Claims, SignInError> {
        let id = token.header.kid.as_deref().unwrap_or_default();
        let key = self.keys.key(id).await.map_err(no_key)?;
        if token.header.alg != key.algorithm {
            return Err(invalid(format!(
                "the token is signed with another algorithm than its key is for; {ACCEPTED} are \
                 accepted"
            )));
        }
        token.claims(&key)
    }

    /// Whether the token is one of a customer; one that is for shops as well is a shop's.
    fn is_customer(&self, claims: &Claims) -> Result<bool, SignInError> {
        if is_for(claims, &self.options.audience) {
            return Ok(false);
        }
        let customers = self.options.customer_audience.as_deref();
        if customers.is_some_and(|audience| is_for(claims, audience)) {
            return Ok(true);
        }
        Err(invalid("the token is not for this app (aud); see `auth_audience`"))
    }

    fn tenant(&self, claims: &Claims) -> Result<TenantId, SignInError> {
        let name = self.options.tenant_claim.as_str();
        let tenant = claims.get(name).and_then(Value::as_str).unwrap_or_default().trim();
        if tenant.is_empty() || tenant.len() > TENANT_MAX {
            return Err(invalid(format!(
                "the token names no tenant in its claim {name}; see `auth_tenant_claim`"
            )));
        }
        Ok(TenantId::new(tenant))
    }
}

fn no_key(error: NoKey) -> SignInError {
    match error {
        NoKey::Unknown => invalid(
            "the token is signed with a key that the identity provider does not have (kid); get a \
             new one",
        ),
        NoKey::Unavailable => SignInError::Unavailable(
            "the identity provider's keys cannot be fetched; call again in a moment".to_owned(),
        ),
    }
}
