//! Signed tokens (RFC 7519) of the one identity provider that the operator trusts.

use std::time::Duration;

use app::ports::{Caller, SignInError};
use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};
use payment::TenantId;
use serde_json::{Map, Value};

use crate::key_source::KeySource;
use crate::keys::{Keys, NoKey};
use crate::verifier;

/// The longest tenant identifier in a token, in bytes: as long as in a header.
const TENANT_MAX: usize = 255;
/// The longest token that is looked at, in bytes.
const TOKEN_MAX: usize = 8 * 1024;
/// The algorithms that are accepted, wherever a key is for them.
const ACCEPTED: &str = "RS256,ES256,EdDSA";

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

    /// The caller that a token names.
    ///
    /// # Errors
    /// [`SignInError::Invalid`], or [`SignInError::Unavailable`] while the keys cannot be had.
    pub(crate) async fn caller(&self, token: &str, now: Timestamp) -> Result<Caller, SignInError> {
        let claims = self.verified(token).await?;
        self.check_issuer(&claims)?;
        self.check_time(&claims, now)?;
        let is_customer = self.is_customer(&claims)?;
        let tenant = self.tenant(&claims)?;
        Ok(if is_customer { Caller::Customer(tenant) } else { Caller::Tenant(tenant) })
    }

    /// The claims of a token whose signature is right. Nothing is believed before.
    async fn verified(&self, token: &str) -> Result<Map<String, Value>, SignInError> {
        if token.len() > TOKEN_MAX {
            return Err(invalid(format!("the token is longer than {TOKEN_MAX} bytes")));
        }
        let header = decode_header(token).map_err(|error| unreadable(&error))?;
        if header.crit.is_some() {
            return Err(invalid("the token names extensions (crit) that this app does not know"));
        }
        let id = header.kid.as_deref().unwrap_or_default();
        let key = self.keys.key(id).await.map_err(no_key)?;
        if header.alg != key.algorithm {
            return Err(invalid(format!(
                "the token is signed with another algorithm than its key is for; {ACCEPTED} are \
                 accepted"
            )));
        }
        let mut validation = Validation::new(key.algorithm);
        // The claims are checked here: by our own clock, and each with a text of its own.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let decoded = decode::<Map<String, Value>>(token, &key.key, &validation);
        decoded.map(|token| token.claims).map_err(|error| unreadable(&error))
    }

    fn check_issuer(&self, claims: &Map<String, Value>) -> Result<(), SignInError> {
        if claims.get("iss").and_then(Value::as_str) == Some(&self.options.issuer) {
            return Ok(());
        }
        Err(invalid("the token is not of the issuer that the app trusts (iss); see `auth_issuer`"))
    }

    fn check_time(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<(), SignInError> {
        let now = now.as_second();
        let skew = i64::try_from(self.options.clock_skew.as_secs()).unwrap_or(i64::MAX);
        let expires = seconds(claims, "exp")?
            .ok_or_else(|| invalid("the token does not say when it ends (exp)"))?;
        if expires.saturating_add(skew) <= now {
            return Err(invalid("the token has expired (exp); get a new one"));
        }
        match seconds(claims, "nbf")? {
            Some(begins) if begins.saturating_sub(skew) > now => Err(invalid(
                "the token is not valid yet (nbf); check the clocks, see `auth_clock_skew_seconds`",
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether the token is one of a customer; one that is for shops as well is a shop's.
    fn is_customer(&self, claims: &Map<String, Value>) -> Result<bool, SignInError> {
        let is_for = |audience: &str| match claims.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(many)) => many.iter().any(|one| one.as_str() == Some(audience)),
            Some(_) | None => false,
        };
        if is_for(&self.options.audience) {
            return Ok(false);
        }
        if self.options.customer_audience.as_deref().is_some_and(is_for) {
            return Ok(true);
        }
        Err(invalid("the token is not for this app (aud); see `auth_audience`"))
    }

    fn tenant(&self, claims: &Map<String, Value>) -> Result<TenantId, SignInError> {
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

/// A time of a claim, in whole seconds: a fraction does not matter.
fn seconds(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, SignInError> {
    let wrong = || invalid(format!("the token's claim {name} is no number of seconds"));
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => {
            let text = number.to_string();
            let whole = text.split(['.', 'e', 'E']).next().unwrap_or_default();
            let is_plain = !text.contains(['e', 'E']);
            let value = if is_plain { whole.parse().ok() } else { None };
            value.map(Some).ok_or_else(wrong)
        }
        Some(_) => Err(wrong()),
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

/// The library's words for what is in the header are no help to who calls.
fn unreadable(error: &jsonwebtoken::errors::Error) -> SignInError {
    match error.kind() {
        ErrorKind::InvalidSignature => invalid("the token's signature is not right"),
        _ => invalid(format!(
            "the token does not read as a signed token of an algorithm that is accepted: {ACCEPTED}"
        )),
    }
}

fn invalid(reason: impl Into<String>) -> SignInError {
    SignInError::Invalid(reason.into())
}
