use http::{Method, StatusCode};
use schemars::{Schema, SchemaGenerator, json_schema};

use crate::reference::operation::{Operation, Parameter, SchemaOf, Topic, word};

const REPORTS: &[&str] = &["application/csp-report", "application/reports+json"];

pub(super) fn describe() -> [Operation; 3] {
    [
        page(
            "/app-payment",
            "Where a shopper pays",
            "The `redirectUrl` of a payment leads here. A shop of the tenant's `shopOrigins` may \
             show it in a frame.",
        )
        .parameter(tenant(true))
        .answers(StatusCode::OK, "The form, or what became of the payment.", HTML),
        page(
            "/app-payment/redirect",
            "Where Stripe sends the shopper after paying",
            "Asks Stripe for the state of the payment, and sends the shopper on: to \
             `redirectSuccessUrl`, back to the page, or to `redirectCancelUrl`.",
        )
        .parameter(tenant(false))
        .answers(
            StatusCode::OK,
            "What became of the payment, where there is no way on.",
            HTML,
        ),
        Operation::new(Method::POST, "/app-payment/csp-report", Topic::Page, "Report of a browser")
            .about("What the page's security policy forbade. Whatever is sent is answered alike.")
            .takes(REPORTS, anything)
            .answers(StatusCode::NO_CONTENT, "Taken.", None),
    ]
}

const HTML: Option<(&str, SchemaOf)> = Some(("text/html", html));

fn page(path: &'static str, summary: &'static str, about: &'static str) -> Operation {
    Operation::new(Method::GET, path, Topic::Page, summary)
        .about(about)
        .parameter(Parameter {
            name: "transactionId",
            place: "query",
            required: true,
            about: "Stripe's name of the payment.",
            schema: transaction,
        })
        .answers(StatusCode::FOUND, "The shopper is sent on.", None)
        .refuses(400, "The address names no payment.")
        .refuses(403, "The tenant is disconnected, and there is no way on.")
        .refuses(404, "There is no such payment.")
        .refuses(503, "Stripe or the database does not answer.")
}

fn tenant(required: bool) -> Parameter {
    Parameter {
        name: "tenantIdentifier",
        place: "query",
        required,
        about: "The shop.",
        schema: word,
    }
}

fn transaction(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "pattern": "^[A-Za-z0-9_]+$", "maxLength": 255})
}

fn html(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string"})
}

fn anything(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["object", "array"]})
}
