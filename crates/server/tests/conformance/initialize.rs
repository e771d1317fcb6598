//! Initialize: cases 1 to 7 and 12.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::StatusCode;
use jiff::SignedDuration;
use payment::{OrderReference, TenantId};
use serde_json::{Value, json};
use stripe_sandbox::{Call, Fault, FaultKind};
use testkit::{Fate, Mishap};

use crate::support::*;

pub const INITIALIZE: &str = "/private/initialize-payment";

/// Every call that wanted to make an intent, whatever became of it.
pub fn creations(app: &TestApp) -> Vec<Call> {
    let calls = app.sandbox.calls().into_iter();
    calls.filter(|call| call.method == "POST" && call.path == CREATE).collect()
}

pub fn keys(calls: &[Call]) -> Vec<&str> {
    let mut keys: Vec<&str> =
        calls.iter().filter_map(|call| call.idempotency_key.as_deref()).collect();
    keys.dedup();
    keys
}

pub fn on_create(kind: FaultKind, times: u32) -> Fault {
    Fault { times, ..Fault::new(kind).on("POST", CREATE) }
}

fn status_on_create(status: u16, times: u32) -> Fault {
    Fault { status: Some(status), ..on_create(FaultKind::Status, times) }
}

pub async fn try_initialize(app: &TestApp, order: &Order) -> (StatusCode, Value) {
    app.call(INITIALIZE, &order.request()).await
}

/// The message of a refusal, in the format of the private API.
pub fn message(answer: &Value) -> &str {
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

/// Writes down what the store is asked.
#[derive(Default)]
struct Asked(Mutex<Vec<&'static str>>);

#[async_trait]
impl Fate for Asked {
    async fn of(&self, operation: &'static str) -> Mishap {
        self.0.lock().unwrap().push(operation);
        Mishap::None
    }
}

/// On PostgreSQL each question is a way to the server and back, while the shopper waits. The
/// installation's id is asked of the server once.
#[tokio::test(start_paused = true)]
async fn c01_a_shopper_waits_for_few_questions_to_the_database() {
    let asked = Arc::new(Asked::default());
    let app = TestApp::configured().await.with_fate(asked.clone());
    let order = Order::new("DE--1");
    app.initialize(&order).await;
    let new = [
        "tenant",
        "payments_of_order",
        "commit",
        "call_means",
        "installation",
        "history",
        "commit",
    ];
    assert_eq!(std::mem::take(&mut *asked.0.lock().unwrap()), new);
    app.initialize(&order).await;
    assert_eq!(*asked.0.lock().unwrap(), ["tenant", "payments_of_order"], "nothing has changed");
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
    assert_eq!(metadata["nested"], r#"{"list":[1,2.5,null,true]}"#);
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
async fn c12_what_cannot_be_paid_is_named_before_anything_is_stored_or_asked() {
    type Case = (&'static str, &'static str, fn(&mut Value));
    let cases: [Case; 12] = [
        ("below the minimum", "orderData.grandTotal", |order| order["grandTotal"] = json!(49)),
        ("nothing", "orderData.grandTotal", |order| order["grandTotal"] = json!(0)),
        ("negative", "orderData.grandTotal", |order| order["grandTotal"] = json!(-18_979)),
        ("no amount", "orderData.grandTotal", |order| order["grandTotal"] = Value::Null),
        ("a fraction", "orderData.grandTotal", |order| order["grandTotal"] = json!(189.79)),
        ("unknown currency", "orderData.currencyCode", |order| {
            order["currencyCode"] = json!("XXQ")
        }),
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
    let (status, answer) =
        app.configure(json!({"shopOrigins": ["https://shop.example.test"]})).await;
    assert_eq!(status, 200, "{answer}");
    app.initialize(&Order::new("DE--1")).await;

    let fields = ["redirectSuccessUrl", "redirectCancelUrl", "checkoutSummaryPageUrl"];
    let addresses =
        ["javascript:alert(1)", "https://evil.test/", "//evil.test", "http://shop.example.test"];
    for (field, address) in fields.iter().flat_map(|f| addresses.iter().map(move |a| (f, a))) {
        let mut request = Order::new("DE--2").request();
        request[*field] = json!(address);
        let (status, answer) = app.call(INITIALIZE, &request).await;
        assert_eq!(status, 400, "{field} {address}: {answer}");
        assert!(message(&answer).starts_with(field), "{answer}");
    }
    assert!(!is_stored(&app, TENANT, "DE--2").await);
}
