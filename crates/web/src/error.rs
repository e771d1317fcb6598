//! Errors, and the formats in which shops and front ends read them (contract, shop, section 1).
//!
//! Whatever goes wrong, in an endpoint or around it, becomes a [`Failure`]. It travels outwards
//! unwritten, and [`write_failures`] writes it once, in the format of the path that was called.
//! Shoppers read a page instead (`page::failure`).

use app::ports::StoreError;
use app::tenant::NotConnected;
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ALLOW, RETRY_AFTER, VARY,
    WWW_AUTHENTICATE,
};
use http::{HeaderName, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::glue::JsonApi;
use crate::page;
use crate::state::WebState;

/// How an endpoint writes its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// `[{"code":null,"status":null,"message":"…","confirm":null}]`: the private API.
    List,
    /// `{"errors":[{"code":…,"message":"…","status":422,"confirm":…}]}`: configure, disconnect,
    /// and everything that no shop's checkout reads.
    Envelope,
    /// `{"errors":[{"detail":"…","status":422}]}`: what a front end calls.
    JsonApi,
    /// `{"errors":[{"message":"…"}]}`: what a merchant's portal reads.
    Messages,
}

impl Format {
    /// The format of the endpoint at `path`.
    pub(crate) fn of_path(path: &str) -> Self {
        let (endpoint, private) = match path.strip_prefix("/private") {
            Some(endpoint) => (endpoint, true),
            None => (path, false),
        };
        match endpoint {
            "/configure" | "/disconnect" => Self::Envelope,
            "/merchants/onboarding" => Self::Messages,
            "/payments" | "/payment-cancellations" | "/payment-customers" => Self::JsonApi,
            "/initialize-payment"
            | "/pre-order-payment"
            | "/confirm-pre-order-payment"
            | "/cancel-pre-order-payment"
            | "/customer"
            | "/payments/transfers" => Self::List,
            _ if private => Self::List,
            _ => Self::Envelope,
        }
    }

    /// The status of a request that does not read: the contract has 400 for the private API and
    /// 422 for configure and disconnect.
    fn unreadable(self, path: &str) -> StatusCode {
        match (self, path.strip_prefix("/private").unwrap_or(path)) {
            (Self::Envelope, "/configure" | "/disconnect") | (Self::JsonApi, _) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            (Self::Envelope | Self::List | Self::Messages, _) => StatusCode::BAD_REQUEST,
        }
    }
}

/// The labels of a question that the app catalog asks before it repeats the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Confirm {
    /// The button that goes ahead.
    pub(crate) label_ok: &'static str,
    /// The button that does not.
    pub(crate) label_cancel: &'static str,
}

/// Why a request was not carried out. Its messages are for whoever called: they name what is
/// wrong and what to do, and nothing of what is inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    status: StatusCode,
    messages: Vec<String>,
    code: Option<&'static str>,
    confirm: Option<Confirm>,
    challenge: Option<&'static str>,
    retry_after_seconds: Option<u64>,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self::of_many(status, vec![message.into()])
    }

    /// Several things are wrong at once.
    pub(crate) fn of_many(status: StatusCode, messages: Vec<String>) -> Self {
        Self {
            status,
            messages,
            code: None,
            confirm: None,
            challenge: None,
            retry_after_seconds: None,
        }
    }

    /// A request that does not read as it should.
    pub(crate) fn unreadable(path: &str, message: impl Into<String>) -> Self {
        Self::new(Format::of_path(path).unreadable(path), message)
    }

    /// The tenant was disconnected; the words are the contract's.
    pub(crate) fn disconnected() -> Self {
        Self::new(StatusCode::FORBIDDEN, "Tenant is disconnected.")
    }

    /// Something broke that the caller can do nothing about.
    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something broke inside the app; it was logged. Call again, and tell the operator if it stays.",
        )
    }

    /// The store could not do it. What it says is for the operator: it is logged here, where the
    /// store has not told of it itself.
    pub(crate) fn store(error: &StoreError) -> Self {
        error.tell("the store could not be used");
        match error {
            StoreError::Unavailable(_) | StoreError::Full(_) | StoreError::Sealed { .. } => {
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "The app cannot reach its data now. Call again in a moment; what was done is not done twice.",
                )
            }
            StoreError::Corrupt { .. } => Self::internal(),
        }
    }

    /// One more message.
    pub(crate) fn and(mut self, message: impl Into<String>) -> Self {
        self.messages.push(message.into());
        self
    }

    pub(crate) fn with_code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    pub(crate) fn with_confirm(mut self, confirm: Confirm) -> Self {
        self.confirm = Some(confirm);
        self
    }

    /// How the caller may authenticate (RFC 6750).
    pub(crate) fn with_challenge(mut self, challenge: &'static str) -> Self {
        self.challenge = Some(challenge);
        self
    }

    /// What it is answered with.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// When there is any use in calling again.
    pub(crate) fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    fn write(self, format: Format) -> Response {
        let Self { status, messages, code, confirm, challenge, retry_after_seconds } = self;
        let entries = |number: Option<u16>| -> Vec<Entry> {
            let entry = |message| Entry { code, status: number, message, confirm };
            messages.iter().cloned().map(entry).collect()
        };
        let number = status.as_u16();
        let mut response = match format {
            Format::List => (status, Json(entries(None))).into_response(),
            Format::Envelope => {
                (status, Json(json!({"errors": entries(Some(number))}))).into_response()
            }
            Format::JsonApi => {
                let detail = |message| json!({"detail": message, "status": number});
                let errors: Vec<_> = messages.iter().map(detail).collect();
                (status, JsonApi(json!({"errors": errors}))).into_response()
            }
            Format::Messages => {
                let message = |message| json!({"message": message});
                let errors: Vec<_> = messages.iter().map(message).collect();
                (status, Json(json!({"errors": errors}))).into_response()
            }
        };
        if let Some(seconds) = retry_after_seconds {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::store(&error)
    }
}

