//! A list of every call received.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::faults::FaultKind;

/// How many calls are remembered; older ones are forgotten first.
pub const CALLS_KEPT: usize = 100_000;

/// One call, as it was received and answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    /// When it came, by the sandbox's clock.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// Its `Request-Id`.
    pub request_id: String,
    /// `GET`, `POST` or `DELETE`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The account it worked in; none when the key was refused.
    pub account: Option<String>,
    /// Whether the key was a live one.
    pub livemode: bool,
    /// The `Idempotency-Key`, if it came with one.
    pub idempotency_key: Option<String>,
    /// The parameters, every leaf a string.
    pub params: Value,
    /// The status decided for it; none when the request was lost on its way.
    pub status: Option<u16>,
    /// Whether the answer was a repetition under the idempotency key.
    pub replayed: bool,
    /// What went wrong on purpose.
    pub fault: Option<FaultKind>,
}

fn as_text<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

/// The calls remembered.
#[derive(Debug, Default)]
pub(crate) struct Calls(VecDeque<Call>);

impl Calls {
    pub(crate) fn record(&mut self, call: Call) {
        if self.0.len() >= CALLS_KEPT {
            self.0.pop_front();
        }
        self.0.push_back(call);
    }

    pub(crate) fn all(&self) -> Vec<Call> {
        self.0.iter().cloned().collect()
    }
}
