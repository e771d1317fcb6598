//! `POST /payment-cancellations`: a front end gives up the payment of a cart.

use app::call_off_pre_order::CancelError;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use protocol::glue::{AnsweredPayment, PaymentAnswer, PaymentCancellationsAttributes};
use protocol::pre_order::CancelPreOrderRequest;

use super::{attributes, created, refused};
use crate::api::cancel_pre_order_payment;
use crate::error::Failure;
use crate::state::WebState;
use crate::tenant::Tenant;

const KIND: &str = "payment-cancellations";

pub(crate) async fn handle(
    State(state): State<WebState>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let attributes: PaymentCancellationsAttributes = attributes(KIND, &headers, body).await?;
    let request = CancelPreOrderRequest::from(attributes);
    let transaction = request.transaction().unwrap_or_default().to_owned();
    let canceling = Box::pin(state.context.cancel_pre_order(&tenant, request));
    canceling.await.map_err(failure)?;
    let payment = AnsweredPayment::Canceled { transaction_id: &transaction };
    let answer =
        PaymentAnswer { is_successful: true, error: None, pre_order_payment_data: payment };
    Ok(created(KIND, answer))
}

fn failure(error: CancelError) -> Failure {
    match error {
        CancelError::Invalid(_) | CancelError::Refused(_) | CancelError::Failed(_) => {
            refused(error.to_string())
        }
        CancelError::Tenant(_) | CancelError::Unprocessable(_) | CancelError::Store(_) => {
            cancel_pre_order_payment::failure(error)
        }
    }
}
