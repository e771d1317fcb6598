//! What an answer of Stripe, or its absence, means for the caller.

use app::ports::{IntentState, PayoutObstacle, PspError, Refusal};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::objects::{ErrorBody, ErrorEnvelope, PaymentIntent};
use crate::translate::intent_view;
use crate::transport::TransportError;

/// Codes that say that the object is in a state which does not allow what was asked.
const UNEXPECTED_STATE_CODES: [&str; 7] = [
    "capture_charge_authorization_expired",
    "charge_already_captured",
    "charge_already_refunded",
    "charge_expired_for_capture",
    "charge_not_refundable",
    "intent_invalid_state",
    "payment_intent_unexpected_state",
];
/// The type of the error that one key was used with two different requests.
const IDEMPOTENCY_ERROR: &str = "idempotency_error";
/// Another request holds the object; this one was turned away.
const LOCK_TIMEOUT: &str = "lock_timeout";

/// One try of a call.
#[derive(Debug)]
pub(crate) enum Tried {
    Answered(Answer),
    NotSent(String),
    /// Nor was it tried to: it had to wait for others, or for Stripe to answer at all.
    Held(String),
    Unknown(String),
}

/// An answer, with what its headers say.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    /// `Stripe-Should-Retry`: Stripe knows better than any rule of ours.
    pub should_retry: Option<bool>,
    /// `Idempotent-Replayed`: this is the first answer under the key, told again.
    pub replayed: bool,
    /// `Request-Id`: what Stripe's support asks for.
    pub request_id: Option<String>,
    pub body: Bytes,
}

impl From<TransportError> for Tried {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::NotSent(reason) => Self::NotSent(reason),
            TransportError::Unknown(reason) => Self::Unknown(reason),
        }
    }
}

impl From<http::Response<Bytes>> for Tried {
    fn from(response: http::Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        Self::Answered(Answer {
            status: parts.status,
            should_retry: flag(&parts.headers, "stripe-should-retry"),
            replayed: flag(&parts.headers, "idempotent-replayed") == Some(true),
            request_id: text(&parts.headers, "request-id").map(ToOwned::to_owned),
            body,
        })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn flag(headers: &HeaderMap, name: &str) -> Option<bool> {
    text(headers, name).and_then(|value| value.parse().ok())
}

impl Tried {
    /// Whether the same request should be sent again (contract/stripe.md section 4).
    pub(crate) fn worth_repeating(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::Unknown(_) => true,
            Self::Held(_) => false,
            Self::Answered(answer) => answer.should_retry.unwrap_or_else(|| {
                let status = answer.status;
                let passing =
                    status == StatusCode::CONFLICT || status == StatusCode::TOO_MANY_REQUESTS;
                // A replayed server error is replayed for ever (rule R15).
                passing || (status.is_server_error() && !answer.replayed)
            }),
        }
    }

    /// Whether Stripe is there for the account, as far as this try says: not where it could not be
    /// reached, did not answer, answered with an error of its own, or has too much to do. Its no is an
    /// answer, and so is an error of its own that it only repeats.
    pub(crate) fn stripe_answers(&self) -> Option<bool> {
        match self {
            Self::Held(_) => None,
            Self::NotSent(_) | Self::Unknown(_) => Some(false),
            Self::Answered(answer) => {
                let overloaded =
                    answer.status == StatusCode::TOO_MANY_REQUESTS && !answer.is_lock_timeout();
                let broken = answer.status.is_server_error() && !answer.replayed;
                Some(!overloaded && !broken)
            }
        }
    }

    /// Whether this try, not being a success, leaves open that the request has had its effect.
    pub(crate) fn leaves_doubt(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::Held(_) => false,
            Self::Unknown(_) => true,
            Self::Answered(answer) => matches!(answer.meaning(), Err(PspError::Unknown(_))),
        }
    }

    /// What the last try means. `doubt` is what an earlier try of the same call left open: then an
    /// answer which only says that this try was turned away proves nothing.
    pub(crate) fn conclude(self, doubt: Option<String>) -> Result<Bytes, PspError> {
        let meaning = match self {
            Self::NotSent(reason) | Self::Held(reason) => Err(PspError::NotSent(reason)),
            Self::Unknown(reason) => Err(PspError::Unknown(reason)),
            Self::Answered(answer) => answer.meaning(),
        };
        let Some(doubt) = doubt else { return meaning };
        match meaning {
            Err(PspError::NotSent(reason)) => Err(PspError::Unknown(format!("{doubt}; {reason}"))),
            Err(PspError::Refused(refusal)) if refusal.unauthorized => {
                Err(PspError::Unknown(format!("{doubt}; {}", refusal.message)))
            }
            other => other,
        }
    }

