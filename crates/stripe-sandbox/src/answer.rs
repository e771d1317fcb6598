//! An answer before it becomes HTTP.

use serde_json::Value;

use crate::error::ApiError;

/// What a call is answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) request_id: String,
    /// The request whose answer this repeats.
    pub(crate) original_request: Option<String>,
    pub(crate) should_retry: Option<bool>,
}

impl Answer {
    pub(crate) fn ok(request_id: &str, body: Value) -> Self {
        Self {
            status: 200,
            body,
            request_id: request_id.to_owned(),
            original_request: None,
            should_retry: None,
        }
    }

    pub(crate) fn error(request_id: &str, error: &ApiError) -> Self {
        Self { status: error.status(), body: error.body(), ..Self::ok(request_id, Value::Null) }
    }

    /// The same answer, told to be a repetition. A repeated failure is not worth another try.
    pub(crate) fn replay(&self) -> Self {
        Self {
            original_request: Some(self.request_id.clone()),
            should_retry: if self.status >= 500 { Some(false) } else { self.should_retry },
            ..self.clone()
        }
    }

    pub(crate) fn is_replayed(&self) -> bool {
        self.original_request.is_some()
    }
}
