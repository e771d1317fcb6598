//! Reading a request's body: limited in size and time, of a type that is understood.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use protocol::Invalid;
use serde::de::DeserializeOwned;

use crate::error::Failure;
use crate::limits::Limits;

/// Of a body that is too large, so many times the limit is received and thrown away before it is
/// refused: a client that is still sending would not see the answer.
const DISCARD_TIMES: usize = 8;

tokio::task_local! {
    /// The limits of the request that is being answered. Endpoints read bodies deep inside, and
    /// none could forget to hand the limits on.
    static LIMITS: Limits;
}

/// Middleware: bodies are read within these limits.
pub(crate) async fn limit(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    LIMITS.scope(limits, next.run(request)).await
}

/// Reads the whole body.
pub(crate) async fn read(body: Body) -> Result<Bytes, Failure> {
    let limits = LIMITS.try_with(|limits| *limits).unwrap_or_default();
    match tokio::time::timeout(limits.body, collect(body, limits.body_bytes)).await {
        Ok(collected) => collected,
        Err(_) => Err(Failure::new(
            StatusCode::REQUEST_TIMEOUT,
            "The body did not arrive in time; send it again.",
        )),
    }
}

async fn collect(mut body: Body, bytes_max: usize) -> Result<Bytes, Failure> {
    let mut whole = BytesMut::new();
    let mut received: usize = 0;
    while let Some(frame) = body.frame().await {
        let broken = "The body did not arrive as a whole; send it again.";
        let frame = frame.map_err(|_| Failure::new(StatusCode::BAD_REQUEST, broken))?;
        let Ok(data) = frame.into_data() else { continue };
        received = received.saturating_add(data.len());
        if received <= bytes_max {
            whole.extend_from_slice(&data);
        } else if received > bytes_max.saturating_mul(DISCARD_TIMES) {
            break;
        }
    }
    if received > bytes_max {
        let message = format!("The body is larger than {bytes_max} bytes; send a smaller one.");
        return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    Ok(whole.freeze())
}

/// Reads a body of the private API: JSON, or the form of old shops.
pub(crate) async fn read_as<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Failure> {
    let encoding = Encoding::of(headers, &[Encoding::Json, Encoding::Form])?;
    let body = read(body).await?;
    encoding.decode(&body).map_err(|invalid| {
        let message = format!("{invalid}; correct it and send the request again");
        Failure::new(StatusCode::BAD_REQUEST, message)
    })
}

/// How a body is encoded, by its content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// `application/json`, also as `application/vnd.api+json`.
    Json,
    /// `application/x-www-form-urlencoded` with PHP's brackets.
    Form,
}

impl Encoding {
    /// The encoding that the content type names, if it is any of `accepted`.
    pub(crate) fn of(headers: &HeaderMap, accepted: &[Self]) -> Result<Self, Failure> {
        let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = given.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        accepted
            .iter()
            .copied()
            .find(|encoding| {
                encoding.media_types().iter().any(|known| known.eq_ignore_ascii_case(media_type))
            })
            .ok_or_else(|| unsupported(accepted))
    }

    fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::Json => &["application/json", "application/vnd.api+json"],
            Self::Form => &["application/x-www-form-urlencoded"],
        }
    }

    /// Reads a body of this encoding.
    pub(crate) fn decode<T: DeserializeOwned>(self, body: &[u8]) -> Result<T, Invalid> {
        match self {
            Self::Json => protocol::from_json(body),
            Self::Form => protocol::from_value(protocol::form::parse(body)?),
        }
    }
}

fn unsupported(accepted: &[Encoding]) -> Failure {
    let names: Vec<&str> =
        accepted.iter().flat_map(|encoding| encoding.media_types()).copied().collect();
    let message = format!("Content-Type in header must be one of {}.", names.join(", "));
    Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoding(content_type: &str) -> Option<Encoding> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        Encoding::of(&headers, &[Encoding::Json, Encoding::Form]).ok()
    }

    #[test]
    fn content_types_are_read_without_their_parameters() {
        assert_eq!(encoding("application/json"), Some(Encoding::Json));
        assert_eq!(encoding("Application/JSON; charset=utf-8"), Some(Encoding::Json));
        assert_eq!(encoding("application/vnd.api+json"), Some(Encoding::Json));
        assert_eq!(encoding("application/x-www-form-urlencoded"), Some(Encoding::Form));
        assert_eq!(encoding("text/plain"), None);
        assert_eq!(encoding("application/jsonx"), None);
        assert_eq!(encoding(""), None);
    }
}
