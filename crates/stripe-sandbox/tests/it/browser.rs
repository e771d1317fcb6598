//! What a browser may do with a publishable key, and what it needs to do it from another origin.

use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::json;

use crate::support::{TestApp, request};

const CARD: &str = "payment_method_data[type]=card&payment_method_data[card][exp_month]=12\
                    &payment_method_data[card][exp_year]=2034&payment_method_data[card][cvc]=123\
                    &payment_method_data[card][number]=";

fn card(number: &str) -> String {
    format!("{CARD}{number}")
}

#[tokio::test]
async fn the_holder_of_the_secret_pays_and_looks() {
    let app = TestApp::new();
    let intent = app.unpaid().await;
    let paid = app.pay_in_browser(&intent, &card("4242424242424242")).await.ok();
    assert_eq!(paid.text("/status"), "succeeded");
    let path = format!("/v1/payment_intents/{}?client_secret={}", intent.0, intent.1);
    let seen = app.call_in_browser(Method::GET, &path, "").await.ok();
    assert_eq!(seen.text("/status"), "succeeded");
    // The shop's notes and the shopper's charge are not the browser's business.
    assert!(seen.json.get("metadata").is_none() && seen.json.get("latest_charge").is_none());
}

#[tokio::test]
async fn nothing_else_is_open_to_a_publishable_key() {
    let app = TestApp::new();
    let (id, secret) = app.unpaid().await;
    for (method, path) in [
        (Method::GET, "/v1/payment_intents".to_owned()),
        (Method::POST, "/v1/payment_intents".to_owned()),
        (Method::POST, format!("/v1/payment_intents/{id}")),
        (Method::POST, format!("/v1/payment_intents/{id}/capture")),
        (Method::POST, format!("/v1/payment_intents/{id}/cancel")),
        (Method::GET, "/v1/charges".to_owned()),
        (Method::POST, "/v1/refunds".to_owned()),
        (Method::GET, "/v1/customers".to_owned()),
        (Method::GET, "/v1/events".to_owned()),
        (Method::GET, "/v1/balance".to_owned()),
    ] {
        let form = format!("client_secret={secret}");
        let reply = app.call_in_browser(method.clone(), &path, &form).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        assert_eq!(reply.text("/error/code"), "secret_key_required");
    }
}

#[tokio::test]
async fn a_wrong_or_missing_secret_learns_nothing() {
    let app = TestApp::new();
    let (id, secret) = app.unpaid().await;
    let unknown = app.call_in_browser(Method::GET, "/v1/payment_intents/pi_none", "").await;
    for query in [String::new(), format!("?client_secret={secret}x")] {
        let path = format!("/v1/payment_intents/{id}{query}");
        let reply = app.call_in_browser(Method::GET, &path, "").await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{query}");
        assert_eq!(reply.text("/error/code"), unknown.text("/error/code"));
    }
    let paid =
        app.pay_in_browser(&(id.clone(), "wrong".to_owned()), &card("4242424242424242")).await;
    assert_eq!(paid.status, StatusCode::NOT_FOUND);
    assert_eq!(app.status_of(&id).await, "requires_payment_method");
}

#[tokio::test]
async fn the_shopper_does_not_choose_what_is_the_shops_to_choose() {
    let app = TestApp::new();
    let intent = app.unpaid().await;
    for (parameter, value) in [
        ("capture_method", "capture_method=manual"),
        ("metadata", "metadata[order]=other"),
        ("off_session", "off_session=true"),
        ("payment_method_options", "payment_method_options[card][capture_method]=manual"),
        ("payment_method_types", "payment_method_types[]=card"),
    ] {
        let data = format!("{}&{value}", card("4242424242424242"));
        let reply = app.pay_in_browser(&intent, &data).await;
        assert_eq!(reply.text("/error/param"), parameter, "{}", reply.json);
        assert_eq!(reply.text("/error/code"), "secret_key_required");
    }
    assert_eq!(app.status_of(&intent.0).await, "requires_payment_method");
    let more = app.pay_in_browser(&intent, &format!("{}&amount=1", card("4242424242424242"))).await;
    assert_eq!(more.text("/error/code"), "parameter_unknown");
}

