//! The tenant that a request is about, from its headers, and whether the caller may act for it.

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;
use payment::TenantId;

use crate::auth::SignedIn;
use crate::endpoints::Access;
use crate::error::Failure;

/// The longest tenant identifier, in bytes.
const TENANT_MAX: usize = 255;

/// The tenant of a call: `X-Tenant-Identifier`, or `X-Store-Reference` of old shops.
#[derive(Clone, Debug)]
pub(crate) struct Tenant(pub(crate) TenantId);

impl<S: Sync> FromRequestParts<S> for Tenant {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let signed_in = SignedIn::from_request_parts(parts, &()).await?;
        let named = named(&parts.headers, ["x-tenant-identifier", "x-store-reference"]);
        // A browser's token says for whom it is; shops name their tenant as the contract has it.
        let by_token = match signed_in.access {
            Access::Browser => signed_in.caller.tenant().cloned(),
            Access::Open | Access::Catalog | Access::Shop => None,
        };
        // The words are the contract's.
        let missing = "X-Tenant-Identifier in header is required.";
        let tenant =
            named.or(by_token).ok_or_else(|| Failure::unreadable(parts.uri.path(), missing))?;
        signed_in.may_act_for(&tenant)?;
        Ok(Self(tenant))
    }
}

/// The tenant that reads a channel: `Consumer-Id`.
#[derive(Clone, Debug)]
pub(crate) struct Consumer(pub(crate) TenantId);

impl<S: Sync> FromRequestParts<S> for Consumer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let missing = "Consumer-Id in header is required: send the tenant's identifier.";
        let signed_in = SignedIn::from_request_parts(parts, &()).await?;
        let tenant = named(&parts.headers, ["consumer-id"])
            .ok_or_else(|| Failure::unreadable(parts.uri.path(), missing))?;
        signed_in.may_act_for(&tenant)?;
        Ok(Self(tenant))
    }
}

/// The tenant that any of the headers names, for the log alone: nothing is proven by it.
pub(crate) fn claimed(headers: &HeaderMap) -> Option<TenantId> {
    let all = ["x-tenant-identifier", "tenant-identifier", "consumer-id", "x-store-reference"];
    named(headers, all)
}

fn named<const N: usize>(headers: &HeaderMap, names: [&str; N]) -> Option<TenantId> {
    names.into_iter().find_map(|name| identifier(headers.get(name)?.to_str().ok()?))
}

/// A tenant identifier as it came; `None` for what cannot be one.
pub(crate) fn identifier(text: &str) -> Option<TenantId> {
    let text = text.trim();
    (!text.is_empty() && text.len() <= TENANT_MAX).then(|| TenantId::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_header_that_says_something_names_the_tenant() {
        let mut headers = HeaderMap::new();
        headers.insert("x-store-reference", "DE".parse().unwrap());
        let names = ["x-tenant-identifier", "x-store-reference"];
        assert_eq!(named(&headers, names), Some(TenantId::new("DE")));
        headers.insert("x-tenant-identifier", " ".parse().unwrap());
        assert_eq!(named(&headers, names), Some(TenantId::new("DE")));
        headers.insert("x-tenant-identifier", "t1".parse().unwrap());
        assert_eq!(named(&headers, names), Some(TenantId::new("t1")));
        headers.insert("x-tenant-identifier", "t".repeat(TENANT_MAX + 1).parse().unwrap());
        assert_eq!(named(&headers, names), Some(TenantId::new("DE")));
    }
}
