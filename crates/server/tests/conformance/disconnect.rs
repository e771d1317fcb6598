//! Disconnecting: cases 71, 72, 74 and 75.

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};
use stripe_sandbox::{Fault, FaultKind, WebhookMode, WebhookSettings};

use crate::configuration::{endpoints, endpoints_of, lose, methods};
use crate::support::*;

#[tokio::test(start_paused = true)]
async fn c71_an_unknown_tenant_cannot_be_disconnected() {
    let app = TestApp::new();
    let (status, answer) = app.disconnect(Some("true")).await;
    assert_eq!(status, 400);
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("Tenant action failed: the tenant is not known"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn c72_disconnecting_takes_the_methods_away_and_tells_last_that_it_is_over() {
    let app = TestApp::new();
    app.configure(json!({"paymentMethods": ["Stripe", "Klarna", "PayPal"]})).await;
    assert_eq!(app.read("app-events").await[0].body["isActive"], json!(true));
    let added = methods(&app).await;
    assert_eq!(app.disconnect(None).await, (StatusCode::NO_CONTENT, Value::Null));
    assert_eq!(endpoints(&app).await, [], "the endpoint is removed");

    // The shop polls a channel only as long as the app is active: that it is not, is read last.
    let mut deleted: Vec<String> = Vec::new();
    while deleted.len() < 3 {
        assert_eq!(app.read("app-events").await, [], "after {deleted:?}");
        let (mut read, _) = app.peek("payment-method-commands", 100).await;
        // It deletes them in any order, and one at a time.
        let message = read.pop().expect("there is one more");
        app.acknowledge("payment-method-commands", &[&message.id]).await;
        app.entropy.advance(SignedDuration::from_secs(11));
        assert_eq!(message.name, "DeletePaymentMethod");
        assert_eq!(message.body["providerName"], "Stripe");
        deleted.push(message.body["name"].as_str().unwrap().to_owned());
    }
    deleted.sort();
    assert_eq!(deleted, ["Klarna", "PayPal", "Stripe"]);
    let last = app.read("app-events").await;
    assert_eq!(last.len(), 1);
    assert_eq!(
        last[0].body,
        json!({
            "appIdentifier": "paybridge", "status": "DISCONNECTED", "isActive": false, "config": {},
            "messageChannels": last[0].body["messageChannels"],
        })
    );
    assert!(added.iter().all(|message| message.name == "AddPaymentMethod"));
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c72_disconnecting_twice_is_disconnecting_once() {
    let app = TestApp::configured().await;
    app.authorized(&Order::new("DE--1")).await;
    assert_eq!(app.disconnect(Some("true")).await.0, 204);
    assert_eq!(app.disconnect(None).await.0, 204, "there is nothing left to ask");
    assert_eq!(methods(&app).await.len(), 1);
    app.read("payment-events").await;
    assert_eq!(app.read("app-events").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn c72_the_endpoints_of_earlier_accounts_are_removed_too() {
    let app = TestApp::configured().await;
    let other = json!({"secretKey": "sk_test_other", "publishableKey": "pk_test_other"});
    assert_eq!(app.configure(other).await.0, 200);
    assert_eq!(endpoints(&app).await.len(), 1, "payments of the old account may go on");
    app.read("app-events").await;
    assert_eq!(app.disconnect(None).await.0, 204);
    assert_eq!(endpoints(&app).await, []);
    assert_eq!(endpoints_of(&app, "sk_test_other").await, []);
}

#[tokio::test(start_paused = true)]
async fn c72_a_tenant_is_disconnected_also_while_stripe_is_down() {
    let app = TestApp::configured().await;
    app.sandbox.inject(lose("DELETE", "/v1/webhook_endpoints/*", 3)).unwrap();
    assert_eq!(app.disconnect(None).await.0, 204);
    assert_eq!(endpoints(&app).await.len(), 1);
    assert_eq!(app.configure(json!({})).await.0, 200);
    assert_eq!(endpoints(&app).await.len(), 1, "the one that stayed is used again");
    app.authorized(&Order::new("DE--1")).await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
}

#[tokio::test(start_paused = true)]
async fn c74_a_disconnected_tenant_reads_and_sends_but_pays_nothing() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.authorized(&order).await;
    assert_eq!(app.disconnect(Some("true")).await.0, 204);

    let (status, answer) = app.call("/private/initialize-payment", &order.request()).await;
    assert_eq!(status, 403);
    assert_eq!(
        answer,
        json!([{"code": null, "status": null, "message": "Tenant is disconnected.", "confirm": null}])
    );
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"], "channels are read");
    app.command("CapturePayment", &capture(&order, &order.items, order.total)).await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentCaptureFailed[1001,1002] 18979"]);
    assert_eq!(app.money(&transaction).amount_captured, 0);
}

/// The call of a command was begun before: its outcome is the command's one result (rule R11).
#[tokio::test(start_paused = true)]
async fn c74_a_command_that_was_begun_before_the_tenant_was_disconnected_has_one_result() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.authorized(&order).await;
    app.results().await;
    let lost = Fault::new(FaultKind::LoseAnswer).on("POST", "/v1/payment_intents/*/capture");
    app.sandbox.inject(Fault { times: 3, ..lost }).unwrap();
    app.sandbox
        .set_webhooks(WebhookSettings { mode: WebhookMode::Drop, ..WebhookSettings::default() })
        .unwrap();
    app.command("CapturePayment", &capture(&order, &order.items, order.total)).await;
    app.settle().await;
    assert_eq!(app.money(&transaction).amount_captured, 18_979, "Stripe has done it");
    assert_eq!(app.results().await, [""; 0], "and nobody knows yet");

    assert_eq!(app.disconnect(Some("true")).await.0, 204);
    for _ in 0..3 {
        app.advance(LONG_ENOUGH).await;
    }
    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
}

#[tokio::test(start_paused = true)]
async fn c75_open_payments_are_asked_about_first() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.authorized(&order).await;
    let (status, answer) = app.disconnect(None).await;
    assert_eq!(status, 409);
    let error = &answer["errors"][0];
    assert_eq!((&error["code"], &error["status"]), (&json!("21000"), &json!(409)));
    assert_eq!(
        error["confirm"],
        json!({"labelOk": "Ignore & Disconnect", "labelCancel": "Cancel"})
    );
    for no in ["false", "maybe", "1", "TRUE", "false,true"] {
        let (status, answer) = app.disconnect(Some(no)).await;
        assert_eq!(
            (status, &answer["errors"][0]["code"]),
            (StatusCode::BAD_REQUEST, &json!("21001")),
            "{no}"
        );
    }
    assert_eq!(methods(&app).await, []);
    assert_eq!(app.read("app-events").await, []);
    app.initialize(&Order::new("DE--2")).await;

    assert_eq!(app.disconnect(Some("true")).await, (StatusCode::NO_CONTENT, Value::Null));
    assert_eq!(endpoints(&app).await.len(), 1, "the money's events are still to come");
}

#[tokio::test(start_paused = true)]
async fn c75_payments_that_are_over_are_not_asked_about() {
    let app = TestApp::configured().await;
    let (captured, canceled) = (Order::new("DE--1"), Order::new("DE--2"));
    app.captured(&captured).await;
    app.command("RefundPayment", &refund(&captured, &captured.items, captured.total)).await;
    app.authorized(&canceled).await;
    app.command("CancelPayment", &cancel(&canceled, &canceled.items)).await;
    app.settle().await;
    app.results().await;
    assert_eq!(app.disconnect(None).await.0, 204);
}

#[tokio::test(start_paused = true)]
async fn r23_messages_that_the_shop_has_not_read_are_asked_about() {
    let app = TestApp::new();
    app.configure(json!({})).await;
    let (status, answer) = app.disconnect(None).await;
    assert_eq!(status, 409);
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("messages that the shop has not read (2)"), "{message}");

    methods(&app).await;
    app.read("app-events").await;
    assert_eq!(app.disconnect(None).await.0, 204);
}

#[tokio::test(start_paused = true)]
async fn r23_work_that_is_not_done_is_asked_about() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.captured(&order).await;
    app.read("payment-events").await;
    app.command("RefundPayment", &refund(&order, &order.items, order.total)).await;
    let (status, answer) = app.disconnect(None).await;
    assert_eq!(status, 409);
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("work that is not done (1)"), "{message}");
    app.settle().await;
    app.read("payment-events").await;
    assert_eq!(app.disconnect(None).await.0, 204);
}

