//! `POST /webhooks` and `POST /webhooks/test`: the payment service provider tells what happened.
//!
//! The answer is 200 only once the event is durable; anything else makes the provider send it
//! again.

use app::receive_webhook::{IncomingWebhook, WebhookError};
use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use http::{HeaderMap, StatusCode};
use payment::Mode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Failure;
use crate::state::WebState;
use crate::{body, tenant};

/// Where the provider puts its signature.
const SIGNATURE: &str = "stripe-signature";

/// The tenant that the endpoint was registered for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address {
    tenant_identifier: Option<String>,
}

type Answer = Result<Json<Value>, Failure>;

/// Events about real money.
pub(crate) async fn live(
    state: State<WebState>,
    address: Query<Address>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    receive(Mode::Live, state, address, &headers, body).await
}

/// Events about test money.
pub(crate) async fn test(
    state: State<WebState>,
    address: Query<Address>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    receive(Mode::Test, state, address, &headers, body).await
}

async fn receive(
    mode: Mode,
    State(state): State<WebState>,
    Query(address): Query<Address>,
    headers: &HeaderMap,
    body: Body,
) -> Answer {
    let body = body::read(body).await?;
    let tenant = address.tenant_identifier.as_deref().and_then(tenant::identifier);
    // A signature that is no text is as good as none.
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
    let webhook = IncomingWebhook { mode, tenant: tenant.as_ref(), signature, body: &body };
    state.context.receive_webhook(webhook).await.map_err(failure)?;
    state.wake_worker();
    Ok(Json(json!({"received": true})))
}

fn failure(error: WebhookError) -> Failure {
    match error {
        WebhookError::Disconnected => Failure::disconnected(),
        WebhookError::Store(error) => Failure::store(&error),
        WebhookError::Rejected(_) | WebhookError::UnknownTenant => {
            Failure::new(StatusCode::BAD_REQUEST, error.to_string())
        }
    }
}
