//! What errors come as.

use schemars::{Schema, SchemaGenerator, json_schema};

use crate::error::{Entry, Format};
use crate::page;
use crate::reference::operation::{JSON, JSON_API, SchemaOf, of};

/// Media type and schema of the errors at a path.
pub(crate) fn of_path(path: &str) -> (&'static str, SchemaOf) {
    if page::PATHS.contains(&path) {
        return ("text/html", html);
    }
    match Format::of_path(path) {
        Format::List => (JSON, of::<Vec<Entry>>),
        Format::Envelope => (JSON, envelope),
        Format::JsonApi => (JSON_API, json_api),
        Format::Messages => (JSON, messages),
    }
}

/// A shopper reads a page.
fn html(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string"})
}

fn envelope(generator: &mut SchemaGenerator) -> Schema {
    let errors = generator.subschema_for::<Vec<Entry>>();
    json_schema!({"type": "object", "properties": {"errors": errors}, "required": ["errors"]})
}

fn messages(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "properties": {"errors": {"type": "array", "items": {
            "type": "object",
            "properties": {
                "message": {"type": "string", "description": "What is wrong and what to do."},
            },
            "required": ["message"],
        }}},
        "required": ["errors"],
    })
}

fn json_api(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "properties": {"errors": {"type": "array", "items": {
            "type": "object",
            "properties": {
                "detail": {"type": "string", "description": "What is wrong and what to do."},
                "status": {"type": "integer", "description": "The answer's status again."},
            },
            "required": ["detail", "status"],
        }}},
        "required": ["errors"],
    })
}
