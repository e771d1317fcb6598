//! `POST /payments`: a front end asks for the payment of a cart.

use app::checkout::InvalidField;
use app::initialize::InitializeError;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use protocol::glue::{AnsweredPayment, PaymentAnswer, PaymentsAttributes};

use super::{attributes, created, refused};
use crate::api::{initialize_payment, pre_order_payment};
use crate::error::Failure;
use crate::state::WebState;
use crate::tenant::Tenant;

const KIND: &str = "payments";

pub(crate) async fn handle(
    State(state): State<WebState>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let attributes: PaymentsAttributes = attributes(KIND, &headers, body).await?;
    let making = Box::pin(state.context.pre_order(&tenant, attributes.into()));
    let client = making.await.map_err(failure)?;
    let payment = AnsweredPayment::Payable(pre_order_payment::data(&client));
    let answer =
        PaymentAnswer { is_successful: true, error: None, pre_order_payment_data: payment };
    Ok(pre_order_payment::uncached(created(KIND, answer)))
}

fn failure(error: InitializeError) -> Failure {
    match error {
        InitializeError::Invalid(InvalidField { field, problem }) => {
            refused(format!("{}: {problem}", name_here(&field)))
        }
        InitializeError::Fixed(_) | InitializeError::Failed(_) => refused(error.to_string()),
        InitializeError::Tenant(_)
        | InitializeError::Unprocessable(_)
        | InitializeError::Store(_) => initialize_payment::failure(error),
    }
}

/// The name of a field in a front end's request.
fn name_here(field: &str) -> &str {
    match field {
        "orderData.currencyCode" => "data.attributes.quote.currency.code",
        "orderData.grandTotal" => "data.attributes.payment.amount",
        other => other,
    }
}
