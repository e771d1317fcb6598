//! Money from a platform to its merchants, and back.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Reply, TestApp, request, text};

/// A merchant who can receive transfers.
pub async fn merchant(app: &TestApp) -> String {
    let id = app.post("/v1/accounts", "type=express").await.ok().text("/id");
    let path = format!("/accounts/{id}/onboarding");
    app.control(Method::POST, &path, &json!({ "outcome": "complete" })).await.ok();
    id
}

/// A payment of 20 euros in a group; its charge.
async fn charge(app: &TestApp) -> String {
    let form = "amount=2000&currency=eur&confirm=true&payment_method=pm_card_visa\
                &payment_method_types[]=card&transfer_group=order-1";
    app.post("/v1/payment_intents", form).await.ok().text("/latest_charge")
}

async fn own_account(app: &TestApp) -> String {
    app.get("/v1/account").await.ok().text("/id")
}

async fn set_balance(app: &TestApp, id: &str, body: Value) {
    app.control(Method::POST, &format!("/accounts/{id}/balance"), &body).await.ok();
}

/// What an account has, available and pending.
fn funds(app: &TestApp, id: &str, currency: &str) -> (i64, i64) {
    let balances = app.sandbox.balances();
    let found = balances.iter().find(|one| one.account == id && one.currency == currency);
    found.map_or((0, 0), |one| (one.available, one.pending))
}

#[track_caller]
fn refused(reply: &Reply, code: &str) {
    assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.json);
    assert_eq!(reply.text("/error/code"), code, "{}", reply.json);
}

#[tokio::test]
async fn a_transfer_out_of_a_charge_waits_as_the_charge_does() {
    let app = TestApp::new();
    app.subscribe().await;
    let (platform, merchant, charge) =
        (own_account(&app).await, merchant(&app).await, charge(&app).await);
    app.sandbox.deliver_due().await;
    app.receiver.take();
    let form = format!(
        "amount=1500&currency=eur&destination={merchant}&source_transaction={charge}\
         &metadata[merchant]=M1&description=Order"
    );
    let made = app.post("/v1/transfers", &form).await.ok();
    assert_eq!(made.text("/transfer_group"), "order-1");
    assert_eq!(made.integer("/amount_reversed"), 0);
    // The fee of 1.5 % and 25 is the platform's.
    assert_eq!(funds(&app, &platform, "eur"), (0, 2000 - 55 - 1500));
    assert_eq!(funds(&app, &merchant, "eur"), (0, 1500));
    app.sandbox.advance_clock(3 * 24 * 60 * 60).unwrap();
    assert_eq!(funds(&app, &platform, "eur"), (2000 - 55 - 1500, 0));
    assert_eq!(funds(&app, &merchant, "eur"), (1500, 0));
    app.sandbox.deliver_due().await;
    assert_eq!(app.receiver.take_types(), ["transfer.created"]);
}

