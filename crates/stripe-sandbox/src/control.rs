//! The control API: what a test, or a person, does to the sandbox from outside Stripe's API.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api::next_actions::{self, Outcome};
use crate::declines::DeclineNext;
use crate::faults::Fault;
use crate::http_api::control_error;
use crate::sandbox::Sandbox;
use crate::webhooks::WebhookSettings;

/// What a control call is answered: JSON, or a sentence about what was wrong with it.
pub(crate) type Answer = Result<Json<Value>, Refusal>;

/// A refused control call.
pub(crate) struct Refusal(String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        control_error(StatusCode::BAD_REQUEST, &self.0)
    }
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self(message)
    }
}

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/_sandbox", get(overview))
        .route("/_sandbox/faults", get(list_faults).post(add_fault).delete(clear_faults))
        .route("/_sandbox/declines", get(list_declines).post(add_decline).delete(clear_declines))
        .route("/_sandbox/webhooks", get(list_webhooks).post(set_webhooks))
        .route("/_sandbox/webhooks/release", post(release_webhooks))
        .route("/_sandbox/clock", get(show_clock).post(advance_clock))
        .route("/_sandbox/reset", post(reset))
        .route("/_sandbox/calls", get(list_calls))
        .route("/_sandbox/payment_intents/{id}/fund", post(fund))
        .route("/_sandbox/payment_intents/{id}/next_action", post(next_action))
        .route("/_sandbox/payment_intents/{id}/settle", post(settle))
        .route("/_sandbox/{*path}", axum::routing::any(unknown))
}

/// The error of an unknown field names it, and the fields there are.
pub(crate) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal(format!("The body is not right: {error}")))
}

async fn unknown() -> Response {
    control_error(StatusCode::NOT_FOUND, "There is no such control; see GET /_sandbox")
}

async fn overview(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(json!({
        "now": sandbox.now().to_string(),
        "controls": [
            "GET|POST|DELETE /_sandbox/faults",
            "GET|POST|DELETE /_sandbox/declines",
            "GET|POST /_sandbox/webhooks",
            "POST /_sandbox/webhooks/release",
            "GET|POST /_sandbox/clock",
            "POST /_sandbox/reset",
            "GET /_sandbox/calls",
            "GET|POST /_sandbox/accounts/{id}",
            "POST /_sandbox/accounts/{id}/onboarding",
            "POST /_sandbox/accounts/{id}/balance",
            "POST /_sandbox/accounts/{id}/deauthorize",
            "POST /_sandbox/payment_intents/{id}/fund",
            "POST /_sandbox/payment_intents/{id}/next_action",
            "POST /_sandbox/payment_intents/{id}/settle",
        ],
    }))
}

async fn list_faults(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(json!({ "faults": sandbox.faults() }))
}

async fn add_fault(State(sandbox): State<Sandbox>, body: Bytes) -> Answer {
    let fault: Fault = read(&body)?;
    sandbox.inject(fault)?;
    Ok(list_faults(State(sandbox)).await)
}

async fn clear_faults(State(sandbox): State<Sandbox>) -> Json<Value> {
    sandbox.clear_faults();
    Json(json!({ "faults": [] }))
}

async fn list_declines(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(json!({ "declines": sandbox.declines() }))
}

async fn add_decline(State(sandbox): State<Sandbox>, body: Bytes) -> Answer {
    let request: DeclineNext = read(&body)?;
    sandbox.decline_next(request)?;
    Ok(list_declines(State(sandbox)).await)
}

async fn clear_declines(State(sandbox): State<Sandbox>) -> Json<Value> {
    sandbox.clear_declines();
    Json(json!({ "declines": [] }))
}

async fn list_webhooks(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(json!({
        "settings": sandbox.webhook_settings(),
        "deliveries": sandbox.deliveries(),
    }))
}

async fn set_webhooks(State(sandbox): State<Sandbox>, body: Bytes) -> Answer {
    let settings: WebhookSettings = read(&body)?;
    sandbox.set_webhooks(settings)?;
    Ok(Json(json!({ "settings": sandbox.webhook_settings() })))
}

async fn release_webhooks(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(json!({ "released": sandbox.release_webhooks() }))
}

async fn show_clock(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(json!({ "now": sandbox.now().to_string() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: i64,
}

async fn advance_clock(State(sandbox): State<Sandbox>, body: Bytes) -> Answer {
    let Advance { advance_seconds } = read(&body)?;
    let now = sandbox.advance_clock(advance_seconds)?;
    Ok(Json(json!({ "now": now.to_string() })))
}

async fn reset(State(sandbox): State<Sandbox>) -> Json<Value> {
    sandbox.reset();
    Json(json!({ "reset": true }))
}

async fn list_calls(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(json!({ "calls": sandbox.calls() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fund {
    amount: i64,
}

async fn fund(State(sandbox): State<Sandbox>, Path(id): Path<String>, body: Bytes) -> Answer {
    let Fund { amount } = read(&body)?;
    sandbox.with_intent(&id, |desk| next_actions::fund(desk, &id, amount))?;
    show(&sandbox, &id)
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeWord {
    Succeed,
    Fail,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    outcome: OutcomeWord,
}

impl Decision {
    fn outcome(&self) -> Outcome {
        match self.outcome {
            OutcomeWord::Succeed => Outcome::Succeed,
            OutcomeWord::Fail => Outcome::Fail,
        }
    }
}

async fn next_action(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let decision: Decision = read(&body)?;
    sandbox.with_intent(&id, |desk| next_actions::finish_action(desk, &id, decision.outcome()))?;
    show(&sandbox, &id)
}

async fn settle(State(sandbox): State<Sandbox>, Path(id): Path<String>, body: Bytes) -> Answer {
    let decision: Decision = read(&body)?;
    sandbox.with_intent(&id, |desk| next_actions::settle(desk, &id, decision.outcome()))?;
    show(&sandbox, &id)
}

/// The intent as the API shows it, after something was done to it.
fn show(sandbox: &Sandbox, id: &str) -> Answer {
    let shown = sandbox.with_intent(id, |desk| {
        desk.objects
            .show(id, desk.livemode, desk.second())
            .ok_or_else(|| format!("There is no payment intent {id}"))
    })?;
    Ok(Json(shown))
}
