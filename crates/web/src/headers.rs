//! Headers that keep browsers from doing what nobody asked for, on every answer.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue};

/// An endpoint that needs another value, such as a page, sets it itself.
const HEADERS: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    // Answers may carry what only their reader may have.
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (X_FRAME_OPTIONS, "DENY"),
];

/// Middleware: adds those that are not there.
pub(crate) async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    // A page that says itself who may frame it is not contradicted.
    let frames_itself = headers.contains_key(CONTENT_SECURITY_POLICY);
    for (name, value) in HEADERS {
        if name == X_FRAME_OPTIONS && frames_itself {
            continue;
        }
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
