//! An account that Stripe does not answer for is not asked again and again.

use std::time::Duration;

use app::Psp;
use app::ports::{IntentView, PspError};
use app::tenant::{Access, Credentials, KeyPair};
use secrecy::SecretString;
use serde_json::json;
use stripe::{BREAKER_FAILURES, BREAKER_PAUSE, StripePsp, TRIES_MAX};

use crate::script::{
    Script, Step, answer, credentials, euros, intent, key, reference, server_error,
};

async fn capture(psp: &StripePsp, who: &Credentials) -> Result<IntentView, PspError> {
    psp.capture(who, &reference(), euros(18979), true, &key()).await
}

fn another() -> Credentials {
    let pair = KeyPair {
        secret: SecretString::from("sk_test_another"),
        publishable: "pk_test_another".to_owned(),
    };
    Credentials { access: Access::Own(pair), ..credentials() }
}

fn times(step: fn() -> Step, count: u32) -> Vec<Step> {
    (0..count).map(|_| step()).collect()
}

fn overloaded() -> Step {
    let error = json!({ "type": "invalid_request_error", "code": "rate_limit", "message": "Slow" });
    answer(429, json!({ "error": error }))
}

fn declined() -> Step {
    let error = json!({ "type": "card_error", "code": "card_declined", "message": "No" });
    answer(402, json!({ "error": error }))
}

/// Stripe takes turns on the object, which says nothing of the account.
fn taken() -> Step {
    let error = json!({ "type": "invalid_request_error", "code": "lock_timeout", "message": "No" });
    answer(429, json!({ "error": error }))
}

#[tokio::test(start_paused = true)]
async fn after_so_many_calls_in_a_row_nothing_is_sent_until_one_goes_first() {
    for gone in [|| Step::NotSent, || Step::Lost, || Step::Silent, || server_error(&[]), overloaded]
    {
        // A silent Stripe takes the whole time of a call, in which it is tried less often.
        let mut steps = times(gone, BREAKER_FAILURES * TRIES_MAX);
        steps.push(answer(200, intent("succeeded")));
        let script = Script::new(steps);
        let psp = script.psp();
        let mut failures = 0;
        while psp.silent_accounts() == 0 {
            capture(&psp, &credentials()).await.unwrap_err();
            failures += 1;
        }
        assert_eq!(failures, BREAKER_FAILURES);

        let before = tokio::time::Instant::now();
        let held = capture(&psp, &credentials()).await.unwrap_err();
        assert!(matches!(held, PspError::NotSent(_)), "it was not sent: {held}");
        assert!(held.to_string().contains("is asked again in 20 seconds"), "{held}");
        assert_eq!(before.elapsed(), Duration::ZERO, "nobody waits");
    }
}

#[tokio::test(start_paused = true)]
async fn the_one_that_goes_first_lets_the_others_through() {
    let mut steps = times(|| Step::NotSent, BREAKER_FAILURES * TRIES_MAX);
    steps.extend([answer(200, intent("succeeded")), answer(200, intent("succeeded"))]);
    let script = Script::new(steps);
    let psp = script.psp();
    for _ in 0..BREAKER_FAILURES {
        capture(&psp, &credentials()).await.unwrap_err();
    }
    tokio::time::advance(BREAKER_PAUSE).await;
    capture(&psp, &credentials()).await.unwrap();
    assert_eq!(psp.silent_accounts(), 0);
    capture(&psp, &credentials()).await.unwrap();
    script.sent();
}

/// It is one request, not the three tries of a call; and that its answer was lost is not forgotten.
#[tokio::test(start_paused = true)]
async fn the_one_that_goes_first_in_vain_is_sent_once_and_stays_in_doubt() {
    let mut steps = times(|| Step::NotSent, BREAKER_FAILURES * TRIES_MAX);
    steps.push(Step::Lost);
    let script = Script::new(steps);
    let psp = script.psp();
    for _ in 0..BREAKER_FAILURES {
        capture(&psp, &credentials()).await.unwrap_err();
    }
    tokio::time::advance(BREAKER_PAUSE).await;
    let first = capture(&psp, &credentials()).await.unwrap_err();
    assert!(matches!(first, PspError::Unknown(_)), "it may have had its effect: {first}");
    let next = capture(&psp, &credentials()).await.unwrap_err();
    assert!(matches!(next, PspError::NotSent(_)), "{next}");
    script.sent();
}

#[tokio::test(start_paused = true)]
async fn another_account_is_not_touched() {
    let mut steps = times(|| Step::NotSent, BREAKER_FAILURES * TRIES_MAX);
    steps.push(answer(200, intent("succeeded")));
    let script = Script::new(steps);
    let psp = script.psp();
    for _ in 0..BREAKER_FAILURES {
        capture(&psp, &credentials()).await.unwrap_err();
    }
    capture(&psp, &another()).await.unwrap();
    let held = capture(&psp, &credentials()).await.unwrap_err();
    assert!(matches!(held, PspError::NotSent(_)), "its answer is not this account's: {held}");
}

/// Stripe's no is an answer, and so is a server error that it only repeats under the key.
#[tokio::test(start_paused = true)]
async fn whatever_stripe_answers_itself_holds_nothing_back() {
    for (no, tries) in [
        (declined as fn() -> Step, 1),
        (taken, TRIES_MAX),
        (|| server_error(&[("idempotent-replayed", "true")]), 1),
    ] {
        let script = Script::new(times(no, 2 * BREAKER_FAILURES * tries));
        let psp = script.psp();
        for _ in 0..2 * BREAKER_FAILURES {
            capture(&psp, &credentials()).await.unwrap_err();
        }
        assert_eq!(psp.silent_accounts(), 0);
        script.sent();
    }
}

#[tokio::test(start_paused = true)]
async fn failures_that_are_not_in_a_row_hold_nothing_back() {
    let mut steps = Vec::new();
    for _ in 0..BREAKER_FAILURES {
        steps.extend(times(|| Step::Lost, TRIES_MAX));
        steps.push(answer(200, intent("succeeded")));
    }
    let script = Script::new(steps);
    let psp = script.psp();
    for _ in 0..BREAKER_FAILURES {
        capture(&psp, &credentials()).await.unwrap_err();
        capture(&psp, &credentials()).await.unwrap();
    }
    script.sent();
}
