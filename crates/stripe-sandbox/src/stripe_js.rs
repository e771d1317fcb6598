//! The browser's half: a script that stands in for Stripe.js, and the frame with the payment form.
//!
//! The script runs in the shop's page and never sees card data. The form lives in a frame of the sandbox's origin, as at
//! Stripe, so that the page's content security policy and its origin are put to the test. Both are plain files of
//! `web/`, joined here without a build step.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::faults::FaultKind;
use crate::http_api::connection_lost;
use crate::page::{self, STYLE, STYLE_PATH};
use crate::sandbox::Sandbox;

/// Joins files into one script whose names stay its own.
macro_rules! bundle {
    ($($path:literal),+ $(,)?) => {
        concat!("(() => {\n\"use strict\";\n\n", $(include_str!(concat!("../web/", $path)), "\n",)+ "})();\n")
    };
}

const STRIPE_JS: &str = bundle!(
    "shared/words.js",
    "shared/errors.js",
    "shared/api.js",
    "stripe/integration.js",
    "stripe/frame.js",
    "stripe/payment_element.js",
    "stripe/elements.js",
    "stripe/dialog.js",
    "stripe/next_action.js",
    "stripe/stripe.js",
);

const PAYMENT_JS: &str = bundle!(
    "shared/words.js",
    "shared/errors.js",
    "shared/api.js",
    "element/appearance.js",
    "element/card.js",
    "element/iban.js",
    "element/fields.js",
    "element/methods.js",
    "element/test_cards.js",
    "element/form.js",
    "element/main.js",
);
const PAYMENT_CSS: &str = include_str!("../web/element/payment.css");
const PAYMENT_HTML: &str = include_str!("../web/element/payment.html");

/// Told to the page around a frame when what was shown in it is over.
const DONE_JS: &str = include_str!("../web/page/done.js");
pub(crate) const DONE_PATH: &str = "/_sandbox/done.js";

/// The frame asks the API of its own origin and is embedded by whom it may concern.
const PAYMENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors *";

pub(crate) fn router(sandbox: &Sandbox) -> Router<Sandbox> {
    Router::new()
        .route("/stripe.js", get(stripe_js))
        .route("/v3", get(stripe_js))
        .route("/v3/", get(stripe_js))
        // Stripe names its releases: /endive/stripe.js.
        .route("/{release}/stripe.js", get(stripe_js))
        .route("/elements/payment", get(payment))
        .route("/elements/payment.js", get(async || file(JAVASCRIPT, PAYMENT_JS)))
        .route("/elements/payment.css", get(async || file(CSS, PAYMENT_CSS)))
        .route(STYLE_PATH, get(async || file(CSS, STYLE)))
        .route(DONE_PATH, get(async || file(JAVASCRIPT, DONE_JS)))
        .layer(from_fn_with_state(sandbox.clone(), with_faults))
}

async fn stripe_js() -> Response {
    file(JAVASCRIPT, STRIPE_JS)
}

async fn payment() -> Response {
    page::html(StatusCode::OK, PAYMENT_HTML.to_owned(), PAYMENT_POLICY)
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

/// A file that any page may embed.
fn file(content_type: &'static str, content: &'static str) -> Response {
    let mut response = content.into_response();
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What goes wrong on purpose when a file is loaded.
async fn with_faults(State(sandbox): State<Sandbox>, request: Request, next: Next) -> Response {
    let Some(fault) = sandbox.fault_of_file(request.uri().path()) else {
        return next.run(request).await;
    };
    match fault.kind {
        FaultKind::Status => {
            let status = fault.status.and_then(|status| StatusCode::from_u16(status).ok());
            status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
        FaultKind::Delay => {
            tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
            next.run(request).await
        }
        FaultKind::LoseRequest | FaultKind::LoseAnswer => connection_lost(),
    }
}
