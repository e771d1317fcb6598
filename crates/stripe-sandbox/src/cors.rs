//! Calls of the API from a page of another origin: Stripe answers them all, since a key and not a cookie says who calls.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

/// How long a browser need not ask again, in seconds.
const MAX_AGE_SECONDS: &str = "300";

/// What a browser asks before a call that is more than a plain form.
pub(crate) fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    allow(headers);
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, content-type, idempotency-key, stripe-account, stripe-version",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Lets a page of any origin read the answer.
pub(crate) fn allow(headers: &mut HeaderMap) {
    let readable: [(HeaderName, &'static str); 2] = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "request-id, stripe-should-retry"),
    ];
    for (name, value) in readable {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
