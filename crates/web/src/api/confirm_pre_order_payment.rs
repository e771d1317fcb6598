//! `POST /confirm-pre-order-payment`: the order of a pre-order is placed.
//!
//! The shop reads the status alone: whatever is not 200 fails its checkout.

use app::confirm_pre_order::ConfirmError;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use protocol::pre_order::ConfirmPreOrderRequest;
use schemars::JsonSchema;
use serde::Serialize;

use crate::body;
use crate::error::Failure;
use crate::state::WebState;
use crate::tenant::Tenant;

/// What the shop is answered.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ConfirmPreOrderAnswer")]
pub(crate) struct Answer {
    /// Always true: what failed is answered as an error.
    is_successful: bool,
    /// Always null.
    message: Option<()>,
}

pub(crate) async fn handle(
    State(state): State<WebState>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Answer>, Failure> {
    let request: ConfirmPreOrderRequest = body::read_as(&headers, body).await?;
    let confirming = Box::pin(state.context.confirm_pre_order(&tenant, request));
    confirming.await.map_err(failure)?;
    Ok(Json(Answer { is_successful: true, message: None }))
}

fn failure(error: ConfirmError) -> Failure {
    match error {
        ConfirmError::Tenant(error) => error.into(),
        ConfirmError::Store(error) => Failure::store(&error),
        ConfirmError::Invalid(_) | ConfirmError::Refused(_) | ConfirmError::Failed(_) => {
            Failure::new(StatusCode::BAD_REQUEST, error.to_string())
        }
    }
}
