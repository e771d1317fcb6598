//! `POST /pre-order-payment`: the shop's checkout asks for a payment before there is an order, and
//! lets the shopper pay on its own page.

use app::pre_order::ClientData;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};
use payment::{PspAccountId, TenantId};
use protocol::order::InitializePaymentRequest;
use protocol::pre_order::ClientPaymentData;
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::api::initialize_payment::failure;
use crate::body;
use crate::error::Failure;
use crate::state::WebState;
use crate::tenant::Tenant;

/// What the shop is answered: it takes an answer without `preOrderPaymentData` for none.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PreOrderAnswer")]
pub(crate) struct Answer<'a> {
    /// Always true: what failed is answered as an error.
    is_successful: bool,
    /// Always null: the shopper stays.
    redirect_url: Option<()>,
    /// Stripe's name of the payment.
    transaction_id: &'a str,
    /// Always null.
    message: Option<()>,
    /// For the front end; the shop sends it back.
    pre_order_payment_data: ClientPaymentData<'a>,
}

pub(crate) async fn handle(
    State(state): State<WebState>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let request = body::read_as(&headers, body).await?;
    answer(&state, &tenant, request).await
}

pub(crate) async fn answer(
    state: &WebState,
    tenant: &TenantId,
    request: InitializePaymentRequest,
) -> Result<Response, Failure> {
    let making = Box::pin(state.context.pre_order(tenant, request));
    let client = making.await.map_err(failure)?;
    let data = data(&client);
    let answer = Answer {
        is_successful: true,
        redirect_url: None,
        transaction_id: data.transaction_id,
        message: None,
        pre_order_payment_data: data,
    };
    Ok(uncached(Json(answer).into_response()))
}

/// The data as the wire has it, the client secret in the open.
pub(crate) fn data(client: &ClientData) -> ClientPaymentData<'_> {
    ClientPaymentData {
        transaction_id: client.transaction_id.as_str(),
        client_secret: client.client_secret.expose_secret(),
        publishable_key: &client.publishable_key,
        account_id: client.account_id.as_ref().map(PspAccountId::as_str),
    }
}

/// An answer with a client secret is kept by nobody on its way.
pub(crate) fn uncached(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
