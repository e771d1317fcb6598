//! Whatever is wrong with a request to any endpoint: the answer of the contract, nothing stored,
//! nothing asked of Stripe.

use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::Value;

use crate::support::*;

/// A call that would be taken as it is, but for its body.
struct Endpoint {
    method: Method,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
}

const TENANT_HEADERS: &[(&str, &str)] =
    &[("x-tenant-identifier", TENANT), ("content-type", "application/json")];
const COMMAND_HEADERS: &[(&str, &str)] = &[
    ("tenant-identifier", TENANT),
    ("transfer-name", "CapturePayment"),
    ("x-tenant-identifier", TENANT),
    ("x-transfer-name", "CapturePayment"),
];
const READER_HEADERS: &[(&str, &str)] =
    &[("consumer-id", TENANT), ("content-type", "application/json")];
const UNPROVEN: &[(&str, &str)] = &[("stripe-signature", "t=1,v1=00")];

fn endpoints() -> Vec<Endpoint> {
    let guarded = |method: Method, path, headers| Endpoint { method, path, headers };
    // No token is asked for, but a proof that it comes from Stripe.
    let open = |path| Endpoint { method: Method::POST, path, headers: UNPROVEN };
    vec![
        guarded(Method::POST, "/private/configure", TENANT_HEADERS),
        guarded(Method::POST, "/configure", TENANT_HEADERS),
        guarded(Method::POST, "/private/initialize-payment", TENANT_HEADERS),
        guarded(Method::POST, "/initialize-payment", TENANT_HEADERS),
        guarded(Method::POST, "/message-channels/payment-commands", COMMAND_HEADERS),
        guarded(Method::POST, "/webhook/message-broker", COMMAND_HEADERS),
        guarded(Method::DELETE, "/message-channels/payment-events", READER_HEADERS),
        open("/webhooks?tenantIdentifier=tenant-test-0001"),
        open("/webhooks/test?tenantIdentifier=tenant-test-0001"),
    ]
}

/// What is wrong with a request: its name, its body, and what is done to its headers.
const WRONG: [(&str, &str, Change); 10] = [
    ("no token", "{}", Change::Without("authorization")),
    ("wrong token", "{}", Change::With("authorization", "Bearer test-tokem")),
    ("wrong method", "{}", Change::Method),
    ("empty", "", Change::None),
    ("cut off", "{\"data\":", Change::None),
    ("a list", "[]", Change::None),
    ("null", "null", Change::None),
    ("wrong types", WRONG_TYPES, Change::None),
    ("no tenant", "{}", Change::NoTenant),
    ("too large", "", Change::TooLarge),
];
/// Every field there is, with a value that none of them can have.
const WRONG_TYPES: &str = r#"{"data":[1],"orderData":[1],"orderReference":{"a":1},"orderItemIds":"x",
    "amount":"x","currencyIsoCode":[1],"messageIds":"m-1","id":{"a":1},"type":[1],"livemode":"no"}"#;

