//! The bearer token of the private API, the message channels and the message broker.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::error::Failure;
use crate::state::WebState;

/// Middleware: lets only those through who carry the token.
pub(crate) async fn require_token(
    State(state): State<WebState>,
    request: Request,
    next: Next,
) -> Response {
    match check(request.headers(), &state.auth_token) {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

fn check(headers: &HeaderMap, expected: &SecretString) -> Result<(), Failure> {
    let Some(given) = bearer(headers) else {
        let message = "Authorization in header is required: send \"Authorization: Bearer <token>\" \
                       with the token of the app's configuration.";
        return Err(unauthorized(message, "Bearer realm=\"paybridge\""));
    };
    if bool::from(given.ct_eq(expected.expose_secret().as_bytes())) {
        return Ok(());
    }
    let message = "Authorization: the bearer token is not the one of the app's configuration; \
                   check that shop and app have the same.";
    Err(unauthorized(message, "Bearer realm=\"paybridge\", error=\"invalid_token\""))
}

fn unauthorized(message: &str, challenge: &'static str) -> Failure {
    Failure::new(StatusCode::UNAUTHORIZED, message).with_challenge(challenge)
}

/// The token of an `Authorization` header whose scheme, in any case, is `Bearer`.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(header: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, header.parse().unwrap());
        }
        check(&headers, &SecretString::from("secret-token")).is_ok()
    }

    #[test]
    fn only_the_whole_token_passes() {
        assert!(passes(Some("Bearer secret-token")));
        assert!(passes(Some("bearer  secret-token ")));
        assert!(!passes(None));
        assert!(!passes(Some("")));
        assert!(!passes(Some("Bearer ")));
        assert!(!passes(Some("Bearer secret-toke")));
        assert!(!passes(Some("Bearer secret-token2")));
        assert!(!passes(Some("Bearer Secret-token")));
        assert!(!passes(Some("Basic secret-token")));
        assert!(!passes(Some("secret-token")));
    }
}
