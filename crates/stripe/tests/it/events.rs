//! What webhooks say, in the domain's words: each body under `tests/data/events` has a snapshot.

use std::path::PathBuf;

use app::Psp;
use app::ports::{PspEvent, PspFact, WebhookRejected};
use insta::assert_debug_snapshot;
use payment::{Mode, RefundState};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::script::Script;

fn bodies() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/events");
    let mut bodies: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    bodies.sort();
    bodies
}

fn body(name: &str) -> Value {
    let (_, body) = bodies().into_iter().find(|(known, _)| known == name).unwrap();
    serde_json::from_slice(&body).unwrap()
}

fn read(body: &[u8]) -> Result<PspEvent, WebhookRejected> {
    Script::default().psp().read_event(body)
}

fn read_value(body: &Value) -> Result<PspEvent, WebhookRejected> {
    read(body.to_string().as_bytes())
}

#[test]
fn every_event_is_translated_as_its_snapshot_says() {
    for (name, body) in bodies() {
        assert_debug_snapshot!(name, read(&body).unwrap());
    }
}

#[test]
fn c50_what_is_no_event_is_malformed() {
    let bodies: [&[u8]; 6] =
        [b"", b"null", b"{}", b"[]", b"\xff\xfe", br#"{"id":"evt_1","type":"x","livemode":true}"#];
    for body in bodies {
        assert!(matches!(read(body), Err(WebhookRejected::Malformed(_))), "{body:?}");
    }
}

#[test]
fn c61_the_mode_of_an_event_is_that_of_its_money() {
    let mut event = body("intent_succeeded");
    assert_eq!(read_value(&event).unwrap().mode, Mode::Test);
    event["livemode"] = json!(true);
    assert_eq!(read_value(&event).unwrap().mode, Mode::Live);
}

#[test]
fn c51_only_our_own_metadata_makes_an_event_ours() {
    let mut event = body("intent_succeeded");
    assert!(read_value(&event).unwrap().subject.payment.is_some());
    for garbage in [json!({ "paymentId": "no uuid" }), json!({ "paymentId": 7 }), json!("x")] {
        event["data"]["object"]["metadata"] = garbage;
        let subject = read_value(&event).map(|event| event.subject.payment);
        assert!(!matches!(subject, Ok(Some(_))), "{subject:?}");
    }
}

/// An event that names us and cannot be read must come again: money may depend on it. One of
/// somebody else must not, or Stripe would disable the endpoint over it.
#[test]
fn an_unreadable_event_is_refused_if_it_is_ours_and_ignored_if_not() {
    let mut event = body("foreign_in_an_unknown_state");
    assert_eq!(read_value(&event).unwrap().fact, None);
    event["data"]["object"]["metadata"] =
        body("intent_succeeded")["data"]["object"]["metadata"].clone();
    let rejected = read_value(&event).unwrap_err();
    assert!(rejected.to_string().contains(r#"the status "teleported""#), "{rejected}");
}

#[test]
fn a_void_is_no_refund() {
    let fact = |name: &str| read_value(&body(name)).unwrap().fact;
    assert_eq!(fact("charge_refunded_by_a_void"), None);
    let mut void = body("charge_refunded_of_an_old_version");
    assert!(matches!(read_value(&void).unwrap().fact, Some(PspFact::Refund(_))));
    void["data"]["object"]["captured"] = json!(false);
    assert_eq!(read_value(&void).unwrap().fact, None);
}

#[test]
fn every_status_of_a_refund_is_known() {
    let mut event = body("refund_updated");
    for (status, state) in [
        (json!("pending"), RefundState::Pending),
        (json!("requires_action"), RefundState::Pending),
        (Value::Null, RefundState::Pending),
        (json!("succeeded"), RefundState::Succeeded),
        (json!("failed"), RefundState::Failed),
        (json!("canceled"), RefundState::Canceled),
    ] {
        event["data"]["object"]["status"] = status;
        let fact = read_value(&event).unwrap().fact;
        assert!(matches!(fact, Some(PspFact::Refund(refund)) if refund.state == state));
    }
}

#[test]
fn what_is_stored_says_the_same_without_any_client_secret() {
    let psp = Script::default().psp();
    for (name, body) in bodies() {
        let stored = psp.storable_event(&body).unwrap();
        assert!(!String::from_utf8_lossy(&stored).contains("secret"), "{name}");
        assert_eq!(read(&stored).unwrap(), read(&body).unwrap(), "{name}");
    }
}

proptest! {
    #[test]
    fn no_body_makes_the_reader_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&body);
    }

    #[test]
    fn no_amount_makes_the_reader_panic(amount: i64, received: i64, remaining: i64) {
        for name in ["intent_succeeded", "intent_partially_funded", "intent_authorized"] {
            let mut event = body(name);
            let object = &mut event["data"]["object"];
            object["amount"] = json!(amount);
            object["amount_received"] = json!(received);
            object["amount_capturable"] = json!(remaining);
            object["next_action"]["display_bank_transfer_instructions"]["amount_remaining"] =
                json!(remaining);
            if let Ok(event) = read_value(&event) {
                prop_assert!(event.fact.is_some());
            }
        }
    }
}
