//! How an endpoint is described.

use http::{Method, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

/// Makes a schema, and adds to the document's components what it refers to.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The schema of a type.
pub(crate) fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// JSON.
pub(crate) const JSON: &str = "application/json";
/// JSON as JSON:API calls it.
pub(crate) const JSON_API: &str = "application/vnd.api+json";
/// A form with PHP's brackets.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// What an endpoint is about: the chapters of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Catalog,
    Checkout,
    FrontEnds,
    Marketplace,
    Messages,
    Page,
    Provider,
    Operation,
    Reference,
}

impl Topic {
    /// In the order of the reference.
    pub(crate) const ALL: [Self; 9] = [
        Self::Checkout,
        Self::FrontEnds,
        Self::Page,
        Self::Marketplace,
        Self::Messages,
        Self::Catalog,
        Self::Provider,
        Self::Operation,
        Self::Reference,
    ];

    /// Its heading.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Catalog => "App catalog",
            Self::Checkout => "Checkout",
            Self::FrontEnds => "Front ends",
            Self::Marketplace => "Marketplace",
            Self::Page => "Payment page",
            Self::Messages => "Messages",
            Self::Provider => "Stripe",
            Self::Operation => "Operation",
            Self::Reference => "Reference",
        }
    }

    /// Who calls it and why.
    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Catalog => "An app catalog, or the operator, connects a shop and parts from it.",
            Self::Checkout => "A shop's back end asks for payments.",
            Self::FrontEnds => {
                "The same as JSON:API, for front ends of shops that have no such endpoints: for a \
                 shop's back end, or for a browser with a customer's token, from an origin of \
                 `shopOrigins`. The shop signs that token itself (`customerTokenKeys`), or an \
                 identity provider does."
            }
            Self::Marketplace => "Merchants are onboarded and paid out.",
            Self::Messages => {
                "The shop sends its commands and reads what became of them. What the messages say \
                 is in the AsyncAPI document."
            }
            Self::Page => "What a shopper's browser opens; errors are pages as well.",
            Self::Provider => "Stripe tells what happened.",
            Self::Operation => "Whoever starts and watches the process. Keep it inside.",
            Self::Reference => "What you are reading.",
        }
    }
}

/// What stands beside a body: a header, or a part of the address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub name: &'static str,
    /// `header`, `query` or `path`.
    pub place: &'static str,
    pub required: bool,
    pub about: &'static str,
    pub schema: SchemaOf,
}

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub media_types: &'static [&'static str],
    pub schema: SchemaOf,
    /// Name and value, of JSON.
    pub examples: Vec<(&'static str, Value)>,
}

/// What comes back when all is well.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub about: &'static str,
    /// Media type and schema; nothing where there is no body.
    pub content: Option<(&'static str, SchemaOf)>,
}

/// An endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub method: Method,
    /// In the router's notation, without `/private`.
    pub path: &'static str,
    /// Whether it is served under `/private` as well, where shops call it.
    pub private: bool,
    pub topic: Topic,
    pub summary: &'static str,
    pub about: &'static str,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    pub answers: Vec<Answer>,
    /// What may go wrong; the format is that of the path.
    pub refusals: Vec<(StatusCode, &'static str)>,
}

impl Operation {
    /// An endpoint. What its way in refuses is added where the document is made.
    pub(crate) fn new(
        method: Method,
        path: &'static str,
        topic: Topic,
        summary: &'static str,
    ) -> Self {
        let mut operation = Self {
            method,
            path,
            private: false,
            topic,
            summary,
            about: "",
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            refusals: Vec::new(),
        };
        operation.refusals.extend([
            (StatusCode::INTERNAL_SERVER_ERROR, "Something broke inside the app."),
            (StatusCode::SERVICE_UNAVAILABLE, "The app cannot do it now; call again in a moment."),
        ]);
        operation
    }

    /// A POST of the private API.
    pub(crate) fn private(path: &'static str, topic: Topic, summary: &'static str) -> Self {
        let tenant = header(
            "X-Tenant-Identifier",
            "The shop. Old shops send `X-Store-Reference` instead, which counts where this is missing.",
        );
        let operation = Self { private: true, ..Self::new(Method::POST, path, topic, summary) };
        // The token of a customer's browser names the shop by itself.
        let required = topic != Topic::FrontEnds;
        operation.parameter(Parameter { required, ..tenant })
    }

    pub(crate) fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    pub(crate) fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// What is sent, in any of these media types, and what may be wrong with it.
    pub(crate) fn body(self, media_types: &'static [&'static str], schema: SchemaOf) -> Self {
        self.takes(media_types, schema)
            .refuses(400, "The request does not read, or cannot be carried out as it is.")
            .refuses(408, "The body did not arrive in time.")
            .refuses(413, "The body is too large.")
    }

    /// What is sent, where nothing is ever wrong with it.
    pub(crate) fn takes(mut self, media_types: &'static [&'static str], schema: SchemaOf) -> Self {
        self.body = Some(Body { media_types, schema, examples: Vec::new() });
        self
    }

    /// The media type has to be one of those that were named.
    pub(crate) fn media_type_is_checked(self) -> Self {
        self.refuses(415, "The `Content-Type` is none of those that are understood.")
    }

    /// An example of what is sent.
    pub(crate) fn example(mut self, name: &'static str, value: Value) -> Self {
        if let Some(body) = &mut self.body {
            body.examples.push((name, value));
        }
        self
    }

    pub(crate) fn answers(
        mut self,
        status: StatusCode,
        about: &'static str,
        content: Option<(&'static str, SchemaOf)>,
    ) -> Self {
        self.answers.push(Answer { status, about, content });
        self
    }

    /// A 200 with JSON.
    pub(crate) fn answers_json(self, about: &'static str, schema: SchemaOf) -> Self {
        self.answers(StatusCode::OK, about, Some((JSON, schema)))
    }

    /// It may be refused with this status, instead of what was said of that status before.
    pub(crate) fn refuses(mut self, status: u16, about: &'static str) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or_default();
        self.refusals.retain(|(known, _)| *known != status);
        self.refusals.push((status, about));
        self
    }

    /// The paths it is served at, the one that shops call first.
    pub(crate) fn paths(&self) -> Vec<String> {
        let under_private = self.private.then(|| format!("/private{}", self.path));
        under_private.into_iter().chain([self.path.to_owned()]).collect()
    }
}

/// A header that may be missing.
pub(crate) const fn header(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, place: "header", required: false, about, schema: word }
}

/// A text that is not empty.
pub(crate) fn word(_: &mut SchemaGenerator) -> Schema {
    // A header of blanks alone says nothing.
    json_schema!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "[!-~]"})
}

/// The body of a recorded request; nothing where it has none.
pub(crate) fn recorded_body(recorded: &str) -> Value {
    let request: Value = serde_json::from_str(recorded).unwrap_or_default();
    let body = request.get("body").and_then(Value::as_str).unwrap_or_default();
    serde_json::from_str(body).unwrap_or_default()
}
