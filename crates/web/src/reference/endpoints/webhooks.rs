use http::Method;
use schemars::{Schema, SchemaGenerator, json_schema};

use crate::reference::operation::{JSON, Operation, Parameter, Topic, header};

pub(super) fn describe() -> [Operation; 2] {
    [
        webhook("/webhooks", "Take an event about real money"),
        webhook("/webhooks/test", "Take an event about test money"),
    ]
}

fn webhook(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::POST, path, Topic::Provider, summary)
        .about(
            "The app registers this address at Stripe by itself. The answer is 200 once the event \
             is kept; anything else makes Stripe send it again. What proves who calls is the \
             signature. An event of the other mode is answered with 200 and ignored.",
        )
        .parameter(Parameter {
            name: "tenantIdentifier",
            place: "query",
            required: false,
            about: "The tenant the address was registered for.",
            schema: text,
        })
        .parameter(Parameter {
            required: true,
            ..header("Stripe-Signature", "`t=…,v1=…`: time, and HMAC of time and body.")
        })
        .body(&[JSON], event)
        .answers_json("The event is kept.", received)
        .refuses(400, "The signature proves nothing, or the body is no event.")
        .refuses(403, "The tenant is disconnected.")
}

fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string"})
}

fn event(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "description": "An event as Stripe describes it."})
}

fn received(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "properties": {"received": {"const": true}},
        "required": ["received"],
    })
}
