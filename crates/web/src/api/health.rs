//! `GET /health/live` and `GET /health/ready`: for whoever starts and watches the process.

use std::time::Duration;

use app::link::{Link, LinkState};
use app::ports::StoreError;
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
/// program's version, and the worker, where this process has one, comes round. A broker that is
/// gone, and that Stripe does not answer, is told, and turns nobody away whose request could be served.
pub(crate) async fn ready(State(state): State<WebState>) -> Result<Json<Value>, Failure> {
    let unready = |message: String| Failure::new(StatusCode::SERVICE_UNAVAILABLE, message);
    if let Some(reason) = state.process.unready(state.context.entropy.now()) {
        return Err(unready(told(&reason)));
    }
    let store = &state.context.store;
    let asked = async {
        store.check().await?;
        store.missing_migrations().await
    };
    match tokio::time::timeout(READY_TIMEOUT, asked).await {
        Ok(Ok(0)) => Ok(Json(how_it_is(&state))),
        Ok(Ok(missing)) => Err(unready(format!(
            "The database lacks {missing} migration(s): an older one was put in its place. Run \
             `paybridge migrate`, or start again."
        ))),
        Ok(Err(StoreError::Full(_))) => Err(unready(
            "The disk of the database is full; make room on it. Nothing new is taken until then, what \
             was answered is kept, and all goes on by itself."
                .to_owned(),
        )),
        Ok(Err(StoreError::Unavailable(_))) => Err(unready(
            "The database cannot be used; the app's log says why. All goes on by itself when it is \
             back."
                .to_owned(),
        )),
        Ok(Err(error @ (StoreError::Sealed { .. } | StoreError::Corrupt { .. }))) => {
            Err(Failure::store(&error))
        }
        Err(_) => Err(unready(
            "The store does not answer; look at the app's log and at the database.".to_owned(),
        )),
    }
}

fn how_it_is(state: &WebState) -> Value {
    let links = state.process.links();
    let all_up = links.iter().all(|link| matches!(link.state(), LinkState::Up { .. }));
    let silent = state.context.psp.silent_accounts();
    let status = if all_up && silent == 0 { "ok" } else { "degraded" };
    json!({
        "status": status,
        "role": state.process.role().name(),
        "brokers": links.iter().map(|link| broker(link)).collect::<Vec<_>>(),
        "stripe": {"accounts_not_answering": silent},
    })
}

fn broker(link: &Link) -> Value {
    let name = link.name();
    match link.state() {
        LinkState::Connecting => json!({"name": name, "state": "connecting"}),
        LinkState::Up { since } => {
            json!({"name": name, "state": "up", "since": since.to_string()})
        }
        LinkState::Down { since, reason } => {
            json!({"name": name, "state": "down", "since": since.to_string(), "reason": reason})
        }
    }
}

fn told(reason: &Unready) -> String {
    match reason {
        Unready::Stopping => {
            "This process was asked to stop; send requests to another one.".to_owned()
        }
        Unready::WorkerSilent { seconds } => format!(
            "The worker has not come round for {seconds} seconds; look at the app's log, and start \
             this process again. What it had begun goes on."
        ),
        Unready::BrokerGone { broker, reason: None } => {
            format!("This worker is not connected to the broker {broker} yet.")
        }
        Unready::BrokerGone { broker, reason: Some(reason) } => format!(
            "The broker {broker} is gone, and this worker waits for it: {reason}; bring it back, \
             the worker goes on by itself."
        ),
    }
}