/// What was under way when somebody insisted is still told, and only then is the app gone.
#[tokio::test(start_paused = true)]
async fn r23_a_forced_disconnect_is_over_once_everything_is_drained() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.captured(&order).await;
    app.read("payment-events").await;
    // Stripe refunds, but neither its answer nor its webhook arrives yet.
    let lost = Fault::new(FaultKind::LoseAnswer).on("POST", "/v1/refunds");
    app.sandbox.inject(Fault { times: 3, ..lost }).unwrap();
    let held = WebhookSettings { mode: WebhookMode::Hold, ..WebhookSettings::default() };
    app.sandbox.set_webhooks(held).unwrap();
    app.command("RefundPayment", &refund(&order, &order.items, order.total)).await;
    app.settle().await;

    assert_eq!(app.disconnect(Some("true")).await.0, 204);
    let context = &app.app.consumer.context;
    context.finish_disconnects().await.unwrap();
    assert_eq!(endpoints(&app).await.len(), 1, "its events are still wanted");
    assert_eq!(methods(&app).await.len(), 1);
    assert_eq!(app.read("app-events").await, [], "the refund is not told yet");

    app.sandbox.release_webhooks();
    app.settle().await;
    assert_eq!(app.read("app-events").await, [], "nor read");
    assert_eq!(app.results().await, ["PaymentRefunded[1001,1002] 18979"]);
    assert_eq!(app.read("app-events").await[0].body["isActive"], json!(false));

    context.finish_disconnects().await.unwrap();
    assert_eq!(endpoints(&app).await, []);
    app.assert_drained().await;
}

