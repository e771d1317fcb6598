//! `POST /webhook/message-broker`: the shop pushes a command by plain HTTP, its attributes as
//! `X-…` headers.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::HeaderMap;
use protocol::Dialect;
use protocol::channel::PostedMessage;

use crate::api::message_channels::take_command;
use crate::auth::SignedIn;
use crate::body;
use crate::error::Failure;
use crate::state::WebState;

pub(crate) async fn handle(
    State(state): State<WebState>,
    signed_in: SignedIn,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PostedMessage>, Failure> {
    let body = body::read(body).await?;
    take_command(&state, &signed_in, Dialect::PlainHttp, &headers, &body).await
}
