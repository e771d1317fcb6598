//! Asking what is there after an outcome that nobody knows: only a list that was read to its end
//! proves absence (rule R15).

use app::Psp;
use app::ports::PspError;
use jiff::Timestamp;
use payment::{AttemptId, RefundId, RefundState};
use serde_json::{Value, json};
use stripe::PAGES_MAX;

use crate::script::{Script, Step, answer, credentials, intent, reference};

const ATTEMPT: &str = "0198c0de-0000-7000-8000-00000000000a";
const REFUND: &str = "0198c0de-0000-7000-8000-00000000000c";

fn page(data: Vec<Value>, has_more: bool) -> Step {
    answer(200, json!({ "object": "list", "data": data, "has_more": has_more }))
}

fn foreign(id: &str) -> Value {
    let mut other = intent("succeeded");
    other["id"] = json!(id);
    other["metadata"] = json!({ "attemptId": "somebody else's" });
    other
}

fn since() -> Timestamp {
    Timestamp::from_second(1_793_000_000).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_found_on_a_later_page_and_asked_for_in_full() {
    let script = Script::new([
        page(vec![foreign("pi_8"), foreign("pi_9")], true),
        page(vec![intent("requires_capture")], true),
        answer(200, intent("requires_capture")),
    ]);
    let attempt = AttemptId::parse(ATTEMPT).unwrap();
    let found = script.psp().find_payment(&credentials(), attempt, since()).await.unwrap();
    assert_eq!(found.unwrap().reference, reference());
    let targets: Vec<_> = script.sent().into_iter().map(|sent| sent.target).collect();
    assert_eq!(
        targets,
        [
            // Ten minutes earlier than asked: clocks differ.
            "/v1/payment_intents?created%5Bgte%5D=1792999400&limit=100",
            "/v1/payment_intents?created%5Bgte%5D=1792999400&limit=100&starting_after=pi_9",
            "/v1/payment_intents/pi_1?expand%5B%5D=latest_charge",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_no_page_has_is_absent() {
    let script = Script::new([page(vec![foreign("pi_8")], true), page(vec![], false)]);
    let attempt = AttemptId::parse(ATTEMPT).unwrap();
    let found = script.psp().find_payment(&credentials(), attempt, since()).await.unwrap();
    assert_eq!(found, None);
    script.sent();
}

#[tokio::test(start_paused = true)]
async fn a_list_without_end_or_with_a_gap_proves_nothing() {
    let attempt = AttemptId::parse(ATTEMPT).unwrap();
    let endless = (0..PAGES_MAX).map(|number| page(vec![foreign(&format!("pi_x{number}"))], true));
    let script = Script::new(endless);
    let error = script.psp().find_payment(&credentials(), attempt, since()).await.unwrap_err();
    assert!(matches!(error, PspError::Unknown(_)), "{error}");
    script.sent();

    let broken = [page(vec![foreign("pi_8")], true), Step::Lost, Step::Lost, Step::Lost];
    let hollow = [page(vec![], true)];
    for script in [Script::new(broken), Script::new(hollow)] {
        let error = script.psp().find_payment(&credentials(), attempt, since()).await.unwrap_err();
        assert!(matches!(error, PspError::Unknown(_)), "{error}");
        script.sent();
    }
}

#[tokio::test(start_paused = true)]
async fn a_refund_is_found_by_our_id_among_those_of_its_attempt() {
    let refund = |id: &str, metadata: Value| {
        json!({
            "id": id, "amount": 100, "currency": "eur", "status": "pending", "metadata": metadata,
        })
    };
    let wanted = RefundId::parse(REFUND).unwrap();
    let by_hand = refund("re_8", Value::Null);
    let ours = refund("re_9", json!({ "refundId": REFUND }));

    let script = Script::new([page(vec![by_hand.clone(), ours], false)]);
    let found =
        script.psp().find_refund(&credentials(), &reference(), wanted).await.unwrap().unwrap();
    assert_eq!((found.fact.reference.as_str(), found.fact.state), ("re_9", RefundState::Pending));
    assert_eq!(script.sent()[0].target, "/v1/refunds?payment_intent=pi_1&limit=100");

    let script = Script::new([page(vec![by_hand], false)]);
    let found = script.psp().find_refund(&credentials(), &reference(), wanted).await.unwrap();
    assert_eq!(found, None);
    script.sent();
}
