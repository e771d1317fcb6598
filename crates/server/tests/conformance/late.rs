//! What happens long afterwards: cases 79 and 81 (rules R13 and R15).

use jiff::SignedDuration;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use stripe_sandbox::{Fault, FaultKind};

use crate::initialize::{creations, keys, on_create, try_initialize};
use crate::support::*;
use crate::webhooks::counted;

const CAPTURED: Books = Books { held: 0, captured: 18_979, refunded: 0 };
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// An order whose refunds the bank sends back, all captured. Nothing is left unread.
async fn captured_with_refunds_that_fail(app: &TestApp, order: &Order) {
    app.held_by(order, "pm_card_refundFail").await;
    app.results_of("CapturePayment", &capture(order, &order.items, order.total)).await;
}

/// The refund of the items succeeds now, and the failure is told so much later.
async fn refund_that_fails_after(app: &TestApp, order: &Order, later: SignedDuration) {
    let told = app.results_of("RefundPayment", &refund(order, &[1001], 10_489)).await;
    assert_eq!(told, ["PaymentRefunded[1001] 10489"]);
    app.hold_webhooks();
    app.advance(later).await;
    app.release_webhooks();
    app.settle().await;
}

#[tokio::test(start_paused = true)]
async fn c79_an_authorization_that_expires_is_canceled_with_the_reason() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.held(&order).await;
    app.read("payment-events").await;

    app.advance(DAY * 8).await;

    let told = app.read("payment-events").await;
    let names: Vec<_> = told.iter().map(|message| message.name.as_str()).collect();
    assert_eq!(names, ["PaymentCanceled", "PaymentUpdated"]);
    assert_eq!(told[0].body["orderItemIds"], json!([1001, 1002]));
    assert_eq!(told[1].details()["note"], "the authorization expired");
    assert_eq!(told[1].details()["targetStatus"], "canceled");
    assert_eq!(app.money(&transaction).status, "canceled");
    assert_eq!(app.status(&order).await, "canceled");

    app.command("CapturePayment", &capture(&order, &order.items, order.total)).await;
    app.settle().await;
    let told = app.read("payment-events").await;
    assert_eq!(told[0].name, "PaymentCaptureFailed");
    assert_eq!(told[1].details()["note"], "the payment is canceled: the authorization expired");
    assert_eq!(app.calls_made("POST", "/capture"), 0);
    assert_eq!(app.books(&order).await, Books::default());
    app.assert_drained().await;
}

/// The capture came first to Stripe's no, and the event that says why is behind.
#[tokio::test(start_paused = true)]
async fn c79_a_capture_before_the_news_of_the_expiry_fails_with_the_reason() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    app.hold_webhooks();
    app.advance(DAY * 8).await;

    let told = app.results_of("CapturePayment", &capture(&order, &order.items, order.total)).await;
    assert_eq!(told, ["PaymentCaptureFailed[1001,1002] 18979", "PaymentCanceled[1001,1002] 18979"]);
    app.release_webhooks();
    app.settle().await;
    assert_eq!(app.results().await, [""; 0]);
    let payment = app.payment(&order).await;
    assert_eq!(payment.attempt().ended_because.as_deref(), Some("the authorization expired"));
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c79_what_is_left_of_a_partial_capture_expires() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    app.results_of("CapturePayment", &capture(&order, &[1001], 10_489)).await;

    app.advance(DAY * 8).await;

    assert_eq!(app.results().await, ["PaymentCaptureFailed[1002] 8490"]);
    let told = app.results_of("CapturePayment", &capture(&order, &[1002], 8_490)).await;
    assert_eq!(told, ["PaymentCaptureFailed[1002] 8490"]);
    assert_eq!(app.books(&order).await, Books { captured: 10_489, ..CAPTURED });
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c81_a_refund_that_fails_days_later_is_a_failed_refund_of_the_same_items() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    captured_with_refunds_that_fail(&app, &order).await;
    app.read("payment-events").await;

    refund_that_fails_after(&app, &order, DAY * 5).await;

    let told = app.read("payment-events").await;
    assert_eq!(told[0].name, "PaymentRefundFailed");
    assert_eq!(told[0].body["orderItemIds"], json!([1001]));
    let news = told[1].details();
    assert_eq!(news["sourceStatus"], "partially_refunded");
    assert_eq!(news["targetStatus"], "captured");
    assert_eq!(app.books(&order).await, CAPTURED);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r13_the_status_is_computed_from_the_refunds_and_goes_back() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    captured_with_refunds_that_fail(&app, &order).await;
    assert_eq!(app.status(&order).await, "captured");
    app.results_of("RefundPayment", &refund(&order, &[1001], 10_489)).await;
    assert_eq!(app.status(&order).await, "partially_refunded");
    app.entropy.advance(SignedDuration::from_secs(30));
    app.results_of("RefundPayment", &refund(&order, &[1002], 8_490)).await;
    assert_eq!(app.status(&order).await, "refunded");

    app.advance(SignedDuration::from_secs(31)).await;
    assert_eq!(app.results().await, ["PaymentRefundFailed[1001] 10489"]);
    assert_eq!(app.status(&order).await, "partially_refunded");
    app.advance(SignedDuration::from_secs(30)).await;
    assert_eq!(app.results().await, ["PaymentRefundFailed[1002] 8490"]);
    assert_eq!(app.status(&order).await, "captured");
    assert_eq!(app.books(&order).await, CAPTURED);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r13_a_refund_that_fails_after_a_week_is_an_alert_beside_the_message() {
    for (days, alerts) in [(6, 0), (8, 1)] {
        let recorder = PrometheusBuilder::new().build_recorder();
        let metrics = recorder.handle();
        let _here = metrics::set_default_local_recorder(&recorder);
        let logs = Logs::record();
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        captured_with_refunds_that_fail(&app, &order).await;

        refund_that_fails_after(&app, &order, DAY * days).await;

        assert_eq!(app.results().await, ["PaymentRefundFailed[1001] 10489"], "{days} days");
        assert_eq!(counted(&metrics, "paybridge_late_refund_failures_total", ""), alerts);
        let errors = logs.of_level("ERROR");
        assert_eq!(errors.len() as u64, alerts, "{errors:?}");
        for error in errors {
            let refund = app.payment(&order).await.refunds[0].reference.clone().unwrap();
            for part in ["DE--1", refund.as_str(), TENANT, "104.89 EUR", "Next: "] {
                assert!(error.contains(part), "{part} is not in {error}");
            }
        }
        app.assert_drained().await;
    }
}

