//! Keeps other sites out: a page in a newcomer's browser must not be driven by one.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use url::Url;

use crate::shop::Shop;

/// What a page's own style and script carry, so that nothing else is loaded.
#[derive(Clone, Debug)]
pub(crate) struct Nonce(pub(crate) String);

/// Under which name the browser came.
enum Name {
    /// The one of the shop's address.
    Own,
    /// Another one of loopback.
    OtherLoopback,
    /// One that somebody else has made to lead here.
    Foreign,
}

/// Middleware: lets only the shop's own pages change something, and tells browsers what a page
/// may load.
pub(crate) async fn guard(State(shop): State<Shop>, mut request: Request, next: Next) -> Response {
    let own = &shop.config().address;
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    match name(own, request.headers()) {
        Name::Own => {}
        // The app sends shoppers back to the one address, and knows it as the one origin.
        Name::OtherLoopback if is_read => {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            return Redirect::temporary(&format!("{own}{path}")).into_response();
        }
        Name::OtherLoopback | Name::Foreign => {
            let text = format!("This shop answers at {own} only.");
            return (StatusCode::MISDIRECTED_REQUEST, text).into_response();
        }
    }
    if !is_read && !is_from_own_page(own, request.headers()) {
        let text =
            "Only the shop's own pages may do that: open it there and press the button again.";
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    let nonce = Nonce(shop.entropy().new_id().simple().to_string());
    request.extensions_mut().insert(nonce.clone());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if let Ok(policy) = HeaderValue::from_str(&policy(&shop, &nonce)) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    let is_page =
        headers.get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

fn name(own: &str, headers: &HeaderMap) -> Name {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if own.split_once("://").is_some_and(|(_, own)| own == host) {
        return Name::Own;
    }
    let without_port = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|digit| digit.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    if ["127.0.0.1", "localhost", "[::1]"].contains(&without_port) {
        Name::OtherLoopback
    } else {
        Name::Foreign
    }
}

/// Browsers name the origin of every form that is sent. What names none is no browser's form.
fn is_from_own_page(own: &str, headers: &HeaderMap) -> bool {
    headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes() == own.as_bytes())
}

/// Only the shop's own style, script and pictures; frames and forms lead to the app, too, and on
/// to the bank's page of the stand-in.
fn policy(shop: &Shop, Nonce(nonce): &Nonce) -> String {
    let config = shop.config();
    let origin = |address: &str| Url::parse(address).map(|url| url.origin().ascii_serialization());
    let others = [Some(&config.app), config.sandbox.as_ref()];
    let others: Vec<String> =
        others.into_iter().flatten().filter_map(|address| origin(address).ok()).collect();
    let others = others.join(" ");
    format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src 'self'; \
         connect-src 'self'; frame-src 'self' {others}; form-action 'self' {others}; \
         frame-ancestors 'self'; base-uri 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(host: &'static str) -> Name {
        let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
        name("http://127.0.0.1:8082", &headers)
    }

    #[test]
    fn names_of_other_sites_are_told_apart() {
        assert!(matches!(named("127.0.0.1:8082"), Name::Own));
        for loopback in ["localhost:8082", "[::1]:8082", "127.0.0.1:9000", "localhost"] {
            assert!(matches!(named(loopback), Name::OtherLoopback), "{loopback}");
        }
        for foreign in ["evil.example:8082", "127.0.0.1.evil.example", "", "localhost.evil.example"]
        {
            assert!(matches!(named(foreign), Name::Foreign), "{foreign}");
        }
    }

    #[test]
    fn only_the_own_origin_may_send_forms() {
        let from = |origin: &'static str| {
            let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))]);
            is_from_own_page("http://127.0.0.1:8082", &headers)
        };
        assert!(from("http://127.0.0.1:8082"));
        for other in
            ["http://127.0.0.1:8080", "null", "https://127.0.0.1:8082", "http://evil.example"]
        {
            assert!(!from(other), "{other}");
        }
        assert!(!is_from_own_page("http://127.0.0.1:8082", &HeaderMap::new()));
    }
}
