//! One log line and one count for every request. Neither ever holds a query, a header or a body:
//! what is not written cannot leak. Every line that is logged while a request is answered carries its
//! number in this process, the caller's trace, and the tenant that it names.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, Method};
use tokio::time::Instant;
use tracing::Instrument;
use tracing::field::Empty;

use crate::state::WebState;
use crate::tenant;

/// A trace id is written in so many hexadecimal digits.
const TRACE_ID_CHARS: usize = 32;
/// The id of the caller's span is.
const SPAN_ID_CHARS: usize = 16;

/// Middleware: writes the line and counts.
pub(crate) async fn observe(
    State(state): State<WebState>,
    request: Request,
    next: Next,
) -> Response {
    let method = known(request.method());
    // The route, not the address: it has few values and no one's data.
    let path = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "(none)".to_owned(), |matched| matched.as_str().to_owned());
    let tenant = tenant::claimed(request.headers());
    let span = tracing::info_span!(
        "request",
        number = state.process.next_request(),
        trace = trace(request.headers()),
        tenant = tenant.as_ref().map(payment::TenantId::as_str),
        http.request.method = Empty,
        http.route = Empty,
        http.response.status_code = Empty,
    );
    let begun = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let latency_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(method, path, status, latency_ms, "request"));
    // For traces, by the names that they go by there. Every line of the log is written by now.
    span.record("http.request.method", method);
    span.record("http.route", path.as_str());
    span.record("http.response.status_code", i64::from(status));
    let labels = [("method", method.to_owned()), ("path", path), ("status", status.to_string())];
    metrics::counter!("paybridge_http_requests_total", &labels).increment(1);
    response
}

/// The trace that the caller has begun (W3C Trace Context, `traceparent`). Only a header that holds is
/// taken: nobody writes what he likes into the log, and one that does not hold begins no trace.
fn trace(headers: &HeaderMap) -> Option<&str> {
    let mut parts = headers.get("traceparent")?.to_str().ok()?.split('-');
    let (version, id) = (parts.next()?, parts.next()?);
    let (span, flags) = (parts.next()?, parts.next()?);
    // Versions to come may say more.
    let ends = version != "00" || parts.next().is_none();
    let holds = is_hex(version, 2) && version != "ff" && ends;
    let ids = is_id(id, TRACE_ID_CHARS) && is_id(span, SPAN_ID_CHARS);
    (holds && ids && is_hex(flags, 2)).then_some(id)
}

/// Nothing but zeros is no id.
fn is_id(text: &str, chars: usize) -> bool {
    is_hex(text, chars) && text.bytes().any(|byte| byte != b'0')
}

fn is_hex(text: &str, chars: usize) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == chars && text.bytes().all(digit)
}

/// The method as a label. A caller may invent methods; a label's values are few.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
