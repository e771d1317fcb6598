//! Initialize: cases 1 to 7, 11 and 12.

use http::{Method, StatusCode};
use jiff::SignedDuration;
use payment::{OrderReference, TenantId};
use serde_json::{Value, json};
use stripe_sandbox::{Call, Fault, FaultKind};

use crate::support::*;

const INITIALIZE: &str = "/private/initialize-payment";
const CREATE: &str = "/v1/payment_intents";

/// Every call that wanted to make an intent, whatever became of it.
fn creations(app: &TestApp) -> Vec<Call> {
    let calls = app.sandbox.calls().into_iter();
    calls.filter(|call| call.method == "POST" && call.path == CREATE).collect()
}

fn keys(calls: &[Call]) -> Vec<&str> {
    let mut keys: Vec<&str> =
        calls.iter().filter_map(|call| call.idempotency_key.as_deref()).collect();
    keys.dedup();
    keys
}

fn on_create(kind: FaultKind, times: u32) -> Fault {
    Fault { times, ..Fault::new(kind).on("POST", CREATE) }
}

fn status_on_create(status: u16, times: u32) -> Fault {
    Fault { status: Some(status), ..on_create(FaultKind::Status, times) }
}

async fn try_initialize(app: &TestApp, order: &Order) -> (StatusCode, Value) {
    app.call(INITIALIZE, &order.request()).await
}

/// The message of a refusal, in the format of the private API.
fn message(answer: &Value) -> &str {
    let entry = &answer[0];
    assert_eq!(
        (&entry["code"], &entry["status"], &entry["confirm"]),
        (&Value::Null, &Value::Null, &Value::Null),
        "{answer}"
    );
    entry["message"].as_str().unwrap_or_else(|| panic!("no message in {answer}"))
}

async fn is_stored(app: &TestApp, tenant: &str, order: &str) -> bool {
    let store: &dyn app::Store = app.store.as_ref();
    let order = OrderReference::new(order);
    store.latest_payment_of_order(&TenantId::new(tenant), &order).await.unwrap().is_some()
}

#[tokio::test(start_paused = true)]
async fn c01_a_payment_is_made_and_its_order_kept() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let (status, answer) = try_initialize(&app, &order).await;

    assert_eq!(status, 200, "{answer}");
    let transaction = answer["transactionId"].as_str().unwrap();
    assert_eq!(
        answer,
        json!({
            "isSuccessful": true,
            "redirectUrl": format!(
                "http://app.test/app-payment?transactionId={transaction}&tenantIdentifier={TENANT}"
            ),
            "transactionId": transaction,
            "message": null,
            "preOrderPaymentData": null,
        })
    );
    let intent = app.money(transaction);
    assert_eq!((intent.amount, intent.currency.as_str()), (18_979, "eur"));
    assert_eq!(intent.metadata["tenantIdentifier"], TENANT);
    assert_eq!(intent.metadata["orderReference"], "DE--1");

    let payment = app.payment(&order).await;
    assert_eq!(payment.checkout.total.to_string(), "189.79 EUR");
    let items: Vec<i64> = payment.checkout.item_ids().iter().map(|item| item.0).collect();
    assert_eq!(items, order.items);
    assert_eq!(payment.checkout.customer.email.as_deref(), Some("ada@example.test"));
    assert_eq!(
        payment.checkout.redirects.cancel.as_deref(),
        Some("https://shop.example.test/cancel")
    );
    let told = app.read("payment-events").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].name, "PaymentCreated");
    assert_eq!(told[0].body["entityReference"], "DE--1");
    assert_eq!(told[0].body["paymentReference"], transaction);
    app.settle().await;
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c02_the_history_starts_with_new() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.authorized(&order).await;

    let payment = app.payment(&order).await;
    let store: &dyn app::Store = app.store.as_ref();
    let history = store.history(&payment.tenant, payment.id).await.unwrap();
    let statuses: Vec<&str> = history.iter().map(|entry| entry.to.name()).collect();
    assert_eq!(statuses.first(), Some(&"new"));
    assert_eq!(statuses.last(), Some(&"authorized"));
}

