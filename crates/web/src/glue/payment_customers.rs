//! `POST /payment-customers`: the front end of an express checkout asks who pays.

use app::customer::CustomerError;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use protocol::glue::{CustomerAnswer, PaymentCustomersAttributes};

use super::{attributes, created, refused};
use crate::api::customer;
use crate::error::Failure;
use crate::state::WebState;
use crate::tenant::Tenant;

const KIND: &str = "payment-customers";

pub(crate) async fn handle(
    State(state): State<WebState>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let attributes: PaymentCustomersAttributes = attributes(KIND, &headers, body).await?;
    let asking = state.context.customer(&tenant, attributes.into());
    let customer = asking.await.map_err(failure)?;
    Ok(created(KIND, CustomerAnswer { customer }))
}

fn failure(error: CustomerError) -> Failure {
    match error {
        CustomerError::Invalid(_) | CustomerError::Failed(_) => refused(error.to_string()),
        CustomerError::Tenant(_) | CustomerError::Store(_) => customer::failure(error),
    }
}