#[tokio::test]
async fn a_second_submit_does_not_pay_again() {
    let app = TestApp::new();
    let intent = app.unpaid().await;
    app.pay_in_browser(&intent, &card("4242424242424242")).await.ok();
    let again = app.pay_in_browser(&intent, &card("5555555555554444")).await;
    assert_eq!(again.text("/error/code"), "payment_intent_unexpected_state");
    assert_eq!(again.text("/error/payment_intent/status"), "succeeded");
    let charges = app.get(&format!("/v1/charges?payment_intent={}", intent.0)).await.ok();
    assert_eq!(charges.json["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_card_that_is_no_test_card_is_declined_as_one() {
    let app = TestApp::new();
    let intent = app.unpaid().await;
    let reply = app.pay_in_browser(&intent, &card("4111111111111111")).await;
    assert_eq!(reply.status, StatusCode::PAYMENT_REQUIRED);
    assert_eq!(reply.text("/error/type"), "card_error");
    assert_eq!(reply.text("/error/decline_code"), "test_mode_live_card");
}

#[tokio::test]
async fn authentication_is_shown_by_stripe_js_where_it_asks_to() {
    let app = TestApp::new();
    let intent = app.unpaid().await;
    let waits = app.pay_in_browser(&intent, &card("4000000000003220")).await.ok();
    assert_eq!(waits.text("/next_action/type"), "use_stripe_sdk");
    let page = waits.text("/next_action/use_stripe_sdk/stripe_js");
    assert_eq!(page, format!("http://sandbox.example/_sandbox/authenticate/{}", intent.0));

    // A bank is never shown inside the page: the shopper goes there.
    let intent = app.unpaid().await;
    let leaves = app.pay_in_browser(&intent, "payment_method_data[type]=ideal").await.ok();
    assert_eq!(leaves.text("/next_action/type"), "redirect_to_url");
    let back = leaves.text("/next_action/redirect_to_url/return_url");
    assert_eq!(back, "https://shop.example/back");
}

#[tokio::test]
async fn a_failed_authentication_is_no_card_error() {
    let app = TestApp::new();
    let intent = app.unpaid().await;
    app.pay_in_browser(&intent, &card("4000000000003220")).await.ok();
    let path = format!("/payment_intents/{}/next_action", intent.0);
    let failed = app.control(Method::POST, &path, &json!({ "outcome": "fail" })).await.ok();
    assert_eq!(failed.text("/status"), "requires_payment_method");
    let error = &failed.json["last_payment_error"];
    assert_eq!(error["type"], "invalid_request_error");
    assert_eq!(error["code"], "payment_intent_authentication_failure");
    assert!(error.get("decline_code").is_none());
}

#[tokio::test]
async fn a_page_of_another_origin_may_ask_and_read() {
    let app = TestApp::new();
    let (id, secret) = app.unpaid().await;
    let preflight = Request::builder()
        .method(Method::OPTIONS)
        .uri(format!("/v1/payment_intents/{id}/confirm"))
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,stripe-account")
        .body(Body::empty())
        .unwrap();
    let allowed = app.send(preflight).await.unwrap();
    assert_eq!(allowed.status, StatusCode::NO_CONTENT);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("*"));
    let headers = allowed.header("access-control-allow-headers").unwrap();
    assert!(headers.contains("authorization") && headers.contains("stripe-account"));
    assert!(app.sandbox.calls().iter().all(|call| call.method != "OPTIONS"));

    let path = format!("/v1/payment_intents/{id}?client_secret={secret}");
    let good = app.call_in_browser(Method::GET, &path, "").await.ok();
    let bad = app.call_in_browser(Method::GET, "/v1/charges", "").await;
    for reply in [good, bad] {
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        assert_eq!(reply.header("access-control-allow-credentials"), None);
    }
}

#[tokio::test]
async fn faults_meet_the_browser_too() {
    let app = TestApp::new();
    let intent = app.unpaid().await;
    let fault = json!({ "kind": "status", "path": "/v1/payment_intents/*/confirm" });
    app.control(Method::POST, "/faults", &fault).await.ok();
    let reply = app.pay_in_browser(&intent, &card("4242424242424242")).await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(app.status_of(&intent.0).await, "requires_payment_method");
}

#[tokio::test]
async fn the_script_is_lost_when_a_fault_names_it_and_only_then() {
    let app = TestApp::new();
    let load = || app.send(request(Method::GET, "/endive/stripe.js", ""));
    app.control(Method::POST, "/faults", &json!({ "kind": "lose_request" })).await.ok();
    assert_eq!(load().await.unwrap().status, StatusCode::OK);
    let named = json!({ "kind": "lose_request", "path": "/*/stripe.js" });
    app.control(Method::POST, "/faults", &named).await.ok();
    assert!(load().await.is_none());
    assert_eq!(load().await.unwrap().status, StatusCode::OK);
}
