//! Refunds: cases 40 to 47, and rules R12 and R13.

use http::Method;
use jiff::SignedDuration;

use crate::support::*;

/// The test cards whose refunds change their mind do so after a minute.
const REFUND_SETTLES: SignedDuration = SignedDuration::from_secs(61);

/// An order of which everything is captured, paid with this card. Nothing is left unread.
async fn captured_by(app: &TestApp, order: &Order, card: &str) -> String {
    let transaction = app.held_by(order, card).await;
    let told = app.results_of("CapturePayment", &capture(order, &order.items, order.total)).await;
    assert_eq!(told.len(), 1, "{told:?}");
    transaction
}

/// The money of the usual order once it is captured and this much of it was given back.
fn refunded(amount: i64) -> Books {
    Books { held: 0, captured: 18_979, refunded: amount }
}

#[tokio::test(start_paused = true)]
async fn c40_some_items_then_the_rest() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.captured(&order).await;

    let told = app.results_of("RefundPayment", &refund(&order, &[1001], 10_489)).await;
    assert_eq!(told, ["PaymentRefunded[1001] 10489"]);
    assert_eq!(app.status(&order).await, "partially_refunded");
    assert_eq!(app.books(&order).await, refunded(10_489));

    let told = app.results_of("RefundPayment", &refund(&order, &[1002], 8_490)).await;
    assert_eq!(told, ["PaymentRefunded[1002] 8490"]);
    assert_eq!(app.status(&order).await, "refunded");
    assert_eq!(app.books(&order).await, refunded(18_979));
    assert_eq!(app.stripe_calls("POST", "/refunds"), 2);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c40_a_refund_between_two_shipments() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;

    let told = app.results_of("RefundPayment", &refund(&order, &[1001], 10_489)).await;
    assert_eq!(told, ["PaymentRefunded[1001] 10489"]);
    let told = app.results_of("CapturePayment", &capture(&order, &[1002], 8_490)).await;
    assert_eq!(told, ["PaymentCaptured[1002] 8490"]);

    assert_eq!(app.books(&order).await, refunded(10_489));
    assert_eq!(app.status(&order).await, "partially_refunded");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c41_items_that_are_refunded_already_are_told_again() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.captured(&order).await;
    let first = refund(&order, &[1001], 10_489);
    app.results_of("RefundPayment", &first).await;

    assert_eq!(app.results_of("RefundPayment", &first).await, ["PaymentRefunded[1001] 10489"]);

    assert_eq!(app.calls_made("POST", "/refunds"), 1);
    assert_eq!(app.books(&order).await, refunded(10_489));
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c41_items_whose_refund_is_in_flight_are_answered_by_it() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    captured_by(&app, &order, "pm_card_pendingRefund").await;
    let first = refund(&order, &[1001], 10_489);

    assert_eq!(app.results_of("RefundPayment", &first).await, [""; 0], "it is pending");
    assert_eq!(app.status(&order).await, "captured");
    assert_eq!(app.results_of("RefundPayment", &first).await, [""; 0]);
    app.advance(REFUND_SETTLES).await;

    assert_eq!(app.results().await, ["PaymentRefunded[1001] 10489"]);
    assert_eq!(app.calls_made("POST", "/refunds"), 1);
    assert_eq!(app.books(&order).await, refunded(10_489));
    assert_eq!(app.status(&order).await, "partially_refunded");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c41_of_mixed_items_only_the_free_ones_fail() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.captured(&order).await;
    app.results_of("RefundPayment", &refund(&order, &[1001], 10_489)).await;

    let told = app.results_of("RefundPayment", &refund(&order, &[1001, 1002], 8_490)).await;

    assert_eq!(told, ["PaymentRefundFailed[1002] 8490"]);
    assert_eq!(app.calls_made("POST", "/refunds"), 1);
    assert_eq!(app.books(&order).await, refunded(10_489));
    app.assert_drained().await;
}

/// None is free: the ones in flight are answered by their own refund, the others are told again.
#[tokio::test(start_paused = true)]
async fn r12_items_refunded_already_beside_items_in_flight() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    captured_by(&app, &order, "pm_card_pendingRefund").await;
    app.results_of("RefundPayment", &refund(&order, &[1001], 10_489)).await;
    app.advance(REFUND_SETTLES).await;
    app.results().await;
    app.results_of("RefundPayment", &refund(&order, &[1002], 8_490)).await;

    let told = app.results_of("RefundPayment", &refund(&order, &[1001, 1002], 18_979)).await;
    assert_eq!(told, ["PaymentRefunded[1001] 18979"]);
    app.advance(REFUND_SETTLES).await;
    assert_eq!(app.results().await, ["PaymentRefunded[1002] 8490"]);

    assert_eq!(app.calls_made("POST", "/refunds"), 2);
    assert_eq!(app.books(&order).await, refunded(18_979));
    assert_eq!(app.status(&order).await, "refunded");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c42_a_refund_that_failed_is_allowed_again() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.captured(&order).await;
    app.answer_next(402, REFUND, 1);
    let again = refund(&order, &[1001], 10_489);
    assert_eq!(app.results_of("RefundPayment", &again).await, ["PaymentRefundFailed[1001] 10489"]);

    assert_eq!(app.results_of("RefundPayment", &again).await, ["PaymentRefunded[1001] 10489"]);

    let keys = app.keys_used("/refunds");
    assert_ne!(keys[0], keys[1], "the key is the command's own");
    assert_eq!(app.books(&order).await, refunded(10_489));
    assert_eq!(app.status(&order).await, "partially_refunded");
    app.assert_drained().await;
}

