//! What the simulator found, each as small as it can be told.

use http::Method;
use jiff::SignedDuration;
use stripe_sandbox::{Fault, FaultKind};

use crate::support::*;

/// The authorization of what was left ended while the shop shipped a part of it: the command was
/// answered with the items of another one beside its own (rule R11).
#[tokio::test(start_paused = true)]
async fn a_capture_after_the_rest_was_released_is_answered_with_its_own_items() {
    let app = TestApp::configured().await;
    let order = Order { items: vec![1001, 1002, 1003], ..Order::new("DE--1") };
    let transaction = app.authorized(&order).await;
    app.command("CapturePayment", &capture(&order, &[1001], 10_000)).await;
    app.settle().await;
    app.results().await;

    // Stripe has released the rest, and the event about it is still on its way.
    app.entropy.advance(SignedDuration::from_hours(8 * 24));
    let path = format!("/v1/payment_intents/{transaction}");
    assert_eq!(app.stripe(Method::GET, &path, "").await["status"], "succeeded");
    app.command("CapturePayment", &capture(&order, &[1002], 5_000)).await;
    app.app.consumer.work_once().await.unwrap();
    app.settle().await;

    assert_eq!(
        app.results().await,
        ["PaymentCaptureFailed[1002] 5000", "PaymentCaptureFailed[1003] 3979"]
    );
    app.assert_drained().await;
}

/// A cancel was answered with a server error that Stripe repeats for ever, and meanwhile the money
/// was captured: the call stayed open, and the command had no result (rules R11 and R15).
#[tokio::test(start_paused = true)]
async fn a_cancel_whose_key_is_spent_fails_once_the_payment_is_captured() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.authorized(&order).await;
    app.results().await;

    // Kept under the key, and not tried again at once.
    let kept = Fault { status: Some(500), ..Fault::new(FaultKind::Status) };
    let fault = Fault { should_retry: Some(false), ..kept };
    app.sandbox.inject(fault.on("POST", "/v1/payment_intents/*/cancel")).unwrap();
    app.command("CancelPayment", &cancel(&order, &[1001, 1002])).await;
    app.app.consumer.work_once().await.unwrap();
    app.stripe(Method::POST, &format!("/v1/payment_intents/{transaction}/capture"), "").await;
    app.settle().await;
    app.advance(LONG_ENOUGH).await;

    assert_eq!(
        app.results().await,
        ["PaymentCaptured[1001,1002] 18979", "PaymentCancellationFailed[1001,1002] 18979"]
    );
    app.assert_drained().await;
}

/// Somebody captured the rest by hand while the answer to the shop's capture was on its way, and one
/// event told of both: the call stayed open, its command had no result, and those behind it were
/// parked (rules R10 and R11).
#[tokio::test(start_paused = true)]
async fn a_capture_that_is_told_together_with_one_by_hand_is_the_shops_all_the_same() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.authorized(&order).await;
    app.results().await;

    let some = capture(&order, &[1001], 10_489);
    app.break_next(FaultKind::LoseAnswer, CAPTURE, ALL_TRIES);
    app.hold_webhooks();
    app.command("CapturePayment", &some).await;
    app.app.consumer.work_once().await.unwrap();
    let path = format!("/v1/payment_intents/{transaction}/capture");
    app.stripe(Method::POST, &path, "amount_to_capture=5000").await;
    let event = app.event("payment_intent.succeeded").await;
    assert_eq!(app.receive(&event).await.0, 200);
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentUnderpaid[1001,1002] 15489"]);

    app.command("CapturePayment", &capture(&order, &[1002], 8_490)).await;
    app.advance(LONG_ENOUGH).await;
    app.release_webhooks();
    app.settle().await;
    assert_eq!(
        app.results().await,
        [
            "PaymentCaptured[1001] 10489",
            "PaymentCaptureFailed[1002] 3490",
            "PaymentCaptureFailed[1002] 8490"
        ]
    );
    assert_eq!(app.books(&order).await, Books { captured: 15_489, ..Books::default() });
    app.assert_drained().await;
}

/// A debit was on its way when its payment was canceled, and the answer was lost. The debit failed
/// or came in; then Stripe repeated its old no, and nobody was left to cancel the payment or to give
/// the money back: it stayed as it was, and the command had no result (rules R9, R11 and R15).
#[tokio::test(start_paused = true)]
async fn a_debit_that_ends_while_its_cancel_has_no_answer_is_canceled_all_the_same() {
    for (iban, status) in
        [("DE62370400440532013001", "canceled"), ("DE89370400440532013000", "succeeded")]
    {
        for by_command in [true, false] {
            let app = TestApp::configured().await;
            let order = Order::new("DE--1");
            let transaction =
                if by_command { app.initialize(&order).await } else { app.pre_order(&order).await };
            app.pay_by_debit(&transaction, iban).await;
            app.settle().await;
            app.break_next(FaultKind::LoseAnswer, CANCEL, ALL_TRIES);
            if by_command {
                app.command("CancelPayment", &cancel(&order, &order.items)).await;
                app.app.consumer.work_once().await.unwrap();
            } else {
                assert_eq!(app.cancel_pre_order(&transaction).await.0, 400);
            }
            app.entropy.advance(LONG_ENOUGH);
            app.settle().await;
            for _ in 0..4 {
                app.advance(LONG_ENOUGH).await;
            }

            let told = if by_command { vec!["PaymentCanceled[1001,1002] 18979"] } else { vec![] };
            assert_eq!(app.results().await, told, "{iban}, by a command: {by_command}");
            assert_eq!(app.money(&transaction).status, status);
            app.assert_nothing_kept(&transaction);
            app.assert_drained().await;
        }
    }
}

