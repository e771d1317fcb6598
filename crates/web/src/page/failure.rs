//! What a shopper reads where her request went wrong around the page.

use axum::response::Response;
use http::HeaderMap;
use http::header::ALLOW;

use crate::error::Failure;
use crate::page::view::Notice;
use crate::page::visit::Visit;
use crate::state::WebState;

/// The paths that a shopper opens.
pub(crate) const PATHS: [&str; 2] = ["/app-payment", "/app-payment/redirect"];

/// A page in place of a failure; anything else is a page already.
pub(crate) fn write_failure(
    state: &WebState,
    headers: &HeaderMap,
    mut response: Response,
) -> Response {
    let Some(failure) = response.extensions_mut().remove::<Failure>() else { return response };
    let status = failure.status();
    let notice = if status.is_server_error() { Notice::Broken } else { Notice::Unknown };
    let mut written = Visit::new(state, headers).notice(status, notice);
    if let Some(allow) = response.headers_mut().remove(ALLOW) {
        written.headers_mut().insert(ALLOW, allow);
    }
    written
}
