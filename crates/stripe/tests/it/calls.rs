//! What comes back from the calls, in the domain's words.

use app::Psp;
use app::ports::{IntentState, PspError, Refusal, RegisteredEndpoint};
use payment::{Mode, PspReference, RefundId, RefundState};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::script::{Script, answer, checkout, credentials, euros, intent, key, reference};

fn refusal(error: PspError) -> Refusal {
    match error {
        PspError::Refused(refusal) => *refusal,
        other => panic!("no refusal: {other}"),
    }
}

fn unexpected_state(code: &str, intent: Value) -> Value {
    json!({ "error": {
        "type": "invalid_request_error",
        "code": code,
        "message": "This PaymentIntent's status does not allow it.",
        "payment_intent": intent,
    } })
}

#[tokio::test]
async fn the_keys_are_checked_by_using_them_and_the_account_is_told() {
    let script = Script::new([
        answer(200, json!({ "id": "acct_9", "object": "account" })),
        answer(200, json!({ "object": "balance", "livemode": false })),
    ]);
    let secret_key = SecretString::from("sk_test_shop");
    let account = script.psp().check_keys(&secret_key, Mode::Test).await.unwrap();
    assert_eq!((account.id.as_str(), account.mode), ("acct_9", Mode::Test));
    let targets: Vec<_> = script.sent().into_iter().map(|sent| sent.target).collect();
    assert_eq!(targets, ["/v1/account", "/v1/balance"]);
}

#[tokio::test]
async fn c69_keys_of_the_other_mode_and_keys_that_do_not_work_are_refused() {
    let script = Script::new([
        answer(200, json!({ "id": "acct_9" })),
        answer(200, json!({ "livemode": true })),
    ]);
    let secret_key = SecretString::from("sk_live_shop");
    let refused = refusal(script.psp().check_keys(&secret_key, Mode::Test).await.unwrap_err());
    assert!(refused.unauthorized);
    assert_eq!(refused.message, "the secret key is for live mode, not for test");

    let error = json!({ "type": "invalid_request_error", "message": "Invalid API Key provided" });
    let script = Script::new([answer(401, json!({ "error": error }))]);
    let refused = refusal(script.psp().check_keys(&secret_key, Mode::Live).await.unwrap_err());
    assert!(refused.unauthorized);
    assert_eq!((refused.status, refused.message.as_str()), (401, "Invalid API Key provided"));

    let script = Script::default();
    let pasted = SecretString::from("sk_test_shop\n");
    let refused = refusal(script.psp().check_keys(&pasted, Mode::Test).await.unwrap_err());
    assert!(refused.unauthorized, "a key that cannot be sent");
    assert!(script.sent().is_empty());
}

#[tokio::test]
async fn c06_a_refusal_keeps_stripes_words() {
    let error = json!({
        "type": "invalid_request_error",
        "code": "amount_too_small",
        "message": "Amount must be at least €0.50 eur",
        "param": "amount",
    });
    let script = Script::new([answer(400, json!({ "error": error }))]);
    let order = checkout();
    let request = crate::requests::create(&order);
    let refused =
        refusal(script.psp().create_payment(&credentials(), &request, &key()).await.unwrap_err());
    assert_eq!(
        refused,
        Refusal {
            code: Some("amount_too_small".to_owned()),
            message: "Amount must be at least €0.50 eur".to_owned(),
            status: 400,
            ..Refusal::default()
        }
    );
    script.sent();
}

#[tokio::test]
async fn c07_a_refusal_without_code_and_message_is_one_too() {
    let script = Script::new([answer(400, json!({ "error": {} }))]);
    let error = script.psp().retrieve(&credentials(), &reference()).await.unwrap_err();
    assert_eq!(refusal(error).message, "HTTP 400");
}

#[tokio::test]
async fn an_answer_tells_how_the_shopper_paid_and_what_can_be_captured() {
    let mut held = intent("requires_capture");
    held["latest_charge"] = json!({
        "id": "ch_1",
        "object": "charge",
        "captured": false,
        "payment_method_details": {
            "type": "card",
            "card": { "brand": "visa", "last4": "4242", "multicapture": { "status": "available" } },
        },
    });
    let script = Script::new([answer(200, held)]);
    let view = script.psp().retrieve(&credentials(), &reference()).await.unwrap();
    assert_eq!(view.method.as_deref(), Some("card visa 4242"));
    assert_eq!(view.multicapture, Some(true));
    assert_eq!(
        view.state,
        IntentState::Authorized { capturable: euros(18979), captured: euros(0) }
    );
    assert_eq!(script.sent()[0].target, "/v1/payment_intents/pi_1?expand%5B%5D=latest_charge");
}

/// The next card may be another one, and may be captured in several steps.
#[tokio::test]
async fn a_declined_card_says_nothing_about_how_the_shopper_will_pay() {
    let mut declined = intent("requires_payment_method");
    declined["latest_charge"] = json!({
        "id": "ch_1",
        "status": "failed",
        "captured": false,
        "payment_method_details": { "type": "card", "card": { "brand": "visa", "last4": "0002" } },
    });
    let script = Script::new([answer(200, declined)]);
    let view = script.psp().retrieve(&credentials(), &reference()).await.unwrap();
    assert_eq!(
        (view.state, view.method, view.multicapture),
        (IntentState::AwaitingPayment, None, None)
    );
    script.sent();
}

