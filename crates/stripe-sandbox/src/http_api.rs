//! From HTTP to the state and back.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::json;

use crate::answer::Answer;
use crate::error::ApiError;
use crate::idempotency::KeyOf;
use crate::reception::Request;
use crate::sandbox::Sandbox;
use crate::{API_VERSION, account_control, authenticate, connect_pages, control, cors, stripe_js};

/// The largest body of a call.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Marks a response that must never arrive: the connection broke.
///
/// [`Sandbox::serve`] closes the connection without a byte when it meets one. Who calls [`Sandbox::router`] directly
/// finds it in [`http::Response::extensions`] and has to report a broken connection to its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLost;

impl Sandbox {
    /// Everything the sandbox answers: Stripe's API below `/v1/`, its own control below `/_sandbox/`, the script that
    /// stands in for Stripe.js and the pages a shopper sees.
    pub fn router(&self) -> Router {
        Router::new()
            .merge(control::router())
            .merge(account_control::router())
            .merge(authenticate::router())
            .merge(connect_pages::router())
            .merge(stripe_js::router(self))
            .fallback(api)
            .with_state(self.clone())
    }
}

/// Frees an idempotency key when the answer leaves, or when the caller hung up before it.
struct InUse<'a> {
    sandbox: &'a Sandbox,
    key: Option<KeyOf>,
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.sandbox.release_key(key);
        }
    }
}

/// The headers of a call that its answer repeats.
struct Echoed {
    version: Option<String>,
    idempotency_key: Option<String>,
    account: Option<String>,
}

/// Everything below `/v1/`, and whatever has no other address.
async fn api(State(sandbox): State<Sandbox>, request: HttpRequest) -> Response {
    if request.method() == Method::OPTIONS {
        return cors::preflight();
    }
    let mut response = call(&sandbox, request).await;
    cors::allow(response.headers_mut());
    response
}

async fn call(sandbox: &Sandbox, request: HttpRequest) -> Response {
    let (parts, body) = request.into_parts();
    let text = |name: &HeaderName| text_of(&parts.headers, name.as_str());
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        let error =
            ApiError::invalid(format!("The request is larger than {BODY_BYTES_MAX} bytes."));
        return (StatusCode::PAYLOAD_TOO_LARGE, axum::Json(error.body())).into_response();
    };
    let echoed = Echoed {
        version: text_of(&parts.headers, "stripe-version"),
        idempotency_key: text_of(&parts.headers, "idempotency-key").filter(|key| !key.is_empty()),
        account: text_of(&parts.headers, "stripe-account"),
    };
    let request = Request {
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        authorization: text(&header::AUTHORIZATION),
        content_type: text(&header::CONTENT_TYPE),
        account: echoed.account.clone(),
        version: echoed.version.clone(),
        idempotency_key: echoed.idempotency_key.clone(),
        method: parts.method,
        body,
    };
    let outcome = sandbox.receive(&request);
    let in_use = InUse { sandbox, key: outcome.in_use };
    if !outcome.delay.is_zero() {
        tokio::time::sleep(outcome.delay).await;
    }
    drop(in_use);
    match outcome.answer {
        Some(answer) => respond(&answer, &echoed),
        None => connection_lost(),
    }
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

pub(crate) fn connection_lost() -> Response {
    let mut response = StatusCode::BAD_GATEWAY.into_response();
    response.extensions_mut().insert(ConnectionLost);
    response
}

fn respond(answer: &Answer, echoed: &Echoed) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::new(Body::from(format!("{:#}\n", answer.body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut insert = |name: &'static str, value: &str| {
        // What cannot be a header came in as one, so this does not fail.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    insert("request-id", &answer.request_id);
    insert("stripe-version", echoed.version.as_deref().unwrap_or(API_VERSION));
    if let Some(key) = &echoed.idempotency_key {
        insert("idempotency-key", key);
    }
    if let Some(account) = &echoed.account {
        insert("stripe-account", account);
    }
    if let Some(original) = &answer.original_request {
        insert("original-request", original);
        insert("idempotent-replayed", "true");
    }
    if let Some(should_retry) = answer.should_retry {
        insert("stripe-should-retry", if should_retry { "true" } else { "false" });
    }
    response
}

/// An answer of the control API that refuses.
pub(crate) fn control_error(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(json!({ "error": message }))).into_response()
}
