//! The payment page: cases 62 to 66, and what the shop hears of a shopper who pays there.

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use serde_json::json;
use stripe_sandbox::{Fault, FaultKind};
use tower::ServiceExt;

use crate::support::*;

const SUCCESS: &str = "https://shop.example.test/success";
const CANCEL: &str = "https://shop.example.test/cancel";

/// What a browser gets.
struct Visit {
    status: u16,
    location: Option<String>,
    body: String,
}

async fn open(app: &TestApp, address: &str) -> Visit {
    let path = address.strip_prefix("http://app.test").unwrap_or(address);
    let request = Request::builder().uri(path).body(Body::empty()).unwrap();
    let response = app.app.router.clone().oneshot(request).await.unwrap();
    let location = response.headers().get("location");
    let location = location.map(|value| value.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Visit { status, location, body: String::from_utf8(body.to_vec()).unwrap() }
}

fn page(transaction: &str) -> String {
    format!("http://app.test/app-payment?transactionId={transaction}&tenantIdentifier={TENANT}")
}

/// The address of the contract; ours names the tenant, too.
fn back(transaction: &str) -> String {
    format!("http://app.test/app-payment/redirect?transactionId={transaction}")
}

async fn sent_to(app: &TestApp, address: &str) -> String {
    let visit = open(app, address).await;
    assert_eq!(visit.status, 302, "{}", visit.body);
    visit.location.unwrap()
}

/// Stripe does not answer when it is asked about an intent.
fn silence(app: &TestApp) {
    let fault = Fault { times: ALL_TRIES, ..Fault::new(FaultKind::LoseAnswer) };
    app.sandbox.inject(fault.on("GET", "/v1/payment_intents/*")).unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_address_of_initialize_is_a_page_on_which_the_order_can_be_paid() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let (_, answer) = app.call("/private/initialize-payment", &order.request()).await;
    let visit = open(&app, answer["redirectUrl"].as_str().unwrap()).await;
    assert_eq!(visit.status, 200);
    let transaction = answer["transactionId"].as_str().unwrap();
    for part in ["189,79\u{a0}€", "DE--1", PUBLISHABLE_KEY, &format!("{transaction}_secret_")] {
        assert!(visit.body.contains(part), "{part} in {}", visit.body);
    }
}

#[tokio::test(start_paused = true)]
async fn c62_without_a_transaction_there_is_nowhere_to_go() {
    let app = TestApp::configured().await;
    for path in ["/app-payment/redirect", "/app-payment/redirect?transactionId="] {
        assert_eq!(open(&app, path).await.status, 400, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn c63_who_has_not_paid_comes_back_to_the_page() {
    let app = TestApp::configured().await;
    let transaction = app.initialize(&Order::new("DE--1")).await;
    assert_eq!(sent_to(&app, &back(&transaction)).await, page(&transaction));

    app.pay(&transaction, "pm_card_visa_chargeDeclinedInsufficientFunds").await;
    assert_eq!(sent_to(&app, &back(&transaction)).await, page(&transaction));
    let visit = open(&app, &page(&transaction)).await;
    assert!(visit.body.contains("nicht genügend Guthaben"), "{}", visit.body);

    app.pay(&transaction, "pm_card_threeDSecure2Required").await;
    let visit = open(&app, &page(&transaction)).await;
    assert!(visit.body.contains("id=\"finish-button\""), "{}", visit.body);

    let debit = app.initialize(&Order::new("DE--2")).await;
    app.pay_by_debit(&debit, "DE89370400440532013000").await;
    assert_eq!(sent_to(&app, &back(&debit)).await, page(&debit));
    let visit = open(&app, &page(&debit)).await;
    assert!(visit.body.contains("data-state=\"processing\""), "{}", visit.body);
}

#[tokio::test(start_paused = true)]
async fn c64_where_stripe_does_not_answer_the_shop_takes_over() {
    let app = TestApp::configured().await;
    let transaction = app.initialize(&Order::new("DE--1")).await;
    silence(&app);
    assert_eq!(sent_to(&app, &back(&transaction)).await, CANCEL);
    silence(&app);
    assert_eq!(open(&app, &page(&transaction)).await.status, 503);
    assert_eq!(open(&app, &page(&transaction)).await.status, 200, "and is asked again");
}

#[tokio::test(start_paused = true)]
async fn a_canceled_payment_leads_to_the_cancel_address() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.stripe(http::Method::POST, &format!("/v1/payment_intents/{transaction}/cancel"), "").await;
    assert_eq!(sent_to(&app, &back(&transaction)).await, CANCEL);
    let visit = open(&app, &page(&transaction)).await;
    assert!(visit.body.contains("data-state=\"canceled\""), "{}", visit.body);
    assert!(!visit.body.contains("_secret_"));

    let next = app.initialize(&order).await;
    assert_ne!(next, transaction, "a new attempt");
    assert_eq!(sent_to(&app, &page(&transaction)).await, page(&next), "the old page leads there");
    assert_eq!(sent_to(&app, &back(&transaction)).await, page(&next));
}

#[tokio::test(start_paused = true)]
async fn c65_a_payment_of_another_tenant_is_not_there() {
    let app = TestApp::configured().await;
    app.configure_tenant("another", json!({})).await;
    let transaction = app.initialize(&Order::new("DE--1")).await;
    for address in [page(&transaction), format!("{}&tenantIdentifier={TENANT}", back(&transaction))]
    {
        let foreign = address.replace(TENANT, "another");
        let visit = open(&app, &foreign).await;
        assert_eq!(visit.status, 404, "{foreign}");
        assert!(!visit.body.contains("DE--1") && !visit.body.contains("_secret_"));
    }
    assert_eq!(open(&app, &back("pi_unknown")).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn c66_a_paid_page_opened_again_charges_nothing() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    let transaction = app.initialize(&order).await;
    app.pay(&transaction, "pm_card_visa").await;
    for address in [back(&transaction), page(&transaction), page(&transaction)] {
        assert_eq!(sent_to(&app, &address).await, SUCCESS);
    }
    app.settle().await;
    silence(&app);
    for address in [back(&transaction), page(&transaction)] {
        assert_eq!(sent_to(&app, &address).await, SUCCESS, "our books know it");
    }
    let books = app.books(&order).await;
    assert_eq!((books.held, books.captured), (order.total, 0));
    assert_eq!(app.stripe_calls("POST", "/confirm"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_shop_hears_of_a_payment_before_its_webhook_and_only_once() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.hold_webhooks();
    let transaction = app.initialize(&order).await;
    app.pay(&transaction, "pm_card_visa").await;
    assert_eq!(sent_to(&app, &back(&transaction)).await, SUCCESS);
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
    assert_eq!(app.status(&order).await, "authorized");

    app.release_webhooks();
    app.settle().await;
    assert_eq!(app.results().await, [] as [&str; 0], "the webhook finds it known");
    let all = capture(&order, &order.items, order.total);
    assert_eq!(app.results_of("CapturePayment", &all).await, ["PaymentCaptured[1001,1002] 18979"]);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn a_disconnected_tenant_takes_no_money_and_who_has_paid_goes_on() {
    let app = TestApp::configured().await;
    let (unpaid, paid) = (Order::new("DE--1"), Order::new("DE--2"));
    let open_transaction = app.initialize(&unpaid).await;
    let paid_transaction = app.held(&paid).await;
    app.disconnect(Some("true")).await;
    let visit = open(&app, &page(&open_transaction)).await;
    assert_eq!(visit.status, 403);
    assert!(!visit.body.contains("_secret_"), "{}", visit.body);
    assert_eq!(sent_to(&app, &page(&paid_transaction)).await, SUCCESS);
}

#[tokio::test(start_paused = true)]
async fn the_page_goes_on_after_the_tenant_moved_to_another_account() {
    let app = TestApp::configured().await;
    let transaction = app.initialize(&Order::new("DE--1")).await;
    let moved = json!({"secretKey": "sk_test_second", "publishableKey": "pk_test_second"});
    assert_eq!(app.configure(moved).await.0, 200);
    let visit = open(&app, &page(&transaction)).await;
    assert!(visit.body.contains(PUBLISHABLE_KEY), "R1: the keys of the payment's account");
    assert!(!visit.body.contains("pk_test_second"));
}
