use http::{Method, StatusCode};
use schemars::{Schema, SchemaGenerator, json_schema};

use crate::reference::operation::{Operation, Topic};

pub(super) fn describe() -> [Operation; 4] {
    let get = |path, summary| Operation::new(Method::GET, path, Topic::Reference, summary);
    [
        get("/docs", "The reference, to read").answers(
            StatusCode::OK,
            "A page without scripts.",
            Some(("text/html", text)),
        ),
        get("/docs/style.css", "What the page looks like").answers(
            StatusCode::OK,
            "A style sheet.",
            Some(("text/css", text)),
        ),
        get("/openapi.json", "This document: every endpoint")
            .answers_json("OpenAPI 3.1.", document),
        get("/asyncapi.json", "The AsyncAPI document: every message")
            .answers_json("AsyncAPI 3.", document),
    ]
}

fn document(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object"})
}

fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string"})
}