/// The bank sends the money back after Stripe had called the refund a success.
#[tokio::test(start_paused = true)]
async fn c42_a_refund_that_fails_later_is_allowed_again() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    captured_by(&app, &order, "pm_card_refundFail").await;
    let again = refund(&order, &[1001], 10_489);
    assert_eq!(app.results_of("RefundPayment", &again).await, ["PaymentRefunded[1001] 10489"]);
    assert_eq!(app.status(&order).await, "partially_refunded");

    app.advance(REFUND_SETTLES).await;
    assert_eq!(app.results().await, ["PaymentRefundFailed[1001] 10489"]);
    assert_eq!(app.status(&order).await, "captured", "the status is computed again (R13)");
    assert_eq!(app.books(&order).await, refunded(0));

    assert_eq!(app.results_of("RefundPayment", &again).await, ["PaymentRefunded[1001] 10489"]);
    assert_eq!(app.stripe_calls("POST", "/refunds"), 2);
    assert_eq!(app.books(&order).await, refunded(10_489));
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c43_nothing_is_refunded_while_it_is_only_authorized() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;

    let told = app.results_of("RefundPayment", &refund(&order, &[1001], 10_489)).await;

    assert_eq!(told, ["PaymentRefundFailed[1001] 10489"]);
    assert_eq!(app.calls_made("POST", "/refunds"), 0);
    assert_eq!(app.books(&order).await, Books { held: 18_979, ..Books::default() });
    assert_eq!(app.status(&order).await, "authorized");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c44_stripe_declines_the_refund() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.captured(&order).await;

    app.answer_next(402, REFUND, 1);
    let told = app.results_of("RefundPayment", &refund(&order, &[1001, 1002], 18_979)).await;

    assert_eq!(told, ["PaymentRefundFailed[1001,1002] 18979"]);
    assert_eq!(app.status(&order).await, "captured");
    let payment = app.payment(&order).await;
    assert_eq!(payment.refunds[0].state, payment::RefundState::Failed);
    assert_eq!(app.books(&order).await, refunded(0));
    app.assert_drained().await;
}

/// Somebody gave everything back in Stripe's dashboard, and Stripe has not told yet.
#[tokio::test(start_paused = true)]
async fn c44_stripe_declines_a_refund_of_what_was_given_back_by_hand() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.captured(&order).await;
    app.hold_webhooks();
    app.stripe(Method::POST, "/v1/refunds", &format!("payment_intent={transaction}")).await;

    let told = app.results_of("RefundPayment", &refund(&order, &[1001], 10_489)).await;
    assert_eq!(told, ["PaymentRefundFailed[1001] 10489"]);

    app.release_webhooks();
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentRefunded[1001,1002] 18979"]);
    assert_eq!(app.books(&order).await, refunded(18_979));
    assert_eq!(app.status(&order).await, "refunded");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c46_a_negative_amount_is_absolute_and_so_is_a_positive_one() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.captured(&order).await;

    let negative = refund(&order, &[1001], 10_489);
    assert_eq!(negative["amount"], -10_489);
    assert_eq!(app.results_of("RefundPayment", &negative).await, ["PaymentRefunded[1001] 10489"]);
    let positive = refund(&order, &[1002], -8_490);
    assert_eq!(positive["amount"], 8_490);
    assert_eq!(app.results_of("RefundPayment", &positive).await, ["PaymentRefunded[1002] 8490"]);

    assert_eq!(app.books(&order).await, refunded(18_979));
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c47_refunds_are_never_more_than_was_captured() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.captured(&order).await;
    app.results_of("RefundPayment", &refund(&order, &[1001], 10_489)).await;

    let told = app.results_of("RefundPayment", &refund(&order, &[1002], 8_491)).await;

    assert_eq!(told, ["PaymentRefundFailed[1002] 8491"]);
    assert_eq!(app.calls_made("POST", "/refunds"), 1);
    assert_eq!(app.books(&order).await, refunded(10_489));
    assert_eq!(app.status(&order).await, "partially_refunded");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c47_what_is_in_flight_counts_as_given_back() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    captured_by(&app, &order, "pm_card_pendingRefund").await;
    app.results_of("RefundPayment", &refund(&order, &[1001], 10_489)).await;

    let told = app.results_of("RefundPayment", &refund(&order, &[1002], 8_491)).await;

    assert_eq!(told, ["PaymentRefundFailed[1002] 8491"]);
    assert_eq!(app.calls_made("POST", "/refunds"), 1);
    assert_eq!(app.books(&order).await, refunded(10_489));
    app.advance(REFUND_SETTLES).await;
    assert_eq!(app.results().await, ["PaymentRefunded[1001] 10489"]);
    app.assert_drained().await;
}

/// The capture's webhook is behind: the books say that nothing is captured.
#[tokio::test(start_paused = true)]
async fn r10_a_refund_before_the_webhook_of_the_capture_asks_first() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held(&order).await;
    app.hold_webhooks();
    app.stripe(Method::POST, &format!("/v1/payment_intents/{transaction}/capture"), "").await;

    let told = app.results_of("RefundPayment", &refund(&order, &[1001], 10_489)).await;
    assert_eq!(told, ["PaymentCaptured[1001,1002] 18979", "PaymentRefunded[1001] 10489"]);

    app.release_webhooks();
    app.settle().await;
    assert_eq!(app.results().await, [""; 0]);
    assert_eq!(app.books(&order).await, refunded(10_489));
    app.assert_drained().await;
}