/// A debit was canceled while it was on its way, and came in. That was learned from Stripe's answer to
/// the next cancel, or to a question about the order; the webhooks that tell it were lost, and nobody
/// gave the money back (rule R9).
#[tokio::test(start_paused = true)]
async fn money_that_an_answer_finds_to_be_in_after_a_cancel_is_given_back_without_a_webhook() {
    for asked in [false, true] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        let transaction = app.initialize(&order).await;
        app.hold_webhooks();
        app.pay_by_debit(&transaction, "DE89370400440532013000").await;
        let processing = app.event("payment_intent.processing").await;
        app.command("CancelPayment", &cancel(&order, &order.items)).await;
        app.app.consumer.work_once().await.unwrap();
        assert_eq!(app.results().await, [""; 0]);
        app.entropy.advance(LONG_ENOUGH);
        app.settle().await;
        assert_eq!(app.money(&transaction).status, "succeeded");

        if asked {
            app.command("RefundPayment", &refund(&order, &[1002], 8_490)).await;
        } else {
            assert_eq!(app.receive(&processing).await.0, 200);
        }
        app.settle().await;
        app.advance(SignedDuration::from_mins(5)).await;
        let canceled = "PaymentCanceled[1001,1002] 18979";
        let told =
            if asked { vec![canceled, "PaymentRefunded[1002] 8490"] } else { vec![canceled] };
        assert_eq!(app.results().await, told);
        assert_eq!(app.money(&transaction).refunds, 1);
        app.assert_nothing_kept(&transaction);
    }
}

/// Of a cart's debit a part was given back by hand, and nobody told. All of it was asked for when the
/// cart was called off, which was too much; what was left stayed here (rule R9).
#[tokio::test(start_paused = true)]
async fn what_is_left_of_money_that_was_given_back_in_part_by_hand_is_given_back_too() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.pre_order(&order).await;
    app.pay_by_debit(&transaction, "DE89370400440532013000").await;
    app.settle().await;
    app.hold_webhooks();
    app.advance(LONG_ENOUGH).await;
    let form = format!("payment_intent={transaction}&amount=5000");
    app.stripe(Method::POST, "/v1/refunds", &form).await;
    let (status, answer) = app.cancel_pre_order(&transaction).await;
    assert_eq!(status, 400, "more than is left: {answer}");

    app.release_webhooks();
    app.settle().await;
    app.assert_nothing_kept(&transaction);
    assert_eq!(app.money(&transaction).refunds, 2);
    assert_eq!(app.payment_with(&transaction).await.status.name(), "canceled");
    assert_eq!(app.results().await, [""; 0]);
    app.assert_drained().await;
}

/// The same refund was asked for twice, and the tenant was disconnected in between: the shop was told
/// that it had failed, and its money had been given back (rule R12).
#[tokio::test(start_paused = true)]
async fn what_was_given_back_is_told_again_although_the_tenant_is_disconnected() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.captured(&order).await;
    app.results().await;
    let some = refund(&order, &[1002], 8_490);
    assert_eq!(app.results_of("RefundPayment", &some).await, ["PaymentRefunded[1002] 8490"]);
    assert_eq!(app.disconnect(Some("true")).await.0, 204);

    assert_eq!(app.results_of("RefundPayment", &some).await, ["PaymentRefunded[1002] 8490"]);
    let others = refund(&order, &[1001], 10_489);
    assert_eq!(app.results_of("RefundPayment", &others).await, ["PaymentRefundFailed[1001] 10489"]);
    assert_eq!(app.stripe_calls("POST", "/v1/refunds"), 1, "no money moves any more");
}

/// A debit over less than the order's total was on its way when the order was confirmed, and changing
/// its amount was answered with a server error that Stripe repeats for ever. Stripe was asked, and
/// being paid was taken for being changed: the order was linked to too little (rules R15 and R17).
#[tokio::test(start_paused = true)]
async fn a_cart_that_is_being_paid_is_not_taken_for_one_that_was_changed() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let mut cart = Order::new("DE--1");
    cart.total = 10_000;
    let transaction = app.pre_order(&cart).await;
    app.pay_by_debit(&transaction, "DE89370400440532013000").await;
    app.settle().await;
    let kept = Fault { status: Some(500), ..Fault::new(FaultKind::Status) };
    let fault = Fault { should_retry: Some(false), ..kept };
    app.sandbox.inject(fault.on("POST", UPDATE)).unwrap();
    for _ in 0..3 {
        assert_eq!(app.confirm(&order, &transaction).await.0, 400);
    }
    for _ in 0..3 {
        app.advance(LONG_ENOUGH).await;
    }
    assert_eq!(app.results().await, ["PaymentAuthorizationFailed[1001,1002] 18979"]);
    app.assert_nothing_kept(&transaction);
    app.assert_drained().await;
}
