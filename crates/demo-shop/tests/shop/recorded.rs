//! What the shop says is compared with what a real shop's own code has said: `data/` are requests
//! as recorded.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use crate::support::{Heard, Scene, eventually};

/// Headers that belong to the HTTP client, or say how long a body is.
const CLIENTS: [&str; 4] = ["host", "user-agent", "content-length", "accept"];

/// A request of a real shop, with the names of the headers in lower case.
struct Recorded {
    headers: Vec<(String, String)>,
    body: String,
}

fn recorded(text: &str) -> Recorded {
    let file: Value = serde_json::from_str(text).unwrap();
    let headers = file["headers"].as_object().unwrap().iter();
    Recorded {
        headers: headers
            .map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap().to_owned()))
            .filter(|(name, _)| !CLIENTS.contains(&name.as_str()))
            .collect(),
        body: file["body"].as_str().unwrap().to_owned(),
    }
}

/// The same headers; those of one form only where each message has its own value.
fn compare_headers(heard: &Heard, recorded: &Recorded) {
    let ours: BTreeSet<&str> = heard
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .filter(|it| !CLIENTS.contains(it))
        .collect();
    let theirs: BTreeSet<&str> = recorded.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(ours, theirs);
    for (name, theirs) in &recorded.headers {
        let ours = heard.headers[name.as_str()].to_str().unwrap();
        match name.as_str() {
            "timestamp" => assert_eq!(ours.len(), theirs.len(), "{name}: {ours}"),
            "correlation-id" | "transaction-id" => {
                assert!(
                    uuid::Uuid::try_parse(ours).is_ok() && ours.len() == theirs.len(),
                    "{ours}"
                );
            }
            _ => assert_eq!(ours, theirs, "{name}"),
        }
    }
}

/// The values that differ between this shop's goods and those of the recording.
fn with_our_goods(recorded: &str) -> String {
    [
        ("Canon IXUS 285", "Enamel kettle, 2 l"),
        ("Sony Cyber-shot", "Tea strainer, steel"),
        ("009_30692991", "kettle"),
        ("033_32125568", "strainer"),
        ("\"Mrs\"", "\"n\\/a\""),
        ("\"+49 30 0000000\"", "null"),
        (
            "https:\\/\\/shop.example.test\\/de\\/payment\\/order-success",
            "http:\\/\\/127.0.0.1:8082\\/order-success?orderReference=DE--1",
        ),
        (
            "https:\\/\\/shop.example.test\\/de\\/payment\\/order-cancel",
            "http:\\/\\/127.0.0.1:8082\\/order-cancel",
        ),
        (
            "https:\\/\\/shop.example.test\\/de\\/checkout\\/summary",
            "http:\\/\\/127.0.0.1:8082\\/checkout",
        ),
    ]
    .iter()
    .fold(recorded.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
}

#[tokio::test]
async fn the_checkout_sends_an_order_as_a_shop_does() {
    let scene = Scene::connected().await;
    scene.order().await;
    let heard = scene.app.heard_at(Method::POST, "/private/initialize-payment");
    let [heard] = heard.as_slice() else { panic!("one call, not {}", heard.len()) };
    let recorded = recorded(include_str!("data/initialize_payment_guest.json"));
    compare_headers(heard, &recorded);
    // Byte for byte: the same fields in the same order, written as PHP writes them.
    assert_eq!(heard.body, with_our_goods(&recorded.body));
}

#[tokio::test]
async fn commands_are_sent_as_a_shop_sends_them() {
    let scene = Scene::connected().await;
    scene.order().await;
    scene.app.result("10", "PaymentAuthorized", "DE--1", &[1001, 1002]);
    scene.until_item(1002, "payment authorized").await;
    // A part of the order: with the whole shipping, for it comes with the first capture.
    scene.post("/orders/DE--1/ship", "item=1001").await;
    scene.app.result("11", "PaymentCaptured", "DE--1", &[1001]);
    scene.app.result("12", "PaymentAuthorized", "DE--1", &[1002]);
    scene.until_item(1001, "payment captured").await;
    scene.post("/orders/DE--1/deliver", "item=1001").await;
    scene.post("/orders/DE--1/return", "item=1001").await;

    let heard = scene.app.heard_at(Method::POST, "/message-channels/payment-commands");
    let [capture, refund] = heard.as_slice() else { panic!("two commands, not {heard:?}") };
    for (heard, text) in [
        (capture, include_str!("data/capture_payment_partial_first_http_channel.json")),
        (refund, include_str!("data/refund_payment_partial_http_channel.json")),
    ] {
        let recorded = recorded(text);
        compare_headers(heard, &recorded);
        assert_eq!(heard.body, with_our_goods(&recorded.body));
    }
    assert_ne!(capture.headers["correlation-id"], refund.headers["correlation-id"]);
}

#[tokio::test]
async fn whole_orders_are_captured_and_canceled_as_a_shop_does() {
    for (action, text) in [
        ("ship", include_str!("data/capture_payment_full_http_channel.json")),
        ("cancel", include_str!("data/cancel_payment_http_channel.json")),
    ] {
        let scene = Scene::connected().await;
        scene.order().await;
        scene.app.result("10", "PaymentAuthorized", "DE--1", &[1001, 1002]);
        scene.until_item(1002, "payment authorized").await;
        scene.post(&format!("/orders/DE--1/{action}"), "item=1001&item=1002").await;
        // Somebody who presses twice sends one command.
        scene.post(&format!("/orders/DE--1/{action}"), "item=1001&item=1002").await;
        let heard = scene.app.heard_at(Method::POST, "/message-channels/payment-commands");
        let [command] = heard.as_slice() else { panic!("one command, not {heard:?}") };
        let recorded = recorded(text);
        compare_headers(command, &recorded);
        assert_eq!(command.body, recorded.body);
    }
}

#[tokio::test]
async fn channels_are_read_and_emptied_as_a_shop_does() {
    let scene = Scene::connected().await;
    scene.app.put("payment-events", serde_json::json!({
        "MessageId": "m-1", "MessageBody": "{}", "MessageAttributes": {"name": "PaymentAuthorized"},
    }));
    let deleted = || scene.app.heard_at(Method::DELETE, "/message-channels/payment-events");
    eventually(|| !deleted().is_empty()).await;
    let mut poll = recorded(include_str!("data/channel_poll_get.json"));
    // Guzzle names the type of a body that is not there; the contract leaves it out.
    poll.headers.retain(|(name, _)| name != "content-type");
    let heard = scene.app.heard_at(Method::GET, "/message-channels/payment-events?limit=100");
    compare_headers(heard.first().unwrap(), &poll);
    let delete = recorded(include_str!("data/channel_ack_delete.json"));
    let heard = scene.app.heard_at(Method::DELETE, "/message-channels/payment-events");
    compare_headers(heard.first().unwrap(), &delete);
    assert_eq!(heard.first().unwrap().body, delete.body);
}
