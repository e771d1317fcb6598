//! Calls whose answer is lost, late or an error of Stripe's own: one effect, one result (R10, R15).

use std::time::Duration;

use http::Method;
use jiff::SignedDuration;
use stripe_sandbox::{Fault, FaultKind};

use crate::support::*;

const CAPTURED: Books = Books { held: 0, captured: 18_979, refunded: 0 };

fn whole(order: &Order) -> serde_json::Value {
    capture(order, &[1001, 1002], 18_979)
}

/// However a capture gets lost, it happens once and the shop hears of it once.
async fn captured_once(app: &TestApp, order: &Order) {
    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
    assert_eq!(app.books(order).await, CAPTURED);
    assert_eq!(app.status(order).await, "captured");
    app.advance(LONG_ENOUGH).await;
    assert_eq!(app.results().await, [""; 0]);
    let payment = app.payment(order).await;
    assert_eq!(app.money(payment.reference().unwrap().as_str()).captures, 1);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r15_a_try_without_an_answer_is_repeated_under_its_key() {
    for kind in [FaultKind::LoseRequest, FaultKind::LoseAnswer] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        app.held(&order).await;

        app.break_next(kind, CAPTURE, 1);
        app.command("CapturePayment", &whole(&order)).await;
        app.settle().await;

        let keys = app.keys_used("/capture");
        assert_eq!(keys.len(), 2, "{kind:?}");
        assert_eq!(keys[0], keys[1]);
        assert_eq!(app.stripe_calls("POST", "/capture"), 1);
        captured_once(&app, &order).await;
    }
}

#[tokio::test(start_paused = true)]
async fn r15_a_call_without_any_answer_is_repeated_later_under_its_key() {
    for kind in [FaultKind::LoseRequest, FaultKind::LoseAnswer] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        app.held(&order).await;

        app.hold_webhooks();
        app.break_next(kind, CAPTURE, ALL_TRIES);
        assert_eq!(app.results_of("CapturePayment", &whole(&order)).await, [""; 0]);
        assert_eq!(app.status(&order).await, "authorized", "unknown is not failed: {kind:?}");
        app.advance(LONG_ENOUGH).await;
        app.release_webhooks();
        app.settle().await;

        let keys = app.keys_used("/capture");
        assert_eq!(keys.len(), 4);
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
        captured_once(&app, &order).await;
    }
}

#[tokio::test(start_paused = true)]
async fn r15_too_many_requests_is_no_answer_to_the_command() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;

    app.answer_next(429, CAPTURE, ALL_TRIES);
    assert_eq!(app.results_of("CapturePayment", &whole(&order)).await, [""; 0]);
    app.advance(LONG_ENOUGH).await;

    assert_eq!(app.calls_made("POST", "/capture"), 4);
    captured_once(&app, &order).await;
}

#[tokio::test(start_paused = true)]
async fn r15_refused_keys_are_no_answer_to_the_command() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;

    app.answer_next(401, CAPTURE, 1);
    assert_eq!(app.results_of("CapturePayment", &whole(&order)).await, [""; 0]);
    app.advance(LONG_ENOUGH).await;

    captured_once(&app, &order).await;
}

/// Stripe keeps its own error under the key and repeats it for ever: the app asks, finds nothing
/// done, and goes on under a new key.
#[tokio::test(start_paused = true)]
async fn r15_a_replayed_server_error_is_asked_about_then_made_under_a_new_key() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held(&order).await;

    app.answer_next(500, CAPTURE, 1);
    assert_eq!(app.results_of("CapturePayment", &whole(&order)).await, [""; 0]);
    assert_eq!(app.calls_made("POST", "/capture"), 2, "the error, and its repetition");
    assert_eq!(app.stripe_calls("GET", &transaction), 1);
    app.advance(LONG_ENOUGH).await;

    let keys = app.keys_used("/capture");
    assert_eq!(keys.len(), 3);
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[1], keys[2]);
    captured_once(&app, &order).await;
}

/// The same, but the capture did happen: that is what asking finds.
#[tokio::test(start_paused = true)]
async fn r15_a_replayed_server_error_after_the_effect_is_settled_by_asking() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;

    app.hold_webhooks();
    let fault = Fault { after_effect: true, status: Some(500), ..Fault::new(FaultKind::Status) };
    app.sandbox.inject(fault.on("POST", CAPTURE)).unwrap();
    app.command("CapturePayment", &whole(&order)).await;
    app.settle().await;
    app.release_webhooks();
    app.settle().await;

    assert_eq!(app.calls_made("POST", "/capture"), 2);
    captured_once(&app, &order).await;
}

