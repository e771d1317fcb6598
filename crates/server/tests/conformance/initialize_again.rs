//! Initialize, called again for the same order: case 11 (rules R1 and R2).

use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use stripe_sandbox::{Call, Fault, FaultKind};

use crate::initialize::{creations, keys, message, on_create, try_initialize};
use crate::support::*;

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

/// What another call asked for and Stripe refused is not this call's refusal.
#[tokio::test(start_paused = true)]
async fn c11_the_refused_change_of_an_earlier_call_is_not_this_ones() {
    let app = TestApp::configured().await;
    let mut order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    let update = format!("{CREATE}/{transaction}");
    let lost = Fault { times: 3, ..Fault::new(FaultKind::LoseAnswer).on("POST", &update) };
    app.sandbox.inject(lost).unwrap();
    order.total = 100_000_000;
    let (status, answer) = try_initialize(&app, &order).await;
    assert_eq!(status, 400, "nobody knows: {answer}");

    order.total = 20_000;
    assert_eq!(app.initialize(&order).await, transaction);
    assert_eq!(app.money(&transaction).amount, 20_000);
    assert_eq!(app.payment(&order).await.checkout.total.minor(), 20_000);
}

#[tokio::test(start_paused = true)]
async fn c11_a_capture_that_is_refused_meanwhile_is_no_refusal_of_the_payment() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.authorized(&order).await;
    let capturing = "/v1/payment_intents/*/capture";
    app.sandbox
        .inject(Fault { times: 3, ..Fault::new(FaultKind::LoseRequest).on("POST", capturing) })
        .unwrap();
    let refused =
        Fault { status: Some(402), ..Fault::new(FaultKind::Status).on("POST", capturing) };
    app.sandbox.inject(refused).unwrap();
    app.command("CapturePayment", &capture(&order, &order.items, order.total)).await;
    app.settle().await;
    app.entropy.advance(SignedDuration::from_secs(10));
    assert_eq!(app.initialize(&order).await, transaction);
}

#[tokio::test(start_paused = true)]
async fn c11_canceled_in_the_dashboard_a_moment_ago_is_a_new_attempt() {
    let app = TestApp::configured().await;
    let mut order = Order::new("DE--1");
    let first = app.initialize(&order).await;
    app.stripe(Method::POST, &format!("{CREATE}/{first}/cancel"), "").await;
    order.total = 20_000;
    let second = app.initialize(&order).await;
    assert_ne!(first, second);
    app.pay(&second, "pm_card_visa").await;
    app.settle().await;
    assert_eq!(
        app.results().await,
        ["PaymentCanceled[1001,1002] 18979", "PaymentAuthorized[1001,1002] 20000"]
    );
}

/// The shopper pays, and the webhook is here, before the answer to our own call is.
#[tokio::test(start_paused = true)]
async fn c11_a_webhook_that_beats_the_answer_is_told_once() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let slow = Fault { delay_ms: 2_000, ..on_create(FaultKind::Delay, 1) };
    app.sandbox.inject(slow).unwrap();
    let shopper = async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let transaction = app.sandbox.audit()[0].id.clone();
        app.pay(&transaction, "pm_card_visa").await;
        app.settle().await;
        transaction
    };
    let ((status, answer), transaction) = tokio::join!(try_initialize(&app, &order), shopper);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["transactionId"], transaction.as_str());
    let told: Vec<String> =
        app.read("payment-events").await.into_iter().map(|message| message.name).collect();
    assert_eq!(told, ["PaymentCreated", "PaymentAuthorized", "PaymentUpdated"]);
    app.advance(SignedDuration::from_mins(3)).await;
    app.assert_drained().await;
}

/// A debit that bounced can be paid again, over another amount too.
#[tokio::test(start_paused = true)]
async fn c11_a_failed_payment_is_the_same_payment_and_can_be_changed() {
    let app = TestApp::configured().await;
    let mut order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.pay_by_debit(&transaction, "DE62370400440532013001").await;
    app.advance(LONG_ENOUGH).await;
    assert_eq!(app.results().await, ["PaymentAuthorizationFailed[1001,1002] 18979"]);

    assert_eq!(app.initialize(&order).await, transaction);
    order.total = 20_000;
    assert_eq!(app.initialize(&order).await, transaction);
    app.pay(&transaction, "pm_card_visa").await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 20000"]);
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
