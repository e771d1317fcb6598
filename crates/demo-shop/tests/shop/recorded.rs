//! What the shop says is compared with what a real shop's own code has said: `data/` are requests
//! as recorded.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use crate::support::{Heard, Scene, TRANSFERS, eventually};

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

/// A recorded list of payouts, with this shop's names and amounts of the items in their order.
fn with_our_items(recorded: &str, ours: &[Value]) -> String {
    let body: Value = serde_json::from_str(recorded).unwrap();
    let theirs = body["orderItems"].as_array().unwrap();
    assert_eq!(theirs.len(), ours.len());
    let text = recorded.replace("\"DE--11\"", "\"DE--1\"");
    theirs.iter().zip(ours).fold(text, |text, (theirs, ours)| {
        // Each item stands twice, and amounts come after the name of their item.
        let pair = |item: &Value| {
            let (name, amount) = (&item["item_reference"], &item["amount"]);
            format!("\"item_reference\":{name},\"amount\":{amount}")
        };
        text.replace(&pair(theirs), &pair(ours))
            .replace(&theirs["transfer_id"].to_string(), &ours["transfer_id"].to_string())
    })
}

/// The items of a call, and that each has a name of its own in the form of a uuid.
fn items(heard: &Heard) -> Vec<Value> {
    let items = heard.json()["orderItems"].as_array().unwrap().clone();
    let names: BTreeSet<&str> =
        items.iter().map(|item| item["item_reference"].as_str().unwrap()).collect();
    assert_eq!(names.len(), items.len());
    assert!(names.iter().all(|name| uuid::Uuid::try_parse(name).is_ok()), "{names:?}");
    items
}

#[tokio::test]
async fn payouts_and_reversals_are_asked_for_as_a_shop_does() {
    let scene = Scene::marketplace().await;
    for sku in ["teapot", "cup", "tin", "kettle"] {
        scene.post("/cart/add", &format!("sku={sku}")).await;
    }
    scene.check_out().await;
    scene.app.result("10", "PaymentCaptured", "DE--1", &[1001, 1002, 1003, 1004]);
    scene.until_item(1004, "payment captured").await;
    let all = "item=1001&item=1002&item=1003&item=1004";
    scene.post("/orders/DE--1/pay-out", all).await;
    let heard = scene.app.heard_at(Method::POST, TRANSFERS);
    let [payout] = heard.as_slice() else { panic!("one call, not {}", heard.len()) };
    let recorded_payout = recorded(include_str!("data/transfers_payout_order_11.json"));
    compare_headers(payout, &recorded_payout);
    let asked = items(payout);
    assert_eq!(payout.body, with_our_items(&recorded_payout.body, &asked));
    let amounts: Vec<&str> = asked.iter().map(|item| item["amount"].as_str().unwrap()).collect();
    assert_eq!(amounts, ["5760", "1701", "2205"], "less a tenth, and nothing of the shop's own");

    let done = |items: &[Value], transfer: &str| {
        let items: Vec<Value> = items
            .iter()
            .map(|item| {
                serde_json::json!({
                    "merchantReference": item["merchant_reference"], "orderReference": "DE--1",
                    "itemReference": item["item_reference"], "amount": item["amount"],
                })
            })
            .collect();
        serde_json::json!({
            "isSuccessful": true, "failureMessage": null, "merchantReference": "MER000001",
            "orderReference": "DE--1", "amount": "1", "transferId": transfer,
            "paymentTransmissionItems": items,
        })
    };
    let (first, second) = asked.split_at(2);
    let answer = serde_json::json!({"transfers": [done(first, "tr_test_11_1"), done(second, "tr_test_11_2")]});
    scene.app.answer(TRANSFERS, http::StatusCode::OK, answer);
    scene.post("/orders/DE--1/pay-out", all).await;
    scene.post("/orders/DE--1/take-back", all).await;
    let heard = scene.app.heard_at(Method::POST, TRANSFERS);
    let [_, again, reversal, other] = heard.as_slice() else { panic!("not {}", heard.len()) };
    assert_eq!(again.body, payout.body, "the same request again is the same request");
    let recorded_reversal = recorded(include_str!("data/transfers_reversal_with_expenses.json"));
    compare_headers(reversal, &recorded_reversal);
    assert_eq!(reversal.body, with_our_items(&recorded_reversal.body, &items(reversal)));
    assert_eq!(items(other)[0]["transfer_id"], "tr_test_11_2", "each transfer has its own call");
}

#[tokio::test]
async fn an_onboarding_is_begun_as_a_merchant_portal_does() {
    let scene = Scene::marketplace().await;
    scene.invite();
    scene.until("/merchants/MER000001", "id=\"onboard\"").await;
    scene.post("/merchants/MER000001/onboard", "").await;
    let heard = scene.app.heard_at(Method::POST, "/private/merchants/onboarding");
    let [heard] = heard.as_slice() else { panic!("one call, not {}", heard.len()) };
    let recorded = recorded(include_str!("data/merchants_onboarding.json"));
    compare_headers(heard, &recorded);
    let theirs = [
        ("Spryker & S\\u00f6hne", "Atelier Ahrend"),
        (
            "https:\\/\\/mp.example.test\\/merchant-app-merchant-portal-gui\\/",
            "http:\\/\\/127.0.0.1:8082\\/merchants\\/MER000001\\/back\\/",
        ),
    ];
    let body = theirs.iter().fold(recorded.body, |body, (theirs, ours)| body.replace(theirs, ours));
    assert_eq!(heard.body, body);
}
