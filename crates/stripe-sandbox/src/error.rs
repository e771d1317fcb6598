//! Stripe's error envelope.

use serde_json::{Map, Value, json};

use crate::api::routes::public_intent;

/// The `type` of an error, which is what Stripe's SDKs choose their exception by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    InvalidRequest,
    Card,
    Idempotency,
    Api,
}

impl ErrorKind {
    fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request_error",
            Self::Card => "card_error",
            Self::Idempotency => "idempotency_error",
            Self::Api => "api_error",
        }
    }
}

/// A refusal as Stripe words it. Boxed, because it may carry a whole payment intent.
#[derive(Debug)]
pub(crate) struct ApiError(Box<Details>);

#[derive(Debug)]
struct Details {
    status: u16,
    kind: ErrorKind,
    message: String,
    code: Option<&'static str>,
    param: Option<String>,
    decline_code: Option<&'static str>,
    charge: Option<String>,
    payment_intent: Option<Value>,
    payment_method: Option<Value>,
    executed: bool,
}

impl ApiError {
    pub(crate) fn new(status: u16, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            status,
            kind,
            message: message.into(),
            code: None,
            param: None,
            decline_code: None,
            charge: None,
            payment_intent: None,
            payment_method: None,
            executed: false,
        }))
    }

    /// A 400 about the request itself.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, ErrorKind::InvalidRequest, message)
    }

    /// A parameter that has to be there.
    pub(crate) fn missing(param: impl Into<String>) -> Self {
        let param = param.into();
        Self::invalid(format!("Missing required param: {param}."))
            .code("parameter_missing")
            .param(param)
    }

    /// A parameter this call does not have.
    pub(crate) fn unknown(param: impl Into<String>) -> Self {
        let param = param.into();
        Self::invalid(format!("Received unknown parameter: {param}"))
            .code("parameter_unknown")
            .param(param)
    }

    /// A parameter names an object that is not in the account the key belongs to.
    pub(crate) fn no_such(what: &str, id: &str, param: &str) -> Self {
        Self::invalid(format!("No such {what}: '{id}'")).code("resource_missing").param(param)
    }

    /// The path names such an object: the same, but a 404.
    pub(crate) fn not_found(what: &str, id: &str, param: &str) -> Self {
        let mut error = Self::no_such(what, id, param);
        error.0.status = 404;
        error
    }

    /// The account is not connected to the one the key belongs to.
    pub(crate) fn no_access(account: &str) -> Self {
        Self::new(
            403,
            ErrorKind::InvalidRequest,
            format!(
                "The provided key does not have access to account '{account}', or that account does not exist."
            ),
        )
        .code("account_invalid")
    }

    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.0.code = Some(code);
        self
    }

    pub(crate) fn param(mut self, param: impl Into<String>) -> Self {
        self.0.param = Some(param.into());
        self
    }

    pub(crate) fn decline_code(mut self, decline_code: Option<&'static str>) -> Self {
        self.0.decline_code = decline_code;
        self
    }

    pub(crate) fn charge(mut self, charge: Option<String>) -> Self {
        self.0.charge = charge;
        self
    }

    pub(crate) fn payment_intent(mut self, intent: Value) -> Self {
        self.0.payment_intent = Some(intent);
        self
    }

    /// Leaves out of the intent inside what a publishable key may not see.
    pub(crate) fn for_publishable_key(mut self) -> Self {
        self.0.payment_intent = self.0.payment_intent.as_ref().map(public_intent);
        self
    }

    pub(crate) fn payment_method(mut self, method: Value) -> Self {
        self.0.payment_method = Some(method);
        self
    }

    /// Marks a refusal that was decided while the call was being carried out: such an answer is kept under its
    /// idempotency key, where a validation failure is not.
    pub(crate) fn executed(mut self) -> Self {
        self.0.executed = true;
        self
    }

    pub(crate) fn status(&self) -> u16 {
        self.0.status
    }

    pub(crate) fn was_executed(&self) -> bool {
        self.0.executed
    }

    /// The part that also appears as a payment intent's `last_payment_error`.
    pub(crate) fn object(&self) -> Value {
        let Details {
            kind,
            message,
            code,
            param,
            decline_code,
            charge,
            payment_intent,
            payment_method,
            ..
        } = self.0.as_ref();
        let mut error = Map::new();
        error.insert("type".to_owned(), json!(kind.name()));
        error.insert("message".to_owned(), json!(message));
        let optional = [
            ("code", code.map(Value::from)),
            ("param", param.clone().map(Value::from)),
            ("decline_code", decline_code.map(Value::from)),
            ("charge", charge.clone().map(Value::from)),
            ("payment_intent", payment_intent.clone()),
            ("payment_method", payment_method.clone()),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                error.insert(name.to_owned(), value);
            }
        }
        if let Some(code) = code {
            error.insert(
                "doc_url".to_owned(),
                json!(format!("https://docs.stripe.com/error-codes/{}", code.replace('_', "-"))),
            );
        }
        Value::Object(error)
    }

    /// The whole body of the answer.
    pub(crate) fn body(&self) -> Value {
        json!({ "error": self.object() })
    }
}