/// Stripe forgets a key after a day, so that a repetition would be a second capture.
#[tokio::test(start_paused = true)]
async fn r15_an_outcome_unknown_for_a_day_is_asked_for_not_repeated() {
    for (kind, captures) in [(FaultKind::LoseRequest, 4), (FaultKind::LoseAnswer, 3)] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        app.held(&order).await;

        app.hold_webhooks();
        app.break_next(kind, CAPTURE, ALL_TRIES);
        assert_eq!(app.results_of("CapturePayment", &whole(&order)).await, [""; 0]);
        app.advance(SignedDuration::from_hours(24)).await;
        app.advance(LONG_ENOUGH).await;
        app.release_webhooks();
        app.settle().await;

        let keys = app.keys_used("/capture");
        assert_eq!(keys.len(), captures, "{kind:?}");
        if let Some(fourth) = keys.get(3) {
            assert_ne!(keys[0], *fourth);
        }
        captured_once(&app, &order).await;
    }
}

#[tokio::test(start_paused = true)]
async fn r10_a_webhook_settles_a_call_whose_answer_was_lost() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;

    app.break_next(FaultKind::LoseAnswer, CAPTURE, ALL_TRIES);
    app.command("CapturePayment", &whole(&order)).await;
    app.settle().await;

    assert_eq!(app.calls_made("POST", "/capture"), 3);
    app.assert_no_command_waits().await;
    captured_once(&app, &order).await;
    assert_eq!(app.calls_made("POST", "/capture"), 3, "nothing is left to repeat");
}

/// The answer is on its way for ten seconds; the webhook is faster.
#[tokio::test(start_paused = true)]
async fn r10_a_webhook_that_is_faster_than_the_answer() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    let slow = Fault { delay_ms: 10_000, ..Fault::new(FaultKind::Delay) };
    app.sandbox.inject(slow.on("POST", CAPTURE)).unwrap();

    app.command("CapturePayment", &whole(&order)).await;
    let webhook = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        app.sandbox.deliver_due().await;
        app.app.consumer.work_once().await.unwrap();
        app.assert_no_command_waits().await;
        assert_eq!(app.status(&order).await, "captured");
    };
    let (worked, ()) = tokio::join!(app.app.consumer.work_once(), webhook);
    worked.unwrap();
    app.settle().await;

    assert_eq!(app.calls_made("POST", "/capture"), 1);
    captured_once(&app, &order).await;
}

#[tokio::test(start_paused = true)]
async fn r10_every_webhook_twice_and_the_newest_first() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    let settings = stripe_sandbox::WebhookSettings {
        mode: stripe_sandbox::WebhookMode::Hold,
        copies: 2,
        order: stripe_sandbox::WebhookOrder::Reverse,
    };
    app.sandbox.set_webhooks(settings).unwrap();

    app.command("CapturePayment", &capture(&order, &[1001], 10_489)).await;
    app.command("CapturePayment", &capture(&order, &[1002], 8_490)).await;
    app.command("RefundPayment", &refund(&order, &[1001], 10_489)).await;
    app.settle().await;
    let told = app.results().await;
    app.sandbox.release_webhooks();
    app.settle().await;

    assert_eq!(
        told,
        [
            "PaymentCaptured[1001] 10489",
            "PaymentAuthorized[1002] 8490",
            "PaymentCaptured[1002] 8490",
            "PaymentRefunded[1001] 10489"
        ]
    );
    assert_eq!(app.results().await, [""; 0]);
    assert_eq!(app.books(&order).await, Books { refunded: 10_489, ..CAPTURED });
    app.assert_drained().await;
}

/// A crash came between the journal and the call: what was left behind is finished.
#[tokio::test(start_paused = true)]
async fn r10_a_call_that_was_left_behind_is_finished_by_the_worker() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    app.break_next(FaultKind::LoseRequest, CAPTURE, ALL_TRIES);
    app.command("CapturePayment", &whole(&order)).await;
    app.settle().await;

    app.entropy.advance(app::limits::CALL_STALE + SignedDuration::from_secs(1));
    app.app.consumer.context.finish_open_calls("another-worker").await.unwrap();

    app.assert_no_command_waits().await;
    app.settle().await;
    captured_once(&app, &order).await;
}

