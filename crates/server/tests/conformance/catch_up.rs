//! Events that no webhook has brought: found in Stripe's list, and applied as if one had.

use http::Method;
use jiff::SignedDuration;
use serde_json::json;
use stripe_sandbox::{Fault, FaultKind, WebhookSettings};

use crate::support::*;
use crate::webhooks::{by_hand, paid_in_silence};

const EVENTS: &str = "/v1/events";
const A_WHILE: SignedDuration = SignedDuration::from_mins(16);

/// What the worker does about accounts that are due, and what follows from it.
async fn look_after(app: &TestApp) {
    app.app.consumer.context.look_after_accounts("worker-1", None).await.unwrap();
    app.settle().await;
}

fn told_again(app: &TestApp) {
    app.sandbox.set_webhooks(WebhookSettings::default()).unwrap();
}

/// Another life of the same installation: everything is due.
async fn start_again(app: &TestApp) {
    app.store.clear_leases().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn webhooks_lost_for_good_are_made_up_for() {
    let app = TestApp::configured().await;
    look_after(&app).await;
    let (order, transaction) = paid_in_silence(&app).await;
    app.advance(SignedDuration::from_hours(5)).await;
    app.stripe(Method::POST, &format!("/v1/payment_intents/{transaction}/capture"), "").await;
    let form = format!("payment_intent={transaction}&amount=5000");
    app.stripe(Method::POST, "/v1/refunds", &form).await;
    told_again(&app);
    app.advance(SignedDuration::from_hours(80)).await;
    assert_eq!(app.status(&order).await, "new", "Stripe sends none of them again");

    look_after(&app).await;
    let told = app.results().await;
    assert_eq!(told, ["PaymentAuthorized[1001,1002] 18979", "PaymentCaptured[1001,1002] 18979",]);
    assert_eq!(app.status(&order).await, "partially_refunded");
    assert_eq!(app.books(&order).await.refunded, 5_000);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_by_webhook_and_by_list_is_applied_once() {
    let app = TestApp::configured().await;
    let first = Order::new("DE--1");
    app.held(&first).await;
    look_after(&app).await;
    assert_eq!(app.calls_made("GET", EVENTS), 1);
    assert_eq!(app.results().await, [""; 0], "the webhook came first");

    app.advance(A_WHILE).await;
    app.hold_webhooks();
    let second = Order::new("DE--2");
    let transaction = app.initialize(&second).await;
    app.pay(&transaction, "pm_card_visa").await;
    look_after(&app).await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
    let history = app.history(&second).await;
    app.release_webhooks();
    app.settle().await;
    assert_eq!(app.results().await, [""; 0], "the list came first");
    assert_eq!(app.history(&second).await, history);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn an_account_is_asked_at_a_start_and_then_now_and_again() {
    let app = TestApp::configured().await;
    for _ in 0..3 {
        look_after(&app).await;
    }
    assert_eq!(app.calls_made("GET", EVENTS), 1);
    app.advance(A_WHILE).await;
    look_after(&app).await;
    assert_eq!(app.calls_made("GET", EVENTS), 2);
    start_again(&app).await;
    look_after(&app).await;
    assert_eq!(app.calls_made("GET", EVENTS), 3);
}

#[tokio::test(start_paused = true)]
async fn the_cursor_moves_only_past_what_is_in_the_inbox() {
    let app = TestApp::configured().await;
    by_hand(&app);
    let mut orders = Vec::new();
    // More events than one page has; between two of them the walk's overlap passes.
    for number in 1..=60 {
        let order = Order::new(&format!("DE--{number}"));
        let transaction = app.initialize(&order).await;
        app.pay(&transaction, "pm_card_visa").await;
        app.entropy.advance(SignedDuration::from_mins(20));
        orders.push(order);
    }
    // Stripe goes away after the first page, which is the newest, and for a day.
    let gone = Fault { skip: 1, times: 1_000, ..Fault::new(FaultKind::LoseRequest) };
    app.sandbox.inject(gone.on("GET", EVENTS)).unwrap();
    for _ in 0..96 {
        look_after(&app).await;
        app.advance(A_WHILE).await;
    }
    assert_eq!(app.status(&orders[59]).await, "authorized", "the first page counts");
    assert_eq!(app.status(&orders[0]).await, "new");
    app.stripe_is_back().await;
    look_after(&app).await;
    for order in &orders {
        assert_eq!(app.status(order).await, "authorized", "{}", order.reference);
    }
    let told = app.results().await;
    assert_eq!(told.len(), 60, "each once: {told:?}");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn two_workers_at_once_apply_everything_once() {
    let app = TestApp::configured().await;
    let (order, _) = paid_in_silence(&app).await;
    let context = &app.app.consumer.context;
    let late = async {
        tokio::task::yield_now().await;
        // As if the lease had ended while the other one was at work.
        start_again(&app).await;
        context.look_after_accounts("worker-2", None).await.unwrap()
    };
    let (one, other) = tokio::join!(context.look_after_accounts("worker-1", None), late);
    assert_eq!((one.unwrap(), other), (1, 1));
    let workers = (context.work_inbox("worker-1"), context.work_inbox("worker-2"));
    let (one, other) = tokio::join!(workers.0, workers.1);
    one.unwrap();
    other.unwrap();
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
    assert_eq!(app.status(&order).await, "authorized");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn what_opens_a_payment_is_not_stored() {
    let app = TestApp::configured().await;
    paid_in_silence(&app).await;
    app.app.consumer.context.look_after_accounts("worker-1", None).await.unwrap();
    let store: &dyn app::Store = app.store.as_ref();
    let now = app.now();
    let until = now + SignedDuration::from_secs(60);
    let lease = app::ports::Lease { worker: "worker-1".into(), now, until, limit: 32 };
    let rows = store.claim_inbox(&lease).await.unwrap();
    assert!(rows.iter().any(|row| row.item.name.starts_with("payment_intent.")), "{rows:?}");
    for row in rows {
        let body = String::from_utf8(row.item.body).unwrap();
        assert!(!body.contains("_secret"), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn c54_each_tenant_of_an_account_takes_its_own() {
    let app = TestApp::configured().await;
    app.configure_tenant("tenant-2", json!({})).await;
    let (order, _) = paid_in_silence(&app).await;
    look_after(&app).await;
    assert_eq!(app.calls_made("GET", EVENTS), 2);
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
    assert_eq!(app.status(&order).await, "authorized");
    assert!(app.read_as("tenant-2", "payment-events").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_is_gone_is_not_asked_for() {
    let app = TestApp::configured().await;
    assert_eq!(app.disconnect(Some("true")).await.0, 204);
    for channel in ["payment-method-commands", "app-events"] {
        app.read(channel).await;
    }
    look_after(&app).await;
    assert_eq!(app.calls_made("GET", EVENTS), 0);
}

#[tokio::test(start_paused = true)]
async fn c77_what_became_of_a_merchant_is_found_in_the_merchants_own_list() {
    let app = TestApp::marketplace().await;
    let clicked = app.click("MER000001").await;
    assert_eq!(clicked.status, 201, "{}", clicked.body);
    app.settle().await;
    app.read("merchant-app-events").await;
    by_hand(&app);
    let account = app.account("MER000001").await;
    app.onboarding_ends(&account, "complete").await;
    app.settle().await;
    assert_eq!(app.read("merchant-app-events").await, []);

    look_after(&app).await;
    let told = app.read("merchant-app-events").await;
    let [told] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(told.name, "MerchantAppOnboardingStatusChanged");
    assert_eq!(told.body["status"], "completed");
    app.assert_drained().await;
}