/// Found by the simulator: what said that the tenant is back waited behind what said that it left,
/// and that one waited for everything, the other included. The shop never heard of the app again.
#[tokio::test(start_paused = true)]
async fn r23_a_tenant_that_comes_back_before_it_is_drained_is_told_so() {
    let app = TestApp::configured().await;
    app.authorized(&Order::new("DE--1")).await;
    assert_eq!(app.disconnect(Some("true")).await.0, 204);
    assert_eq!(app.configure(json!({})).await.0, 200);

    let told = app.read("app-events").await;
    let active: Vec<&Value> = told.iter().map(|message| &message.body["isActive"]).collect();
    assert_eq!(active, [false, true]);
    assert_eq!(methods(&app).await.len(), 2, "taken away, and added again");
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
    app.assert_drained().await;
}

/// Found by the simulator: the provider worked on a refund when the shop was told that the app is
/// inactive, and nobody read any more what came of it (rule R11).
#[tokio::test(start_paused = true)]
async fn r23_a_refund_under_way_is_asked_about_and_told_before_the_app_is_gone() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held_by(&order, "pm_card_pendingRefund").await;
    app.results_of("CapturePayment", &capture(&order, &order.items, order.total)).await;
    let none = app.results_of("RefundPayment", &refund(&order, &order.items, order.total)).await;
    assert_eq!(none, [""; 0], "Stripe works on it");
    let (status, answer) = app.disconnect(None).await;
    assert_eq!(status, 409, "{answer}");
    assert_eq!(app.disconnect(Some("true")).await.0, 204);
    assert_eq!(methods(&app).await.len(), 1);
    assert_eq!(app.read("app-events").await, [], "the refund is not told yet");
    app.app.consumer.context.finish_disconnects().await.unwrap();
    assert_eq!(endpoints(&app).await.len(), 1, "its events are still wanted");

    app.advance(SignedDuration::from_hours(24)).await;
    assert_eq!(app.money(&transaction).amount_refunded, 18_979);
    assert_eq!(app.results().await, ["PaymentRefunded[1001,1002] 18979"]);
    assert_eq!(app.read("app-events").await[0].body["isActive"], json!(false));
    app.app.consumer.context.finish_disconnects().await.unwrap();
    assert_eq!(endpoints(&app).await, []);
    app.assert_drained().await;
}
