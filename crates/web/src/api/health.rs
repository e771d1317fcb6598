//! `GET /health/live` and `GET /health/ready`: for whoever starts and watches the process.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};

use crate::error::Failure;
use crate::state::WebState;

/// A store that takes longer to answer is not ready.
const READY_TIMEOUT: Duration = Duration::from_secs(3);

/// The process runs. Says nothing of what it needs: restarting it would not bring that back.
pub(crate) async fn live() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Requests can be served: the store answers.
pub(crate) async fn ready(State(state): State<WebState>) -> Result<Json<Value>, Failure> {
    match tokio::time::timeout(READY_TIMEOUT, state.context.store.installation()).await {
        Ok(Ok(_)) => Ok(Json(json!({"status": "ok"}))),
        Ok(Err(error)) => Err(Failure::store(&error)),
        Err(_) => Err(Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The store does not answer; look at the app's log and at the database.",
        )),
    }
}
