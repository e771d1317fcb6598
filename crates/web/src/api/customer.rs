//! `POST /customer`: an express checkout asks who pays.

use app::customer::CustomerError;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use protocol::customer::{Customer, CustomerRequest};
use schemars::JsonSchema;
use serde::Serialize;

use crate::body;
use crate::error::Failure;
use crate::state::WebState;
use crate::tenant::Tenant;

/// What the shop is answered.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PayerAnswer")]
pub(crate) struct Answer {
    /// Always true: what failed is answered as an error.
    is_successful: bool,
    /// Always null.
    message: Option<()>,
    /// Who pays.
    customer: Customer,
}

pub(crate) async fn handle(
    State(state): State<WebState>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Answer>, Failure> {
    let request: CustomerRequest = body::read_as(&headers, body).await?;
    let customer = state.context.customer(&tenant, request).await.map_err(failure)?;
    Ok(Json(Answer { is_successful: true, message: None, customer }))
}

pub(crate) fn failure(error: CustomerError) -> Failure {
    match error {
        CustomerError::Tenant(error) => error.into(),
        CustomerError::Store(error) => Failure::store(&error),
        CustomerError::Invalid(_) | CustomerError::Failed(_) => {
            Failure::new(StatusCode::BAD_REQUEST, error.to_string())
        }
    }
}