    /// Why this try did not succeed, for logs.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::NotSent(reason) | Self::Held(reason) | Self::Unknown(reason) => reason.clone(),
            Self::Answered(answer) => answer.described(),
        }
    }
}

impl Answer {
    fn meaning(&self) -> Result<Bytes, PspError> {
        let status = self.status;
        if status.is_success() {
            return Ok(self.body.clone());
        }
        if status.is_server_error() {
            let reason = self.described();
            let spent = self.replayed;
            return Err(if spent { PspError::KeySpent(reason) } else { PspError::Unknown(reason) });
        }
        let error = match serde_json::from_slice::<ErrorEnvelope>(&self.body) {
            Ok(envelope) if status.is_client_error() => envelope.error,
            // A redirect, or the page of a proxy in between: who knows what it did.
            Ok(_) | Err(_) => return Err(PspError::Unknown(self.described())),
        };
        Err(self.refused(&error))
    }

    fn refused(&self, error: &ErrorBody) -> PspError {
        match self.status {
            StatusCode::TOO_MANY_REQUESTS => {
                PspError::NotSent(format!("too many at once, {}", self.described()))
            }
            StatusCode::CONFLICT if error.code.as_deref() == Some(LOCK_TIMEOUT) => {
                PspError::NotSent(self.described())
            }
            // Another request under this key is being carried out right now.
            StatusCode::CONFLICT => PspError::Unknown(self.described()),
            // The key was used with other parameters before: what came of those has to be asked.
            _ if error.kind.as_deref() == Some(IDEMPOTENCY_ERROR) => {
                PspError::KeySpent(self.described())
            }
            status => PspError::Refused(Box::new(refusal(status, error))),
        }
    }

    /// Whether only the object was taken, by another request.
    fn is_lock_timeout(&self) -> bool {
        let error = serde_json::from_slice::<ErrorEnvelope>(&self.body).ok();
        error.is_some_and(|envelope| envelope.error.code.as_deref() == Some(LOCK_TIMEOUT))
    }

    /// The answer in one line, with the id that Stripe's support asks for.
    fn described(&self) -> String {
        let error = serde_json::from_slice::<ErrorEnvelope>(&self.body).ok();
        let message = error.and_then(|envelope| envelope.error.message);
        let message = message.map(|message| format!(": {message}")).unwrap_or_default();
        let request = self.request_id.as_deref().map(|id| format!(" (request {id})"));
        format!("HTTP {}{message}{}", self.status.as_u16(), request.unwrap_or_default())
    }
}

fn refusal(status: StatusCode, error: &ErrorBody) -> Refusal {
    let view = error.payment_intent.clone().and_then(|intent| {
        let intent: PaymentIntent = serde_json::from_value(intent).ok()?;
        intent_view(&intent).ok()
    });
    let code = error.code.as_ref().or(error.decline_code.as_ref());
    let unexpected_state =
        error.code.as_deref().is_some_and(|code| UNEXPECTED_STATE_CODES.contains(&code));
    let processing =
        unexpected_state && view.as_ref().is_some_and(|view| view.state == IntentState::Processing);
    Refusal {
        code: code.cloned(),
        message: error.message.clone().unwrap_or_else(|| format!("HTTP {}", status.as_u16())),
        status: status.as_u16(),
        view,
        unexpected_state,
        processing,
        unauthorized: status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN,
        obstacle: obstacle(error),
    }
}

/// What stands in the way of moving a merchant's money (docs.stripe.com/error-codes). Where the
/// charge that is to be passed on is at fault, only the parameter that is named tells.
fn obstacle(error: &ErrorBody) -> Option<PayoutObstacle> {
    match (error.code.as_deref(), error.param.as_deref()) {
        (Some("balance_insufficient" | "insufficient_funds"), _) => {
            Some(PayoutObstacle::InsufficientBalance)
        }
        (
            Some(
                "account_invalid"
                | "insufficient_capabilities_for_transfer"
                | "transfers_not_allowed",
            ),
            _,
        )
        | (_, Some("destination")) => Some(PayoutObstacle::AccountNotReady),
        (_, Some("currency")) => Some(PayoutObstacle::Currency),
        (_, Some("source_transaction")) | (None, Some("amount")) => {
            Some(PayoutObstacle::SourceUnusable)
        }
        _ => None,
    }
}

/// Reads the object that a success carries. One that cannot be read leaves open what happened: the
/// call itself was carried out.
pub(crate) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, PspError> {
    serde_json::from_slice(body)
        .map_err(|error| PspError::Unknown(format!("the answer cannot be read: {error}")))
}
