//! The API reference: an OpenAPI and an AsyncAPI document, made of the types that are read and
//! written, and a page for people made of both.
//!
//! - [`operation`]: how an endpoint is described; [`endpoints`] has the descriptions.
//! - [`openapi`]: the endpoints as OpenAPI 3.1.
//! - [`messages`]: how a message is described; [`asyncapi`] has them as AsyncAPI 3.
//! - [`page`]: both to read.

pub(crate) mod asyncapi;
pub(crate) mod endpoints;
mod errors;
pub(crate) mod messages;
pub(crate) mod openapi;
pub(crate) mod operation;
pub(crate) mod page;
mod prose;
mod rows;
mod schemas;

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::Value;

/// What both documents begin with.
const TITLE: &str = "paybridge";

static OPENAPI: LazyLock<String> = LazyLock::new(|| text(&openapi::document()));
static ASYNCAPI: LazyLock<String> = LazyLock::new(|| text(&asyncapi::document()));

/// The OpenAPI 3.1 document of every endpoint.
pub fn openapi() -> &'static str {
    &OPENAPI
}

/// The AsyncAPI 3 document of every message.
pub fn asyncapi() -> &'static str {
    &ASYNCAPI
}

/// `GET /openapi.json`.
pub(crate) async fn serve_openapi() -> Response {
    json(openapi())
}

/// `GET /asyncapi.json`.
pub(crate) async fn serve_asyncapi() -> Response {
    json(asyncapi())
}

fn json(document: &'static str) -> Response {
    let mut response = document.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Indented, with a line's end at its end: documents are kept in files and compared.
fn text(document: &Value) -> String {
    format!("{document:#}\n")
}
