//! Payments declined on request.

use http::{Method, StatusCode};
use serde_json::json;

use crate::support::TestApp;

const VISA: &str = "payment_method=pm_card_visa";

#[tokio::test]
async fn the_next_payment_is_declined_and_the_one_after_it_is_not() {
    let app = TestApp::new();
    let asked = json!({ "code": "insufficient_funds" });
    let waiting = app.control(Method::POST, "/declines", &asked).await.ok();
    assert_eq!(waiting.json["declines"][0]["times"], 1);
    let intent = app.unpaid().await;
    let declined = app.pay_in_browser(&intent, VISA).await;
    assert_eq!(declined.status, StatusCode::PAYMENT_REQUIRED);
    assert_eq!(declined.text("/error/decline_code"), "insufficient_funds");
    let paid = app.pay_in_browser(&intent, VISA).await.ok();
    assert_eq!(paid.text("/status"), "succeeded");
}

#[tokio::test]
async fn it_declines_as_often_as_asked_in_the_account_asked_for() {
    let app = TestApp::new();
    let account = app.get("/v1/account").await.ok().text("/id");
    let elsewhere = json!({ "account": "acct_other" });
    app.control(Method::POST, "/declines", &elsewhere).await.ok();
    app.control(Method::POST, "/declines", &json!({ "account": account, "times": 2 })).await.ok();
    let intent = app.unpaid().await;
    for expected in [StatusCode::PAYMENT_REQUIRED, StatusCode::PAYMENT_REQUIRED, StatusCode::OK] {
        assert_eq!(app.pay_in_browser(&intent, VISA).await.status, expected);
    }
    let left = app.control(Method::GET, "/declines", &json!({})).await.ok();
    assert_eq!(left.json["declines"][0]["account"], "acct_other");
    let none = app.control(Method::DELETE, "/declines", &json!({})).await.ok();
    assert_eq!(none.json["declines"], json!([]));
    assert!(app.sandbox.declines().is_empty());
}

#[tokio::test]
async fn a_bank_redirect_and_a_debit_are_declined_without_a_cards_reason() {
    let app = TestApp::new();
    app.control(Method::POST, "/declines", &json!({ "times": 2 })).await.ok();
    for data in [
        "payment_method_data[type]=ideal",
        "payment_method_data[type]=sepa_debit\
         &payment_method_data[sepa_debit][iban]=DE89370400440532013000",
    ] {
        let intent = app.unpaid().await;
        let declined = app.pay_in_browser(&intent, data).await;
        assert_eq!(declined.text("/error/code"), "payment_intent_payment_attempt_failed");
        assert!(declined.json["error"].get("decline_code").is_none());
        assert_eq!(app.status_of(&intent.0).await, "requires_payment_method");
    }
}
