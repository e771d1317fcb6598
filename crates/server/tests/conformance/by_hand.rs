//! What somebody does in Stripe's dashboard, and what a bank does: cases 57, 58, 80 and 82
//! (rule R14).

use http::Method;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};

use crate::support::*;
use crate::webhooks::counted;

const CAPTURED: Books = Books { held: 0, captured: 18_979, refunded: 0 };

/// Somebody refunds in the dashboard, and the app hears of it.
async fn refund_by_hand(app: &TestApp, transaction: &str, amount: i64) {
    let form = format!("payment_intent={transaction}&amount={amount}");
    let answer = app.stripe(Method::POST, "/v1/refunds", &form).await;
    assert_eq!(answer["amount"], amount, "{answer}");
    app.settle().await;
}

async fn capture_by_hand(app: &TestApp, transaction: &str, form: &str) {
    let path = format!("{CREATE}/{transaction}/capture");
    app.stripe(Method::POST, &path, form).await;
    app.settle().await;
}

/// The notes of the news that the shop reads now, and the results among them.
async fn told(app: &TestApp) -> (Vec<String>, Vec<Value>) {
    let read = app.read("payment-events").await;
    let results = read.iter().filter(|message| message.is_result());
    let news = read.iter().filter(|message| message.name == "PaymentUpdated");
    (
        results.map(|message| message.name.clone()).collect(),
        news.map(|message| message.details()["note"].clone()).collect(),
    )
}

#[tokio::test(start_paused = true)]
async fn c58_a_refund_by_hand_that_completes_the_order_names_what_was_left() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.captured(&order).await;
    app.results_of("RefundPayment", &refund(&order, &[1001], 10_489)).await;

    refund_by_hand(&app, &transaction, 8_490).await;

    assert_eq!(app.results().await, ["PaymentRefunded[1002] 8490"]);
    assert_eq!(app.status(&order).await, "refunded");
    assert_eq!(app.books(&order).await, Books { refunded: 18_979, ..CAPTURED });
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c58_a_refund_by_hand_of_a_part_is_news_only() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.captured(&order).await;

    refund_by_hand(&app, &transaction, 500).await;

    assert_eq!(
        told(&app).await,
        (vec![], vec![json!("5.00 EUR refunded at the payment provider")])
    );
    assert_eq!(app.status(&order).await, "partially_refunded");
    let over = app.results_of("RefundPayment", &refund(&order, &[1001, 1002], 18_979)).await;
    assert_eq!(over, ["PaymentRefundFailed[1001,1002] 18979"], "it counts (R10)");
    assert_eq!(app.books(&order).await, Books { refunded: 500, ..CAPTURED });
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r14_a_refund_by_hand_stands_for_the_one_that_failed() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.captured(&order).await;
    for _ in 0..2 {
        app.answer_next(402, REFUND, 1);
        let failed = app.results_of("RefundPayment", &refund(&order, &[1002], 8_490)).await;
        assert_eq!(failed, ["PaymentRefundFailed[1002] 8490"]);
    }

    refund_by_hand(&app, &transaction, 8_490).await;

    assert_eq!(app.results().await, ["PaymentRefunded[1002] 8490"]);
    assert_eq!(app.status(&order).await, "partially_refunded");
    assert_eq!(app.books(&order).await, Books { refunded: 8_490, ..CAPTURED });
    app.assert_drained().await;
}

/// The second try gave the money back; a gift of the same amount is for no item.
#[tokio::test(start_paused = true)]
async fn r14_a_failed_refund_that_was_made_up_for_is_no_longer_missing() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.captured(&order).await;
    app.answer_next(402, REFUND, 1);
    app.results_of("RefundPayment", &refund(&order, &[1002], 8_490)).await;
    let again = app.results_of("RefundPayment", &refund(&order, &[1002], 8_490)).await;
    assert_eq!(again, ["PaymentRefunded[1002] 8490"]);

    refund_by_hand(&app, &transaction, 8_490).await;

    assert_eq!(app.results().await, [""; 0]);
    assert_eq!(app.status(&order).await, "partially_refunded");
    assert_eq!(app.books(&order).await, Books { refunded: 16_980, ..CAPTURED });
    app.assert_drained().await;
}

/// A partial capture shows as refunded at Stripe. We count refunds, so nothing was given back yet.
#[tokio::test(start_paused = true)]
async fn r14_what_a_partial_capture_released_was_not_refunded() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held_by(&order, "pm_card_mastercard").await;
    app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;
    let captured = app.event("charge.captured").await;
    assert_eq!(captured.0["data"]["object"]["amount_refunded"], 8_490);
    assert_eq!(app.status(&order).await, "captured");

    refund_by_hand(&app, &transaction, 10_489).await;

    assert_eq!(app.results().await, ["PaymentRefunded[1001] 10489"]);
    assert_eq!(app.status(&order).await, "refunded");
    assert_eq!(app.books(&order).await, Books { held: 0, captured: 10_489, refunded: 10_489 });
    app.assert_drained().await;
}

