//! Commands of one order apply one at a time, in order of arrival, to what Stripe says (R10).

use std::time::Duration;

use serde_json::json;
use stripe_sandbox::{Fault, FaultKind};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn r10_commands_of_one_order_apply_in_order_of_arrival() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;

    // Stripe cannot be reached for the first one, and the second one waits for it.
    app.break_next(FaultKind::LoseRequest, CAPTURE, ALL_TRIES);
    app.command("CapturePayment", &capture(&order, &[1001, 1002], 18_979)).await;
    app.command("RefundPayment", &refund(&order, &[1001], 10_489)).await;
    app.settle().await;
    assert_eq!(app.results().await, [""; 0]);
    assert_eq!(app.calls_made("POST", "/refunds"), 0);

    app.advance(LONG_ENOUGH).await;
    assert_eq!(
        app.results().await,
        ["PaymentCaptured[1001,1002] 18979", "PaymentRefunded[1001] 10489"]
    );
    let books = Books { held: 0, captured: 18_979, refunded: 10_489 };
    assert_eq!(app.books(&order).await, books);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r10_another_order_does_not_wait() {
    let app = TestApp::configured().await;
    let (stuck, other) = (Order::new("DE--1"), Order::new("DE--2"));
    app.held(&stuck).await;
    app.held(&other).await;

    app.break_next(FaultKind::LoseRequest, CAPTURE, ALL_TRIES);
    app.command("CapturePayment", &capture(&stuck, &[1001, 1002], 18_979)).await;
    app.settle().await;
    let told = app.results_of("CapturePayment", &capture(&other, &[1001, 1002], 18_979)).await;

    assert_eq!(told, ["PaymentCaptured[1001,1002] 18979"]);
    assert_eq!(app.books(&other).await, Books { captured: 18_979, ..Books::default() });
    assert_eq!(app.books(&stuck).await, Books { held: 18_979, ..Books::default() });
}

#[tokio::test(start_paused = true)]
async fn r10_a_capture_before_the_webhook_of_the_authorization_asks_first() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.hold_webhooks();
    app.pay(&transaction, "pm_card_visa").await;

    let told = app.results_of("CapturePayment", &capture(&order, &[1001, 1002], 18_979)).await;
    assert_eq!(
        told,
        ["PaymentAuthorized[1001,1002] 18979", "PaymentCaptured[1001,1002] 18979"],
        "the shop hears of both, in order"
    );

    app.release_webhooks();
    app.settle().await;
    assert_eq!(app.results().await, [""; 0]);
    assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
    assert_eq!(app.status(&order).await, "captured");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r10_a_capture_of_what_nobody_has_paid_fails_after_asking() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.settle().await;

    let told = app.results_of("CapturePayment", &capture(&order, &[1001, 1002], 18_979)).await;

    assert_eq!(told, ["PaymentCaptureFailed[1001,1002] 18979"]);
    assert_eq!(app.stripe_calls("GET", &transaction), 1);
    assert_eq!(app.calls_made("POST", "/capture"), 0);
    assert_eq!(app.books(&order).await, Books::default());
    assert_eq!(app.status(&order).await, "new");
    app.assert_drained().await;
}

/// While Stripe is asked, the shop initializes the payment again. The answer cannot be written any
/// more, and is not taken for one that was.
#[tokio::test(start_paused = true)]
async fn r10_an_answer_that_was_overtaken_is_asked_for_again() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.hold_webhooks();
    app.pay(&transaction, "pm_card_visa").await;
    let slow = Fault { delay_ms: 5_000, ..Fault::new(FaultKind::Delay) };
    app.sandbox.inject(slow.on("GET", "/v1/payment_intents/*")).unwrap();

    app.command("CapturePayment", &capture(&order, &[1001, 1002], 18_979)).await;
    let meanwhile = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut again = order.request();
        again["redirectSuccessUrl"] = json!("https://shop.example.test/thank-you");
        let (status, answer) = app.call("/private/initialize-payment", &again).await;
        assert_eq!(status, 200, "{answer}");
    };
    tokio::join!(app.settle(), meanwhile);

    assert_eq!(
        app.results().await,
        ["PaymentAuthorized[1001,1002] 18979", "PaymentCaptured[1001,1002] 18979"]
    );
    assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
    app.release_webhooks();
    app.settle().await;
    app.results().await;
    app.assert_drained().await;
}

/// Stripe has accepted the first shipment's capture and works on it.
#[tokio::test(start_paused = true)]
async fn r10_a_capture_waits_for_one_that_stripe_works_on() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    app.hold_webhooks();
    app.break_next(FaultKind::LoseAnswer, CAPTURE, ALL_TRIES);
    app.command("CapturePayment", &capture(&order, &[1001], 10_489)).await;
    app.settle().await;
    app.receive_processing().await;
    app.settle().await;
    assert_eq!(app.status(&order).await, "capture_requested");

    let second = capture(&order, &[1002], 8_490);
    assert_eq!(app.results_of("CapturePayment", &second).await, [""; 0]);
    app.release_webhooks();
    app.settle().await;
    app.advance(LONG_ENOUGH).await;

    assert_eq!(
        app.results().await,
        [
            "PaymentCaptured[1001] 10489",
            "PaymentAuthorized[1002] 8490",
            "PaymentCaptured[1002] 8490"
        ]
    );
    assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
    app.assert_drained().await;
}
