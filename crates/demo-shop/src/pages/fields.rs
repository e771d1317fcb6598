//! The fields of a form. Checkboxes of one name come several times, so it is a list.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use url::form_urlencoded;

/// A form that was sent.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The first value of a field, without the space around it; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.trim())
    }

    /// The numbers among all values of a field.
    pub(crate) fn numbers(&self, name: &str) -> Vec<i64> {
        let values = self.0.iter().filter(|(known, _)| known == name);
        values.filter_map(|(_, value)| value.parse().ok()).collect()
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let bytes = Bytes::from_request(request, state).await.map_err(|_| {
            (StatusCode::PAYLOAD_TOO_LARGE, "The form is too long.").into_response()
        })?;
        Ok(Self(form_urlencoded::parse(&bytes).into_owned().collect()))
    }
}