#[tokio::test]
async fn c34_a_capture_of_what_is_canceled_is_refused_with_how_it_stands() {
    let body = unexpected_state("payment_intent_unexpected_state", intent("canceled"));
    let script = Script::new([answer(400, body)]);
    let error = script
        .psp()
        .capture(&credentials(), &reference(), euros(100), true, &key())
        .await
        .unwrap_err();
    let refused = refusal(error);
    assert!(refused.unexpected_state && !refused.processing && !refused.unauthorized);
    let canceled = IntentState::Canceled {
        reason: Some("canceled on request".to_owned()),
        captured: euros(0),
    };
    assert_eq!(refused.view.unwrap().state, canceled);
}

#[tokio::test]
async fn canceling_what_is_canceled_is_a_success() {
    let body = unexpected_state("payment_intent_unexpected_state", intent("canceled"));
    let script = Script::new([answer(400, body)]);
    let view = script.psp().cancel(&credentials(), &reference(), &key()).await.unwrap();
    assert!(matches!(view.state, IntentState::Canceled { .. }));
    assert_eq!(
        script.sent()[0].parameters(),
        "cancellation_reason = requested_by_customer\nexpand[] = latest_charge\n"
    );
}

#[tokio::test]
async fn a_cancel_that_comes_while_the_money_is_on_its_way_says_so() {
    let body = unexpected_state("payment_intent_unexpected_state", intent("processing"));
    let script = Script::new([answer(400, body)]);
    let error = script.psp().cancel(&credentials(), &reference(), &key()).await.unwrap_err();
    assert!(refusal(error).processing);
}

#[tokio::test]
async fn c38_a_cancel_of_what_is_captured_is_refused_with_how_it_stands() {
    let body = unexpected_state("payment_intent_unexpected_state", intent("succeeded"));
    let script = Script::new([answer(400, body)]);
    let error = script.psp().cancel(&credentials(), &reference(), &key()).await.unwrap_err();
    let refused = refusal(error);
    assert!(refused.unexpected_state && !refused.processing);
    assert_eq!(refused.view.unwrap().state, IntentState::Captured { total: euros(18979) });
}

#[tokio::test]
async fn a_refund_comes_back_with_our_id_and_how_far_it_is() {
    let id = RefundId::parse("0198c0de-0000-7000-8000-00000000000c").unwrap();
    for (status, state) in [
        ("pending", RefundState::Pending),
        ("requires_action", RefundState::Pending),
        ("succeeded", RefundState::Succeeded),
        ("failed", RefundState::Failed),
        ("canceled", RefundState::Canceled),
    ] {
        let refund = json!({
            "id": "re_1", "amount": 8489, "currency": "eur", "status": status,
            "metadata": { "refundId": id.to_string() },
        });
        let script = Script::new([answer(200, refund)]);
        let view = script
            .psp()
            .refund(&credentials(), &reference(), id, euros(8489), &key())
            .await
            .unwrap();
        assert_eq!((view.fact.state, view.fact.refund), (state, Some(id)), "{status}");
        assert_eq!(view.fact.amount, euros(8489));
    }
}

#[tokio::test]
async fn an_id_that_is_none_asks_for_nothing() {
    let script = Script::default();
    for id in ["", "..", "pi_1/capture", "pi_1?expand[]=x", "pi 1", "pì"] {
        let error =
            script.psp().retrieve(&credentials(), &PspReference::new(id)).await.unwrap_err();
        assert_eq!(refusal(error).status, 404, "{id}");
    }
    assert!(script.psp().delete_endpoint(&credentials(), "../account").await.is_err());
    assert!(script.sent().is_empty());
}

#[tokio::test]
async fn endpoints_are_listed_to_the_last_page() {
    let page = |ids: &[&str], has_more: bool| {
        let data: Vec<_> = ids
            .iter()
            .map(|id| json!({ "id": id, "url": format!("https://pay.test/{id}") }))
            .collect();
        answer(200, json!({ "object": "list", "data": data, "has_more": has_more }))
    };
    let script = Script::new([page(&["we_1", "we_2"], true), page(&["we_3"], false)]);
    let endpoints = script.psp().list_endpoints(&credentials()).await.unwrap();
    let expected: Vec<_> = ["we_1", "we_2", "we_3"]
        .map(|id| RegisteredEndpoint {
            id: id.to_owned(),
            url: format!("https://pay.test/{id}"),
            enabled: false,
            events: Vec::new(),
            version: None,
        })
        .into();
    assert_eq!(endpoints, expected);
    let targets: Vec<_> = script.sent().into_iter().map(|sent| sent.target).collect();
    assert_eq!(
        targets,
        ["/v1/webhook_endpoints?limit=100", "/v1/webhook_endpoints?limit=100&starting_after=we_2",]
    );
}

#[tokio::test]
async fn an_endpoint_that_is_gone_already_is_deleted() {
    let gone = json!({ "error": { "type": "invalid_request_error", "code": "resource_missing" } });
    for step in [answer(200, json!({ "id": "we_1", "deleted": true })), answer(404, gone)] {
        let script = Script::new([step]);
        script.psp().delete_endpoint(&credentials(), "we_1").await.unwrap();
        let sent = script.sent().remove(0);
        assert_eq!(
            (sent.method.as_str(), sent.target.as_str()),
            ("DELETE", "/v1/webhook_endpoints/we_1")
        );
        assert_eq!(sent.header("idempotency-key"), None);
    }
}
