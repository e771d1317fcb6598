//! What is asked to find what we were never told, and what is understood of the answers.

use app::ports::{AuditPsp, EventQuery, PspError};
use jiff::Timestamp;
use payment::*;
use serde_json::{Value, json};

use crate::script::{Script, answer, credentials, euros, reference};

fn event(id: &str, created: i64) -> Value {
    json!({"id": id, "object": "event", "created": created, "type": "charge.succeeded",
        "livemode": false, "data": {"object": {"id": "ch_1", "object": "charge"}}})
}

fn second(at: i64) -> Timestamp {
    Timestamp::from_second(at).unwrap()
}

fn query() -> EventQuery<'static> {
    EventQuery { merchant: None, from: second(100), until: None, after: None }
}

#[tokio::test]
async fn the_events_are_those_that_an_endpoint_is_sent() {
    let page = json!({"data": [event("evt_2", 140), event("evt_1", 120)], "has_more": true});
    let last = json!({"data": [], "has_more": false});
    let script = Script::new([answer(200, page), answer(200, last)]);
    let asked = EventQuery { until: Some(second(160)), ..query() };
    let found = script.psp().list_events(&credentials(), &asked).await.unwrap();
    let times: Vec<Timestamp> = found.events.iter().map(|event| event.at).collect();
    assert_eq!(times, [second(140), second(120)]);
    assert_eq!(found.next.as_deref(), Some("evt_1"));
    let read: Value = serde_json::from_slice(&found.events[0].body).unwrap();
    assert_eq!(read, event("evt_2", 140), "what a webhook carries");
    let after = EventQuery { after: Some("evt_1"), ..asked };
    let found = script.psp().list_events(&credentials(), &after).await.unwrap();
    assert_eq!(found, app::ports::EventPage::default());

    let sent = script.sent();
    assert!(
        sent[0].target.starts_with("/v1/events?") && sent[0].header("stripe-account").is_none()
    );
    insta::assert_snapshot!("list_events", sent[1].parameters());
    let kinds = sent[0].parameters().lines().filter(|line| line.starts_with("types[]")).count();
    assert_eq!(kinds, stripe::ENABLED_EVENTS.len());
}

#[tokio::test]
async fn a_merchants_events_are_listed_in_its_account_and_say_so() {
    let page = json!({"data": [event("evt_1", 120)], "has_more": false});
    let script = Script::new([answer(200, page)]);
    let merchant = PspAccountId::new("acct_merchant");
    let asked = EventQuery { merchant: Some(&merchant), ..query() };
    let found = script.psp().list_events(&credentials(), &asked).await.unwrap();
    let read: Value = serde_json::from_slice(&found.events[0].body).unwrap();
    assert_eq!(read["account"], "acct_merchant");
    let sent = script.sent().remove(0);
    assert_eq!(sent.header("stripe-account"), Some("acct_merchant"));
    assert!(sent.parameters().contains("types[] = account.updated\n"), "{}", sent.parameters());
}

#[tokio::test]
async fn a_list_that_does_not_say_when_is_not_believed() {
    let script = Script::new([answer(200, json!({"data": [{"id": "evt_1"}], "has_more": false}))]);
    let found = script.psp().list_events(&credentials(), &query()).await;
    assert!(matches!(found, Err(PspError::Unknown(_))), "{found:?}");
}

#[tokio::test]
async fn all_pages_of_refunds_are_read() {
    let refund = |id: &str, status: &str| json!({"id": id, "amount": 500, "currency": "eur", "status": status});
    let script = Script::new([
        answer(200, json!({"data": [refund("re_2", "pending")], "has_more": true})),
        answer(200, json!({"data": [refund("re_1", "succeeded")], "has_more": false})),
    ]);
    let found = script.psp().list_refunds(&credentials(), &reference()).await.unwrap();
    let states: Vec<_> = found.iter().map(|of| (of.reference.as_str(), of.state)).collect();
    assert_eq!(states, [("re_2", RefundState::Pending), ("re_1", RefundState::Succeeded)]);
    let sent = script.sent();
    assert!(sent[1].parameters().contains("starting_after = re_2\n"));
}

#[tokio::test]
async fn a_transfer_says_how_much_was_taken_back() {
    let transfer =
        json!({"id": "tr_1", "amount": 4000, "amount_reversed": 1500, "currency": "eur"});
    let script = Script::new([answer(200, transfer)]);
    let id = PspTransferId::new("tr_1");
    let found = script.psp().retrieve_transfer(&credentials(), &id).await.unwrap();
    assert_eq!((found.amount, found.reversed), (euros(4_000), euros(1_500)));
    assert_eq!(script.sent().remove(0).target, "/v1/transfers/tr_1");
}
