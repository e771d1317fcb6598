//! An installation that moved to another address: webhook endpoints follow it, nothing is lost.

use app::move_endpoints::Moving;
use http::Method;
use serde_json::json;

use crate::configuration::{endpoints, endpoints_of, lose, methods};
use crate::support::*;

const NEW_URL: &str = "https://pay.example.test";
const ENDPOINT: &str = "/v1/webhook_endpoints/*";

async fn moved(app: &TestApp) -> Moving {
    app.app.consumer.context.move_endpoints().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_follows_the_public_address_with_its_secret() {
    let app = TestApp::configured().await;
    let old = endpoints(&app).await;
    assert_eq!(moved(&app).await, Moving::Done);
    assert_eq!(endpoints(&app).await, old, "nothing to do");

    let app = app.moved_to(NEW_URL);
    let logs = Logs::record();
    assert_eq!(moved(&app).await, Moving::Done);
    let new = endpoints(&app).await;
    assert_eq!(new.len(), 1);
    assert_eq!(new[0].0, old[0].0, "the same endpoint");
    assert_eq!(new[0].1, format!("{NEW_URL}/webhooks/test?tenantIdentifier={TENANT}"));
    let told = logs.of_level("INFO").join("\n");
    assert!(told.contains("the webhook endpoint was moved to the new `public_url`"), "{told}");

    // Its events verify as before, and the shop pays at the new address.
    app.authorized(&Order::new("DE--1")).await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
    let told = methods(&app).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].name, "UpdatePaymentMethod");
    assert_eq!(told[0].body["paymentMethodAppConfiguration"]["baseUrl"], NEW_URL);

    let calls = app.sandbox.calls().len();
    assert_eq!(moved(&app).await, Moving::Done);
    assert_eq!(app.sandbox.calls().len(), calls, "Stripe is not asked again");
    assert_eq!(methods(&app).await, [], "and the shop is told once");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_could_not_be_moved_is_moved_later() {
    let app = TestApp::configured().await.moved_to(NEW_URL);
    let old = endpoints(&app).await;
    app.sandbox.inject(lose("POST", ENDPOINT, ALL_TRIES)).unwrap();
    let logs = Logs::record();
    assert_eq!(moved(&app).await, Moving::Later);
    assert_eq!(endpoints(&app).await, old);
    let told = logs.of_level("WARN").join("\n");
    assert!(told.contains("the webhook endpoint could not be moved"), "{told}");
    assert_eq!(methods(&app).await, [], "the shop goes on at the old address");

    assert_eq!(moved(&app).await, Moving::Done);
    assert!(endpoints(&app).await[0].1.starts_with(NEW_URL));
}

/// The provider has changed it and we did not get to write that down: it is changed again, into the
/// same.
#[tokio::test(start_paused = true)]
async fn a_move_that_was_not_written_down_is_made_again() {
    let app = TestApp::configured().await.moved_to(NEW_URL);
    let at_stripe = endpoints(&app).await[0].0.clone();
    let url = format!("{NEW_URL}/webhooks/test?tenantIdentifier={TENANT}");
    let form = format!("url={}", url.replace('?', "%3F").replace('=', "%3D"));
    let path = format!("/v1/webhook_endpoints/{at_stripe}");
    assert_eq!(app.stripe(Method::POST, &path, &form).await["url"], url);

    assert_eq!(moved(&app).await, Moving::Done);
    assert_eq!(endpoints(&app).await, [(at_stripe, url)]);
    app.authorized(&Order::new("DE--1")).await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_somebody_deleted_is_made_anew_where_the_app_is_now() {
    let app = TestApp::configured().await.moved_to(NEW_URL);
    let path = format!("/v1/webhook_endpoints/{}", endpoints(&app).await[0].0);
    app.stripe(Method::DELETE, &path, "").await;
    assert_eq!(moved(&app).await, Moving::Done);
    assert!(endpoints(&app).await[0].1.starts_with(NEW_URL));
    app.authorized(&Order::new("DE--1")).await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
}

/// Payments of an account that the tenant left go on, so its endpoint moves too.
#[tokio::test(start_paused = true)]
async fn the_endpoints_of_earlier_accounts_move_too() {
    let app = TestApp::configured().await;
    let other = json!({"secretKey": "sk_test_other", "publishableKey": "pk_test_other"});
    assert_eq!(app.configure(other).await.0, 200);
    let app = app.moved_to(NEW_URL);
    assert_eq!(moved(&app).await, Moving::Done);
    for key in [SECRET_KEY, "sk_test_other"] {
        assert!(endpoints_of(&app, key).await[0].1.starts_with(NEW_URL), "{key}");
    }
}

/// A start without its `public_url` must not send Stripe's events to this machine's loopback.
#[tokio::test(start_paused = true)]
async fn an_endpoint_does_not_move_from_https_to_anything_else() {
    let app = TestApp::new().moved_to(NEW_URL);
    assert_eq!(app.configure(json!({})).await.0, 200);
    let before = endpoints(&app).await;
    let app = app.moved_to("http://127.0.0.1:8080");
    let logs = Logs::record();
    assert_eq!(moved(&app).await, Moving::Done);
    assert_eq!(endpoints(&app).await, before);
    let told = logs.of_level("ERROR").join("\n");
    assert!(told.contains("set `public_url` to where Stripe reaches the app"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_disconnected_tenant_has_no_endpoint_to_move() {
    let app = TestApp::configured().await;
    assert_eq!(app.disconnect(None).await.0, 204);
    let app = app.moved_to(NEW_URL);
    assert_eq!(moved(&app).await, Moving::Done);
    assert_eq!(endpoints(&app).await, []);
}