#[tokio::test(start_paused = true)]
async fn c03_additional_payment_data_travels_as_metadata_cut_to_stripes_limits() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let mut request = order.request();
    request["orderData"]["additionalPaymentData"] = json!({
        "note": "Grüße 🎉 & \"Zitat\"",
        "nested": {"list": [1, 2.5, null, true]},
        "nothing": null,
        "cart[0]": "brackets",
        "long": "ß".repeat(600),
        "paymentId": "not ours",
    });
    let (status, answer) = app.call(INITIALIZE, &request).await;
    assert_eq!(status, 200, "{answer}");

    let metadata = app.money(answer["transactionId"].as_str().unwrap()).metadata;
    assert_eq!(metadata["note"], "Grüße 🎉 & \"Zitat\"");
    assert_eq!(metadata["nested"], r#"{"list":[1,2.5,true]}"#);
    assert_eq!(metadata["cart0"], "brackets");
    assert_eq!(metadata["long"], "ß".repeat(500));
    assert!(!metadata.contains_key("nothing"));
    assert_eq!(
        metadata["paymentId"],
        app.payment(&order).await.id.to_string(),
        "the shop does not overwrite what we find our payments by"
    );
}

#[tokio::test(start_paused = true)]
async fn c03_more_pairs_than_stripe_takes_are_cut_and_the_payment_is_made() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let mut request = order.request();
    request["orderData"]["additionalPaymentData"] =
        (0..80).map(|n| (format!("pair {n}"), json!(n))).collect::<serde_json::Map<_, _>>().into();
    let (status, answer) = app.call(INITIALIZE, &request).await;

    assert_eq!(status, 200, "{answer}");
    let metadata = app.money(answer["transactionId"].as_str().unwrap()).metadata;
    assert!(metadata.len() <= 50, "{}", metadata.len());
    assert_eq!(metadata["orderReference"], "DE--1", "ours have their place");
}

#[tokio::test(start_paused = true)]
async fn c04_the_same_order_at_another_tenant_is_a_payment_of_its_own() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let (status, answer) = app.configure_tenant("tenant-2", json!({})).await;
    assert_eq!(status, 200, "{answer}");
    let first = app.initialize(&order).await;
    let (status, answer) = app.call_as("tenant-2", INITIALIZE, &order.request()).await;
    assert_eq!(status, 200, "{answer}");

    let second = answer["transactionId"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    assert_eq!(app.money(&second).metadata["tenantIdentifier"], "tenant-2");

    app.pay(&second, "pm_card_visa").await;
    app.settle().await;
    assert_eq!(app.status(&order).await, "new", "one tenant's shopper does not pay the other's");
    assert_eq!(app.results().await, [""; 0]);
    let told = app.read_as("tenant-2", "payment-events").await;
    assert!(told.iter().any(|message| message.name == "PaymentAuthorized"));
}

/// Stripe is down, or its answer is lost, in every way there is: 400 with a message, and the next
/// call goes on with the same attempt. However it went, one intent.
#[tokio::test(start_paused = true)]
async fn c05_whatever_happens_on_the_way_to_stripe_the_next_call_goes_on() {
    let slow = Fault { delay_ms: 30_000, ..on_create(FaultKind::Delay, 3) };
    let executed = Fault { after_effect: true, ..status_on_create(500, 1) };
    let executed_often = Fault { after_effect: true, ..status_on_create(503, 5) };
    let cases = [
        ("the connection fails", on_create(FaultKind::LoseRequest, 3), 1),
        ("it fails for longer", on_create(FaultKind::LoseRequest, 7), 1),
        ("the answer is lost", on_create(FaultKind::LoseAnswer, 3), 1),
        ("the answer is lost for longer", on_create(FaultKind::LoseAnswer, 7), 1),
        ("too many requests", status_on_create(429, 3), 1),
        ("the answer is slow", slow, 1),
        ("a server error", status_on_create(500, 1), 2),
        ("a server error after the effect", executed, 1),
        ("server errors after the effect", executed_often, 1),
    ];
    for (case, fault, keys_expected) in cases {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        app.sandbox.inject(fault).unwrap();
        let mut refused = 0;
        let transaction = loop {
            let (status, answer) = try_initialize(&app, &order).await;
            if status == 200 {
                break answer["transactionId"].as_str().unwrap().to_owned();
            }
            assert_eq!(status, 400, "{case}: {answer}");
            assert!(message(&answer).contains("initialize the payment again"), "{case}: {answer}");
            refused += 1;
            assert!(refused < 6, "{case}: it never gets through");
        };

        assert_eq!(app.sandbox.audit().len(), 1, "{case}: one intent");
        let calls = creations(&app);
        assert_eq!(keys(&calls).len(), keys_expected, "{case}: {:?}", keys(&calls));
        let payment = app.payment(&order).await;
        assert_eq!(payment.attempts.len(), 1, "{case}: one attempt");
        assert_eq!(
            app.money(&transaction).metadata["attemptId"],
            payment.attempt().id.to_string(),
            "{case}"
        );
        app.pay(&transaction, "pm_card_visa").await;
        app.settle().await;
        assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"], "{case}");
        app.assert_drained().await;
    }
}

