//! What a front end calls itself, as JSON:API (contract, shop, section 1, Glue): for shops without a
//! Glue API of their own. The same use cases as for a shop's back end, in another form.
//!
//! A success is 201 with an id of null, and what fails is 422, whatever the reason: the front end
//! shows its `detail`.

pub(crate) mod payment_cancellations;
pub(crate) mod payment_customers;
pub(crate) mod payments;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use protocol::glue::Document;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::body::{self, Encoding};
use crate::error::Failure;

/// JSON:API's media type.
const MEDIA_TYPE: &str = "application/vnd.api+json";

/// A body of JSON:API.
pub(crate) struct JsonApi<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for JsonApi<T> {
    fn into_response(self) -> Response {
        let mut response = axum::Json(self.0).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        response
    }
}

/// Reads the attributes of the one resource of a request, which has to be of this kind.
async fn attributes<A: DeserializeOwned>(
    kind: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<A, Failure> {
    let encoding = Encoding::of(headers, &[Encoding::Json])?;
    let body = body::read(body).await?;
    let document: Document<A> = encoding
        .decode(&body)
        .map_err(|invalid| refused(format!("{invalid}; correct it and send the request again")))?;
    if document.data.kind != kind {
        return Err(refused(format!("data.type: is not {kind:?}, as this path expects it")));
    }
    Ok(document.data.attributes)
}

fn refused(message: String) -> Failure {
    Failure::new(StatusCode::UNPROCESSABLE_ENTITY, message)
}

/// A resource without an id of its own.
fn created<A: Serialize>(kind: &str, attributes: A) -> Response {
    (StatusCode::CREATED, JsonApi(Document::new(kind, attributes))).into_response()
}
