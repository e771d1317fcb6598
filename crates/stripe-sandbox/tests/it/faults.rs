use http::StatusCode;
use stripe_sandbox::{Fault, FaultKind};

use crate::support::TestApp;

const CAPTURE: &str = "/v1/payment_intents/*/capture";

#[tokio::test]
async fn a_lost_answer_took_effect_once() {
    let app = TestApp::new();
    let intent = app.authorized().await;
    let capture = format!("/v1/payment_intents/{intent}/capture");
    app.sandbox.inject(Fault::new(FaultKind::LoseAnswer).on("POST", CAPTURE)).unwrap();
    assert!(app.post_keyed("k", &capture, "").await.is_none());
    assert_eq!(app.status_of(&intent).await, "succeeded");
    let again = app.post_keyed("k", &capture, "").await.unwrap().ok();
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let audit = &app.sandbox.audit()[0];
    assert_eq!((audit.amount_captured, audit.captures), (2000, 1));
}

#[tokio::test]
async fn a_lost_request_took_no_effect_and_its_key_is_fresh() {
    let app = TestApp::new();
    let intent = app.authorized().await;
    let capture = format!("/v1/payment_intents/{intent}/capture");
    app.sandbox.inject(Fault::new(FaultKind::LoseRequest).on("POST", CAPTURE)).unwrap();
    assert!(app.post_keyed("k", &capture, "").await.is_none());
    assert_eq!(app.status_of(&intent).await, "requires_capture");
    let again = app.post_keyed("k", &capture, "").await.unwrap().ok();
    assert_eq!(again.header("idempotent-replayed"), None);
    let lost: Vec<_> =
        app.sandbox.calls().into_iter().filter(|call| call.status.is_none()).collect();
    assert_eq!(lost.len(), 1);
    assert_eq!(lost[0].fault, Some(FaultKind::LoseRequest));
}

#[tokio::test]
async fn even_a_repetition_can_be_lost() {
    let app = TestApp::new();
    let fault = Fault { times: 2, ..Fault::new(FaultKind::LoseAnswer) };
    app.sandbox.inject(fault).unwrap();
    let form = "amount=2000&currency=eur";
    assert!(app.post_keyed("k", "/v1/payment_intents", form).await.is_none());
    assert!(app.post_keyed("k", "/v1/payment_intents", form).await.is_none());
    app.post_keyed("k", "/v1/payment_intents", form).await.unwrap().ok();
    assert_eq!(app.sandbox.audit().len(), 1);
}

#[tokio::test]
async fn chances_follow_the_seed() {
    let run = |seed| async move {
        let app = TestApp::with_seed(seed);
        let fault = Fault { percent: 50, times: 1_000, ..Fault::new(FaultKind::Status) };
        app.sandbox.inject(fault).unwrap();
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(app.get("/v1/balance").await.status);
        }
        statuses
    };
    let statuses = run(1).await;
    assert_eq!(statuses, run(1).await);
    assert_ne!(statuses, run(2).await);
    assert!(statuses.contains(&StatusCode::OK));
    assert!(statuses.contains(&StatusCode::INTERNAL_SERVER_ERROR));
}

#[tokio::test]
async fn a_status_can_say_whether_to_try_again() {
    let app = TestApp::new();
    let fault =
        Fault { status: Some(503), should_retry: Some(true), ..Fault::new(FaultKind::Status) };
    app.sandbox.inject(fault).unwrap();
    let reply = app.get("/v1/balance").await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.header("stripe-should-retry"), Some("true"));
    assert!(reply.header("request-id").is_some());
}
