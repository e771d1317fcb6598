//! Cancels: cases 37 to 39, and rules R8 and R9.

use http::Method;
use jiff::SignedDuration;
use serde_json::json;
use stripe_sandbox::FaultKind;

use crate::support::*;

/// Two items and a third.
fn order_of_three() -> Order {
    Order { items: vec![1001, 1002, 1003], ..Order::new("DE--1") }
}

#[tokio::test(start_paused = true)]
async fn c37_all_items_of_an_authorized_payment() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held(&order).await;

    let told = app.results_of("CancelPayment", &cancel(&order, &[1001, 1002])).await;

    assert_eq!(told, ["PaymentCanceled[1001,1002] 18979"]);
    assert_eq!(app.money(&transaction).status, "canceled");
    assert_eq!(app.books(&order).await, Books::default());
    assert_eq!(app.status(&order).await, "canceled");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c37_all_items_of_a_payment_that_nobody_has_paid() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.settle().await;

    let told = app.results_of("CancelPayment", &cancel(&order, &[1001, 1002])).await;

    assert_eq!(told, ["PaymentCanceled[1001,1002] 18979"]);
    assert_eq!(app.money(&transaction).status, "canceled", "nobody can pay it any more");
    assert_eq!(app.status(&order).await, "canceled");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c38_captured_items_are_not_canceled() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.captured(&order).await;

    let told = app.results_of("CancelPayment", &cancel(&order, &[1002])).await;

    assert_eq!(told, ["PaymentCancellationFailed[1002] 18979"]);
    assert_eq!(app.last_note(&order).await, "an item is captured: refund it instead");
    assert_eq!(app.calls_made("POST", "/cancel"), 0);
    assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
    assert_eq!(app.status(&order).await, "captured");
    app.assert_drained().await;
}

/// The method captured the whole order by itself: an item that had no id at checkout is captured.
#[tokio::test(start_paused = true)]
async fn c38_an_item_of_a_wholly_captured_order_is_captured_whatever_its_id() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.pay_by_debit(&transaction, "DE89370400440532013000").await;
    app.advance(SignedDuration::from_mins(2)).await;
    app.results().await;

    let told = app.results_of("CancelPayment", &cancel(&order, &[1003])).await;

    assert_eq!(told, ["PaymentCancellationFailed[1003] 18979"]);
    assert_eq!(app.books(&order).await, Books { captured: 18_979, ..Books::default() });
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c38_a_remainder_that_was_released_is_canceled() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held_by(&order, "pm_card_mastercard").await;
    app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;

    let told = app.results_of("CancelPayment", &cancel(&order, &[1002])).await;

    assert_eq!(told, ["PaymentCanceled[1002] 18979"]);
    assert_eq!(app.calls_made("POST", "/cancel"), 0);
    assert_eq!(app.calls_made("POST", "/capture"), 1);
    assert_eq!(app.money(&transaction).status, "succeeded");
    assert_eq!(app.books(&order).await, Books { captured: 10_489, ..Books::default() });
    assert_eq!(app.status(&order).await, "captured");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c39_a_cancel_that_failed_may_be_tried_again() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;

    app.answer_next(400, CANCEL, 1);
    let told = app.results_of("CancelPayment", &cancel(&order, &[1001, 1002])).await;
    assert_eq!(
        told,
        ["PaymentCancellationFailed[1001,1002] 18979", "PaymentAuthorized[1001,1002] 18979"],
        "the hold is still there (R7)"
    );
    assert_eq!(app.status(&order).await, "cancellation_failed");

    let told = app.results_of("CancelPayment", &cancel(&order, &[1001, 1002])).await;
    assert_eq!(told, ["PaymentCanceled[1001,1002] 18979"]);
    assert_eq!(app.status(&order).await, "canceled");
    assert_eq!(app.books(&order).await, Books::default());
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r08_some_items_then_the_rest() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held(&order).await;

    let told = app.results_of("CancelPayment", &cancel(&order, &[1002])).await;
    assert_eq!(told, ["PaymentCanceled[1002] 18979", "PaymentAuthorized[1001] 18979"]);
    assert_eq!(app.calls_made("POST", "/cancel"), 0, "an item is still to be captured");
    assert_eq!(app.money(&transaction).status, "requires_capture");
    assert_eq!(app.status(&order).await, "authorized");

    let told = app.results_of("CancelPayment", &cancel(&order, &[1001])).await;
    assert_eq!(told, ["PaymentCanceled[1001] 18979"]);
    assert_eq!(app.stripe_calls("POST", "/cancel"), 1);
    assert_eq!(app.money(&transaction).status, "canceled");
    assert_eq!(app.books(&order).await, Books::default());
    assert_eq!(app.status(&order).await, "canceled");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r08_an_item_that_was_canceled_is_not_captured() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    app.results_of("CancelPayment", &cancel(&order, &[1002])).await;

    let told = app.results_of("CapturePayment", &capture(&order, &[1001, 1002], 18_979)).await;

    assert_eq!(told, ["PaymentCaptureFailed[1001,1002] 18979", "PaymentAuthorized[1001] 18979"]);
    assert_eq!(app.calls_made("POST", "/capture"), 0);
    assert_eq!(app.books(&order).await, Books { held: 18_979, ..Books::default() });
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r08_what_is_captured_after_a_cancel_of_the_others_is_the_last() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held(&order).await;
    app.results_of("CancelPayment", &cancel(&order, &[1002])).await;

    let told = app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;

    assert_eq!(told, ["PaymentCaptured[1001] 10489"]);
    assert_eq!(app.money(&transaction).status, "succeeded", "nothing is held any longer");
    assert_eq!(app.books(&order).await, Books { captured: 10_489, ..Books::default() });
    assert_eq!(app.status(&order).await, "captured");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r08_items_canceled_before_anybody_paid_are_not_named_as_authorized() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.settle().await;

    let told = app.results_of("CancelPayment", &cancel(&order, &[1002])).await;
    assert_eq!(told, ["PaymentCanceled[1002] 18979"]);
    app.pay(&transaction, "pm_card_visa").await;
    app.settle().await;

    assert_eq!(app.results().await, ["PaymentAuthorized[1001] 18979"]);
    assert_eq!(app.books(&order).await, Books { held: 18_979, ..Books::default() });
    app.assert_drained().await;
}

