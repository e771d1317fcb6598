//! How the shop reads its channels: kindly to what is right, and as unkindly as a real one to what
//! is not.

use http::{Method, StatusCode};
use serde_json::json;

use crate::support::{Scene, eventually};

/// A shop with one order that waits to be paid.
async fn with_order() -> Scene {
    let scene = Scene::connected().await;
    scene.order().await;
    scene
}

#[tokio::test]
async fn messages_are_handled_in_order_and_each_is_deleted_afterwards() {
    let scene = with_order().await;
    scene.app.result("10", "PaymentAuthorized", "DE--1", &[1001, 1002]);
    scene.app.result("11", "PaymentAuthorized", "DE--1", &[1001]);
    scene.app.result("12", "PaymentAuthorizationFailed", "DE--1", &[1001]);
    scene.until_item(1001, "payment authorized").await;
    eventually(|| scene.app.left_in("payment-events").is_empty()).await;
    let deleted: Vec<String> = scene
        .app
        .heard_at(Method::DELETE, "/message-channels/payment-events")
        .iter()
        .map(|heard| heard.json()["messageIds"].to_string())
        .collect();
    assert_eq!(deleted, [r#"["10"]"#, r#"["11"]"#, r#"["12"]"#]);
    // The failure came when no item waited for it: it moved none.
    scene.until_item(1001, "payment authorized").await;
}

#[tokio::test]
async fn other_channels_are_read_only_while_an_active_app_lists_them() {
    let scene = Scene::new().await;
    let app_events = || scene.app.heard_at(Method::GET, "/message-channels/app-events").len();
    eventually(|| app_events() >= 3).await;
    assert_eq!(scene.app.heard_at(Method::GET, "/message-channels/payment-events").len(), 0);

    scene.app.connect(&scene.base);
    scene.until("/apps", "id=\"methods\"").await;
    let inactive =
        json!({"appIdentifier": "paybridge", "status": "DISCONNECTED", "isActive": false});
    scene.app.say("app-events", "3", "AppConfigUpdated", &inactive);
    scene.until("/apps", "disconnected").await;
    let polls = || scene.app.heard_at(Method::GET, "/message-channels/payment-events").len();
    let before = polls();
    let read = app_events();
    eventually(|| app_events() >= read + 3).await;
    assert_eq!(polls(), before);
}

#[tokio::test]
async fn a_message_of_an_unknown_name_stays_and_what_follows_is_read() {
    let scene = with_order().await;
    scene.app.result("10", "PaymentForgotten", "DE--1", &[1001]);
    scene.app.result("11", "PaymentAuthorized", "DE--1", &[1001, 1002]);
    scene.until_item(1001, "payment authorized").await;
    let page = scene.until("/messages", "knows no message").await;
    assert_eq!(
        page.matches("PaymentForgotten").count(),
        2,
        "in its title and in what is said, once"
    );
    assert_eq!(scene.app.left_in("payment-events"), ["10"]);
}

#[tokio::test]
async fn a_message_on_the_wrong_channel_stops_the_worker_there() {
    let scene = with_order().await;
    scene.app.say(
        "payment-events",
        "10",
        "DeletePaymentMethod",
        &json!({"name": "Stripe", "providerName": "Stripe"}),
    );
    scene.app.result("11", "PaymentAuthorized", "DE--1", &[1001, 1002]);
    scene.until("/messages", "the worker stops here").await;
    assert_eq!(scene.app.left_in("payment-events"), ["10", "11"]);
    scene.until_item(1001, "payment pending").await;
}

#[tokio::test]
async fn a_body_that_is_no_text_aborts_the_whole_poll() {
    let scene = with_order().await;
    scene.app.result("10", "PaymentAuthorized", "DE--1", &[1001, 1002]);
    scene.until_item(1001, "payment authorized").await;
    scene.app.put("payment-events", json!({
        "MessageId": "11", "MessageBody": {"not": "a text"}, "MessageAttributes": {"name": "PaymentCaptured"},
    }));
    scene.app.result("12", "PaymentCanceled", "DE--1", &[1001, 1002]);
    scene.until("/messages", "not a list of messages").await;
    assert_eq!(scene.app.left_in("payment-events"), ["11", "12"]);
}

#[tokio::test]
async fn what_the_handler_rejects_is_deleted_and_lost() {
    let scene = with_order().await;
    scene.app.say("payment-events", "10", "PaymentAuthorized", &json!({"orderReference": "DE--1"}));
    scene.app.result("11", "PaymentAuthorized", "DE--99", &[1]);
    let page = scene.until("/messages", "there is no order DE--99").await;
    assert!(page.contains("missing field `orderItemIds`"), "{page}");
    eventually(|| scene.app.left_in("payment-events").is_empty()).await;
    scene.until_item(1001, "payment pending").await;
}

#[tokio::test]
async fn an_older_word_on_a_payment_method_is_ignored() {
    let scene = Scene::connected().await;
    let method = json!({"name": "Stripe", "providerName": "Stripe"});
    // Its time is before that of the AddPaymentMethod that was read.
    scene.app.say("payment-method-commands", "1", "DeletePaymentMethod", &method);
    scene.until("/messages", "Older than the last word").await;
    scene.until("/apps", "id=\"methods\"").await;
    scene.app.say("payment-method-commands", "3", "DeletePaymentMethod", &method);
    scene.until("/messages", "No longer offered").await;
    assert!(!scene.get("/apps").await.text.contains("id=\"methods\""));
}

#[tokio::test]
async fn a_command_that_is_not_taken_leaves_the_items_where_they_were() {
    let scene = with_order().await;
    scene.app.result("10", "PaymentAuthorized", "DE--1", &[1001, 1002]);
    scene.until_item(1001, "payment authorized").await;
    let commands = "/message-channels/payment-commands";
    scene.app.answer(commands, StatusCode::SERVICE_UNAVAILABLE, json!({}));
    let seen = scene.post("/orders/DE--1/ship", "item=1001&item=1002").await;
    let page = scene.get(seen.leads_to()).await.text;
    assert!(page.contains("was not taken, so nothing has changed"), "{page}");
    scene.until_item(1001, "payment authorized").await;
}

#[tokio::test]
async fn a_partial_capture_frees_the_rest_unless_the_app_says_authorized_again() {
    let scene = with_order().await;
    scene.app.result("10", "PaymentAuthorized", "DE--1", &[1001, 1002]);
    scene.until_item(1001, "payment authorized").await;
    scene.post("/orders/DE--1/ship", "item=1001").await;
    // A status row that says captured moves every item of the order.
    scene.app.result("11", "PaymentCaptured", "DE--1", &[1001]);
    scene.until_item(1002, "payment captured").await;
}

#[tokio::test]
async fn a_shop_by_conditions_reads_the_status_of_the_order() {
    let scene = with_order().await;
    scene.post("/orders/trigger", "trigger=conditions").await;
    scene.app.result("10", "PaymentAuthorized", "DE--1", &[1001]);
    // The event names one item, the status is that of the order.
    scene.until_item(1002, "payment authorized").await;
    scene.until_item(1001, "payment authorized").await;
}