#[tokio::test(start_paused = true)]
async fn c05_what_was_begun_is_finished_by_the_worker_too() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.sandbox.inject(on_create(FaultKind::LoseAnswer, 3)).unwrap();
    assert_eq!(try_initialize(&app, &order).await.0, 400);

    app.advance(SignedDuration::from_secs(120)).await;

    let told: Vec<String> =
        app.read("payment-events").await.into_iter().map(|message| message.name).collect();
    assert_eq!(told, ["PaymentCreated"]);
    let transaction = app.initialize(&order).await;
    assert_eq!(app.sandbox.audit().len(), 1);
    assert_eq!(keys(&creations(&app)).len(), 1);
    assert_eq!(app.money(&transaction).amount, 18_979);
}

#[tokio::test(start_paused = true)]
async fn c05_keys_that_were_revoked_are_named_and_go_on_working_when_they_are_back() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.sandbox.inject(status_on_create(401, 1)).unwrap();
    let (status, answer) = try_initialize(&app, &order).await;
    assert_eq!(status, 400);
    assert!(message(&answer).contains("keys"), "{answer}");

    app.initialize(&order).await;
    assert_eq!(app.sandbox.audit().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn c06_what_stripe_refuses_with_a_code_is_422_with_its_message() {
    let app = TestApp::configured().await;
    let mut order = Order::new("DE--1");
    order.total = 100_000_000;
    let (status, answer) = try_initialize(&app, &order).await;
    assert_eq!(status, 422, "{answer}");
    assert_eq!(message(&answer), "The amount must be no more than 99999999.");
    assert_eq!(app.read("payment-events").await, [], "nothing is there to tell");

    // The corrected request is another one: a new attempt under a new key.
    order.total = 18_979;
    let transaction = app.initialize(&order).await;
    assert_eq!(app.money(&transaction).amount, 18_979);
    assert_eq!(keys(&creations(&app)).len(), 2);
    app.pay(&transaction, "pm_card_visa").await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
}

#[tokio::test(start_paused = true)]
async fn c07_what_stripe_refuses_without_a_code_is_400() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.sandbox.inject(status_on_create(402, 1)).unwrap();
    let (status, answer) = try_initialize(&app, &order).await;
    assert_eq!(status, 400, "{answer}");
    assert_eq!(message(&answer), "An unknown error occurred.");

    app.initialize(&order).await;
    assert_eq!(app.sandbox.audit().len(), 1);
    assert_eq!(app.payment(&order).await.attempts.len(), 2, "the refused attempt stays on record");
}

#[tokio::test(start_paused = true)]
async fn c11_the_same_order_again_is_the_same_payment() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let first = app.initialize(&order).await;
    let again = app.initialize(&order).await;
    assert_eq!(first, again);
    assert_eq!(creations(&app).len(), 1);
    assert_eq!(app.read("payment-events").await.len(), 1, "it is told once");
}