/// A refund whose outcome is unknown for a day: found by our id in its metadata, or made anew.
#[tokio::test(start_paused = true)]
async fn r15_a_refund_unknown_for_a_day_is_asked_for_not_repeated() {
    for (kind, calls) in [(FaultKind::LoseRequest, 4), (FaultKind::LoseAnswer, 3)] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        let transaction = app.captured(&order).await;
        app.hold_webhooks();
        app.break_next(kind, REFUND, ALL_TRIES);
        let some = refund(&order, &[1001], 10_489);
        assert_eq!(app.results_of("RefundPayment", &some).await, [""; 0]);

        app.advance(DAY).await;
        app.advance(LONG_ENOUGH).await;
        app.release_webhooks();
        app.settle().await;

        assert_eq!(app.results().await, ["PaymentRefunded[1001] 10489"], "{kind:?}");
        let keys = app.keys_used("/refunds");
        assert_eq!(keys.len(), calls, "{kind:?}");
        assert!(keys.get(3).is_none_or(|fourth| *fourth != keys[0]), "a new key: {keys:?}");
        assert_eq!(app.money(&transaction).refunds, 1);
        assert_eq!(app.books(&order).await, Books { refunded: 10_489, ..CAPTURED });
        app.assert_drained().await;
    }
}

#[tokio::test(start_paused = true)]
async fn r15_a_cancel_unknown_for_a_day_is_asked_for_not_repeated() {
    for (kind, calls) in [(FaultKind::LoseRequest, 4), (FaultKind::LoseAnswer, 3)] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        let transaction = app.held(&order).await;
        app.hold_webhooks();
        app.break_next(kind, CANCEL, ALL_TRIES);
        let all = cancel(&order, &order.items);
        assert_eq!(app.results_of("CancelPayment", &all).await, [""; 0]);

        app.advance(DAY).await;
        app.advance(LONG_ENOUGH).await;
        app.release_webhooks();
        app.settle().await;

        assert_eq!(app.results().await, ["PaymentCanceled[1001,1002] 18979"], "{kind:?}");
        assert_eq!(app.calls_made("POST", "/cancel"), calls, "{kind:?}");
        assert_eq!(app.money(&transaction).status, "canceled");
        app.assert_drained().await;
    }
}

/// A checkout that was given up after its answer was lost, and comes back after a day: the intent
/// that is there is found by our attempt in its metadata; where there is none, one is made.
#[tokio::test(start_paused = true)]
async fn r15_an_intent_unknown_for_a_day_is_looked_for_before_another_is_made() {
    for kind in [FaultKind::LoseRequest, FaultKind::LoseAnswer] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        app.sandbox.inject(on_create(kind, ALL_TRIES)).unwrap();
        assert_eq!(try_initialize(&app, &order).await.0, 400);

        app.entropy.advance(DAY);
        let mut answer = try_initialize(&app, &order).await;
        if answer.0 != 200 {
            answer = try_initialize(&app, &order).await;
        }
        assert_eq!(answer.0, 200, "{}", answer.1);

        assert_eq!(app.sandbox.audit().len(), 1, "{kind:?}: one intent");
        let made = keys(&creations(&app)).len();
        assert_eq!(made, if kind == FaultKind::LoseAnswer { 1 } else { 2 }, "{kind:?}");
        app.advance(LONG_ENOUGH).await;
        assert_eq!(app.sandbox.audit().len(), 1);
    }
}

/// Stripe repeats its own error for ever under the key of a refund or a cancel.
#[tokio::test(start_paused = true)]
async fn r15_a_replayed_server_error_of_any_call_is_asked_about() {
    for after_effect in [true, false] {
        let fails = |path: &str| {
            let fault = Fault { after_effect, status: Some(500), ..Fault::new(FaultKind::Status) };
            fault.on("POST", path)
        };
        let app = TestApp::configured().await;
        let (kept, dropped) = (Order::new("DE--1"), Order::new("DE--2"));
        let refunded = app.captured(&kept).await;
        let canceled = app.held(&dropped).await;
        app.hold_webhooks();
        app.sandbox.inject(fails(REFUND)).unwrap();
        app.sandbox.inject(fails(CANCEL)).unwrap();

        app.command("RefundPayment", &refund(&kept, &[1001], 10_489)).await;
        app.command("CancelPayment", &cancel(&dropped, &dropped.items)).await;
        app.settle().await;
        app.advance(LONG_ENOUGH).await;
        app.release_webhooks();
        app.settle().await;

        let mut told = app.results().await;
        told.sort();
        let both = ["PaymentCanceled[1001,1002] 18979", "PaymentRefunded[1001] 10489"];
        assert_eq!(told, both, "after the effect: {after_effect}");
        assert_eq!(app.money(&refunded).refunds, 1);
        assert_eq!(app.money(&canceled).status, "canceled");
        app.assert_drained().await;
    }
}
