//! Calls through the operator's platform: its key, and the account in each of them.

use app::Psp;
use app::ports::{MarketplacePsp, PspError};
use payment::{Account, AttemptId, Mode, PspAccountId, RefundId};
use serde_json::json;
use uuid::Uuid;

use crate::requests::create;
use crate::script::{
    Script, answer, checkout, euros, intent, key, platform_credentials, reference,
};

#[tokio::test]
async fn every_call_carries_the_platforms_key_and_the_account() {
    let credentials = platform_credentials(Mode::Test);
    let (order, id) = (checkout(), Uuid::from_u128(7));
    let found = || answer(200, intent("requires_payment_method"));
    let refund = json!({"id": "re_1", "payment_intent": "pi_1", "amount": 5, "currency": "eur",
        "status": "succeeded"});
    let empty = || answer(200, json!({"object": "list", "data": [], "has_more": false}));
    let script =
        Script::new([found(), found(), found(), found(), answer(200, refund), empty(), empty()]);
    let psp = script.psp_with_platform();
    psp.create_payment(&credentials, &create(&order), &key()).await.unwrap();
    psp.capture(&credentials, &reference(), euros(5), true, &key()).await.unwrap();
    psp.cancel(&credentials, &reference(), &key()).await.unwrap();
    psp.retrieve(&credentials, &reference()).await.unwrap();
    psp.refund(&credentials, &reference(), RefundId::new(id), euros(5), &key()).await.unwrap();
    psp.find_refund(&credentials, &reference(), RefundId::new(id)).await.unwrap();
    let since = jiff::Timestamp::UNIX_EPOCH;
    psp.find_payment(&credentials, AttemptId::new(id), since).await.unwrap();
    let sent = script.sent();
    assert_eq!(sent.len(), 7);
    for call in sent {
        assert_eq!(call.header("authorization"), Some("Bearer sk_test_platform"));
        assert_eq!(call.header("stripe-account"), Some("acct_1"), "{}", call.target);
    }
}

/// The operator may have taken the keys away by mistake: nothing was refused, so nothing is settled.
#[tokio::test]
async fn without_platform_keys_of_the_mode_a_call_waits() {
    let script = Script::new([]);
    let psp = script.psp_with_platform();
    let live = platform_credentials(Mode::Live);
    let captured = psp.capture(&live, &reference(), euros(5), true, &key()).await;
    assert!(matches!(captured, Err(PspError::NotSent(_))), "{captured:?}");
    let merchant = psp.retrieve_account(&live, &PspAccountId::new("acct_2")).await;
    assert!(matches!(merchant, Err(PspError::NotSent(_))));
}

#[tokio::test]
async fn the_platform_is_checked_in_the_account_and_its_mode() {
    let balance = |live: bool| answer(200, json!({"object": "balance", "livemode": live}));
    let account = || answer(200, json!({"id": "acct_1"}));
    let at = Account { id: PspAccountId::new("acct_1"), mode: Mode::Test };
    let script = Script::new([account(), balance(false)]);
    script.psp_with_platform().check_platform(&at).await.unwrap();
    let sent = script.sent();
    assert_eq!(sent[0].header("stripe-account"), Some("acct_1"));
    let denied = json!({"error": {"type": "invalid_request_error", "code": "account_invalid",
        "message": "No access to account acct_1."}});
    let script = Script::new([answer(403, denied)]);
    let refused = script.psp_with_platform().check_platform(&at).await;
    assert!(matches!(refused, Err(PspError::Refused(_))), "{refused:?}");
    let script = Script::new([]);
    let odd = Account { id: PspAccountId::new("acct_1\r\nX: y"), mode: Mode::Test };
    assert!(script.psp_with_platform().check_platform(&odd).await.is_err(), "no call is made");
}
