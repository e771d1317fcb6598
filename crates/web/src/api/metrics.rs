//! `GET /metrics`: all counters and gauges, for Prometheus.

use axum::extract::State;
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;

use crate::state::WebState;

/// The version of Prometheus' text format.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(crate) async fn handle(State(state): State<WebState>) -> impl IntoResponse {
    ([(CONTENT_TYPE, TEXT_FORMAT)], (state.metrics)())
}