/// The second capture and the refund of both were made by hand, and the refund is told first: its
/// amount is more than we know to be captured, so Stripe is asked.
#[tokio::test(start_paused = true)]
async fn r14_a_refund_of_more_than_we_know_of_asks_about_the_capture_first() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held(&order).await;
    app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;
    app.hold_webhooks();
    capture_by_hand(&app, &transaction, "").await;
    refund_by_hand(&app, &transaction, 18_979).await;

    assert_eq!(app.receive(&app.event("refund.created").await).await.0, 200);
    app.settle().await;
    assert_eq!(
        app.results().await,
        ["PaymentCaptured[1002] 8490", "PaymentRefunded[1001,1002] 18979"]
    );
    app.release_webhooks();
    app.settle().await;
    assert_eq!(app.results().await, [""; 0]);
    assert_eq!(app.status(&order).await, "refunded");
    assert_eq!(app.books(&order).await, Books { refunded: 18_979, ..CAPTURED });
    app.assert_drained().await;
}

/// An endpoint made by hand may send `charge.refunded`, in an old API version with the refunds.
#[tokio::test(start_paused = true)]
async fn c57_a_refund_event_after_a_cancel_is_taken_and_skipped() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held(&order).await;
    app.results_of("CancelPayment", &cancel(&order, &order.items)).await;
    let before = app.payment(&order).await;

    let voided = app.event("charge.refunded").await;
    assert_eq!(voided.0["data"]["object"]["captured"], false);
    let part = json!({
        "id": "re_of_the_void", "object": "refund", "amount": 18_979, "currency": "eur",
        "status": "succeeded", "payment_intent": transaction, "metadata": {},
    });
    let mut old_version = voided.clone();
    old_version.0["id"] = json!("evt_old_version");
    old_version.0["data"]["object"]["refunds"] = json!({"object": "list", "data": [part]});
    for event in [voided, old_version, Event::new("evt_refund", "refund.created", part)] {
        assert_eq!(app.receive(&event).await.0, 200);
        app.settle().await;
    }

    assert_eq!(app.read("payment-events").await, []);
    assert_eq!(app.payment(&order).await, before);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r14_a_charge_of_an_old_api_version_brings_its_newest_refund() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.captured(&order).await;
    app.hold_webhooks();
    refund_by_hand(&app, &transaction, 18_979).await;
    let made = app.event("refund.created").await;
    let mut event = app.event("charge.refunded").await;
    event.0["data"]["object"]["refunds"] =
        json!({"object": "list", "data": [made.0["data"]["object"]]});

    assert_eq!(app.receive(&event).await.0, 200);
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentRefunded[1001,1002] 18979"]);
    app.release_webhooks();
    app.settle().await;
    assert_eq!(app.results().await, [""; 0], "the refund's own event says nothing new");
    assert_eq!(app.books(&order).await, Books { refunded: 18_979, ..CAPTURED });
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c80_a_capture_by_hand_of_everything_names_every_item() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held(&order).await;

    capture_by_hand(&app, &transaction, "").await;

    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
    let again = app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;
    assert_eq!(again, ["PaymentCaptured[1001] 10489"], "the shop's own is a repeat (R6)");
    assert_eq!(app.calls_made("POST", "/capture"), 1);
    assert_eq!(app.books(&order).await, CAPTURED);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c80_a_capture_by_hand_of_a_part_is_underpaid() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held(&order).await;

    capture_by_hand(&app, &transaction, "amount_to_capture=9000").await;

    assert_eq!(app.results().await, ["PaymentUnderpaid[1001,1002] 9000"]);
    assert_eq!(app.status(&order).await, "underpaid");
    assert_eq!(app.books(&order).await, Books { held: 0, captured: 9_000, refunded: 0 });
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c80_a_capture_by_hand_of_what_was_left_completes_the_order() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held(&order).await;
    app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;

    capture_by_hand(&app, &transaction, "").await;

    assert_eq!(app.results().await, ["PaymentCaptured[1002] 8490"]);
    assert_eq!(app.books(&order).await, CAPTURED);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c82_a_dispute_is_news_and_counted_and_changes_no_status() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held_by(&order, "pm_card_createDispute").await;
    app.results_of("CapturePayment", &capture(&order, &order.items, order.total)).await;
    assert_eq!(
        app.last_note(&order).await,
        "disputed money withdrawn: 189.79 EUR, fraudulent, needs response"
    );

    let mut closed = app.event("charge.dispute.created").await;
    closed.0["id"] = json!("evt_closed");
    closed.0["type"] = json!("charge.dispute.closed");
    closed.0["data"]["object"]["status"] = json!("won");
    for _ in 0..2 {
        assert_eq!(app.receive(&closed).await.0, 200);
        app.settle().await;
    }

    let news = json!("dispute closed: 189.79 EUR, fraudulent, won");
    assert_eq!(told(&app).await, (vec![], vec![news]));
    assert_eq!(app.status(&order).await, "captured");
    assert_eq!(counted(&metrics, "paybridge_disputes_total", "dispute.created"), 1);
    assert_eq!(counted(&metrics, "paybridge_disputes_total", "dispute.closed"), 1);
    let refused = app.results_of("RefundPayment", &refund(&order, &[1001], 10_489)).await;
    assert_eq!(refused, ["PaymentRefundFailed[1001] 10489"], "the bank has the money");
    app.assert_drained().await;
}