/// Stripe does not cancel an intent of which something was captured: the rest is let go by a last
/// capture of nothing.
#[tokio::test(start_paused = true)]
async fn r08_the_rest_of_a_partial_capture() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held(&order).await;
    app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;

    let told = app.results_of("CancelPayment", &cancel(&order, &[1002])).await;

    assert_eq!(told, ["PaymentCanceled[1002] 8490"]);
    assert_eq!(app.calls_made("POST", "/cancel"), 0);
    let last = app.sandbox.calls().into_iter().rfind(|call| call.path.ends_with("/capture"));
    let sent = last.unwrap().params;
    assert_eq!((&sent["amount_to_capture"], &sent["final_capture"]), (&json!("0"), &json!("true")));
    assert_eq!(app.money(&transaction).status, "succeeded");
    assert_eq!(app.money(&transaction).captures, 1);
    assert_eq!(app.books(&order).await, Books { captured: 10_489, ..Books::default() });
    assert_eq!(app.status(&order).await, "captured");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r08_one_shipment_captured_one_item_canceled_then_the_last_one() {
    let app = TestApp::configured().await;
    let order = order_of_three();
    app.held(&order).await;
    app.results_of("CapturePayment", &capture(&order, &[1001], 5_000)).await;

    let told = app.results_of("CancelPayment", &cancel(&order, &[1002])).await;
    assert_eq!(told, ["PaymentCanceled[1002] 18979", "PaymentAuthorized[1003] 13979"]);
    let told = app.results_of("CancelPayment", &cancel(&order, &[1003])).await;
    assert_eq!(told, ["PaymentCanceled[1003] 13979"]);

    assert_eq!(app.books(&order).await, Books { captured: 5_000, ..Books::default() });
    assert_eq!(app.status(&order).await, "captured");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r08_the_rest_is_released_after_a_capture_of_it_failed() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;
    app.answer_next(402, CAPTURE, 1);
    app.results_of("CapturePayment", &capture(&order, &[1002], 8_490)).await;

    let told = app.results_of("CancelPayment", &cancel(&order, &[1002])).await;

    assert_eq!(told, ["PaymentCanceled[1002] 8490"]);
    assert_eq!(app.books(&order).await, Books { captured: 10_489, ..Books::default() });
    assert_eq!(app.status(&order).await, "captured");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r08_a_release_that_stripe_refuses_may_be_tried_again() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;

    app.answer_next(400, CAPTURE, 1);
    let told = app.results_of("CancelPayment", &cancel(&order, &[1002])).await;
    assert_eq!(told, ["PaymentCancellationFailed[1002] 18979", "PaymentAuthorized[1002] 8490"]);
    let told = app.results_of("CancelPayment", &cancel(&order, &[1002])).await;
    assert_eq!(told, ["PaymentCanceled[1002] 8490"]);

    assert_eq!(app.books(&order).await, Books { captured: 10_489, ..Books::default() });
    app.assert_drained().await;
}

