//! Which path is served by which endpoint, and what every request passes through.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use http::StatusCode;
use tower_http::catch_panic::CatchPanicLayer;

use crate::api::{
    cancel_pre_order_payment, configure, confirm_pre_order_payment, customer, disconnect, health,
    initialize_payment, merchant_onboarding, message_broker, message_channels, metrics,
    onboarding_return, pre_order_payment, transfers, webhooks,
};
use crate::error::{Failure, write_failures};
use crate::glue::{payment_cancellations, payment_customers, payments};
use crate::page::{pay, redirect, report};
use crate::state::WebState;
use crate::{auth, observe};

/// No request takes longer. What a use case had begun then is in the journal, and the worker or
/// the next call goes on with it.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);

/// The whole HTTP API.
pub fn router(state: WebState) -> Router {
    let private = Router::new()
        .merge(both("/configure", post(configure::handle)))
        .merge(both("/disconnect", post(disconnect::handle)))
        .merge(both("/initialize-payment", post(initialize_payment::handle)))
        .merge(both("/pre-order-payment", post(pre_order_payment::handle)))
        .merge(both("/confirm-pre-order-payment", post(confirm_pre_order_payment::handle)))
        .merge(both("/cancel-pre-order-payment", post(cancel_pre_order_payment::handle)))
        .merge(both("/customer", post(customer::handle)))
        .merge(both("/merchants/onboarding", post(merchant_onboarding::handle)))
        .merge(both("/payments/transfers", post(transfers::handle)))
        .route(
            "/message-channels/{channel}",
            post(message_channels::send)
                .merge(get(message_channels::read))
                .merge(delete(message_channels::acknowledge)),
        )
        .route("/webhook/message-broker", post(message_broker::handle))
        .route_layer(middleware::from_fn_with_state(state.clone(), auth::require_token));
    let front_ends = Router::new()
        .merge(both("/payments", post(payments::handle)))
        .merge(both("/payment-cancellations", post(payment_cancellations::handle)))
        .merge(both("/payment-customers", post(payment_customers::handle)))
        .route_layer(middleware::from_fn_with_state(state.clone(), auth::require_token));
    let open = Router::new()
        .route("/webhooks", post(webhooks::live))
        .route("/webhooks/test", post(webhooks::test))
        .route("/app-payment", get(pay::handle))
        .route("/app-payment/redirect", get(redirect::handle))
        .route("/app-payment/csp-report", post(report::handle))
        .route("/merchants/onboarding/return", get(onboarding_return::done))
        .route("/merchants/onboarding/refresh", get(onboarding_return::refresh))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(metrics::handle));
    private
        .merge(front_ends)
        .merge(open)
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(limit_time))
        .layer(middleware::from_fn_with_state(state.clone(), write_failures))
        .layer(middleware::from_fn(observe::observe))
        .with_state(state)
}

/// An endpoint of the private API: shops call it under `/private`, its published name is without.
fn both(path: &str, endpoint: MethodRouter<WebState>) -> Router<WebState> {
    Router::new().route(path, endpoint.clone()).route(&format!("/private{path}"), endpoint)
}

async fn not_found() -> Failure {
    let message = "There is nothing at this path; check it against the API reference.";
    Failure::new(StatusCode::NOT_FOUND, message)
}

async fn method_not_allowed() -> Failure {
    let message = "This path does not know the method; those it knows are in the Allow header.";
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, message)
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a request handler panicked: this is a bug");
    Failure::internal().into_response()
}

async fn limit_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The request took too long. Call again in a moment; what it had begun is not done twice.",
        )
        .into_response(),
    }
}
