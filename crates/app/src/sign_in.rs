//! A command comes with its tenant's own credential (rule R5), whichever way it came.

use payment::TenantId;
use protocol::Attributes;
use thiserror::Error;

use crate::ports::{Caller, SignIn, SignInError};

/// Why a caller may not do this.
#[derive(Debug, Error)]
pub enum NotAllowed {
    /// It is not known who calls.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// The token belongs to another tenant. Whose it is is not said.
    #[error("the token is not one of the tenant {0:?}; send that tenant's own token")]
    AnotherTenant(String),
    /// The token may not do this at all.
    #[error("{0}")]
    Kind(&'static str),
}

/// Whether this caller may act for the tenant.
///
/// # Errors
/// [`NotAllowed::AnotherTenant`].
pub fn acts_for(caller: &Caller, tenant: &TenantId) -> Result<(), NotAllowed> {
    if caller.acts_for(tenant) {
        Ok(())
    } else {
        Err(NotAllowed::AnotherTenant(tenant.as_str().to_owned()))
    }
}

/// What moves a shop's money needs that shop's own token: the operator's is shared by all.
///
/// # Errors
/// [`NotAllowed::Kind`].
pub fn is_a_shop(caller: &Caller) -> Result<(), NotAllowed> {
    match caller {
        Caller::Tenant(_) | Caller::Anyone => Ok(()),
        Caller::Operator => Err(NotAllowed::Kind(
            "the operator's token configures and disconnects tenants only; send the tenant's own \
             token (`paybridge tenant token issue` makes one)",
        )),
        Caller::Customer(_) => Err(NotAllowed::Kind(
            "a customer's token opens the endpoints for browsers only; send the tenant's own token",
        )),
    }
}

/// Checks the `authorization` attribute of a command that came over a queue. Over HTTP it is the
/// header of that name, and was checked on the way in.
///
/// # Errors
/// [`NotAllowed`]: the command must not be put into the inbox.
pub async fn authorize_command(
    sign_in: &dyn SignIn,
    authorization: Option<&str>,
    attributes: &Attributes,
) -> Result<Caller, NotAllowed> {
    let caller = sign_in.caller(authorization.and_then(bearer)).await?;
    is_a_shop(&caller)?;
    if let Some(tenant) = attributes.tenant() {
        acts_for(&caller, &TenantId::new(tenant))?;
    }
    Ok(caller)
}

/// The token of an `Authorization` value whose scheme, in any case, is `Bearer`.
pub fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_at_checked("Bearer ".len())?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("Bearer ") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use protocol::Dialect;

    use super::*;

    struct Names;

    #[async_trait]
    impl SignIn for Names {
        async fn caller(&self, token: Option<&str>) -> Result<Caller, SignInError> {
            match token {
                Some("operator") => Ok(Caller::Operator),
                Some("customer") => Ok(Caller::Customer(TenantId::new("t1"))),
                Some(tenant) => Ok(Caller::Tenant(TenantId::new(tenant))),
                None => Err(SignInError::Missing),
            }
        }
    }

    #[tokio::test]
    async fn r05_a_command_from_a_queue_needs_its_tenants_own_token() {
        let of = Attributes::from_headers(Dialect::HttpChannel, [("Tenant-Identifier", "t1")]);
        let check = async |authorization| authorize_command(&Names, authorization, &of).await;
        assert_eq!(check(Some("Bearer t1")).await.unwrap(), Caller::Tenant(TenantId::new("t1")));
        assert!(matches!(check(Some("Bearer t2")).await, Err(NotAllowed::AnotherTenant(_))));
        assert!(matches!(check(Some("Bearer operator")).await, Err(NotAllowed::Kind(_))));
        assert!(matches!(check(Some("Bearer customer")).await, Err(NotAllowed::Kind(_))));
        for none in [None, Some(""), Some("t1"), Some("Basic t1"), Some("Bearer ")] {
            let refused = check(none).await;
            assert!(matches!(refused, Err(NotAllowed::SignIn(SignInError::Missing))), "{none:?}");
        }
    }

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        assert_eq!(bearer("Bearer a-token"), Some("a-token"));
        assert_eq!(bearer("bearer  a-token "), Some("a-token"));
        for other in ["", "Bearer", "Bearer ", "Basic a-token", "a-token", "Bearerü a"] {
            assert_eq!(bearer(other), None, "{other:?}");
        }
    }
}
