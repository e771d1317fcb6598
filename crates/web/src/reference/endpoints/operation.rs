use http::{Method, StatusCode};
use schemars::{Schema, SchemaGenerator, json_schema};

use crate::reference::operation::{Operation, Topic};

pub(super) fn describe() -> [Operation; 3] {
    let get = |path, summary| Operation::new(Method::GET, path, Topic::Operation, summary);
    [
        get("/health/live", "Is the process alive?").answers_json("It runs.", ok),
        get("/health/ready", "Can requests be served?").answers_json("They can.", ready).refuses(
            503,
            "The process is stopping, the database does not answer, or the worker is stuck.",
        ),
        get("/metrics", "All counters and gauges").answers(
            StatusCode::OK,
            "Prometheus' text format.",
            Some(("text/plain", text)),
        ),
    ]
}

fn ok(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "properties": {"status": {"const": "ok"}},
        "required": ["status"],
    })
}

fn ready(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "properties": {
            "status": {"const": "ok"},
            "role": {
                "description": "What this process is there for.",
                "enum": ["all", "api", "worker"],
            },
        },
        "required": ["status", "role"],
    })
}

fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string"})
}
