//! `GET /docs`: both documents as one page to read. It loads nothing but its style sheet, from the
//! app itself, and has no script.

use std::sync::LazyLock;

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde_json::{Map, Value};

use crate::error::Failure;
use crate::reference::prose::{Run, paragraphs};
use crate::reference::rows::{Kind, Row, about, kind, rows};
use crate::reference::{asyncapi, endpoints, openapi};

/// What the page may load, and that nobody may frame it.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The page; a mistake in it is found by the first test that opens it.
static PAGE: LazyLock<Option<String>> = LazyLock::new(|| Page::new().render().ok());

/// The page.
pub(crate) async fn handle() -> Result<Response, Failure> {
    let page = PAGE.as_deref().ok_or_else(Failure::internal)?;
    let mut response = Html(page).into_response();
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}

/// `GET /docs/style.css`.
pub(crate) async fn style() -> Response {
    let mut response = include_str!("../../templates/reference.css").into_response();
    let css = HeaderValue::from_static("text/css; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, css);
    response
}

#[derive(Template)]
#[template(path = "reference.html")]
struct Page {
    version: String,
    intro: Vec<Vec<Run>>,
    topics: Vec<Topic>,
    about_messages: Vec<Vec<Run>>,
    channels: Vec<Channel>,
    schemas: Vec<Schema>,
}

struct Topic {
    anchor: String,
    name: String,
    about: Vec<Vec<Run>>,
    operations: Vec<Operation>,
}

struct Operation {
    anchor: String,
    method: String,
    path: String,
    /// Where it is served as well.
    also: Option<String>,
    summary: String,
    about: Vec<Vec<Run>>,
    needs_token: bool,
    parameters: Vec<Row>,
    bodies: Vec<Content>,
    examples: Vec<Example>,
    answers: Vec<Answer>,
}

struct Content {
    media_type: String,
    kind: Kind,
}

struct Example {
    name: String,
    text: String,
}

struct Answer {
    status: String,
    about: Vec<Vec<Run>>,
    content: Option<Content>,
}

struct Channel {
    name: String,
    about: Vec<Vec<Run>>,
    direction: &'static str,
    messages: Vec<Message>,
}

struct Message {
    name: String,
    about: Vec<Vec<Run>>,
    payload: Kind,
    example: String,
}

struct Schema {
    name: String,
    about: Vec<Vec<Run>>,
    kind: Kind,
    rows: Vec<Row>,
}

impl Page {
    fn new() -> Self {
        let (http, messages) = (openapi::document(), asyncapi::document());
        Self {
            version: text(&http["info"], "version"),
            intro: about(&http["info"]),
            topics: list(&http["tags"]).iter().map(|tag| topic(tag, &http)).collect(),
            about_messages: about(&messages["info"]),
            channels: map(&messages["channels"])
                .iter()
                .map(|(name, described)| channel(name, described, &messages))
                .collect(),
            schemas: schemas(&http, &messages),
        }
    }
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// What is served at two paths is told once, at the one that shops call.
fn topic(tag: &Value, http: &Value) -> Topic {
    let name = text(tag, "name");
    let operations = endpoints::all().into_iter().filter(|known| known.topic.name() == name);
    let operations = operations.filter_map(|known| {
        let (path, method) = (known.paths().into_iter().next()?, known.method.as_str());
        Some(operation(method, &path, &http["paths"][&path][method.to_lowercase()]))
    });
    Topic {
        anchor: format!("topic-{}", name.to_lowercase().replace(' ', "-")),
        about: about(tag),
        operations: operations.collect(),
        name,
    }
}

fn operation(method: &str, path: &str, described: &Value) -> Operation {
    let content = map(&described["requestBody"]["content"]);
    let examples = content.values().next().map(|content| map(&content["examples"]));
    Operation {
        anchor: text(described, "operationId"),
        method: method.to_owned(),
        path: path.to_owned(),
        also: path.strip_prefix("/private").map(str::to_owned),
        summary: text(described, "summary"),
        about: about(described),
        needs_token: !list(&described["security"]).is_empty(),
        parameters: list(&described["parameters"]).iter().map(parameter).collect(),
        bodies: contents(&content),
        examples: examples
            .unwrap_or_default()
            .into_iter()
            .map(|(name, example)| Example { name, text: format!("{:#}", example["value"]) })
            .collect(),
        answers: map(&described["responses"])
            .into_iter()
            .map(|(status, answer)| Answer {
                status,
                about: about(&answer),
                content: contents(&map(&answer["content"])).pop(),
            })
            .collect(),
    }
}

fn parameter(parameter: &Value) -> Row {
    let place = match text(parameter, "in").as_str() {
        "header" => "header, ",
        "query" => "query, ",
        _ => "path, ",
    };
    Row {
        name: text(parameter, "name"),
        kind: kind(&parameter["schema"]).after(place),
        required: parameter["required"] == Value::Bool(true),
        about: about(parameter),
    }
}

fn contents(content: &Map<String, Value>) -> Vec<Content> {
    let content = content.iter();
    content
        .map(|(media_type, of)| Content {
            media_type: media_type.clone(),
            kind: kind(&of["schema"]),
        })
        .collect()
}

fn channel(name: &str, described: &Value, messages: &Value) -> Channel {
    let receives = messages["operations"].get(format!("receive-{name}")).is_some();
    let message = |name: &String| {
        let message = &messages["components"]["messages"][name];
        Message {
            name: name.clone(),
            about: paragraphs(&text(message, "summary")),
            payload: kind(&message["payload"]),
            example: format!("{:#}", message["examples"][0]["payload"]),
        }
    };
    Channel {
        name: name.to_owned(),
        about: about(described),
        direction: if receives { "shop to app" } else { "app to shop" },
        messages: map(&described["messages"]).keys().map(message).collect(),
    }
}

/// The schemas of both documents; those that both have are told once.
fn schemas(http: &Value, messages: &Value) -> Vec<Schema> {
    let mut all = map(&messages["components"]["schemas"]);
    all.extend(map(&http["components"]["schemas"]));
    all.into_iter()
        .map(|(name, schema)| Schema {
            name,
            about: about(&schema),
            kind: kind(&schema),
            rows: rows(&schema),
        })
        .collect()
}
