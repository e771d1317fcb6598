//! What a marketplace sends to Stripe, and what it understands of the answers.

use app::ports::{
    CreateAccount, EndpointEvents, MarketplacePsp, PayoutObstacle, PspError, PspFact,
};
use app::{Psp, ports::PspEvent};
use insta::assert_snapshot;
use jiff::Timestamp;
use payment::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::script::{Script, answer, credentials, euros, key};

fn id(last: u128) -> Uuid {
    Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_0000_0000 + last)
}

fn merchant() -> PspAccountId {
    PspAccountId::new("acct_merchant")
}

fn transfer(source: Option<&str>) -> NewTransfer {
    let share = |item: &str, minor| Share {
        item: ItemReference::new(item),
        amount: euros(minor),
        round: 0,
    };
    NewTransfer {
        id: TransferId::new(id(1)),
        merchant: MerchantReference::new("MER1"),
        destination: merchant(),
        shares: vec![share("i1", 4_000), share("i2", 2_500)],
        amount: euros(6_500),
        source: source.map(PspChargeId::new),
    }
}

fn order() -> OrderReference {
    OrderReference::new("DE--1")
}

fn refused(code: Option<&str>, param: Option<&str>) -> (u16, Value) {
    let error = json!({"error": {
        "type": "invalid_request_error", "code": code, "param": param, "message": "No.",
    }});
    (400, error)
}

fn list(data: Value) -> (u16, Value) {
    (200, json!({"object": "list", "data": data, "has_more": false}))
}

#[tokio::test]
async fn an_account_is_made_once_with_what_finds_it_again() {
    let script = Script::new([answer(200, json!({"id": "acct_merchant"}))]);
    let (tenant, reference) = (TenantId::new("de"), MerchantReference::new("MER1"));
    let request = CreateAccount {
        tenant: &tenant,
        installation: id(9),
        merchant: MerchantId::new(id(2)),
        reference: &reference,
        name: Some("Spryker & Söhne"),
    };
    let view = script.psp().create_account(&credentials(), &request, &key()).await.unwrap();
    assert_eq!(view.id, merchant());
    assert_eq!(view.facts.status(Timestamp::UNIX_EPOCH), MerchantStatus::Incomplete);
    let sent = script.sent().remove(0);
    assert_eq!(sent.target, "/v1/accounts");
    assert_snapshot!("create_account", sent.parameters());
}

#[tokio::test]
async fn a_transfer_names_its_charge_where_it_has_one() {
    let made = || answer(200, json!({"id": "tr_1"}));
    let script = Script::new([made(), made()]);
    for source in [Some("ch_1"), None] {
        let new = transfer(source);
        let made = script.psp().transfer(&credentials(), &order(), &new, &key()).await.unwrap();
        assert_eq!(made.as_str(), "tr_1");
    }
    let sent = script.sent();
    assert_eq!(sent[0].target, "/v1/transfers");
    assert_snapshot!("transfer", sent[0].parameters());
    assert!(!sent[1].parameters().contains("source_transaction"));
}

#[tokio::test]
async fn a_reversal_goes_to_its_transfer() {
    let script = Script::new([answer(200, json!({"id": "trr_1"}))]);
    let (from, reversal) = (PspTransferId::new("tr_1"), ReversalId::new(id(3)));
    let made = script.psp().reverse(&credentials(), &from, reversal, euros(900), &key()).await;
    assert_eq!(made.unwrap().as_str(), "trr_1");
    let sent = script.sent().remove(0);
    assert_eq!(sent.target, "/v1/transfers/tr_1/reversals");
    assert_snapshot!("reverse", sent.parameters());
    let odd = PspTransferId::new("../accounts");
    let refused = script.psp().reverse(&credentials(), &odd, reversal, euros(1), &key()).await;
    assert!(matches!(refused, Err(PspError::Refused(_))), "and is not sent anywhere else");
}

#[tokio::test]
async fn a_no_says_what_stands_in_the_way() {
    let cases = [
        (Some("balance_insufficient"), None, Some(PayoutObstacle::InsufficientBalance)),
        (
            Some("insufficient_capabilities_for_transfer"),
            None,
            Some(PayoutObstacle::AccountNotReady),
        ),
        (None, Some("destination"), Some(PayoutObstacle::AccountNotReady)),
        (None, Some("currency"), Some(PayoutObstacle::Currency)),
        (None, Some("source_transaction"), Some(PayoutObstacle::SourceUnusable)),
        (None, Some("amount"), Some(PayoutObstacle::SourceUnusable)),
        (Some("something_new"), Some("metadata"), None),
    ];
    for (code, param, expected) in cases {
        let (status, body) = refused(code, param);
        let script = Script::new([answer(status, body)]);
        let said = script.psp().transfer(&credentials(), &order(), &transfer(None), &key()).await;
        let Err(PspError::Refused(refusal)) = said else { panic!("{said:?}") };
        assert_eq!(refusal.obstacle, expected, "{code:?} {param:?}");
    }
}

#[tokio::test]
async fn what_was_made_is_found_by_our_id_alone() {
    let others = json!({"id": "tr_0", "metadata": {"transferId": id(7).to_string()}});
    let ours = json!({"id": "tr_1", "metadata": {"transferId": id(1).to_string()}});
    let (status, body) = list(json!([others, {"id": "tr_2", "metadata": {}}, ours]));
    let (_, none) = list(json!([]));
    let script = Script::new([answer(status, body), answer(200, none)]);
    let find = || async {
        let id = TransferId::new(id(1));
        script.psp().find_transfer(&credentials(), &order(), id).await.unwrap()
    };
    assert_eq!(find().await, Some(PspTransferId::new("tr_1")));
    assert_eq!(find().await, None, "which proves that there is none");
    assert_eq!(script.sent()[0].target, "/v1/transfers?transfer_group=DE--1&limit=100");
}

