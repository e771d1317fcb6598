//! Tells by a bearer token who calls, whichever kind of token it is.

use std::sync::Arc;

use app::Entropy;
use app::ports::{Caller, SignIn, SignInError, Tokens};
use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::customer_tokens::CustomerTokens;
use crate::identity_provider::IdentityProvider;
use crate::signed::{SignedToken, invalid};
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

/// Knows the operator's token, the tenants' fixed tokens, the identity provider, and the tokens
/// that shops sign for their customers.
pub struct Doorkeeper {
    /// The operator's token, if there is one.
    pub operator: Option<SecretString>,
    /// The tenants' fixed tokens.
    pub tokens: Arc<dyn Tokens>,
    /// The clock.
    pub entropy: Arc<dyn Entropy>,
    /// Who signs tokens, if anybody does.
    pub identity_provider: Option<IdentityProvider>,
    /// What shops sign themselves, for their customers.
    pub customer_tokens: CustomerTokens,
}

#[async_trait]
impl SignIn for Doorkeeper {
    async fn caller(&self, token: Option<&str>) -> Result<Caller, SignInError> {
        let token = token.ok_or(SignInError::Missing)?;
        if self.is_operator(token) {
            return Ok(Caller::Operator);
        }
        let now = self.entropy.now();
        if is_signed(token) {
            return self.signed_by(SignedToken::read(token)?, now).await;
        }
        match self.tokens.tenant_of_token(&token::hash(token), now).await? {
            Some(tenant) => Ok(Caller::Tenant(tenant)),
            None => Err(invalid(
                "the bearer token is not known, was revoked, or has ended; check that nothing of \
                 it was cut off, or make a new one with `paybridge tenant token issue`",
            )),
        }
    }
}

impl Doorkeeper {
    fn is_operator(&self, token: &str) -> bool {
        self.operator.as_ref().is_some_and(|operator| {
            bool::from(token.as_bytes().ct_eq(operator.expose_secret().as_bytes()))
        })
    }

    /// Whose keys are tried follows from what the token says of itself; that it is right, from them.
    async fn signed_by(
        &self,
        token: SignedToken<'_>,
        now: Timestamp,
    ) -> Result<Caller, SignInError> {
        match &self.identity_provider {
            Some(provider) if provider.is_claimed_by(&token) => provider.caller(&token, now).await,
            Some(_) | None => self.customer_tokens.caller(&token, now).await,
        }
    }
}

/// A signed token has three parts. No fixed token of ours has a dot.
fn is_signed(token: &str) -> bool {
    token.bytes().filter(|byte| *byte == b'.').count() == 2
}
