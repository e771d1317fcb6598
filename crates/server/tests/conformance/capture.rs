//! Captures: cases 32 to 36, and rules R6 and R7.

use http::Method;
use jiff::SignedDuration;
use serde_json::json;
use stripe_sandbox::FaultKind;

use crate::support::*;

const MASTERCARD: &str = "pm_card_mastercard";

#[tokio::test(start_paused = true)]
async fn c32_a_capture_of_an_authorized_payment() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;

    let told = app.results_of("CapturePayment", &capture(&order, &[1001, 1002], 18_979)).await;

    assert_eq!(told, ["PaymentCaptured[1001,1002] 18979"]);
    assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
    assert_eq!(app.status(&order).await, "captured");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c33_a_capture_per_shipment_where_several_are_granted() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held(&order).await;

    let told = app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;
    assert_eq!(
        told,
        ["PaymentCaptured[1001] 10489", "PaymentAuthorized[1002] 8490"],
        "the rest is named as still authorized (R7)"
    );
    assert_eq!(app.books(&order).await, Books { held: 8_490, captured: 10_489, refunded: 0 });
    assert_eq!(app.status(&order).await, "authorized");

    let told = app.results_of("CapturePayment", &capture(&order, &[1002], 8_490)).await;
    assert_eq!(told, ["PaymentCaptured[1002] 8490"]);
    assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
    assert_eq!(app.money(&transaction).captures, 2);
    assert_eq!(app.status(&order).await, "captured");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c33_where_only_one_capture_is_granted_the_first_releases_the_rest() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held_by(&order, MASTERCARD).await;

    let told = app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;
    assert_eq!(told, ["PaymentCaptured[1001] 10489", "PaymentCaptureFailed[1002] 8490"]);
    assert_eq!(app.books(&order).await, Books { captured: 10_489, ..Books::default() });

    let told = app.results_of("CapturePayment", &capture(&order, &[1002], 8_490)).await;
    assert_eq!(told, ["PaymentCaptureFailed[1002] 8490"]);
    let why = "the payment is captured and what was left is released";
    assert_eq!(app.last_note(&order).await, why);
    assert_eq!(app.calls_made("POST", "/capture"), 1);
    assert_eq!(app.money(&transaction).amount_captured, 10_489);
    assert_eq!(app.status(&order).await, "captured");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c34_a_capture_that_stripe_refuses_may_be_tried_again() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;

    app.answer_next(402, CAPTURE, 1);
    let told = app.results_of("CapturePayment", &capture(&order, &[1001, 1002], 18_979)).await;
    assert_eq!(
        told,
        ["PaymentCaptureFailed[1001,1002] 18979", "PaymentAuthorized[1001,1002] 18979"],
        "the hold is still there (R7)"
    );
    assert_eq!(app.status(&order).await, "capture_failed");
    assert_eq!(app.books(&order).await, Books { held: 18_979, ..Books::default() });

    let told = app.results_of("CapturePayment", &capture(&order, &[1001, 1002], 18_979)).await;
    assert_eq!(told, ["PaymentCaptured[1001,1002] 18979"]);
    assert_eq!(app.status(&order).await, "captured");
    assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
    app.assert_drained().await;
}

/// Stripe's answer is lost and its webhook says that it works on the capture.
#[tokio::test(start_paused = true)]
async fn c35_a_capture_that_stripe_works_on_is_completed_by_its_webhook() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    app.hold_webhooks();
    app.break_next(FaultKind::LoseAnswer, CAPTURE, ALL_TRIES);
    let whole = capture(&order, &[1001, 1002], 18_979);
    assert_eq!(app.results_of("CapturePayment", &whole).await, [""; 0]);
    app.receive_processing().await;
    app.settle().await;
    assert_eq!(app.status(&order).await, "capture_requested");
    assert_eq!(app.results().await, [""; 0]);

    app.release_webhooks();
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
    assert_eq!(app.status(&order).await, "captured");
    app.advance(LONG_ENOUGH).await;
    assert_eq!(app.results().await, [""; 0]);
    assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c36_items_that_are_captured_already_succeed_again_without_a_call() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.captured(&order).await;

    for items in [&[1001, 1002][..], &[1002]] {
        let told = app.results_of("CapturePayment", &capture(&order, items, 8_490)).await;
        let captured = format!("PaymentCaptured{} 8490", json!(items));
        assert_eq!(told, [captured]);
    }

    assert_eq!(app.calls_made("POST", "/capture"), 1);
    assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c36_other_items_of_the_same_amount_are_a_new_capture() {
    let app = TestApp::configured().await;
    let order = Order { total: 10_000, ..Order::new("DE--1") };
    app.held(&order).await;

    app.results_of("CapturePayment", &capture(&order, &[1001], 5_000)).await;
    let told = app.results_of("CapturePayment", &capture(&order, &[1002], 5_000)).await;

    assert_eq!(told, ["PaymentCaptured[1002] 5000"]);
    assert_eq!(app.stripe_calls("POST", "/capture"), 2);
    let keys = app.keys_used("/capture");
    assert_ne!(keys[0], keys[1], "the key is the command's own (R6)");
    assert_eq!(app.books(&order).await, Books { captured: 10_000, ..Books::default() });
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r06_some_captured_items_do_not_make_a_repeat() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;

    let told = app.results_of("CapturePayment", &capture(&order, &[1001, 1002], 8_490)).await;

    assert_eq!(told, ["PaymentCaptured[1001,1002] 8490"]);
    assert_eq!(app.stripe_calls("POST", "/capture"), 2);
    assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r06_a_method_that_captures_by_itself_needs_no_capture() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.pay_by_debit(&transaction, "DE89370400440532013000").await;
    app.advance(SignedDuration::from_mins(2)).await;
    assert_eq!(
        app.results().await,
        ["PaymentAuthorized[1001,1002] 18979", "PaymentCaptured[1001,1002] 18979"]
    );

    // The shop may know an item that it did not send an id of at checkout.
    for items in [&[1001][..], &[1001, 1002], &[1001, 1002, 1003]] {
        let told = app.results_of("CapturePayment", &capture(&order, items, 18_979)).await;
        assert_eq!(told, [format!("PaymentCaptured{} 18979", json!(items))]);
    }

    assert_eq!(app.calls_made("POST", "/capture"), 0);
    assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
    assert_eq!(app.status(&order).await, "captured");
    app.assert_drained().await;
}

