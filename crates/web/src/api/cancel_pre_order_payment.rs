//! `POST /cancel-pre-order-payment`: there will be no order for a pre-order.

use app::call_off_pre_order::CancelError;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use protocol::pre_order::CancelPreOrderRequest;
use schemars::JsonSchema;
use serde::Serialize;

use crate::body;
use crate::error::Failure;
use crate::state::WebState;
use crate::tenant::Tenant;

/// What the shop is answered. It reads the status, and wants a body that is JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CancelPreOrderAnswer")]
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
    let request: CancelPreOrderRequest = body::read_as(&headers, body).await?;
    let canceling = Box::pin(state.context.cancel_pre_order(&tenant, request));
    canceling.await.map_err(failure)?;
    Ok(Json(Answer { is_successful: true, message: None }))
}

pub(crate) fn failure(error: CancelError) -> Failure {
    match error {
        CancelError::Tenant(error) => error.into(),
        CancelError::Store(error) => Failure::store(&error),
        CancelError::Unprocessable(message) => {
            Failure::new(StatusCode::UNPROCESSABLE_ENTITY, message)
        }
        CancelError::Invalid(_) | CancelError::Refused(_) | CancelError::Failed(_) => {
            Failure::new(StatusCode::BAD_REQUEST, error.to_string())
        }
    }
}
