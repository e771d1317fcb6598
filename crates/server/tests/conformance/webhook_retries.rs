//! Webhooks that cannot be applied at once: case 59 (rule R4).

use http::Method;
use jiff::SignedDuration;
use payment::PaymentId;
use serde_json::json;
use stripe_sandbox::{Fault, FaultKind};

use crate::support::*;
use crate::webhooks::{backlog, paid_in_silence};

/// The refund's event comes first, so the app asks Stripe about the capture, in vain at first.
async fn refund_before_capture(app: &TestApp) -> (Order, Event) {
    let (order, transaction) = paid_in_silence(app).await;
    app.stripe(Method::POST, &format!("/v1/payment_intents/{transaction}/capture"), "").await;
    let form = format!("payment_intent={transaction}");
    app.stripe(Method::POST, "/v1/refunds", &form).await;
    (order, app.event("refund.created").await)
}

fn on_ask(kind: FaultKind, times: u32) -> Fault {
    Fault { times, ..Fault::new(kind).on("GET", "/v1/payment_intents/*") }
}

#[tokio::test(start_paused = true)]
async fn c59_what_cannot_be_applied_now_is_kept_and_applied_later() {
    let app = TestApp::configured().await;
    let (order, event) = refund_before_capture(&app).await;
    app.sandbox.inject(on_ask(FaultKind::LoseRequest, u32::MAX)).unwrap();
    assert_eq!(app.receive(&event).await.0, 200, "it is durable before it is applied");
    app.settle().await;
    for _ in 0..19 {
        assert_eq!(backlog(&app).await.inbox_waiting, 1);
        assert_eq!(app.status(&order).await, "new");
        app.advance(LONG_ENOUGH).await;
    }
    app.stripe_is_back().await;
    app.advance(LONG_ENOUGH).await;
    assert_eq!(
        app.results().await,
        [
            "PaymentAuthorized[1001,1002] 18979",
            "PaymentCaptured[1001,1002] 18979",
            "PaymentRefunded[1001,1002] 18979",
        ]
    );
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c59_it_is_tried_again_with_growing_pauses() {
    let app = TestApp::configured().await;
    let (_, event) = refund_before_capture(&app).await;
    let refused = Fault { status: Some(401), ..on_ask(FaultKind::Status, 500) };
    app.sandbox.inject(refused).unwrap();
    app.receive(&event).await;
    app.settle().await;
    let asked = || app.sandbox.calls().iter().filter(|call| call.status == Some(401)).count();
    let mut pauses = Vec::new();
    let (mut last, mut pause) = (asked(), 0);
    for _ in 0..700 {
        app.advance(SignedDuration::from_secs(1)).await;
        pause += 1;
        if asked() > last {
            pauses.push(pause);
            (last, pause) = (asked(), 0);
        }
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256], "seconds");
}

#[tokio::test(start_paused = true)]
async fn c59_what_a_person_has_to_look_at_is_parked_and_not_lost() {
    let app = TestApp::configured().await;
    let (order, event) = refund_before_capture(&app).await;
    let refused = Fault { status: Some(401), ..on_ask(FaultKind::Status, 500) };
    app.sandbox.inject(refused).unwrap();
    app.receive(&event).await;
    app.settle().await;
    for _ in 0..40 {
        app.advance(LONG_ENOUGH).await;
    }
    let backlog = backlog(&app).await;
    assert_eq!((backlog.inbox_waiting, backlog.inbox_parked), (0, 1));
    assert_eq!(app.status(&order).await, "new");

    // The others of the order go on meanwhile.
    app.sandbox.clear_faults();
    assert_eq!(app.receive(&app.event("payment_intent.succeeded").await).await.0, 200);
    app.settle().await;
    assert_eq!(
        app.results().await,
        ["PaymentAuthorized[1001,1002] 18979", "PaymentCaptured[1001,1002] 18979"]
    );
}

/// An event of ours whose payment is not there waits for it; after a day somebody has to look.
#[tokio::test(start_paused = true)]
async fn c54_c59_an_event_of_a_payment_that_is_not_there_waits_a_day() {
    let app = TestApp::configured().await;
    paid_in_silence(&app).await;
    let mut event = app.event("payment_intent.amount_capturable_updated").await;
    event.0["data"]["object"]["id"] = json!("pi_lost");
    event.0["data"]["object"]["metadata"]["paymentId"] =
        json!(PaymentId::new(uuid::Uuid::from_u128(7)).to_string());
    assert_eq!(app.receive(&event).await.0, 200);
    app.settle().await;
    app.advance(SignedDuration::from_hours(23)).await;
    let waits = backlog(&app).await;
    assert_eq!((waits.inbox_waiting, waits.inbox_parked), (1, 0));
    app.advance(SignedDuration::from_hours(2)).await;
    let parked = backlog(&app).await;
    assert_eq!((parked.inbox_waiting, parked.inbox_parked), (0, 1));
}