#[derive(Clone, Copy)]
enum Change {
    None,
    Without(&'static str),
    With(&'static str, &'static str),
    Method,
    NoTenant,
    TooLarge,
}

fn wrong(endpoint: &Endpoint, body: &str, change: Change) -> Request<Body> {
    let mut request = request(endpoint.method.clone(), endpoint.path, body.to_owned());
    for (name, value) in endpoint.headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match change {
        Change::None => {}
        Change::Without(name) => {
            request.headers_mut().remove(name);
        }
        Change::With(name, value) => {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        Change::Method => *request.method_mut() = Method::PATCH,
        Change::NoTenant => {
            for name in ["x-tenant-identifier", "tenant-identifier", "consumer-id"] {
                request.headers_mut().remove(name);
            }
            let path = endpoint.path.split('?').next().unwrap();
            *request.uri_mut() = path.parse().unwrap();
        }
        Change::TooLarge => *request.body_mut() = Body::from(" ".repeat(1024 * 1024 + 1)),
    }
    request
}

/// The message of an error in either format.
fn message(answer: &Value) -> Option<&str> {
    let entry = answer.get(0).or_else(|| answer["errors"].get(0))?;
    entry["message"].as_str().filter(|message| !message.is_empty())
}

#[tokio::test(start_paused = true)]
async fn every_wrong_request_is_refused_as_the_contract_says() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.authorized(&order).await;
    app.read("payment-events").await;
    let (payment, calls) = (app.payment(&order).await, app.sandbox.calls().len());

    let mut table = String::new();
    for endpoint in endpoints() {
        let mut statuses = Vec::new();
        for (name, body, change) in WRONG {
            let (status, answer) = app.send(wrong(&endpoint, body, change)).await;
            assert!(message(&answer).is_some(), "{} {name}: {answer}", endpoint.path);
            statuses.push(status.as_u16().to_string());
        }
        let path = endpoint.path.split('?').next().unwrap();
        table.push_str(&format!(
            "{:<6} {path:<34} {}\n",
            endpoint.method.as_str(),
            statuses.join(" ")
        ));
    }
    let names: Vec<&str> = WRONG.iter().map(|(name, ..)| *name).collect();
    insta::assert_snapshot!(format!("{}\n{table}", names.join(", ")), @"
    no token, wrong token, wrong method, empty, cut off, a list, null, wrong types, no tenant, too large
    POST   /private/configure                 401 401 405 422 422 422 422 422 422 413
    POST   /configure                         401 401 405 422 422 422 422 422 422 413
    POST   /private/initialize-payment        401 401 405 400 400 400 400 400 400 413
    POST   /initialize-payment                401 401 405 400 400 400 400 400 400 413
    POST   /message-channels/payment-commands 401 401 405 400 400 400 400 400 400 413
    POST   /webhook/message-broker            401 401 405 400 400 400 400 400 400 413
    DELETE /message-channels/payment-events   401 401 405 400 400 400 400 400 400 413
    POST   /webhooks                          400 400 405 400 400 400 400 400 400 413
    POST   /webhooks/test                     400 400 405 400 400 400 400 400 400 413
    ");

    app.settle().await;
    assert_eq!(app.sandbox.calls().len(), calls, "Stripe is not asked");
    assert_eq!(app.payment(&order).await, payment, "nothing has changed");
    app.assert_drained().await;
}

/// A tenant that was never configured has nothing, and is not made by asking.
#[tokio::test(start_paused = true)]
async fn an_unknown_tenant_is_refused_everywhere() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let calls = app.sandbox.calls().len();
    let nobody = "nobody";
    let (status, answer) =
        app.call_as(nobody, "/private/initialize-payment", &order.request()).await;
    assert_eq!(status, 400);
    assert!(message(&answer).unwrap().starts_with("X-Tenant-Identifier"), "{answer}");
    let command = capture(&order, &order.items, order.total);
    let (status, answer) = app.command_of(nobody, "1", "CapturePayment", &command).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(message(&answer).unwrap().starts_with("tenantIdentifier"), "{answer}");
    let event = Event::new("evt_1", "charge.succeeded", serde_json::json!({"object": "charge"}));
    let secret = app.endpoint_secret().await;
    let path = "/webhooks/test?tenantIdentifier=nobody";
    let (status, answer) = app.receive_at(path, &secret, &event).await;
    assert_eq!(status, 400);
    assert!(message(&answer).unwrap().starts_with("tenantIdentifier"), "{answer}");
    assert_eq!(app.read_as(nobody, "payment-events").await, []);
    app.acknowledge_as(nobody, "payment-events", &["m-1"]).await;

    app.settle().await;
    assert_eq!(app.sandbox.calls().len(), calls);
    let store: &dyn app::Store = app.store.as_ref();
    assert_eq!(store.tenant(&payment::TenantId::new(nobody)).await.unwrap(), None);
    app.assert_drained().await;
}
