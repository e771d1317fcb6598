use jiff::SignedDuration;

use crate::support::{TestApp, text};

const WEEK: i64 = 7 * 24 * 60 * 60;

#[tokio::test]
async fn an_authorization_ends_after_seven_days_to_the_second() {
    let app = TestApp::new();
    app.subscribe().await;
    let intent = app.authorized().await;
    app.sandbox.deliver_due().await;
    app.receiver.take();
    app.sandbox.advance_clock(WEEK - 1).unwrap();
    assert_eq!(app.status_of(&intent).await, "requires_capture");
    app.clock.advance(SignedDuration::from_secs(1));
    let shown = app.get(&format!("/v1/payment_intents/{intent}")).await.ok();
    assert_eq!(shown.text("/status"), "canceled");
    assert_eq!(shown.text("/cancellation_reason"), "automatic");
    assert_eq!(shown.integer("/amount_capturable"), 0);
    app.sandbox.deliver_due().await;
    assert_eq!(app.receiver.take_types(), ["charge.expired", "payment_intent.canceled"]);
}

#[tokio::test]
async fn what_was_captured_in_part_is_closed_at_the_end() {
    let app = TestApp::new();
    let form = "amount=2000&currency=eur&confirm=true&payment_method=pm_card_visa\
                &payment_method_types[]=card&capture_method=manual\
                &payment_method_options[card][request_multicapture]=if_available";
    let intent = app.post("/v1/payment_intents", form).await.ok().text("/id");
    let capture = format!("/v1/payment_intents/{intent}/capture");
    app.post(&capture, "amount_to_capture=500&final_capture=false").await.ok();
    app.sandbox.advance_clock(WEEK).unwrap();
    let shown = app.get(&format!("/v1/payment_intents/{intent}")).await.ok();
    assert_eq!(shown.text("/status"), "succeeded");
    assert_eq!(shown.integer("/amount_received"), 500);
}

#[tokio::test]
async fn the_caller_is_told_when_time_has_work_in_his_own_time() {
    let app = TestApp::new();
    app.subscribe().await;
    assert_eq!(app.sandbox.next_due(), None);
    app.authorized().await;
    app.sandbox.deliver_due().await;
    let due = app.sandbox.next_due().unwrap();
    assert_eq!(due.duration_since(app.sandbox.now()).as_secs(), WEEK);
    app.sandbox.advance_clock(WEEK - 60).unwrap();
    app.clock.advance(SignedDuration::from_secs(60));
    app.receiver.take();
    app.sandbox.deliver_due().await;
    assert_eq!(app.receiver.take_types().len(), 2);
}

#[tokio::test]
async fn several_things_that_fell_due_happen_in_their_order() {
    let app = TestApp::new();
    app.subscribe().await;
    let paid =
        "currency=eur&confirm=true&payment_method_types[]=card&payment_method=pm_card_refundFail";
    let intent =
        app.post("/v1/payment_intents", &format!("amount=2000&{paid}")).await.ok().text("/id");
    app.post("/v1/refunds", &format!("payment_intent={intent}")).await.ok();
    app.authorized().await;
    app.sandbox.deliver_due().await;
    app.receiver.take();
    app.sandbox.advance_clock(2 * WEEK).unwrap();
    app.sandbox.deliver_due().await;
    let received = app.receiver.take();
    let types: Vec<String> = received.iter().map(|one| text(&one.event, "/type")).collect();
    assert_eq!(
        types,
        ["refund.updated", "refund.failed", "charge.expired", "payment_intent.canceled"]
    );
    let audit = app.sandbox.audit();
    assert_eq!((audit[0].amount_refunded, audit[0].refunds), (0, 0));
}

#[tokio::test]
async fn the_clock_does_not_go_back() {
    let app = TestApp::new();
    assert!(app.sandbox.advance_clock(-1).is_err());
}