#[tokio::test(start_paused = true)]
async fn r15_a_cancel_without_an_answer() {
    for kind in [FaultKind::LoseRequest, FaultKind::LoseAnswer] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        let transaction = app.held(&order).await;

        app.hold_webhooks();
        app.break_next(kind, CANCEL, ALL_TRIES);
        let all = cancel(&order, &[1001, 1002]);
        assert_eq!(app.results_of("CancelPayment", &all).await, [""; 0]);
        app.advance(LONG_ENOUGH).await;
        app.release_webhooks();
        app.settle().await;

        assert_eq!(app.results().await, ["PaymentCanceled[1001,1002] 18979"], "{kind:?}");
        assert_eq!(app.stripe_calls("POST", "/cancel"), 1);
        assert_eq!(app.money(&transaction).status, "canceled");
        assert_eq!(app.books(&order).await, Books::default());
        app.assert_drained().await;
    }
}

/// The rest of a partial capture is let go by a capture of nothing; its key spent, the app asks.
#[tokio::test(start_paused = true)]
async fn r15_a_release_of_the_rest_without_an_answer() {
    for (kind, status, captures) in [
        (FaultKind::LoseRequest, None, 5),
        (FaultKind::LoseAnswer, None, 5),
        (FaultKind::Status, Some(500), 4),
    ] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        app.held(&order).await;
        app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;

        app.hold_webhooks();
        let times = if status.is_some() { 1 } else { ALL_TRIES };
        let fault = Fault { status, times, ..Fault::new(kind) };
        app.sandbox.inject(fault.on("POST", CAPTURE)).unwrap();
        assert_eq!(app.results_of("CancelPayment", &cancel(&order, &[1002])).await, [""; 0]);
        app.advance(LONG_ENOUGH).await;
        app.release_webhooks();
        app.settle().await;

        assert_eq!(app.results().await, ["PaymentCanceled[1002] 8490"], "{kind:?}");
        assert_eq!(app.calls_made("POST", "/capture"), captures, "{kind:?}");
        assert_eq!(app.books(&order).await, Books { captured: 10_489, ..Books::default() });
        assert_eq!(app.status(&order).await, "captured");
        app.assert_drained().await;
    }
}

#[tokio::test(start_paused = true)]
async fn r15_a_refund_without_an_answer() {
    for kind in [FaultKind::LoseRequest, FaultKind::LoseAnswer] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        let transaction = app.captured(&order).await;

        app.hold_webhooks();
        app.break_next(kind, REFUND, ALL_TRIES);
        let some = refund(&order, &[1001], 10_489);
        assert_eq!(app.results_of("RefundPayment", &some).await, [""; 0]);
        app.advance(LONG_ENOUGH).await;
        app.release_webhooks();
        app.settle().await;

        assert_eq!(app.results().await, ["PaymentRefunded[1001] 10489"], "{kind:?}");
        assert_eq!(app.money(&transaction).refunds, 1);
        assert_eq!(app.books(&order).await, Books { refunded: 10_489, ..CAPTURED });
        app.assert_drained().await;
    }
}

/// Refunds are looked for by our id in their metadata: one made by hand for the same amount is not
/// taken for ours.
#[tokio::test(start_paused = true)]
async fn r15_a_refund_is_found_by_its_metadata_not_by_its_amount() {
    for (after_effect, refunds) in [(true, 2), (false, 2)] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        let transaction = app.captured(&order).await;
        app.hold_webhooks();
        let by_hand = format!("payment_intent={transaction}&amount=5000");
        app.stripe(Method::POST, "/v1/refunds", &by_hand).await;

        let fault = Fault { after_effect, status: Some(500), ..Fault::new(FaultKind::Status) };
        app.sandbox.inject(fault.on("POST", REFUND)).unwrap();
        app.command("RefundPayment", &refund(&order, &[1001], 5_000)).await;
        app.settle().await;
        app.advance(LONG_ENOUGH).await;
        app.release_webhooks();
        app.settle().await;

        assert_eq!(app.results().await, ["PaymentRefunded[1001] 5000"]);
        assert_eq!(app.money(&transaction).refunds, refunds);
        assert_eq!(app.books(&order).await, Books { refunded: 10_000, ..CAPTURED });
        app.assert_drained().await;
    }
}

#[tokio::test(start_paused = true)]
async fn r10_a_webhook_settles_a_refund_whose_answer_was_lost() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.captured(&order).await;

    app.break_next(FaultKind::LoseAnswer, REFUND, ALL_TRIES);
    app.command("RefundPayment", &refund(&order, &[1001], 10_489)).await;
    app.settle().await;

    app.assert_no_command_waits().await;
    assert_eq!(app.results().await, ["PaymentRefunded[1001] 10489"]);
    app.advance(LONG_ENOUGH).await;
    assert_eq!(app.results().await, [""; 0]);
    assert_eq!(app.money(&transaction).refunds, 1);
    assert_eq!(app.books(&order).await, Books { refunded: 10_489, ..CAPTURED });
    app.assert_drained().await;
}
