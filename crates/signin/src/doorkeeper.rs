//! Tells by a bearer token who calls, whichever kind of token it is.

use std::sync::Arc;

use app::Entropy;
use app::ports::{Caller, SignIn, SignInError, Tokens};
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::identity_provider::IdentityProvider;
use crate::token;

/// Whoever is let in without a token.
#[derive(Clone, Copy, Debug)]
pub struct Open;

#[async_trait]
impl SignIn for Open {
    async fn caller(&self, _token: Option<&str>) -> Result<Caller, SignInError> {
        Ok(Caller::Anyone)
    }
}

/// Knows the operator's token, the tenants' fixed tokens, and the identity provider.
pub struct Doorkeeper {
    /// The operator's token, if there is one.
    pub operator: Option<SecretString>,
    /// The tenants' fixed tokens.
    pub tokens: Arc<dyn Tokens>,
    /// The clock.
    pub entropy: Arc<dyn Entropy>,
    /// Who signs tokens, if anybody does.
    pub identity_provider: Option<IdentityProvider>,
}

#[async_trait]
impl SignIn for Doorkeeper {
    async fn caller(&self, token: Option<&str>) -> Result<Caller, SignInError> {
        let token = token.ok_or(SignInError::Missing)?;
        if self.is_operator(token) {
            return Ok(Caller::Operator);
        }
        if let (Some(provider), true) = (&self.identity_provider, is_signed(token)) {
            return provider.caller(token, self.entropy.now()).await;
        }
        let hash = token::hash(token);
        match self.tokens.tenant_of_token(&hash, self.entropy.now()).await? {
            Some(tenant) => Ok(Caller::Tenant(tenant)),
            None => Err(SignInError::Invalid(self.unknown(token))),
        }
    }
}

impl Doorkeeper {
    fn is_operator(&self, token: &str) -> bool {
        self.operator.as_ref().is_some_and(|operator| {
            bool::from(token.as_bytes().ct_eq(operator.expose_secret().as_bytes()))
        })
    }

    fn unknown(&self, token: &str) -> String {
        if is_signed(token) && self.identity_provider.is_none() {
            return "this is a signed token, and the app knows no identity provider; set \
                    `auth_issuer` and `auth_jwks_url`, or send a token that `paybridge tenant \
                    token issue` has made"
                .to_owned();
        }
        "the bearer token is not known, was revoked, or has ended; check that nothing of it was cut \
         off, or make a new one with `paybridge tenant token issue`"
            .to_owned()
    }
}

/// A signed token has three parts. No fixed token of ours has a dot.
fn is_signed(token: &str) -> bool {
    token.bytes().filter(|byte| *byte == b'.').count() == 2
}
