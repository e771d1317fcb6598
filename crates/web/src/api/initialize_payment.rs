//! `POST /initialize-payment`: the shop's checkout asks for a payment. Without an order's reference
//! it is a pre-order, as [`pre_order_payment`](super::pre_order_payment) answers it.

use app::initialize::InitializeError;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use protocol::order::InitializePaymentRequest;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::pre_order_payment;
use crate::body;
use crate::error::Failure;
use crate::state::WebState;
use crate::tenant::Tenant;

/// What the shop is answered. It takes the text `"false"` for true and follows a redirect, so
/// this is a real truth value, a real address, and a plain 200.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "InitializePaymentAnswer")]
pub(crate) struct Answer {
    /// Always true: what failed is answered as an error.
    is_successful: bool,
    /// Where the shopper pays.
    redirect_url: String,
    /// Stripe's name of the payment.
    transaction_id: String,
    /// Always null.
    message: Option<String>,
    /// Always null.
    pre_order_payment_data: Option<()>,
}

pub(crate) async fn handle(
    State(state): State<WebState>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let request: InitializePaymentRequest = body::read_as(&headers, body).await?;
    let order = request.order_data.order_reference.as_deref().unwrap_or_default();
    if order.trim().is_empty() {
        return pre_order_payment::answer(&state, &tenant, request).await;
    }
    // It holds whole orders: on the heap, so that not every request's future is as large.
    let initializing = Box::pin(state.context.initialize(&tenant, request));
    let initialized = initializing.await.map_err(failure)?;
    let answer = Answer {
        is_successful: true,
        redirect_url: initialized.redirect_url,
        transaction_id: initialized.transaction_id.as_str().to_owned(),
        message: None,
        pre_order_payment_data: None,
    };
    Ok(Json(answer).into_response())
}

pub(crate) fn failure(error: InitializeError) -> Failure {
    match error {
        InitializeError::Tenant(error) => error.into(),
        InitializeError::Unprocessable(message) => {
            Failure::new(StatusCode::UNPROCESSABLE_ENTITY, message)
        }
        InitializeError::Store(error) => Failure::store(&error),
        InitializeError::Invalid(_) | InitializeError::Fixed(_) | InitializeError::Failed(_) => {
            Failure::new(StatusCode::BAD_REQUEST, error.to_string())
        }
    }
}