#[tokio::test]
async fn a_payment_is_told_its_order_as_the_group_of_its_payouts() {
    let script = Script::new([answer(200, json!({"id": "pi_1"}))]);
    let reference = PspReference::new("pi_1");
    script.psp().group_payment(&credentials(), &reference, &order(), &key()).await.unwrap();
    let sent = script.sent().remove(0);
    assert_eq!(sent.target, "/v1/payment_intents/pi_1");
    assert_eq!(sent.parameters().trim(), "transfer_group = DE--1");
}

#[tokio::test]
async fn the_settlement_says_in_which_currency_money_came() {
    let settled = json!({"id": "ch_1", "balance_transaction": {"id": "txn_1", "currency": "usd"}});
    let open = json!({"id": "ch_1", "balance_transaction": null});
    let script = Script::new([answer(200, settled), answer(200, open)]);
    let ask = || async {
        let charge = PspChargeId::new("ch_1");
        script.psp().settlement_currency(&credentials(), &charge).await.unwrap()
    };
    assert_eq!(ask().await.map(Currency::code), Some("USD"));
    assert_eq!(ask().await, None);
}

#[tokio::test]
async fn a_dashboard_that_an_account_does_not_have_is_no_error() {
    let (status, body) = refused(None, None);
    let link = json!({"object": "login_link", "url": "https://connect.stripe.com/express/x"});
    let script = Script::new([answer(200, link), answer(status, body)]);
    let ask = || async { script.psp().dashboard_link(&credentials(), &merchant()).await.unwrap() };
    assert_eq!(ask().await.as_deref(), Some("https://connect.stripe.com/express/x"));
    assert_eq!(ask().await, None);
}

#[tokio::test]
async fn merchants_have_an_endpoint_of_their_own() {
    let endpoint = json!({"id": "we_2", "url": "https://pay.test/w", "secret": "whsec_2"});
    let script = Script::new([answer(200, endpoint)]);
    let (url, events) = ("https://pay.test/w", EndpointEvents::Merchants);
    script.psp().create_endpoint(&credentials(), url, events, &key()).await.unwrap();
    assert_snapshot!("create_merchant_endpoint", script.sent()[0].parameters());
}

/// The rules of contract/stripe.md section 5: the first that holds.
#[tokio::test]
async fn the_status_of_an_account_follows_the_first_rule_that_holds() {
    let now = Timestamp::from_second(1_000).unwrap();
    let ready = json!({
        "id": "acct_merchant", "details_submitted": true, "charges_enabled": true,
        "payouts_enabled": true, "capabilities": {"transfers": "active"}, "requirements": {},
    });
    let cases = [
        (json!({}), MerchantStatus::Completed),
        (json!({"requirements": {"eventually_due": ["x"]}}), MerchantStatus::Enabled),
        (json!({"capabilities": {"transfers": "pending"}}), MerchantStatus::Pending),
        (json!({"capabilities": {}}), MerchantStatus::Pending),
        (json!({"requirements": {"pending_verification": ["x"]}}), MerchantStatus::Pending),
        (
            json!({"requirements": {"currently_due": ["x"], "current_deadline": 2000}}),
            MerchantStatus::RestrictedSoon,
        ),
        (
            json!({"requirements": {"currently_due": ["x"], "current_deadline": 999}}),
            MerchantStatus::Restricted,
        ),
        (json!({"requirements": {"currently_due": ["x"]}}), MerchantStatus::Restricted),
        (json!({"requirements": {"past_due": ["x"]}}), MerchantStatus::Restricted),
        (json!({"charges_enabled": false}), MerchantStatus::Restricted),
        (json!({"payouts_enabled": false}), MerchantStatus::Restricted),
        (json!({"requirements": {"disabled_reason": "listed"}}), MerchantStatus::Restricted),
        (json!({"details_submitted": false}), MerchantStatus::Incomplete),
        (
            json!({"details_submitted": false, "requirements": {"disabled_reason": "rejected.fraud"}}),
            MerchantStatus::Rejected,
        ),
    ];
    for (change, expected) in cases {
        let mut account = ready.clone();
        account.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let script = Script::new([answer(200, account)]);
        let view = script.psp().retrieve_account(&credentials(), &merchant()).await.unwrap();
        assert_eq!(view.facts.status(now), expected, "{change}");
    }
}

fn event(kind: &str, object: Value) -> PspEvent {
    let event = json!({"id": "evt_1", "type": kind, "livemode": false, "account": "acct_merchant",
        "data": {"object": object}});
    Script::new([]).psp().read_event(event.to_string().as_bytes()).unwrap()
}

#[test]
fn events_about_accounts_only_say_that_something_changed() {
    for kind in ["account.updated", "capability.updated", "account.application.deauthorized"] {
        let event = event(kind, json!({"object": "account", "id": "acct_merchant"}));
        assert_eq!((event.fact, event.account), (Some(PspFact::Account), Some(merchant())));
    }
}

#[test]
fn nothing_of_a_person_is_stored_with_an_event() {
    let body = json!({"id": "evt_1", "type": "account.updated", "livemode": false, "data": {
        "object": {"id": "acct_merchant", "object": "account", "email": "ada@example.test",
            "individual": {"last_name": "Lovelace"}, "metadata": {"merchantId": "m"}},
        "previous_attributes": {"email": "a@example.test"},
    }});
    let stored = Script::new([]).psp().storable_event(body.to_string().as_bytes()).unwrap();
    let stored = String::from_utf8(stored).unwrap();
    assert!(!stored.contains("Lovelace") && !stored.contains("example.test"), "{stored}");
    assert!(stored.contains("acct_merchant") && stored.contains("merchantId"), "{stored}");
}