#[tokio::test]
async fn transfers_out_of_a_charge_never_exceed_it() {
    let app = TestApp::new();
    let (merchant, charge) = (merchant(&app).await, charge(&app).await);
    let form = |amount: i64| {
        format!("amount={amount}&currency=eur&destination={merchant}&source_transaction={charge}")
    };
    let first = app.post("/v1/transfers", &form(1500)).await.ok().text("/id");
    let above = app.post("/v1/transfers", &form(501)).await;
    assert_eq!(above.status, StatusCode::BAD_REQUEST);
    assert_eq!(above.text("/error/param"), "amount");
    app.post("/v1/transfers", &form(500)).await.ok();
    app.post(&format!("/v1/transfers/{first}/reversals"), "amount=200").await.ok();
    app.post("/v1/transfers", &form(200)).await.ok();
    assert_eq!(app.post("/v1/transfers", &form(1)).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn without_a_charge_the_available_balance_decides_and_the_refusal_is_kept_under_the_key() {
    let app = TestApp::new();
    let (platform, merchant) = (own_account(&app).await, merchant(&app).await);
    charge(&app).await;
    let form = format!("amount=1000&currency=eur&destination={merchant}&transfer_group=order-1");
    refused(&app.post_keyed("k1", "/v1/transfers", &form).await.unwrap(), "balance_insufficient");
    set_balance(&app, &platform, json!({ "currency": "eur", "available": 1000 })).await;
    let kept = app.post_keyed("k1", "/v1/transfers", &form).await.unwrap();
    refused(&kept, "balance_insufficient");
    assert_eq!(kept.header("idempotent-replayed"), Some("true"));
    let made = app.post_keyed("k2", "/v1/transfers", &form).await.unwrap().ok();
    let same = app.post_keyed("k2", "/v1/transfers", &form).await.unwrap().ok();
    assert_eq!(same.text("/id"), made.text("/id"));
    assert_eq!(funds(&app, &merchant, "eur"), (1000, 0));
    let list = app.get("/v1/transfers?transfer_group=order-1").await.ok();
    assert_eq!(list.json["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_transfer_needs_a_destination_that_can_receive_it() {
    let app = TestApp::new();
    let (platform, charge) = (own_account(&app).await, charge(&app).await);
    let fresh = app.post("/v1/accounts", "type=express").await.ok().text("/id");
    let form =
        |to: &str| format!("amount=100&currency=eur&destination={to}&source_transaction={charge}");
    refused(
        &app.post("/v1/transfers", &form(&fresh)).await,
        "insufficient_capabilities_for_transfer",
    );
    refused(&app.post("/v1/transfers", &form("acct_unknown")).await, "resource_missing");
    let own = app.post("/v1/transfers", &form(&platform)).await;
    assert_eq!(own.text("/error/param"), "destination");
    let merchant = merchant(&app).await;
    for (form, param) in [
        ("amount=100&currency=eur".to_owned(), "destination"),
        (format!("currency=eur&destination={merchant}"), "amount"),
        (format!("amount=0&currency=eur&destination={merchant}"), "amount"),
        (format!("amount=100&currency=eur&destination={merchant}&colour=1"), "colour"),
        (
            format!("amount=100&currency=eur&destination={merchant}&source_transaction=ch_x"),
            "source_transaction",
        ),
        (
            format!("amount=100&currency=usd&destination={merchant}&source_transaction={charge}"),
            "currency",
        ),
    ] {
        let reply = app.post("/v1/transfers", &form).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{form}");
        assert_eq!(reply.text("/error/param"), param, "{form}");
    }
}

#[tokio::test]
async fn a_charge_that_is_only_authorized_is_no_source() {
    let app = TestApp::new();
    let merchant = merchant(&app).await;
    let intent = app.authorized().await;
    let charge =
        app.get(&format!("/v1/payment_intents/{intent}")).await.ok().text("/latest_charge");
    let form =
        format!("amount=100&currency=eur&destination={merchant}&source_transaction={charge}");
    let reply = app.post("/v1/transfers", &form).await;
    assert_eq!(reply.text("/error/param"), "source_transaction");
    app.post(&format!("/v1/payment_intents/{intent}/capture"), "amount_to_capture=100").await.ok();
    let made = app.post("/v1/transfers", &form).await.ok();
    // Stripe makes a group where there is none, and gives it to the charge, too.
    let group = format!("group_{charge}");
    assert_eq!(made.text("/transfer_group"), group);
    assert_eq!(app.get(&format!("/v1/charges/{charge}")).await.ok().text("/transfer_group"), group);
}

#[tokio::test]
async fn the_group_of_an_intent_is_set_once() {
    let app = TestApp::new();
    let (intent, _) = app.unpaid().await;
    let path = format!("/v1/payment_intents/{intent}");
    let grouped = app.post(&path, "transfer_group=order-1").await.ok();
    assert_eq!(grouped.text("/transfer_group"), "order-1");
    let reply = app.post(&path, "transfer_group=order-2").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.json);
    assert_eq!(reply.text("/error/param"), "transfer_group");
    assert_eq!(app.get(&path).await.ok().text("/transfer_group"), "order-1");
}

#[tokio::test]
async fn a_charge_settled_in_another_currency_is_transferred_in_that_one() {
    let app = TestApp::new();
    let (platform, merchant) = (own_account(&app).await, merchant(&app).await);
    let settlement = json!({ "settlement": { "currency": "eur", "rate_basis_points": 9000 } });
    app.control(Method::POST, &format!("/accounts/{platform}"), &settlement).await.ok();
    let form = "amount=2000&currency=usd&confirm=true&payment_method=pm_card_visa\
                &payment_method_types[]=card&expand[]=latest_charge.balance_transaction";
    let intent = app.post("/v1/payment_intents", form).await.ok();
    let charge = intent.text("/latest_charge/id");
    let booked = &intent.json["latest_charge"]["balance_transaction"];
    assert_eq!(booked["amount"], 1800);
    assert_eq!((&booked["currency"], &booked["exchange_rate"]), (&json!("eur"), &json!(0.9)));
    let form = |amount: i64, currency: &str| {
        format!(
            "amount={amount}&currency={currency}&destination={merchant}&source_transaction={charge}"
        )
    };
    let wrong = app.post("/v1/transfers", &form(1000, "usd")).await;
    assert_eq!(wrong.text("/error/param"), "currency");
    assert_eq!(app.post("/v1/transfers", &form(1801, "eur")).await.text("/error/param"), "amount");
    app.post("/v1/transfers", &form(1800, "eur")).await.ok();
    assert_eq!(funds(&app, &merchant, "eur"), (0, 1800));
}

#[tokio::test]
async fn what_a_merchant_settles_in_another_currency_leaves_in_whole() {
    let app = TestApp::new();
    let (platform, merchant) = (own_account(&app).await, merchant(&app).await);
    set_balance(&app, &platform, json!({ "currency": "eur", "available": 1000 })).await;
    let settlement = json!({ "settlement": { "currency": "usd", "rate_basis_points": 11_111 } });
    app.control(Method::POST, &format!("/accounts/{merchant}"), &settlement).await.ok();
    let form = format!("amount=999&currency=eur&destination={merchant}");
    let transfer = app.post("/v1/transfers", &form).await.ok().text("/id");
    assert_eq!(funds(&app, &merchant, "usd"), (1109, 0));
    for _ in 0..3 {
        app.post(&format!("/v1/transfers/{transfer}/reversals"), "amount=333").await.ok();
    }
    assert_eq!(funds(&app, &merchant, "usd"), (0, 0));
    assert_eq!(funds(&app, &platform, "eur"), (1000, 0));
}

#[tokio::test]
async fn reversals_are_partial_repeated_and_never_more_than_the_rest() {
    let app = TestApp::new();
    app.subscribe().await;
    let (platform, merchant) = (own_account(&app).await, merchant(&app).await);
    set_balance(&app, &platform, json!({ "currency": "eur", "available": 1000 })).await;
    let form = format!("amount=1000&currency=eur&destination={merchant}");
    let transfer = app.post("/v1/transfers", &form).await.ok().text("/id");
    let path = format!("/v1/transfers/{transfer}/reversals");
    let first = app.post(&path, "amount=300&metadata[a]=1").await.ok();
    assert_eq!(first.text("/object"), "transfer_reversal");
    let above = app.post(&path, "amount=701").await;
    assert_eq!(above.text("/error/param"), "amount");
    let rest = app.post(&path, "").await.ok();
    assert_eq!(rest.integer("/amount"), 700);
    let done = app.post(&path, "").await;
    assert_eq!(done.status, StatusCode::BAD_REQUEST);
    let shown = app.get(&format!("/v1/transfers/{transfer}")).await.ok();
    assert_eq!((shown.integer("/amount_reversed"), &shown.json["reversed"]), (1000, &json!(true)));
    let list = app.get(&path).await.ok();
    assert_eq!(list.text("/data/1/id"), first.text("/id"));
    let one = app.get(&format!("{path}/{}", first.text("/id"))).await.ok();
    assert_eq!(one.text("/metadata/a"), "1");
    assert_eq!(funds(&app, &platform, "eur"), (1000, 0));
    assert_eq!(funds(&app, &merchant, "eur"), (0, 0));
    app.sandbox.deliver_due().await;
    let types = app.receiver.take_types();
    assert_eq!(types, ["transfer.created", "transfer.reversed", "transfer.reversed"]);
}

#[tokio::test]
async fn what_the_merchant_no_longer_has_cannot_be_taken_back() {
    let app = TestApp::new();
    let (platform, merchant) = (own_account(&app).await, merchant(&app).await);
    set_balance(&app, &platform, json!({ "currency": "eur", "available": 1000 })).await;
    let form = format!("amount=1000&currency=eur&destination={merchant}");
    let transfer = app.post("/v1/transfers", &form).await.ok().text("/id");
    set_balance(&app, &merchant, json!({ "currency": "eur", "available": 400 })).await;
    let path = format!("/v1/transfers/{transfer}/reversals");
    refused(&app.post(&path, "").await, "balance_insufficient");
    app.post(&path, "amount=400").await.ok();
    assert_eq!(funds(&app, &merchant, "eur"), (0, 0));
    assert_eq!(funds(&app, &platform, "eur"), (400, 0));
}

#[tokio::test]
async fn a_refund_leaves_the_transfer_alone() {
    let app = TestApp::new();
    let (platform, merchant, charge) =
        (own_account(&app).await, merchant(&app).await, charge(&app).await);
    let form =
        format!("amount=1500&currency=eur&destination={merchant}&source_transaction={charge}");
    app.post("/v1/transfers", &form).await.ok();
    app.post("/v1/refunds", &format!("charge={charge}")).await.ok();
    assert_eq!(funds(&app, &merchant, "eur"), (0, 1500));
    let (available, pending) = funds(&app, &platform, "eur");
    assert_eq!(available + pending, -55 - 1500);
}

#[tokio::test]
async fn the_merchant_sees_a_payment_and_both_sides_expand() {
    let app = TestApp::new();
    let (merchant, charge) = (merchant(&app).await, charge(&app).await);
    let form = format!(
        "amount=1500&currency=eur&destination={merchant}&source_transaction={charge}\
         &expand[]=destination&expand[]=source_transaction&expand[]=destination_payment\
         &expand[]=balance_transaction"
    );
    let made = app.post("/v1/transfers", &form).await.ok();
    assert_eq!(made.text("/destination/object"), "account");
    assert_eq!(made.text("/source_transaction/id"), charge);
    assert_eq!(made.text("/destination_payment/source_transfer"), made.text("/id"));
    assert_eq!(made.integer("/balance_transaction/net"), -1500);
    let payment = made.text("/destination_payment/id");
    let mut call = request(Method::GET, &format!("/v1/charges/{payment}"), "");
    call.headers_mut().insert("stripe-account", merchant.parse().unwrap());
    assert_eq!(app.send(call).await.unwrap().ok().integer("/amount"), 1500);
    let rows = app.get("/v1/balance_transactions?type=transfer").await.ok();
    assert_eq!(text(&rows.json, "/data/0/source"), made.text("/id"));
}

#[tokio::test]
async fn faults_apply_and_a_lost_answer_moves_money_once() {
    let app = TestApp::new();
    let (platform, merchant) = (own_account(&app).await, merchant(&app).await);
    set_balance(&app, &platform, json!({ "currency": "eur", "available": 1000 })).await;
    let lost = json!({ "kind": "lose_answer", "method": "POST", "path": "/v1/transfers" });
    app.control(Method::POST, "/faults", &lost).await.ok();
    let form = format!("amount=600&currency=eur&destination={merchant}");
    assert!(app.post_keyed("k", "/v1/transfers", &form).await.is_none());
    app.post_keyed("k", "/v1/transfers", &form).await.unwrap().ok();
    assert_eq!(funds(&app, &merchant, "eur"), (600, 0));
    assert_eq!(funds(&app, &platform, "eur"), (400, 0));
}

#[tokio::test]
async fn an_update_changes_notes_only() {
    let app = TestApp::new();
    let (platform, merchant) = (own_account(&app).await, merchant(&app).await);
    set_balance(&app, &platform, json!({ "currency": "eur", "available": 1000 })).await;
    let form = format!("amount=600&currency=eur&destination={merchant}&metadata[a]=1");
    let path = format!("/v1/transfers/{}", app.post("/v1/transfers", &form).await.ok().text("/id"));
    let updated = app.post(&path, "metadata[a]=2&description=Later").await.ok();
    assert_eq!(
        (updated.text("/metadata/a"), updated.text("/description")),
        ("2".into(), "Later".into())
    );
    assert_eq!(app.post(&path, "amount=1").await.text("/error/param"), "amount");
    let events = app.get("/v1/events?type=transfer.updated").await.ok();
    assert_eq!(events.json["data"].as_array().unwrap().len(), 1);
}