/// Stripe has let go of the rest already, and has not told yet.
#[tokio::test(start_paused = true)]
async fn r08_a_rest_that_is_gone_already_is_canceled() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held(&order).await;
    app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;
    app.hold_webhooks();
    let path = format!("/v1/payment_intents/{transaction}/capture");
    app.stripe(Method::POST, &path, "amount_to_capture=0").await;

    let told = app.results_of("CancelPayment", &cancel(&order, &[1002])).await;
    assert_eq!(told, ["PaymentCanceled[1002] 8490"]);

    app.release_webhooks();
    app.settle().await;
    assert_eq!(app.results().await, [""; 0]);
    assert_eq!(app.books(&order).await, Books { captured: 10_489, ..Books::default() });
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r09_a_cancel_while_the_debit_is_on_its_way_gives_the_money_back() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.pay_by_debit(&transaction, "DE89370400440532013000").await;
    app.settle().await;

    assert_eq!(app.results_of("CancelPayment", &cancel(&order, &[1001, 1002])).await, [""; 0]);
    assert_eq!(app.status(&order).await, "cancel_requested");
    app.advance(SignedDuration::from_mins(2)).await;

    assert_eq!(app.results().await, ["PaymentCanceled[1001,1002] 18979"]);
    let books = Books { held: 0, captured: 18_979, refunded: 18_979 };
    assert_eq!(app.books(&order).await, books);
    assert_eq!(app.status(&order).await, "canceled");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r09_money_after_a_cancel_is_given_back_once_whatever_is_lost() {
    for kind in [FaultKind::LoseRequest, FaultKind::LoseAnswer] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        let transaction = app.initialize(&order).await;
        app.pay_by_debit(&transaction, "DE89370400440532013000").await;
        app.settle().await;
        app.results_of("CancelPayment", &cancel(&order, &[1001, 1002])).await;

        app.break_next(kind, REFUND, ALL_TRIES);
        app.advance(SignedDuration::from_mins(2)).await;
        app.advance(LONG_ENOUGH).await;

        assert_eq!(app.results().await, ["PaymentCanceled[1001,1002] 18979"], "{kind:?}");
        assert_eq!(app.money(&transaction).refunds, 1);
        let books = Books { held: 0, captured: 18_979, refunded: 18_979 };
        assert_eq!(app.books(&order).await, books);
        app.assert_drained().await;
    }
}

/// Stripe would not refund: the shop, which waits for its cancel, hears why, the operator in one line
/// what to do, and done by hand it ends the cancel.
#[tokio::test(start_paused = true)]
async fn r09_money_that_stripe_would_not_give_back_is_told_and_given_back_by_hand() {
    let logs = Logs::record();
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.pay_by_debit(&transaction, "DE89370400440532013000").await;
    app.settle().await;
    app.results_of("CancelPayment", &cancel(&order, &[1001, 1002])).await;
    app.read("payment-events").await;

    app.answer_next(402, REFUND, 1);
    app.entropy.advance(SignedDuration::from_mins(2));
    app.sandbox.deliver_due().await;
    app.app.consumer.work_once().await.unwrap();
    let told = app.read("payment-events").await;
    assert!(!told.iter().any(Message::is_result), "nobody asked for a refund: {told:?}");
    let note = told.last().unwrap().details()["note"].as_str().unwrap().to_owned();
    assert!(note.starts_with("189.79 EUR could not be given back"), "{note}");
    let errors = logs.of_level("ERROR");
    let payment = app.payment(&order).await.id;
    let next =
        format!("Next: `paybridge payment show --tenant tenant-test-0001 {payment}` says why");
    assert_eq!(errors.iter().filter(|line| line.contains(&next)).count(), 1, "{errors:?}");
    assert_eq!(app.calls_made("POST", REFUND), 1, "no event has it tried again");

    let form = format!("payment_intent={transaction}");
    app.stripe(Method::POST, "/v1/refunds", &form).await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentCanceled[1001,1002] 18979"]);
    assert_eq!(app.money(&transaction).amount_refunded, 18_979);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r09_a_cancel_while_the_debit_is_on_its_way_is_done_when_it_bounces() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.pay_by_debit(&transaction, "DE62370400440532013001").await;
    app.settle().await;

    assert_eq!(app.results_of("CancelPayment", &cancel(&order, &[1001, 1002])).await, [""; 0]);
    app.advance(SignedDuration::from_mins(2)).await;

    assert_eq!(app.results().await, ["PaymentCanceled[1001,1002] 18979"]);
    assert_eq!(app.money(&transaction).status, "canceled", "nobody can pay it any more");
    assert_eq!(app.books(&order).await, Books::default());
    assert_eq!(app.status(&order).await, "canceled");
    app.assert_drained().await;
}
