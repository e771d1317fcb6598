//! Signing in for tests that are about something else.

use app::ports::{Caller, SignIn, SignInError};
use async_trait::async_trait;
use payment::TenantId;

/// Knows one token, whose bearer may act for any tenant; and for each tenant `token-of-` with its
/// name after it, `customer-of-` likewise, and `operator`.
#[derive(Clone, Debug)]
pub struct TestSignIn(pub &'static str);

#[async_trait]
impl SignIn for TestSignIn {
    async fn caller(&self, token: Option<&str>) -> Result<Caller, SignInError> {
        let token = token.ok_or(SignInError::Missing)?;
        if token == self.0 {
            return Ok(Caller::Anyone);
        }
        if let Some(tenant) = token.strip_prefix("token-of-") {
            return Ok(Caller::Tenant(TenantId::new(tenant)));
        }
        if let Some(tenant) = token.strip_prefix("customer-of-") {
            return Ok(Caller::Customer(TenantId::new(tenant)));
        }
        match token {
            "operator" => Ok(Caller::Operator),
            "keys-are-down" => Err(SignInError::Unavailable("the keys cannot be fetched".into())),
            _ => Err(SignInError::Invalid("the bearer token is not known".into())),
        }
    }
}