/// The shop moves every item of the order with a PaymentCaptured, a repeated one too.
#[tokio::test(start_paused = true)]
async fn r07_a_repeated_partial_capture_names_the_rest_again() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    let shipment = capture(&order, &[1001], 10_489);
    app.results_of("CapturePayment", &shipment).await;

    let told = app.results_of("CapturePayment", &shipment).await;

    assert_eq!(told, ["PaymentCaptured[1001] 10489", "PaymentAuthorized[1002] 8490"]);
    assert_eq!(app.stripe_calls("POST", "/capture"), 1);
    assert_eq!(app.books(&order).await, Books { held: 8_490, captured: 10_489, refunded: 0 });
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r07_a_repeated_capture_that_released_the_rest_says_so_again() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held_by(&order, MASTERCARD).await;
    let shipment = capture(&order, &[1001], 10_489);
    app.results_of("CapturePayment", &shipment).await;

    let told = app.results_of("CapturePayment", &shipment).await;

    assert_eq!(told, ["PaymentCaptured[1001] 10489", "PaymentCaptureFailed[1002] 8490"]);
    assert_eq!(app.stripe_calls("POST", "/capture"), 1);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r07_an_account_without_several_captures_releases_the_rest() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let account = {
        let transaction = app.initialize(&order).await;
        app.money(&transaction).account
    };
    app.sandbox.set_multicapture(&account, false);
    app.held(&order).await;

    let told = app.results_of("CapturePayment", &capture(&order, &[1002], 8_490)).await;

    assert_eq!(told, ["PaymentCaptured[1002] 8490", "PaymentCaptureFailed[1001] 10489"]);
    assert_eq!(app.books(&order).await, Books { captured: 8_490, ..Books::default() });
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r07_more_than_is_held_is_not_captured() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;

    let told = app.results_of("CapturePayment", &capture(&order, &[1001], 18_980)).await;

    assert_eq!(told, ["PaymentCaptureFailed[1001] 18980", "PaymentAuthorized[1001] 18979"]);
    assert_eq!(app.calls_made("POST", "/capture"), 0);
    assert_eq!(app.books(&order).await, Books { held: 18_979, ..Books::default() });
    assert_eq!(app.status(&order).await, "authorized");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r07_a_failed_capture_of_a_later_shipment_leaves_the_rest_authorized() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;

    app.answer_next(402, CAPTURE, 1);
    let told = app.results_of("CapturePayment", &capture(&order, &[1002], 8_490)).await;

    assert_eq!(told, ["PaymentCaptureFailed[1002] 8490", "PaymentAuthorized[1002] 8490"]);
    assert_eq!(app.books(&order).await, Books { held: 8_490, captured: 10_489, refunded: 0 });
    app.assert_drained().await;
}

/// Stripe lets go of what was not captured in a week, with or without a failed capture before.
#[tokio::test(start_paused = true)]
async fn r07_a_rest_that_expires_is_a_failed_capture() {
    for second_capture_fails in [false, true] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        app.held(&order).await;
        app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;
        if second_capture_fails {
            app.answer_next(402, CAPTURE, 1);
            app.results_of("CapturePayment", &capture(&order, &[1002], 8_490)).await;
        }

        app.advance(SignedDuration::from_hours(8 * 24)).await;

        assert_eq!(app.results().await, ["PaymentCaptureFailed[1002] 8490"]);
        assert_eq!(app.books(&order).await, Books { captured: 10_489, ..Books::default() });
        assert_eq!(app.status(&order).await, "captured");
        app.assert_drained().await;
    }
}

/// Somebody captures a part in Stripe's dashboard, keeps the rest, and Stripe has not told yet.
#[tokio::test(start_paused = true)]
async fn r07_a_part_captured_by_hand_in_between_is_not_taken_for_the_shops() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held(&order).await;
    app.hold_webhooks();
    let path = format!("/v1/payment_intents/{transaction}/capture");
    app.stripe(Method::POST, &path, "amount_to_capture=3000&final_capture=false").await;

    let told = app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;

    assert_eq!(
        told,
        [
            "PaymentUnderpaid[1001,1002] 3000",
            "PaymentCaptured[1001] 10489",
            "PaymentAuthorized[1002] 5490"
        ]
    );
    app.release_webhooks();
    app.settle().await;
    assert_eq!(app.results().await, [""; 0]);
    assert_eq!(app.books(&order).await, Books { held: 5_490, captured: 13_489, refunded: 0 });
    app.assert_drained().await;
}
