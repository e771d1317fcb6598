//! Requests recorded from a shop's own code are taken as they are, byte for byte, and what was
//! understood of them is what the shop meant.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::*;

const CHANNELS: &str = "/message-channels";

/// The order of the recorded guest checkout.
fn guest() -> Order {
    Order::new("DE--1")
}

async fn replay(app: &TestApp, name: &str, base: &str) -> (StatusCode, Value) {
    app.send(Recorded::read(name).request(base)).await
}

async fn initialize(app: &TestApp, name: &str) -> String {
    let (status, answer) = replay(app, &format!("requests/{name}"), "").await;
    assert_eq!(status, 200, "{name}: {answer}");
    answer["transactionId"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_guests_checkout_in_json() {
    let app = TestApp::configured().await;
    let transaction = initialize(&app, "initialize_payment_guest").await;

    let intent = app.money(&transaction);
    assert_eq!((intent.amount, intent.currency.as_str()), (18_979, "eur"));
    let ours = ["attemptId", "installationId", "orderReference", "paymentId", "tenantIdentifier"];
    assert_eq!(intent.metadata.keys().collect::<Vec<_>>(), ours, "there is no additional data");
    let payment = app.payment(&guest()).await;
    let checkout = &payment.checkout;
    let items: Vec<(i64, &str, i64, i64)> = checkout
        .items
        .iter()
        .map(|item| (item.id.unwrap().0, item.name.as_str(), item.quantity, item.unit_price_minor))
        .collect();
    assert_eq!(items, [(1001, "Canon IXUS 285", 1, 9_999), (1002, "Sony Cyber-shot", 2, 4_245)]);
    assert_eq!(checkout.locale.as_deref(), Some("de_DE"));
    assert_eq!(checkout.payment_method.as_deref(), Some("stripe"));
    assert_eq!(checkout.customer.reference, None);
    assert_eq!(checkout.customer.email.as_deref(), Some("ada@example.test"));
    assert_eq!(
        checkout.redirects.cancel.as_deref(),
        Some("https://shop.example.test/de/payment/order-cancel?orderReference=DE--1")
    );
    let shipping = checkout.shipping.as_ref().unwrap();
    assert_eq!(
        (shipping.name.as_str(), shipping.line1.as_str()),
        ("Ada Example", "Example Street")
    );

    let at_stripe = app.intent(&transaction).await;
    assert_eq!(at_stripe["description"], "Order DE--1");
    assert_eq!(
        at_stripe["shipping"]["address"],
        json!({
            "line1": "Example Street", "line2": "12", "city": "Berlin", "postal_code": "10115",
            "country": "DE",
        })
    );
}

#[tokio::test(start_paused = true)]
async fn json_form_and_the_old_path_are_the_same_payment() {
    let names = [
        "initialize_payment_guest",
        "initialize_payment_guest_legacy",
        "initialize_payment_old_endpoint",
    ];
    for first in names {
        let app = TestApp::configured().await;
        let transaction = initialize(&app, first).await;
        let payment = app.payment(&guest()).await;
        for again in names {
            assert_eq!(initialize(&app, again).await, transaction, "{first}, then {again}");
            assert_eq!(app.payment(&guest()).await, payment, "{first}, then {again}");
        }
        assert_eq!(app.sandbox.audit().len(), 1, "{first}");
    }
}

#[tokio::test(start_paused = true)]
async fn odd_characters_gaps_and_yen_survive_a_form() {
    let app = TestApp::configured().await;
    let transaction = initialize(&app, "initialize_payment_odd_characters_legacy").await;

    let intent = app.money(&transaction);
    assert_eq!((intent.amount, intent.currency.as_str()), (1_500, "jpy"), "yen have no decimals");
    assert_eq!(intent.metadata["orderReference"], "AT--2");
    assert_eq!(intent.metadata["note"], "Grüße 🎉 & \"Zitat\" 'x' <tag> /slash\\back");
    assert_eq!(intent.metadata["nested"], r#"{"list":{"0":"1","1":"2.5","3":"1"}}"#);
    assert_eq!(intent.metadata["big"], "9007199254740993");

    let mut order = Order::new("AT--2");
    let checkout = app.payment(&order).await.checkout.clone();
    assert_eq!(checkout.total.to_string(), "1500 JPY");
    assert_eq!(checkout.customer.email.as_deref(), Some("o'brien+\"q\"@example.test"));
    assert_eq!(checkout.items[0].name, "Schöne Größe „XL“ & Co. 🎁");
    assert_eq!(checkout.items[0].sku, "SKU/1&2");
    assert_eq!(checkout.items[1].id, None, "the second one has no id");

    // Its results name the one item that has an id, in yen.
    app.pay(&transaction, "pm_card_visa").await;
    app.settle().await;
    (order.currency, order.total, order.items) = ("JPY", 1_500, vec![2001]);
    app.command("CapturePayment", &capture(&order, &[2001], 1_500)).await;
    app.settle().await;
    let told = app.read("payment-events").await;
    let results: Vec<&Value> =
        told.iter().filter(|message| message.is_result()).map(|message| &message.body).collect();
    let result = json!({
        "orderReference": "AT--2", "orderItemIds": [2001], "amount": 1_500, "currencyIsoCode": "JPY",
    });
    assert_eq!(results, [&result, &result]);
    assert_eq!(app.money(&transaction).amount_captured, 1_500);
}

#[tokio::test(start_paused = true)]
async fn capture_and_refund_over_the_http_channel() {
    let app = TestApp::configured().await;
    let transaction = app.authorized(&guest()).await;
    for name in ["capture_payment_full_http_channel", "refund_payment_partial_http_channel"] {
        let (status, answer) = replay(&app, &format!("messages_in/{name}"), CHANNELS).await;
        assert_eq!(status, 200, "{name}: {answer}");
        assert!(answer["MessageId"].is_string(), "{name}: {answer}");
        app.settle().await;
    }
    assert_eq!(
        app.results().await,
        [
            "PaymentAuthorized[1001,1002] 18979",
            "PaymentCaptured[1001,1002] 18979",
            "PaymentRefunded[1001] 9999",
        ]
    );
    let money = app.money(&transaction);
    assert_eq!((money.amount_captured, money.amount_refunded), (18_979, 9_999));
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn capture_and_refund_pushed_by_plain_http() {
    let app = TestApp::configured().await;
    let transaction = app.authorized(&guest()).await;
    for name in ["capture_payment_full_plain_http", "refund_payment_partial_plain_http"] {
        // Whoever pushes may push again: where the answer was lost, for instance.
        for _ in 0..2 {
            let (status, answer) = replay(&app, &format!("messages_in/{name}"), "").await;
            assert_eq!(status, 200, "{name}: {answer}");
            app.settle().await;
        }
    }
    assert_eq!(
        app.results().await,
        [
            "PaymentAuthorized[1001,1002] 18979",
            "PaymentCaptured[1001,1002] 18979",
            "PaymentRefunded[1001] 9999",
        ]
    );
    let money = app.money(&transaction);
    assert_eq!((money.amount_captured, money.amount_refunded), (18_979, 9_999));
}

#[tokio::test(start_paused = true)]
async fn a_capture_per_shipment_over_the_http_channel() {
    let app = TestApp::configured().await;
    let first = app.authorized(&guest()).await;
    let mut second_order = Order::new("DE--2");
    second_order.items = vec![2001, 2002];
    let second = app.authorized(&second_order).await;
    app.results().await;
    for name in [
        "capture_payment_partial_first_http_channel",
        "capture_payment_partial_second_http_channel",
    ] {
        let (status, answer) = replay(&app, &format!("messages_in/{name}"), CHANNELS).await;
        assert_eq!(status, 200, "{name}: {answer}");
        app.settle().await;
    }
    assert_eq!(
        app.results().await,
        [
            "PaymentCaptured[1001] 10489",
            "PaymentAuthorized[1002] 8490",
            "PaymentCaptured[2002] 8490",
            "PaymentAuthorized[2001] 10489",
        ]
    );
    assert_eq!(app.money(&first).amount_captured, 10_489);
    assert_eq!(app.money(&second).amount_captured, 8_490);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_over_the_http_channel() {
    let app = TestApp::configured().await;
    let transaction = app.authorized(&guest()).await;
    let (status, answer) = replay(&app, "messages_in/cancel_payment_http_channel", CHANNELS).await;
    assert_eq!(status, 200, "{answer}");
    app.settle().await;
    assert_eq!(
        app.results().await,
        ["PaymentAuthorized[1001,1002] 18979", "PaymentCanceled[1001,1002] 18979"]
    );
    assert_eq!(app.money(&transaction).status, "canceled");
}

/// A poll returns the messages in the form the shop decodes; its recorded acknowledgement names an
/// id that never was, which is nothing to do.
#[tokio::test(start_paused = true)]
async fn a_poll_and_an_acknowledgement() {
    let app = TestApp::configured().await;
    app.authorized(&guest()).await;
    let (status, polled) = replay(&app, "requests/channel_poll_get", CHANNELS).await;
    assert_eq!(status, 200, "{polled}");
    let entries = polled.as_array().unwrap();
    assert!(!entries.is_empty());
    for entry in entries {
        assert!(entry["MessageId"].is_string() && entry["MessageBody"].is_string(), "{entry}");
        let attributes = entry["MessageAttributes"].as_object().unwrap();
        assert!(attributes.values().all(Value::is_string), "{entry}");
        assert_eq!(attributes["tenantIdentifier"], TENANT);
        assert_eq!(attributes["transferName"], attributes["name"]);
    }

    let mut acknowledge = Recorded::read("requests/channel_ack_delete");
    let (status, answer) = app.send(acknowledge.request(CHANNELS)).await;
    assert_eq!(status, 200, "{answer}");
    app.entropy.advance(LONG_ENOUGH);
    let (_, again) = replay(&app, "requests/channel_poll_get", CHANNELS).await;
    assert_eq!(again, polled, "what was not acknowledged comes again");

    let ids: Vec<&Value> = entries.iter().map(|entry| &entry["MessageId"]).collect();
    acknowledge.body = json!({"messageIds": ids}).to_string();
    assert_eq!(app.send(acknowledge.request(CHANNELS)).await.0, 200);
    app.entropy.advance(LONG_ENOUGH);
    let (status, gone) = replay(&app, "requests/channel_poll_get", CHANNELS).await;
    assert_eq!((status, gone), (StatusCode::OK, json!([])));
}

/// The whole life of a cart as the shop's own code puts it on the wire; only the transaction id,
/// which the recordings made up, is the real one.
#[tokio::test(start_paused = true)]
async fn a_cart_that_is_paid_before_its_order() {
    let app = TestApp::configured().await;
    let (status, first) = replay(&app, "requests/pre_order_payment_first", "").await;
    assert_eq!(status, 200, "{first}");
    let transaction = first["preOrderPaymentData"]["transactionId"].as_str().unwrap();
    let with_transaction = |name: &str| {
        let mut recorded = Recorded::read(&format!("requests/{name}"));
        recorded.body = recorded.body.replace("pi_test_1", transaction);
        recorded.request("")
    };
    let (status, again) = app.send(with_transaction("pre_order_payment_repeated")).await;
    assert_eq!((status, &again), (StatusCode::OK, &first));
    assert_eq!(app.sandbox.audit().len(), 1);
    let payment = app.payment_with(transaction).await;
    assert_eq!(payment.checkout.locale.as_deref(), Some("de_DE"));
    assert_eq!(payment.checkout.total.to_string(), "189.79 EUR");

    app.pay(transaction, "pm_card_visa").await;
    app.settle().await;
    let (status, customer) = app.send(with_transaction("customer")).await;
    assert_eq!(status, 200, "{customer}");
    assert!(customer["customer"].is_object(), "{customer}");
    for _ in 0..2 {
        let (status, answer) = app.send(with_transaction("confirm_pre_order_payment")).await;
        assert_eq!(status, 200, "{answer}");
    }
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
    let items = app.payment(&Order::new("DE--3")).await.checkout.items.clone();
    let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["Canon IXUS 285", "Sony Cyber-shot"]);
    app.settle().await;
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn a_cart_that_is_given_up() {
    let app = TestApp::configured().await;
    let (_, first) = replay(&app, "requests/pre_order_payment_first", "").await;
    let transaction = first["preOrderPaymentData"]["transactionId"].as_str().unwrap();
    let mut recorded = Recorded::read("requests/cancel_pre_order_payment");
    recorded.body = recorded.body.replace("pi_test_1", transaction);
    for _ in 0..2 {
        let (status, answer) = app.send(recorded.request("")).await;
        assert_eq!(status, 200, "{answer}");
        assert!(answer.is_object(), "{answer}");
    }
    assert_eq!(app.money(transaction).status, "canceled");
}

/// Byte for byte: a transaction that is not known is a new cart for one call, and an error that says
/// so for the others.
#[tokio::test(start_paused = true)]
async fn a_transaction_that_never_was() {
    let app = TestApp::configured().await;
    let (status, made) = replay(&app, "requests/pre_order_payment_repeated", "").await;
    assert_eq!(status, 200, "{made}");
    for name in ["confirm_pre_order_payment", "cancel_pre_order_payment", "customer"] {
        let (status, answer) = replay(&app, &format!("requests/{name}"), "").await;
        assert_eq!(status, 400, "{name}: {answer}");
        let message = answer[0]["message"].as_str().unwrap();
        assert!(message.contains("transactionId: is not known"), "{name}: {answer}");
    }
}
