//! One log line and one count for every request. Neither ever holds a query, a header or a body:
//! what is not written cannot leak.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use tokio::time::Instant;

use crate::tenant;

/// Middleware: writes the line and counts.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let method = known(request.method());
    // The route, not the address: it has few values and no one's data.
    let path = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "(none)".to_owned(), |matched| matched.as_str().to_owned());
    let tenant = tenant::claimed(request.headers());
    let begun = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    tracing::info!(
        method,
        path,
        tenant = tenant.as_ref().map(payment::TenantId::as_str),
        status,
        latency_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        "request"
    );
    let labels = [("method", method.to_owned()), ("path", path), ("status", status.to_string())];
    metrics::counter!("paybridge_http_requests_total", &labels).increment(1);
    response
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