#[tokio::test(start_paused = true)]
async fn c11_two_at_once_are_one_payment_and_one_intent() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    // Long enough for the second call to come while the first one is with Stripe.
    let slow = Fault { delay_ms: 1_500, ..on_create(FaultKind::Delay, 1) };
    app.sandbox.inject(slow).unwrap();
    let (one, two) = tokio::join!(try_initialize(&app, &order), try_initialize(&app, &order));

    assert_eq!((one.0, two.0), (StatusCode::OK, StatusCode::OK), "{} {}", one.1, two.1);
    assert_eq!(one.1, two.1);
    assert_eq!(app.sandbox.audit().len(), 1);
    assert_eq!(keys(&creations(&app)).len(), 1);
    assert_eq!(app.read("payment-events").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn c11_whoever_waits_too_long_goes_on_under_the_same_key() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let hangs = Fault { delay_ms: 600_000, ..on_create(FaultKind::Delay, 1) };
    app.sandbox.inject(hangs).unwrap();
    let (one, two) = tokio::join!(try_initialize(&app, &order), try_initialize(&app, &order));

    // Stripe holds the key as long as the first call hangs, so neither may have an answer yet.
    for (status, answer) in [&one, &two] {
        assert!(*status == 200 || *status == 400, "{answer}");
    }
    tokio::time::sleep(std::time::Duration::from_secs(600)).await;
    app.initialize(&order).await;
    assert_eq!(app.sandbox.audit().len(), 1);
    assert_eq!(keys(&creations(&app)).len(), 1, "{:?}", keys(&creations(&app)));
}

/// Really at the same time, on a database with threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c11_many_at_once_are_one_payment_and_one_intent() {
    let folder = tempfile::tempdir().unwrap();
    let app = std::sync::Arc::new(TestApp::on_threads(folder.path()));
    let (status, answer) = app.configure(json!({})).await;
    assert_eq!(status, 200, "{answer}");
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let app = app.clone();
        calls.spawn(async move { try_initialize(&app, &Order::new("DE--1")).await });
    }
    let answers = calls.join_all().await;

    for (status, answer) in &answers {
        assert_eq!(*status, 200, "{answer}");
        assert_eq!(answer, &answers[0].1);
    }
    assert_eq!(app.sandbox.audit().len(), 1);
    assert_eq!(app.read("payment-events").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn c11_another_amount_before_it_is_paid_changes_the_intent() {
    let app = TestApp::configured().await;
    let mut order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    order.total = 20_000;
    order.items = vec![1001, 1002, 1003];
    assert_eq!(app.initialize(&order).await, transaction);
    assert_eq!(app.money(&transaction).amount, 20_000);
    assert_eq!(app.sandbox.audit().len(), 1);

    app.pay(&transaction, "pm_card_visa").await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002,1003] 20000"]);
}

#[tokio::test(start_paused = true)]
async fn c11_another_currency_before_it_is_paid_changes_the_intent() {
    let app = TestApp::configured().await;
    let mut order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    order.total = 1_500;
    order.currency = "JPY";
    assert_eq!(app.initialize(&order).await, transaction);
    let intent = app.money(&transaction);
    assert_eq!((intent.amount, intent.currency.as_str()), (1_500, "jpy"));
    app.pay(&transaction, "pm_card_visa").await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 1500"]);
    assert_eq!(app.payment(&order).await.checkout.total.to_string(), "1500 JPY");
}

#[tokio::test(start_paused = true)]
async fn c11_two_other_amounts_at_once_end_in_one_that_both_sides_know() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    let update = format!("{CREATE}/{transaction}");
    let slow = Fault { delay_ms: 500, ..Fault::new(FaultKind::Delay).on("POST", &update) };
    app.sandbox.inject(Fault { times: 2, ..slow }).unwrap();
    let (mut more, mut less) = (order.clone(), order.clone());
    (more.total, less.total) = (20_000, 15_000);
    let (one, two) = tokio::join!(try_initialize(&app, &more), try_initialize(&app, &less));

    assert_eq!((one.0, two.0), (StatusCode::OK, StatusCode::OK), "{} {}", one.1, two.1);
    let at_stripe = app.money(&transaction).amount;
    assert!([20_000, 15_000].contains(&at_stripe));
    assert_eq!(app.payment(&order).await.checkout.total.minor(), at_stripe);
}

