//! `GET /health/live` and `GET /health/ready`: for whoever starts and watches the process.

use std::time::Duration;

use app::process::Unready;
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

/// Requests can be served: the process is not about to end, the store answers and is of this
/// program's version, and the worker, where this process has one, comes round.
pub(crate) async fn ready(State(state): State<WebState>) -> Result<Json<Value>, Failure> {
    let unready = |message: String| Failure::new(StatusCode::SERVICE_UNAVAILABLE, message);
    if let Some(reason) = state.process.unready(state.context.entropy.now()) {
        return Err(unready(told(reason)));
    }
    match tokio::time::timeout(READY_TIMEOUT, state.context.store.missing_migrations()).await {
        Ok(Ok(0)) => Ok(Json(json!({"status": "ok", "role": state.process.role().name()}))),
        Ok(Ok(missing)) => Err(unready(format!(
            "The database lacks {missing} migration(s): an older one was put in its place. Run \
             `paybridge migrate`, or start again."
        ))),
        Ok(Err(error)) => Err(Failure::store(&error)),
        Err(_) => Err(unready(
            "The store does not answer; look at the app's log and at the database.".to_owned(),
        )),
    }
}

fn told(reason: Unready) -> String {
    match reason {
        Unready::Stopping => {
            "This process was asked to stop; send requests to another one.".to_owned()
        }
        Unready::WorkerSilent { seconds } => format!(
            "The worker has not come round for {seconds} seconds; look at the app's log, and start \
             this process again. What it had begun goes on."
        ),
    }
}
