//! Tokens that a tenant's shop signs itself, for the browsers of its customers. They open that
//! tenant's endpoints for browsers, for a while, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use app::Store;
use app::customer_token_key::{CustomerTokenKey, TokenAlgorithm};
use app::ports::{Caller, SignInError};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey};
use payment::TenantId;

use crate::keys::VerifyingKey;
use crate::signed::{
    Claims, SignedToken, TENANT_MAX, check_time, invalid, is_for, seconds, whole_seconds,
};
use crate::verifier;

/// The longest life of a customer's token, from its `iat` to its `exp`. Nobody can revoke a single
/// one, so none may be good for long.
pub const CUSTOMER_TOKEN_LIFE_MAX: Duration = Duration::from_secs(3600);

/// Verifies tokens of customers by the keys of the tenant that they name.
pub struct CustomerTokens {
    store: Arc<dyn Store>,
    audience: String,
    clock_skew: Duration,
}

impl CustomerTokens {
    /// Takes tokens that are for the app at `public_url`. The same pair of keys may sign for a test
    /// installation, whose tokens are then good for nothing here.
    pub fn new(store: Arc<dyn Store>, public_url: &str, clock_skew: Duration) -> Self {
        verifier::install();
        Self { store, audience: public_url.trim_end_matches('/').to_owned(), clock_skew }
    }

    /// The customer whom a token stands for.
    ///
    /// # Errors
    /// [`SignInError`].
    pub(crate) async fn caller(
        &self,
        token: &SignedToken<'_>,
        now: Timestamp,
    ) -> Result<Caller, SignInError> {
        // The same words whether there is no such tenant, it has no keys, or none of them fits.
        let (tenant, claims) = self.proven(token).await?.ok_or_else(|| {
            invalid(
                "nobody whom this app knows has signed the token: its issuer (iss) has to be \
                 `auth_issuer`, or for a customer's token the tenant's identifier, with the key \
                 among the tenant's `customerTokenKeys`",
            )
        })?;
        if !is_for(&claims, &self.audience) && !is_for(&claims, &format!("{}/", self.audience)) {
            return Err(invalid(
                "the customer's token is not for this app (aud); see `public_url`",
            ));
        }
        check_time(&claims, self.clock_skew, now)?;
        self.check_life(&claims, now)?;
        Ok(Caller::Customer(tenant))
    }

    /// The tenant that the token names, and the claims, if that tenant has a key that signed them.
    async fn proven(
        &self,
        token: &SignedToken<'_>,
    ) -> Result<Option<(TenantId, Claims)>, SignInError> {
        let Some(issuer) = token.claimed_issuer().filter(|issuer| issuer.len() <= TENANT_MAX)
        else {
            return Ok(None);
        };
        let tenant = TenantId::new(issuer);
        let Some(found) = self.store.tenant(&tenant).await? else { return Ok(None) };
        let keys = found.value.settings.customer_token_keys.iter().map(VerifyingKey::from);
        let claims = keys
            .filter(|key| key.algorithm == token.header.alg)
            .find_map(|key| token.claims(&key).ok());
        Ok(claims.map(|claims| (tenant, claims)))
    }

    fn check_life(&self, claims: &Claims, now: Timestamp) -> Result<(), SignInError> {
        let issued = seconds(claims, "iat")?
            .ok_or_else(|| invalid("the customer's token does not say when it was issued (iat)"))?;
        if issued.saturating_sub(whole_seconds(self.clock_skew)) > now.as_second() {
            return Err(invalid(
                "the customer's token was issued in the future (iat); check the clocks, see \
                 `auth_clock_skew_seconds`",
            ));
        }
        let life_max = whole_seconds(CUSTOMER_TOKEN_LIFE_MAX);
        let life = seconds(claims, "exp")?.unwrap_or(i64::MAX).saturating_sub(issued);
        if life > life_max {
            return Err(invalid(format!(
                "the customer's token is good for more than {life_max} seconds (iat, exp); issue \
                 one with a shorter life"
            )));
        }
        Ok(())
    }
}

impl From<&CustomerTokenKey> for VerifyingKey {
    fn from(key: &CustomerTokenKey) -> Self {
        let public = key.public();
        match key.algorithm() {
            TokenAlgorithm::Rs256 => {
                Self { algorithm: Algorithm::RS256, key: DecodingKey::from_rsa_der(public) }
            }
            TokenAlgorithm::Es256 => {
                Self { algorithm: Algorithm::ES256, key: DecodingKey::from_ec_der(public) }
            }
            TokenAlgorithm::EdDsa => {
                Self { algorithm: Algorithm::EdDSA, key: DecodingKey::from_ed_der(public) }
            }
        }
    }
}
