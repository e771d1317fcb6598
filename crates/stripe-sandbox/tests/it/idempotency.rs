use http::StatusCode;
use jiff::SignedDuration;
use stripe_sandbox::{Fault, FaultKind};

use crate::support::TestApp;

const INTENTS: &str = "/v1/payment_intents";
const FORM: &str = "amount=2000&currency=eur";

#[tokio::test]
async fn a_repetition_is_the_same_answer_and_no_second_effect() {
    let app = TestApp::new();
    let first = app.post_keyed("k", INTENTS, FORM).await.unwrap().ok();
    let again = app.post_keyed("k", INTENTS, FORM).await.unwrap().ok();
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(first.header("idempotent-replayed"), None);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.header("original-request"), first.header("request-id"));
    assert_eq!(app.sandbox.audit().len(), 1);
}

#[tokio::test]
async fn the_order_of_parameters_does_not_matter_but_their_values_do() {
    let app = TestApp::new();
    app.post_keyed("k", INTENTS, FORM).await.unwrap().ok();
    app.post_keyed("k", INTENTS, "currency=eur&amount=2000").await.unwrap().ok();
    let other = app.post_keyed("k", INTENTS, "amount=2001&currency=eur").await.unwrap();
    assert_eq!(other.status, StatusCode::BAD_REQUEST);
    assert_eq!(other.text("/error/type"), "idempotency_error");
}

#[tokio::test]
async fn a_key_belongs_to_one_endpoint() {
    let app = TestApp::new();
    app.post_keyed("k", INTENTS, "").await.unwrap();
    app.post_keyed("k", INTENTS, FORM).await.unwrap().ok();
    let other = app.post_keyed("k", "/v1/customers", FORM).await.unwrap();
    assert_eq!(other.text("/error/type"), "idempotency_error");
}

#[tokio::test]
async fn a_refusal_that_depends_on_the_state_is_kept() {
    let app = TestApp::new();
    let intent = app.authorized().await;
    let capture = format!("/v1/payment_intents/{intent}/capture");
    app.post(&capture, "").await.ok();
    let first = app.post_keyed("k", &capture, "").await.unwrap();
    assert_eq!(first.text("/error/code"), "payment_intent_unexpected_state");
    assert_eq!(first.text("/error/payment_intent/id"), intent);
    let again = app.post_keyed("k", &capture, "").await.unwrap();
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn a_rate_limit_is_not_kept() {
    let app = TestApp::new();
    let fault = Fault { status: Some(429), ..Fault::new(FaultKind::Status) };
    app.sandbox.inject(fault).unwrap();
    let limited = app.post_keyed("k", INTENTS, FORM).await.unwrap();
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(limited.text("/error/code"), "rate_limit");
    app.post_keyed("k", INTENTS, FORM).await.unwrap().ok();
}

#[tokio::test]
async fn a_server_error_after_the_effect_hides_it_for_good() {
    let app = TestApp::new();
    let fault = Fault { after_effect: true, ..Fault::new(FaultKind::Status) };
    app.sandbox.inject(fault).unwrap();
    for replayed in [None, Some("true")] {
        let reply = app.post_keyed("k", INTENTS, FORM).await.unwrap();
        assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(reply.header("idempotent-replayed"), replayed);
    }
    assert_eq!(app.sandbox.audit().len(), 1);
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let app = TestApp::new();
    app.post_keyed("k", INTENTS, FORM).await.unwrap().ok();
    app.clock.advance(SignedDuration::from_hours(24));
    let fresh = app.post_keyed("k", INTENTS, FORM).await.unwrap().ok();
    assert_eq!(fresh.header("idempotent-replayed"), None);
    assert_eq!(app.sandbox.audit().len(), 2);
}

#[tokio::test]
async fn reading_and_deleting_take_no_key() {
    let app = TestApp::new();
    let (endpoint, _) = app.subscribe().await;
    for expected in [StatusCode::OK, StatusCode::NOT_FOUND] {
        let path = format!("/v1/webhook_endpoints/{endpoint}");
        let mut request = crate::support::request(http::Method::DELETE, &path, "");
        request.headers_mut().insert("idempotency-key", "k".parse().unwrap());
        assert_eq!(app.send(request).await.unwrap().status, expected);
    }
}

#[tokio::test]
async fn a_key_is_in_use_until_the_late_answer_leaves() {
    let app = TestApp::new();
    let fault = Fault { delay_ms: 50, ..Fault::new(FaultKind::Delay) };
    app.sandbox.inject(fault).unwrap();
    // Joined futures run in turn: the second call starts once the first one waits for its answer.
    let (slow, meanwhile) =
        tokio::join!(app.post_keyed("k", INTENTS, FORM), app.post_keyed("k", INTENTS, FORM));
    let meanwhile = meanwhile.unwrap();
    assert_eq!(meanwhile.status, StatusCode::CONFLICT);
    assert_eq!(meanwhile.text("/error/code"), "idempotency_key_in_use");
    let slow = slow.unwrap().ok();
    assert_eq!(app.post_keyed("k", INTENTS, FORM).await.unwrap().bytes, slow.bytes);
}

#[tokio::test]
async fn a_caller_who_hangs_up_finds_the_effect_under_his_key() {
    let app = TestApp::new();
    let fault = Fault { delay_ms: 60_000, ..Fault::new(FaultKind::Delay) };
    app.sandbox.inject(fault).unwrap();
    let patience = std::time::Duration::from_millis(20);
    let impatient = tokio::time::timeout(patience, app.post_keyed("k", INTENTS, FORM)).await;
    assert!(impatient.is_err());
    let again = app.post_keyed("k", INTENTS, FORM).await.unwrap().ok();
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(app.sandbox.audit().len(), 1);
}
