//! The style, the script and the pictures.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::catalog::Product;

const ICON: &str = include_str!("../../assets/icon.svg");
const STYLE: &str =
    concat!(include_str!("../../assets/tokens.css"), include_str!("../../assets/shop.css"));
const SCRIPT: &str = include_str!("../../assets/shop.js");

pub(crate) async fn file(Path(file): Path<String>) -> Response {
    match file.as_str() {
        "shop.css" => answer("text/css; charset=utf-8", STYLE),
        "shop.js" => answer("text/javascript; charset=utf-8", SCRIPT),
        "icon.svg" => answer("image/svg+xml", ICON),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

pub(crate) async fn picture(Path(file): Path<String>) -> Response {
    let product = file.strip_suffix(".svg").and_then(Product::find);
    match product {
        Some(product) => answer("image/svg+xml", product.picture),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

pub(crate) async fn icon() -> Response {
    answer("image/svg+xml", ICON)
}

/// A new version of the program has new ones under the same names, so a browser asks each time.
fn answer(kind: &'static str, body: &'static str) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], body).into_response()
}
