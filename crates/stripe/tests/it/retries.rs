//! One call, several tries: always under one key, within limits, and with an outcome that says what
//! is known (contract/stripe.md section 4, rule R15).

use std::time::Duration;

use app::Psp;
use app::ports::{IntentState, IntentView, PspError};
use serde_json::json;
use stripe::{CALL_DEADLINE, TRIES_MAX};

use crate::script::{
    Script, Step, answer, checkout, credentials, euros, intent, key, reference, server_error,
};

async fn capture(script: &Script) -> Result<IntentView, PspError> {
    script.psp().capture(&credentials(), &reference(), euros(18979), true, &key()).await
}

fn kind(result: &Result<IntentView, PspError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(PspError::Refused(_)) => "refused",
        Err(PspError::NotSent(_)) => "not sent",
        Err(PspError::Unknown(_)) => "unknown",
        Err(PspError::KeySpent(_)) => "key spent",
    }
}

#[track_caller]
fn check_same_request_each_time(script: &Script, tries: usize) {
    let sent = script.sent();
    assert_eq!(sent.len(), tries);
    for again in &sent {
        assert_eq!(again.header("idempotency-key"), Some(key().as_str()));
        assert_eq!((&again.target, &again.body), (&sent[0].target, &sent[0].body));
    }
}

fn conflict(code: &str) -> Step {
    let error = json!({ "type": "idempotency_error", "code": code, "message": "Try again" });
    answer(409, json!({ "error": error }))
}

fn too_many() -> Step {
    let error = json!({ "type": "invalid_request_error", "code": "rate_limit", "message": "Slow" });
    answer(429, json!({ "error": error }))
}

