//! Payment methods of a tenant: what the shop is told of each, and how an order that names one is
//! paid (case 73 and the contract's `paymentMethods`).

use http::Method;
use serde_json::{Value, json};

use crate::configuration::methods;
use crate::support::*;

fn cards_and_paypal() -> Value {
    json!([
        {"name": "Cards", "types": ["card"], "capture": "automatic"},
        {"name": "PayPal Express", "types": ["paypal"], "strategy": "express-checkout"},
        "Stripe",
    ])
}

fn paid_by(order: &Order, method: &str) -> Value {
    let mut request = order.request();
    request["orderData"]["paymentMethod"] = method.into();
    request
}

async fn kinds(app: &TestApp, transaction: &str) -> Vec<String> {
    let intent = app.stripe(Method::GET, &format!("/v1/payment_intents/{transaction}"), "").await;
    let kinds: Vec<String> =
        serde_json::from_value(intent["payment_method_types"].clone()).unwrap();
    // Stripe's own wallet cannot be kept out of a payment.
    kinds.into_iter().filter(|kind| kind != "link").collect()
}

async fn initialize(app: &TestApp, request: &Value) -> String {
    let (status, answer) = app.call("/private/initialize-payment", request).await;
    assert_eq!(status, 200, "{answer}");
    answer["transactionId"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn c73_each_method_is_told_with_its_strategy() {
    let app = TestApp::new();
    let (status, answer) = app.configure(json!({"paymentMethods": cards_and_paypal()})).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["configuration"]["paymentMethods"], cards_and_paypal(), "as it was sent");
    let told: Vec<_> = methods(&app)
        .await
        .iter()
        .map(|message| {
            let how = &message.body["paymentMethodAppConfiguration"]["checkoutConfiguration"];
            format!("{} {} {}", message.name, message.body["name"], how["strategy"])
        })
        .collect();
    assert_eq!(
        told,
        [
            r#"AddPaymentMethod "Cards" "hosted-payment-page""#,
            r#"AddPaymentMethod "PayPal Express" "express-checkout""#,
            r#"AddPaymentMethod "Stripe" "hosted-payment-page""#,
        ]
    );

    let changed = json!([{"name": "Cards", "strategy": "embedded"}, "Stripe"]);
    assert_eq!(app.configure(json!({"paymentMethods": changed})).await.0, 200);
    let told: Vec<_> = methods(&app)
        .await
        .iter()
        .map(|message| format!("{} {}", message.name, message.body["name"]))
        .collect();
    assert_eq!(told, [r#"UpdatePaymentMethod "Cards""#, r#"DeletePaymentMethod "PayPal Express""#]);
}

#[tokio::test(start_paused = true)]
async fn an_order_is_paid_as_its_method_says() {
    let app = TestApp::new();
    assert_eq!(app.configure(json!({"paymentMethods": cards_and_paypal()})).await.0, 200);
    let order = Order::new("DE--1");
    let transaction = initialize(&app, &paid_by(&order, "cards")).await;
    assert_eq!(kinds(&app, &transaction).await, ["card"]);
    app.pay(&transaction, "pm_card_visa").await;
    app.settle().await;
    assert_eq!(app.status(&order).await, "captured", "nothing waits for a command");
    assert_eq!(
        app.results().await,
        ["PaymentAuthorized[1001,1002] 18979", "PaymentCaptured[1001,1002] 18979"]
    );

    // A command that the order process sends all the same is a success without a call.
    app.command("CapturePayment", &capture(&order, &[1001, 1002], 18_979)).await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
    assert_eq!(app.stripe_calls("POST", "/capture"), 0);
}

/// Back from the payment page, the shopper chooses another method for the same order.
#[tokio::test(start_paused = true)]
async fn another_method_for_the_same_order_changes_how_it_may_be_paid() {
    let app = TestApp::new();
    assert_eq!(app.configure(json!({"paymentMethods": cards_and_paypal()})).await.0, 200);
    let order = Order::new("DE--1");
    let transaction = initialize(&app, &paid_by(&order, "Cards")).await;
    assert_eq!(initialize(&app, &paid_by(&order, "PayPal Express")).await, transaction);
    assert_eq!(kinds(&app, &transaction).await, ["paypal"]);
    assert_eq!(initialize(&app, &paid_by(&order, "stripe")).await, transaction);
    assert!(kinds(&app, &transaction).await.len() > 2);
    app.pay(&transaction, "pm_card_visa").await;
    app.settle().await;
    assert_eq!(app.status(&order).await, "authorized", "captured on command again");
}

#[tokio::test(start_paused = true)]
async fn c69_a_method_that_cannot_be_is_named() {
    let app = TestApp::new();
    let (status, answer) =
        app.configure(json!({"paymentMethods": [{"name": "Cards", "types": ["cards"]}]})).await;
    assert_eq!(status, 422);
    assert_eq!(
        answer["errors"][0]["message"],
        "paymentMethods: has the type \"cards\" at \"Cards\", which the payment provider does not \
         have; send one such as card"
    );
}
