//! `GET /merchants/onboarding/return` and `…/refresh`: the payment service provider sends a
//! merchant's browser back. The address itself proves who comes: nobody else knows it.

use app::onboarding_return::ReturnError;
use axum::extract::{Query, State};
use axum::response::Redirect;
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderName, REFERRER_POLICY};
use serde::Deserialize;

use crate::error::Failure;
use crate::state::WebState;
use crate::tenant;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address {
    tenant_identifier: Option<String>,
    token: Option<String>,
}

/// The address the merchant comes from is a secret of hers: no other site is told it, and no cache
/// keeps where it leads.
type Answer = Result<([(HeaderName, &'static str); 2], Redirect), Failure>;

const HEADERS: [(HeaderName, &str); 2] =
    [(REFERRER_POLICY, "no-referrer"), (CACHE_CONTROL, "no-store")];

/// The merchant was at the onboarding.
pub(crate) async fn done(State(state): State<WebState>, address: Query<Address>) -> Answer {
    let (tenant, token) = known(&address)?;
    let back = state.context.onboarding_returns(&tenant, token).await.map_err(failure)?;
    state.wake_worker();
    Ok((HEADERS, Redirect::to(&back)))
}

/// The link to the onboarding was used up.
pub(crate) async fn refresh(State(state): State<WebState>, address: Query<Address>) -> Answer {
    let (tenant, token) = known(&address)?;
    let on = state.context.onboarding_refreshes(&tenant, token).await.map_err(failure)?;
    Ok((HEADERS, Redirect::to(&on)))
}

fn known(address: &Address) -> Result<(payment::TenantId, &str), Failure> {
    let tenant = address.tenant_identifier.as_deref().and_then(tenant::identifier);
    match (tenant, address.token.as_deref()) {
        (Some(tenant), Some(token)) => Ok((tenant, token)),
        (None | Some(_), _) => Err(failure(ReturnError::Unknown)),
    }
}

fn failure(error: ReturnError) -> Failure {
    match error {
        ReturnError::Unknown => Failure::new(StatusCode::NOT_FOUND, error.to_string()),
        ReturnError::Store(error) => Failure::store(&error),
    }
}