impl From<NotConnected> for Failure {
    fn from(error: NotConnected) -> Self {
        match error {
            NotConnected::Disconnected => Self::disconnected(),
            NotConnected::Unknown => Self::new(StatusCode::BAD_REQUEST, error.to_string()),
            NotConnected::Store(error) => Self::store(&error),
        }
    }
}

/// What went wrong.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub(crate) struct Entry {
    /// The number of a question that the app catalog asks.
    code: Option<&'static str>,
    /// The answer's status again; null in lists.
    status: Option<u16>,
    /// What is wrong and what to do.
    message: String,
    /// How to ask, where asking may help.
    confirm: Option<Confirm>,
}

/// The failure itself travels as an extension: the format is known further out.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}

/// What was said beside a failure and stays: the methods of the path, and which origin may read it.
const KEPT_HEADERS: [HeaderName; 4] =
    [ALLOW, VARY, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS];

/// Middleware: writes the failure of whatever is inside, in the format of the path; for a shopper,
/// as a page.
pub(crate) async fn write_failures(
    State(state): State<WebState>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    if page::PATHS.contains(&path) {
        let headers = request.headers().clone();
        return page::write_failure(&state, &headers, next.run(request).await);
    }
    let format = Format::of_path(path);
    let mut response = next.run(request).await;
    let failure = match response.extensions_mut().remove::<Failure>() {
        Some(failure) => failure,
        None if response.status().is_client_error() => unread_address(response.status()),
        None => return response,
    };
    let mut written = failure.write(format);
    for name in KEPT_HEADERS {
        if let Some(value) = response.headers_mut().remove(&name) {
            written.headers_mut().insert(name, value);
        }
    }
    written
}

/// The router itself refuses an address that does not read: percent signs that decode to no text.
fn unread_address(status: StatusCode) -> Failure {
    Failure::new(status, "The address does not read; check its percent-encoding.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_its_format() {
        let list = [
            "/initialize-payment",
            "/private/initialize-payment",
            "/pre-order-payment",
            "/confirm-pre-order-payment",
            "/cancel-pre-order-payment",
            "/customer",
            "/private/payments/transfers",
            "/private/nothing",
        ];
        let envelope = [
            "/configure",
            "/private/configure",
            "/private/disconnect",
            "/webhooks",
            "/message-channels/payment-events",
            "/nothing",
        ];
        let json_api = ["/payments", "/private/payment-cancellations", "/payment-customers"];
        for path in json_api {
            assert_eq!(Format::of_path(path), Format::JsonApi, "{path}");
        }
        for path in list {
            assert_eq!(Format::of_path(path), Format::List, "{path}");
        }
        for path in envelope {
            assert_eq!(Format::of_path(path), Format::Envelope, "{path}");
        }
        for path in ["/merchants/onboarding", "/private/merchants/onboarding"] {
            assert_eq!(Format::of_path(path), Format::Messages, "{path}");
        }
    }

    #[test]
    fn what_the_store_says_stays_inside() {
        let errors = [
            StoreError::Unavailable("/var/secret cannot be opened".to_owned()),
            StoreError::Full("disk /var/secret is full".to_owned()),
            StoreError::Sealed { what: "the secret key", key_id: "secret-1".to_owned() },
            StoreError::Corrupt { table: "tenant", detail: "secret".to_owned() },
        ];
        for error in errors {
            let failure = Failure::store(&error);
            assert!(failure.status.is_server_error());
            assert!(!failure.messages.concat().contains("secret"), "{failure:?}");
        }
    }
}
