//! `POST /payments/transfers`: the shop pays merchants out, or takes payouts back.
//!
//! The shop reads the list of transfers alone and crashes on any other body, so that whatever can be
//! read is answered with 200 and such a list.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use protocol::Invalid;
use protocol::transfers::{TransfersAnswer, TransfersRequest};

use crate::body::{self, Encoding};
use crate::error::Failure;
use crate::state::WebState;
use crate::tenant::Tenant;

pub(crate) async fn handle(
    State(state): State<WebState>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<TransfersAnswer>, Failure> {
    let encoding = Encoding::of(&headers, &[Encoding::Json])?;
    let body = body::read(body).await?;
    let request: TransfersRequest = encoding.decode(&body).map_err(unreadable)?;
    // It holds whole payments: on the heap, so that not every request's future is as large.
    let moving = Box::pin(state.context.transfers(&tenant, request.into_items()));
    Ok(Json(moving.await))
}

fn unreadable(invalid: Invalid) -> Failure {
    let message = format!("{invalid}; correct it and send the request again");
    Failure::new(StatusCode::BAD_REQUEST, message)
}
