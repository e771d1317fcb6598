//! Our verdict on webhook signatures against that of Stripe's official SDK, which also made the
//! headers: `tests/data/make_signatures.py` writes them.

use app::Psp;
use app::ports::WebhookRejected;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::Value;

use crate::script::Script;

fn document() -> Value {
    serde_json::from_str(include_str!("../data/signatures.json")).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn now(document: &Value) -> Timestamp {
    Timestamp::from_second(document["now"].as_i64().unwrap()).unwrap()
}

fn verify(
    header: Option<&str>,
    body: &str,
    secrets: &[&str],
    now: Timestamp,
) -> Result<usize, WebhookRejected> {
    let secrets: Vec<_> = secrets.iter().map(|secret| SecretString::from(*secret)).collect();
    let secrets: Vec<_> = secrets.iter().collect();
    Script::default().psp().verify_webhook(header, body.as_bytes(), &secrets, now)
}

/// The header of a case by its name.
fn header(document: &Value, name: &str) -> (String, String) {
    let cases = document["cases"].as_array().unwrap();
    let case = cases.iter().find(|case| case["case"] == name).unwrap();
    (text(&case["header"]).to_owned(), text(&case["body"]).to_owned())
}

#[test]
fn we_accept_what_stripes_own_sdk_accepts_and_reject_the_rest() {
    let document = document();
    let cases = document["cases"].as_array().unwrap();
    let secret = text(&document["secret"]);
    for case in cases {
        let ours =
            verify(Some(text(&case["header"])), text(&case["body"]), &[secret], now(&document));
        let theirs = case["accepted"].as_bool().unwrap();
        assert_eq!(ours.is_ok(), theirs, "{}: {ours:?}", case["case"]);
    }
    let accepted = cases.iter().filter(|case| case["accepted"] == true).count();
    assert!(accepted > 5 && cases.len() - accepted > 10, "the cases say both yes and no");
}

#[test]
fn any_secret_of_an_endpoint_that_was_rolled_will_do_and_is_named() {
    let document = document();
    let (old, new) = (text(&document["secret"]), text(&document["rolled"]["secret"]));
    let (header, body) = (text(&document["rolled"]["header"]), text(&document["rolled"]["body"]));
    let check = |secrets: &[&str]| verify(Some(header), body, secrets, now(&document));
    assert_eq!(check(&[old, new]), Ok(1));
    assert_eq!(check(&[new, old]), Ok(0));
    assert_eq!(check(&[old]), Err(WebhookRejected::WrongSignature));
    assert_eq!(check(&[]), Err(WebhookRejected::WrongSignature));
    assert_eq!(document["rolled"]["accepted"], true);
    assert_eq!(document["rolled"]["accepted_with_the_other"], false);
}

#[test]
fn c48_each_rejection_says_why() {
    let document = document();
    let secret = text(&document["secret"]);
    let verdict = |name: &str| {
        let (header, body) = header(&document, name);
        verify(Some(&header), &body, &[secret], now(&document))
    };
    assert_eq!(verify(None, "{}", &[secret], now(&document)), Err(WebhookRejected::Unsigned));
    assert_eq!(verdict("empty header"), Err(WebhookRejected::Unsigned));
    assert_eq!(verdict("v0 only"), Err(WebhookRejected::MalformedSignature));
    assert_eq!(verdict("no time"), Err(WebhookRejected::MalformedSignature));
    assert_eq!(verdict("tampered body"), Err(WebhookRejected::WrongSignature));
    assert_eq!(verdict("400 seconds old"), Err(WebhookRejected::Stale));
}

/// The headers are right for the blank secret: who leaves one in the configuration invites anybody.
#[test]
fn a_blank_secret_opens_nothing() {
    let document = document();
    let body = text(&document["cases"][0]["body"]);
    for case in document["blank"].as_array().unwrap() {
        let (secret, header) = (text(&case["secret"]), text(&case["header"]));
        let verdict = verify(Some(header), body, &[secret], now(&document));
        assert_eq!(verdict, Err(WebhookRejected::WrongSignature));
        assert_eq!(case["accepted"], false);
    }
}

#[test]
fn times_beyond_every_calendar_do_no_harm() {
    let document = document();
    let secret = text(&document["secret"]);
    for time in ["-9223372036854775808", "9223372036854775807", "99999999999999999999", "-1", ""] {
        let header = format!("t={time},v1={}", "0".repeat(64));
        assert!(verify(Some(&header), "{}", &[secret], now(&document)).is_err(), "{time}");
    }
}

#[test]
fn a_body_is_believed_for_five_minutes() {
    let document = document();
    let secret = text(&document["secret"]);
    let (header, body) = header(&document, "as Stripe sends it");
    let after =
        |delay: SignedDuration| verify(Some(&header), &body, &[secret], now(&document) + delay);
    assert_eq!(after(SignedDuration::from_secs(300)), Ok(0));
    assert_eq!(after(SignedDuration::from_millis(300_001)), Err(WebhookRejected::Stale));
    assert_eq!(after(SignedDuration::from_hours(-24)), Ok(0));
}
