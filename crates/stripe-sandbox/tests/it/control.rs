use http::{Method, StatusCode};
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn unknown_fields_are_refused_by_name() {
    let app = TestApp::new();
    for (path, body) in [
        ("/faults", json!({ "kind": "status", "colour": 1 })),
        ("/declines", json!({ "code": "lost_card", "colour": 1 })),
        ("/webhooks", json!({ "mode": "hold", "colour": 1 })),
        ("/clock", json!({ "advance_seconds": 1, "colour": 1 })),
        ("/accounts/acct_1", json!({ "multicapture": true, "colour": 1 })),
        ("/payment_intents/pi_1/fund", json!({ "amount": 1, "colour": 1 })),
        ("/payment_intents/pi_1/settle", json!({ "outcome": "fail", "colour": 1 })),
    ] {
        let reply = app.control(Method::POST, path, &body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(reply.text("/error").contains("colour"), "{path}: {}", reply.json);
    }
}

#[tokio::test]
async fn values_out_of_bounds_are_refused_with_the_bound() {
    let app = TestApp::new();
    for (path, body, named) in [
        ("/faults", json!({ "kind": "status", "status": 200 }), "400"),
        ("/faults", json!({ "kind": "delay" }), "delay_ms"),
        ("/faults", json!({ "kind": "status", "percent": 101 }), "100"),
        ("/declines", json!({ "code": "bad_mood" }), "insufficient_funds"),
        ("/webhooks", json!({ "copies": 0 }), "drop"),
        ("/webhooks", json!({ "mode": "lose" }), "hold"),
        ("/clock", json!({ "advance_seconds": -5 }), "-5"),
    ] {
        let reply = app.control(Method::POST, path, &body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(reply.text("/error").contains(named), "{path}: {}", reply.json);
    }
    let unknown = app.control(Method::POST, "/nothing", &json!({})).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_outcome_only_fits_what_waits_for_it() {
    let app = TestApp::new();
    let intent = app.authorized().await;
    for (action, body) in [
        ("fund", json!({ "amount": 1 })),
        ("settle", json!({ "outcome": "succeed" })),
        ("next_action", json!({ "outcome": "succeed" })),
    ] {
        let path = format!("/payment_intents/{intent}/{action}");
        let reply = app.control(Method::POST, &path, &body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{action}");
        assert!(reply.text("/error").contains("requires_capture"), "{}", reply.json);
    }
    assert_eq!(app.status_of(&intent).await, "requires_capture");
}

#[tokio::test]
async fn calls_are_listed_with_their_parameters_and_without_keys() {
    let app = TestApp::new();
    app.post_keyed("k", "/v1/payment_intents", "amount=2000&currency=eur").await.unwrap().ok();
    let calls = app.control(Method::GET, "/calls", &json!({})).await.ok();
    let call = &calls.json["calls"][0];
    assert_eq!(call["method"], "POST");
    assert_eq!(call["params"], json!({ "amount": "2000", "currency": "eur" }));
    assert_eq!(call["idempotency_key"], "k");
    assert_eq!(call["status"], 200);
    assert!(!calls.json.to_string().contains("sk_test"));
}

#[tokio::test]
async fn an_underpaid_transfer_is_completed_and_the_excess_is_told() {
    let app = TestApp::new();
    let customer = app.post("/v1/customers", "email=a@shop.example").await.ok().text("/id");
    let form = format!(
        "amount=2000&currency=eur&customer={customer}&confirm=true\
         &payment_method_types[]=customer_balance&payment_method_data[type]=customer_balance"
    );
    let intent = app.post("/v1/payment_intents", &form).await.ok().text("/id");
    let fund = format!("/payment_intents/{intent}/fund");
    let short = app.control(Method::POST, &fund, &json!({ "amount": 1999 })).await.ok();
    let remaining = "/next_action/display_bank_transfer_instructions/amount_remaining";
    assert_eq!(short.integer(remaining), 1);
    let covered = app.control(Method::POST, &fund, &json!({ "amount": 11 })).await.ok();
    assert_eq!(covered.text("/status"), "succeeded");
    assert_eq!(covered.integer("/amount_received"), 2000);
    let events = app.get("/v1/events?type=cash_balance.funds_available").await.ok();
    assert_eq!(events.integer("/data/0/data/object/available/eur"), 10);
}
