//! What all signed tokens (RFC 7519) have in common, whoever signs them.

use std::time::Duration;

use app::ports::SignInError;
use jiff::Timestamp;
use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Header, Validation, decode, decode_header};
use serde_json::{Map, Value};

use crate::keys::VerifyingKey;

/// The longest tenant identifier in a token, in bytes: as long as in a header.
pub(crate) const TENANT_MAX: usize = 255;
/// The longest token that is looked at, in bytes.
const TOKEN_MAX: usize = 8 * 1024;
/// The algorithms that are accepted, wherever a key is for them.
pub(crate) const ACCEPTED: &str = "RS256,ES256,EdDSA";

/// What a token says. Believed only where it came out of [`SignedToken::claims`].
pub(crate) type Claims = Map<String, Value>;

/// A token that reads. Nothing of it is proven.
pub(crate) struct SignedToken<'a> {
    text: &'a str,
    pub header: Header,
    issuer: Option<String>,
}

impl<'a> SignedToken<'a> {
    pub fn read(text: &'a str) -> Result<Self, SignInError> {
        if text.len() > TOKEN_MAX {
            return Err(invalid(format!("the token is longer than {TOKEN_MAX} bytes")));
        }
        let header = decode_header(text).map_err(|error| unreadable(&error))?;
        if header.crit.is_some() {
            return Err(invalid("the token names extensions (crit) that this app does not know"));
        }
        let claims: Claims = insecure_decode_claims(text).map_err(|error| unreadable(&error))?;
        let issuer = claims.get("iss").and_then(Value::as_str).map(str::to_owned);
        Ok(Self { text, header, issuer })
    }

    /// Who signed it by its own word (`iss`): whose keys to try, and no more.
    pub fn claimed_issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The claims, if this key has signed them.
    pub fn claims(&self, key: &VerifyingKey) -> Result<Claims, SignInError> {
        let mut validation = Validation::new(key.algorithm);
        // The claims are checked here: by our own clock, and each with a text of its own.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let decoded = decode::<Claims>(self.text, &key.key, &validation);
        decoded.map(|token| token.claims).map_err(|error| unreadable(&error))
    }
}

/// Whether the token is meant for one of this name (`aud`).
pub(crate) fn is_for(claims: &Claims, audience: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(many)) => many.iter().any(|one| one.as_str() == Some(audience)),
        Some(_) | None => false,
    }
}

/// Refuses a token that has ended or has not begun.
pub(crate) fn check_time(
    claims: &Claims,
    clock_skew: Duration,
    now: Timestamp,
) -> Result<(), SignInError> {
    let now = now.as_second();
    let skew = whole_seconds(clock_skew);
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

pub(crate) fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// A time of a claim, in whole seconds: a fraction does not matter.
pub(crate) fn seconds(claims: &Claims, name: &str) -> Result<Option<i64>, SignInError> {
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

/// The library's words for what is in the header are no help to who calls.
fn unreadable(error: &jsonwebtoken::errors::Error) -> SignInError {
    match error.kind() {
        ErrorKind::InvalidSignature => invalid("the token's signature is not right"),
        _ => invalid(format!(
            "the token does not read as a signed token of an algorithm that is accepted: {ACCEPTED}"
        )),
    }
}

pub(crate) fn invalid(reason: impl Into<String>) -> SignInError {
    SignInError::Invalid(reason.into())
}
