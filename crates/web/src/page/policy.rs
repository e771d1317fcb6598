//! What a page may load, who may frame it, and what the browser keeps and passes on of it.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use url::Url;

use crate::page::report::Reports;

/// Where Stripe.js comes from in production.
const STRIPE_JS: &str = "https://js.stripe.com";
/// What it needs there (<https://docs.stripe.com/security/guide#content-security-policy>).
const STRIPE_SCRIPTS: &str = "https://js.stripe.com https://*.js.stripe.com";
const STRIPE_FRAMES: &str =
    "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com";
const STRIPE_CONNECTIONS: &str = "https://api.stripe.com";

/// What the payment page of an installation needs to know.
#[derive(Clone, Debug)]
pub struct PageSettings {
    pub(crate) stripe_js_url: Arc<str>,
    pub(crate) stripe: Sources,
    pub(crate) reports: Arc<Reports>,
}

/// Where Stripe's script, its frames and its calls may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sources {
    scripts: Arc<str>,
    frames: Arc<str>,
    connections: Arc<str>,
}

impl PageSettings {
    /// The page loads Stripe's script from this address. A stand-in serves everything at its own
    /// origin.
    pub fn new(stripe_js_url: &Url) -> Self {
        let origin = stripe_js_url.origin().ascii_serialization();
        let stripe = if origin == STRIPE_JS {
            Sources {
                scripts: STRIPE_SCRIPTS.into(),
                frames: STRIPE_FRAMES.into(),
                connections: STRIPE_CONNECTIONS.into(),
            }
        } else {
            let origin: Arc<str> = origin.into();
            Sources { scripts: origin.clone(), frames: origin.clone(), connections: origin }
        };
        Self { stripe_js_url: stripe_js_url.as_str().into(), stripe, reports: Arc::default() }
    }
}

/// What one document may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy<'a> {
    /// Marks the style and the script that are the page's own.
    pub(crate) nonce: &'a str,
    /// The tenant's icon.
    pub(crate) icon: Option<&'a str>,
    /// Stripe's origins, where the document loads Stripe.js.
    pub(crate) stripe: Option<&'a Sources>,
    /// Origins that may frame the document.
    pub(crate) framed_by: &'a [String],
    /// Where violations are told.
    pub(crate) report_to: &'a str,
}

impl Policy<'_> {
    fn text(&self) -> String {
        let Self { nonce, framed_by, report_to, .. } = self;
        let icon = self.icon.and_then(|icon| Url::parse(icon).ok());
        let icon = icon.map(|icon| format!(" {}", icon.origin().ascii_serialization()));
        let icon = icon.unwrap_or_default();
        let ancestors =
            if framed_by.is_empty() { "'none'".to_owned() } else { framed_by.join(" ") };
        let stripe = self.stripe.map(|Sources { scripts, frames, connections }| {
            format!(
                "script-src 'nonce-{nonce}' {scripts}; frame-src {frames}; \
                 connect-src {connections}"
            )
        });
        let scripts = stripe.unwrap_or_else(|| format!("script-src 'nonce-{nonce}'"));
        format!(
            "default-src 'none'; {scripts}; style-src 'nonce-{nonce}'; img-src data:{icon}; \
             frame-ancestors {ancestors}; base-uri 'none'; form-action 'none'; \
             report-uri {report_to}"
        )
    }
}

/// A document under its policy.
pub(crate) fn document(status: StatusCode, policy: &Policy<'_>, html: String) -> Response {
    // What cannot be a header would leave the page open: then nothing may be loaded.
    let policy = HeaderValue::from_str(&policy.text())
        .unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    private(response)
}

/// Sends the browser on. `None` where the address cannot be a header.
pub(crate) fn onward(target: &str) -> Option<Response> {
    let mut response = StatusCode::FOUND.into_response();
    response.headers_mut().insert(LOCATION, HeaderValue::from_str(target).ok()?);
    Some(private(response))
}

/// Addresses and pages here name a payment: nobody keeps them, nobody is told of them.
fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
