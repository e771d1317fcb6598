use http::{Method, StatusCode};
use schemars::{Schema, SchemaGenerator, json_schema};

use crate::reference::operation::{Operation, Topic};

pub(super) fn describe() -> [Operation; 3] {
    let get = |path, summary| Operation::new(Method::GET, path, Topic::Operation, summary);
    [
        get("/health/live", "Is the process alive?").answers_json("It runs.", ok),
        get("/health/ready", "Can requests be served?").answers_json("They can.", ready).refuses(
            503,
            "The process is stopping, the database does not answer, the worker is stuck, or all it \
             is there for is to work and its broker is gone.",
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
            "status": {
                "description": "`degraded` when a broker is gone: what waits for it is kept.",
                "enum": ["ok", "degraded"],
            },
            "role": {
                "description": "What this process is there for.",
                "enum": ["all", "api", "worker"],
            },
            "brokers": {
                "description": "The brokers that this process is connected to, or should be.",
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "state": {"enum": ["connecting", "up", "down"]},
                        "since": {"type": "string", "format": "date-time"},
                        "reason": {"description": "Why it is down.", "type": "string"},
                    },
                    "required": ["name", "state"],
                },
            },
        },
        "required": ["status", "role", "brokers"],
    })
}

fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string"})
}