#[tokio::test(start_paused = true)]
async fn a_conflict_a_server_error_and_a_lost_answer_are_repeated_under_the_same_key() {
    for first in [
        conflict("idempotency_key_in_use"),
        server_error(&[]),
        Step::Lost,
        Step::NotSent,
        too_many(),
    ] {
        let script = Script::new([first, answer(200, intent("succeeded"))]);
        let view = capture(&script).await.unwrap();
        assert_eq!(view.state, IntentState::Captured { total: euros(18979) });
        check_same_request_each_time(&script, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn between_two_tries_at_least_half_a_second_passes() {
    let script = Script::new([Step::Lost, Step::Lost, answer(200, intent("succeeded"))]);
    assert_eq!(kind(&capture(&script).await), "ok");
    let sent = script.sent();
    assert_eq!(sent[1].after, Duration::from_millis(500));
    let second = sent[2].after - sent[1].after;
    assert!((500..=1000).contains(&second.as_millis()), "{second:?}");
}

#[tokio::test(start_paused = true)]
async fn stripe_is_obeyed_where_it_says_whether_to_retry() {
    let script = Script::new([server_error(&[("stripe-should-retry", "false")])]);
    assert_eq!(kind(&capture(&script).await), "unknown");
    check_same_request_each_time(&script, 1);

    let again: &[(&str, &str)] = &[("Stripe-Should-Retry", "true")];
    let body = json!({ "error": { "type": "invalid_request_error", "message": "Not yet" } });
    let script =
        Script::new([Step::Answer(400, again, body.to_string()), answer(200, intent("succeeded"))]);
    assert_eq!(kind(&capture(&script).await), "ok");
    check_same_request_each_time(&script, 2);
}

#[tokio::test(start_paused = true)]
async fn a_replayed_server_error_spends_the_key() {
    let replayed: &[(&str, &str)] = &[("Idempotent-Replayed", "true"), ("Request-Id", "req_7")];
    let script = Script::new([server_error(&[]), server_error(replayed)]);
    let error = capture(&script).await.unwrap_err();
    assert!(matches!(error, PspError::KeySpent(_)), "{error}");
    assert!(error.to_string().ends_with("HTTP 500: An unknown error occurred (request req_7)"));
    check_same_request_each_time(&script, 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_used_for_another_request_is_spent() {
    let message = "Keys for idempotent requests can only be used with the same parameters";
    let error = json!({ "type": "idempotency_error", "message": message });
    let script = Script::new([answer(400, json!({ "error": error }))]);
    assert_eq!(kind(&capture(&script).await), "key spent");
    check_same_request_each_time(&script, 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_turned_away_each_time_was_not_sent() {
    let script = Script::new([too_many(), too_many(), too_many()]);
    assert_eq!(kind(&capture(&script).await), "not sent");
    let script = Script::new([Step::NotSent, Step::NotSent, Step::NotSent]);
    assert_eq!(kind(&capture(&script).await), "not sent");
    let script =
        Script::new([conflict("lock_timeout"), conflict("lock_timeout"), conflict("lock_timeout")]);
    assert_eq!(kind(&capture(&script).await), "not sent");
}

#[tokio::test(start_paused = true)]
async fn being_turned_away_after_a_lost_answer_proves_nothing() {
    let script = Script::new([Step::Lost, too_many(), too_many()]);
    assert_eq!(kind(&capture(&script).await), "unknown");

    let unauthorized = json!({ "error": { "type": "invalid_request_error", "message": "No key" } });
    let script = Script::new([server_error(&[]), answer(401, unauthorized)]);
    assert_eq!(kind(&capture(&script).await), "unknown");

    let script = Script::new([conflict("idempotency_key_in_use"), Step::NotSent, Step::NotSent]);
    assert_eq!(kind(&capture(&script).await), "unknown");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_under_the_same_key_is_the_answer_to_the_first_try_too() {
    let error = json!({ "type": "card_error", "code": "card_declined", "message": "Declined" });
    let script = Script::new([Step::Lost, answer(402, json!({ "error": error }))]);
    assert_eq!(kind(&capture(&script).await), "refused");
    check_same_request_each_time(&script, 2);
}

#[tokio::test(start_paused = true)]
async fn silence_is_unknown_and_ends_before_the_deadline() {
    let script = Script::new([Step::Silent, Step::Silent, Step::Silent]);
    let started = tokio::time::Instant::now();
    assert_eq!(kind(&capture(&script).await), "unknown");
    assert_eq!(started.elapsed(), CALL_DEADLINE);
    check_same_request_each_time(&script, 3);
}

/// Found by the simulator: a refund was tried again days later, when Stripe had forgotten its key,
/// and was made twice.
#[tokio::test(start_paused = true)]
async fn a_call_that_was_held_up_between_two_tries_is_not_tried_after_its_deadline() {
    let script = Script::new([Step::Lost]);
    let held_up = async {
        tokio::task::yield_now().await;
        tokio::time::advance(Duration::from_hours(25)).await;
    };
    let (result, ()) = tokio::join!(capture(&script), held_up);
    assert_eq!(kind(&result), "unknown");
    check_same_request_each_time(&script, 1);
}

#[tokio::test(start_paused = true)]
async fn no_call_is_tried_more_often_than_the_limit() {
    let tries = usize::try_from(TRIES_MAX).unwrap();
    let script = Script::new((0..tries).map(|_| server_error(&[])));
    assert_eq!(kind(&capture(&script).await), "unknown");
    check_same_request_each_time(&script, tries);
}

#[tokio::test(start_paused = true)]
async fn a_success_that_cannot_be_read_is_unknown_and_not_repeated() {
    for body in ["", "{}", r#"{"id":"pi_1","status":"on_fire","amount":1,"currency":"eur"}"#] {
        let script = Script::new([Step::Answer(200, &[], body.to_owned())]);
        assert_eq!(kind(&capture(&script).await), "unknown", "{body}");
        check_same_request_each_time(&script, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_somebody_in_between_is_unknown() {
    for status in [301, 403, 404] {
        let page = "<html>proxy</html>".to_owned();
        let script = Script::new([Step::Answer(status, &[], page)]);
        assert_eq!(kind(&capture(&script).await), "unknown", "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn questions_are_repeated_without_a_key() {
    let script = Script::new([Step::Lost, answer(200, intent("requires_capture"))]);
    script.psp().retrieve(&credentials(), &reference()).await.unwrap();
    for sent in script.sent() {
        assert_eq!(sent.method, "GET");
        assert_eq!(sent.header("idempotency-key"), None);
    }
}

/// Conformance case 5: the attempt stays journaled, and the next call goes on under its key.
#[tokio::test(start_paused = true)]
async fn c05_stripe_unreachable_at_initialize_is_no_refusal() {
    let script = Script::new([Step::NotSent, Step::NotSent, Step::NotSent]);
    let order = checkout();
    let request = crate::requests::create(&order);
    let error = script.psp().create_payment(&credentials(), &request, &key()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the payment provider did not take the request: connection refused"
    );
    check_same_request_each_time(&script, 3);
}