#[tokio::test(start_paused = true)]
async fn c11_an_update_whose_answer_is_lost_is_repeated_under_its_key() {
    let app = TestApp::configured().await;
    let mut order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    let update = format!("{CREATE}/{transaction}");
    let lost = Fault { times: 3, ..Fault::new(FaultKind::LoseAnswer).on("POST", &update) };
    app.sandbox.inject(lost).unwrap();
    order.total = 20_000;
    let (status, answer) = try_initialize(&app, &order).await;
    assert_eq!(status, 400, "{answer}");
    assert_eq!(app.initialize(&order).await, transaction);

    let calls = app.sandbox.calls();
    let updates: Vec<Call> =
        calls.into_iter().filter(|call| call.method == "POST" && call.path == update).collect();
    assert_eq!(keys(&updates).len(), 1);
    assert_eq!(app.money(&transaction).amount, 20_000);
    assert_eq!(app.payment(&order).await.checkout.total.minor(), 20_000);
}

#[tokio::test(start_paused = true)]
async fn c11_another_amount_after_it_is_authorized_is_refused() {
    let app = TestApp::configured().await;
    let mut order = Order::new("DE--1");
    let transaction = app.authorized(&order).await;
    assert_eq!(app.initialize(&order).await, transaction, "the same amount is the same payment");

    order.total = 20_000;
    let (status, answer) = try_initialize(&app, &order).await;
    assert_eq!(status, 400);
    assert!(message(&answer).starts_with("orderData.grandTotal"), "{answer}");
    order.total = 18_979;
    order.currency = "USD";
    assert_eq!(try_initialize(&app, &order).await.0, 400, "another currency is another amount");
    assert_eq!(app.money(&transaction).amount, 18_979);
    assert_eq!(app.sandbox.audit().len(), 1);
}

/// The shopper paid while our books still say new: Stripe refuses the change, and its state decides.
#[tokio::test(start_paused = true)]
async fn c11_another_amount_when_it_was_paid_a_moment_ago_is_refused() {
    let app = TestApp::configured().await;
    let mut order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.pay(&transaction, "pm_card_visa").await;
    order.total = 20_000;
    let (status, answer) = try_initialize(&app, &order).await;

    assert_eq!(status, 400, "{answer}");
    assert!(message(&answer).starts_with("orderData.grandTotal"), "{answer}");
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
    assert_eq!(app.money(&transaction).amount, 18_979);
}

#[tokio::test(start_paused = true)]
async fn c11_a_captured_order_is_the_same_payment_and_is_not_paid_again() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.captured(&order).await;
    assert_eq!(app.initialize(&order).await, transaction);
    assert_eq!(app.sandbox.audit().len(), 1);
    assert_eq!(app.status(&order).await, "captured");
}

#[tokio::test(start_paused = true)]
async fn c11_a_canceled_payment_initialized_again_is_a_new_attempt() {
    let app = TestApp::configured().await;
    let mut order = Order::new("DE--1");
    let first = app.authorized(&order).await;
    app.command("CancelPayment", &cancel(&order, &order.items)).await;
    app.settle().await;
    assert_eq!(
        app.results().await,
        ["PaymentAuthorized[1001,1002] 18979", "PaymentCanceled[1001,1002] 18979"]
    );

    order.total = 20_000;
    let second = app.initialize(&order).await;
    assert_ne!(first, second);
    let payment = app.payment(&order).await;
    assert_eq!(payment.attempts.len(), 2);
    assert_eq!(app.money(&second).metadata["paymentId"], payment.id.to_string());

    // What is still told of the first one touches the second one in nothing (rule R2).
    let late = app.event("payment_intent.canceled").await;
    let late = Event(Value::Object({
        let mut fields = late.0.as_object().unwrap().clone();
        fields.insert("id".into(), json!("evt_late"));
        fields
    }));
    assert_eq!(app.receive(&late).await.0, 200);
    app.settle().await;
    assert_eq!(app.status(&order).await, "new");

    app.pay(&second, "pm_card_visa").await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 20000"]);
    let store: &dyn app::Store = app.store.as_ref();
    let history = store.history(&payment.tenant, payment.id).await.unwrap();
    let begun = history.iter().find(|entry| entry.what == "new attempt").unwrap();
    assert_eq!((begun.from.name(), begun.to.name()), ("canceled", "new"));
}

