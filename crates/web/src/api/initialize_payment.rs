//! `POST /initialize-payment`: the shop's checkout asks for a payment.

use app::initialize::InitializeError;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use protocol::Invalid;
use protocol::order::InitializePaymentRequest;
use serde::Serialize;

use crate::body::{self, Encoding};
use crate::error::Failure;
use crate::state::WebState;
use crate::tenant::Tenant;

/// What the shop is answered. It takes the text `"false"` for true and follows a redirect, so
/// this is a real truth value, a real address, and a plain 200.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    is_successful: bool,
    redirect_url: String,
    transaction_id: String,
    message: Option<String>,
    pre_order_payment_data: Option<String>,
}

pub(crate) async fn handle(
    State(state): State<WebState>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Answer>, Failure> {
    let encoding = Encoding::of(&headers, &[Encoding::Json, Encoding::Form])?;
    let body = body::read(body).await?;
    let request: InitializePaymentRequest = encoding.decode(&body).map_err(unreadable)?;
    // It holds whole orders: on the heap, so that not every request's future is as large.
    let initializing = Box::pin(state.context.initialize(&tenant, request));
    let initialized = initializing.await.map_err(failure)?;
    Ok(Json(Answer {
        is_successful: true,
        redirect_url: initialized.redirect_url,
        transaction_id: initialized.transaction_id.as_str().to_owned(),
        message: None,
        pre_order_payment_data: None,
    }))
}

fn unreadable(invalid: Invalid) -> Failure {
    let message = format!("{invalid}; correct it and send the request again");
    Failure::new(StatusCode::BAD_REQUEST, message)
}

fn failure(error: InitializeError) -> Failure {
    match error {
        InitializeError::Disconnected => Failure::disconnected(),
        InitializeError::Unprocessable(message) => {
            Failure::new(StatusCode::UNPROCESSABLE_ENTITY, message)
        }
        InitializeError::Store(error) => Failure::store(&error),
        InitializeError::UnknownTenant
        | InitializeError::Invalid(_)
        | InitializeError::Fixed(_)
        | InitializeError::Failed(_) => Failure::new(StatusCode::BAD_REQUEST, error.to_string()),
    }
}
