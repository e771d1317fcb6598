//! The endpoints as OpenAPI 3.1.

use http::StatusCode;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::endpoints::{Access, endpoints as router_table};
use crate::reference::TITLE;
use crate::reference::endpoints;
use crate::reference::errors;
use crate::reference::operation::{Answer, Body, Operation, Parameter, Topic};
use crate::reference::schemas::Schemas;

const ABOUT: &str = "A payment app between Spryker shops and Stripe.\n\n\
    Amounts are whole numbers in the minor units of their currency. Incoming JSON may be written \
    as PHP writes it: a number as a text, a list with gaps as a map of its indexes, an empty map \
    as `[]`, and null for anything. Fields that are not named here are ignored, unless a schema \
    says otherwise. Endpoints under `/private` are served without it as well.";

/// The document.
pub(crate) fn document() -> Value {
    let mut schemas = Schemas::new(&SchemaSettings::draft2020_12());
    let mut paths = Map::new();
    for operation in endpoints::all() {
        for path in operation.paths() {
            let described = described(&operation, &path, &mut schemas);
            let item = paths.entry(path).or_insert_with(|| json!({}));
            item[operation.method.as_str().to_lowercase()] = described;
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The app itself"}],
        "tags": Topic::ALL.map(|topic| json!({"name": topic.name(), "description": topic.about()})),
        "paths": paths,
        "components": {
            "schemas": schemas.named(),
            "securitySchemes": {"bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "A tenant's fixed token, or a signed token of the identity provider; for front ends also a customer's token, which the shop has signed; the operator's to configure and disconnect any tenant.",
            }},
        },
    })
}

fn described(operation: &Operation, path: &str, schemas: &mut Schemas) -> Value {
    let access = access(operation, path);
    let parameters: Vec<Value> =
        operation.parameters.iter().map(|parameter| self::parameter(parameter, schemas)).collect();
    let mut described = json!({
        "operationId": id(operation.method.as_str(), path),
        "tags": [operation.topic.name()],
        "summary": operation.summary,
        "parameters": parameters,
        "responses": responses(operation, access, path, schemas),
        "security": if access == Access::Open { json!([]) } else { json!([{"bearer": []}]) },
    });
    if !operation.about.is_empty() {
        described["description"] = json!(operation.about);
    }
    if let Some(body) = &operation.body {
        described["requestBody"] = request_body(body, schemas);
    }
    described
}

/// `POST /private/message-channels/{channel}` as `postPrivateMessageChannelsChannel`.
fn id(method: &str, path: &str) -> String {
    let mut id = method.to_lowercase();
    for word in path.split(|letter: char| !letter.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        id.push_str(letters.as_str());
    }
    id
}

fn parameter(parameter: &Parameter, schemas: &mut Schemas) -> Value {
    json!({
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.about,
        "schema": schemas.read(parameter.schema),
    })
}

fn request_body(body: &Body, schemas: &mut Schemas) -> Value {
    let mut content = Map::new();
    for media_type in body.media_types {
        let mut described = json!({"schema": schemas.read(body.schema)});
        if !body.examples.is_empty() && media_type.ends_with("json") {
            let examples = body.examples.iter();
            described["examples"] = examples
                .map(|(name, value)| ((*name).to_owned(), json!({"value": value})))
                .collect();
        }
        content.insert((*media_type).to_owned(), described);
    }
    json!({"required": true, "content": content})
}

/// Who may call it, by the table that the router is made of.
fn access(operation: &Operation, path: &str) -> Access {
    let table = router_table();
    let row = table.iter().find(|row| row.method == operation.method && row.path == path);
    row.map_or(Access::Open, |row| row.access)
}

/// What the way in to an endpoint refuses.
fn way_in(access: Access) -> Vec<(StatusCode, &'static str)> {
    let forbidden = match access {
        Access::Open => None,
        Access::Catalog => Some("The token is a shop's, and not of this tenant."),
        Access::Shop => Some("The token is not this tenant's, or the tenant is disconnected."),
        Access::Browser => Some(
            "The token is not this tenant's, the origin is none of the shop's, or the tenant is \
             disconnected.",
        ),
    };
    let mut refusals = vec![(
        StatusCode::TOO_MANY_REQUESTS,
        "More requests than the address, the tenant or the browser may make.",
    )];
    if let Some(forbidden) = forbidden {
        refusals.push((StatusCode::UNAUTHORIZED, "The bearer token is missing or wrong."));
        refusals.push((StatusCode::FORBIDDEN, forbidden));
    }
    refusals
}

/// What is said beside the body of an error.
fn headers(status: StatusCode) -> Option<Value> {
    let header = |name: &str, about: &str, kind: &str| json!({name: {"description": about, "required": true, "schema": {"type": kind}}});
    match status {
        StatusCode::UNAUTHORIZED => {
            Some(header("WWW-Authenticate", "How to authenticate.", "string"))
        }
        StatusCode::TOO_MANY_REQUESTS => {
            Some(header("Retry-After", "Seconds until there is room again.", "integer"))
        }
        _ => None,
    }
}

fn responses(operation: &Operation, access: Access, path: &str, schemas: &mut Schemas) -> Value {
    let mut responses = Map::new();
    for Answer { status, about, content } in &operation.answers {
        let mut described = json!({"description": about});
        if let Some((media_type, schema)) = content {
            described["content"] = json!({*media_type: {"schema": schemas.written(*schema)}});
        }
        responses.insert(status.as_str().to_owned(), described);
    }
    let (media_type, schema) = errors::of_path(path);
    // What an endpoint says of a status wins.
    for (status, about) in way_in(access).iter().chain(&operation.refusals) {
        let mut described = json!({
            "description": about,
            "content": {media_type: {"schema": schemas.written(schema)}},
        });
        if let Some(headers) = headers(*status) {
            described["headers"] = headers;
        }
        responses.insert(status.as_str().to_owned(), described);
    }
    Value::Object(responses)
}