/// Rule R1: an order number that comes again at another account is another payment, and what was
/// begun at the old account is finished there.
#[tokio::test(start_paused = true)]
async fn c11_an_order_stays_at_the_account_where_it_was_begun() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let other = Order::new("DE--2");
    let old = app.authorized(&order).await;
    let new_keys = json!({"secretKey": "sk_test_other", "publishableKey": "pk_test_other"});
    let (status, answer) = app.configure(new_keys).await;
    assert_eq!(status, 200, "{answer}");

    app.command("CapturePayment", &capture(&order, &order.items, order.total)).await;
    app.settle().await;
    assert_eq!(
        app.results().await,
        ["PaymentAuthorized[1001,1002] 18979", "PaymentCaptured[1001,1002] 18979"]
    );
    assert_eq!(app.money(&old).amount_captured, 18_979, "captured with the old account's key");

    let new = app.initialize(&order).await;
    assert_ne!(old, new);
    assert_ne!(app.money(&old).account, app.money(&new).account);
    app.initialize(&other).await;
    let form = "payment_method=pm_card_visa&return_url=https%3A%2F%2Fshop.test";
    let path = format!("{CREATE}/{new}/confirm");
    app.stripe_with("sk_test_other", Method::POST, &path, form).await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
}

#[tokio::test(start_paused = true)]
async fn c12_what_cannot_be_paid_is_named_before_anything_is_stored_or_asked() {
    let cases: [(&str, &str, fn(&mut Value)); 12] = [
        ("below the minimum", "orderData.grandTotal", |order| order["grandTotal"] = json!(49)),
        ("nothing", "orderData.grandTotal", |order| order["grandTotal"] = json!(0)),
        ("negative", "orderData.grandTotal", |order| order["grandTotal"] = json!(-18_979)),
        ("no amount", "orderData.grandTotal", |order| order["grandTotal"] = Value::Null),
        ("a fraction", "orderData.grandTotal", |order| order["grandTotal"] = json!(189.79)),
        ("unknown currency", "orderData.currencyCode", |order| order["currencyCode"] = json!("XXQ")),
        ("no currency", "orderData.currencyCode", |order| order["currencyCode"] = Value::Null),
        ("gold", "orderData", |order| order["currencyCode"] = json!("XAU")),
        ("no items", "orderData.items", |order| order["items"] = json!([])),
        ("items without ids", "orderData.items", |order| order["items"] = json!([{"sku": "1"}])),
        ("an item that is none", "orderData.items", |order| order["items"] = json!(["1"])),
        ("below JPY's minimum", "orderData.grandTotal", |order| {
            order["grandTotal"] = json!(49);
            order["currencyCode"] = json!("JPY");
        }),
    ];
    let app = TestApp::configured().await;
    let calls_before = app.sandbox.calls().len();
    for (case, field, change) in cases {
        let mut request = Order::new("DE--1").request();
        change(&mut request["orderData"]);
        let (status, answer) = app.call(INITIALIZE, &request).await;
        assert_eq!(status, 400, "{case}: {answer}");
        assert!(message(&answer).starts_with(field), "{case}: {answer}");
    }
    assert!(!is_stored(&app, TENANT, "DE--1").await, "nothing is stored");
    assert_eq!(app.sandbox.calls().len(), calls_before, "Stripe is not asked");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn c12_an_unsafe_redirect_is_named_before_anything_is_stored() {
    let app = TestApp::configured().await;
    let (status, answer) = app.configure(json!({"shopOrigins": ["https://shop.example.test"]})).await;
    assert_eq!(status, 200, "{answer}");
    app.initialize(&Order::new("DE--1")).await;

    let fields = ["redirectSuccessUrl", "redirectCancelUrl", "checkoutSummaryPageUrl"];
    let addresses = ["javascript:alert(1)", "https://evil.test/", "//evil.test", "http://shop.example.test"];
    for (field, address) in fields.iter().flat_map(|f| addresses.iter().map(move |a| (f, a))) {
        let mut request = Order::new("DE--2").request();
        request[*field] = json!(address);
        let (status, answer) = app.call(INITIALIZE, &request).await;
        assert_eq!(status, 400, "{field} {address}: {answer}");
        assert!(message(&answer).starts_with(field), "{answer}");
    }
    assert!(!is_stored(&app, TENANT, "DE--2").await);
}
