use http::StatusCode;
use stripe_sandbox::BODY_BYTES_MAX;

use crate::support::{TestApp, request};

#[tokio::test]
async fn an_account_has_sixteen_endpoints() {
    let app = TestApp::new();
    for _ in 0..16 {
        app.subscribe().await;
    }
    let form = "url=https://shop.example/webhooks&enabled_events[]=*";
    let reply = app.post("/v1/webhook_endpoints", form).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(reply.text("/error/message").contains("16"));
}

#[tokio::test]
async fn an_authorization_is_captured_fifty_times() {
    let app = TestApp::new();
    let form = "amount=2000&currency=eur&confirm=true&payment_method=pm_card_visa\
                &payment_method_types[]=card&capture_method=manual\
                &payment_method_options[card][request_multicapture]=if_available";
    let intent = app.post("/v1/payment_intents", form).await.ok().text("/id");
    let capture = format!("/v1/payment_intents/{intent}/capture");
    for _ in 0..50 {
        app.post(&capture, "amount_to_capture=1&final_capture=false").await.ok();
    }
    let reply = app.post(&capture, "amount_to_capture=1&final_capture=false").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert_eq!(app.sandbox.audit()[0].amount_captured, 50);
    // Letting the rest go takes nothing, so it is still possible.
    let closed = app.post(&capture, "amount_to_capture=0").await;
    assert_eq!(closed.ok().text("/status"), "succeeded");
}

#[tokio::test]
async fn pages_and_keys_and_bodies_have_a_size() {
    let app = TestApp::new();
    for limit in [0, 101] {
        let reply = app.get(&format!("/v1/events?limit={limit}")).await;
        assert_eq!(reply.text("/error/param"), "limit");
    }
    let key = "k".repeat(256);
    let reply = app.post_keyed(&key, "/v1/customers", "").await.unwrap();
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    let large = "x".repeat(BODY_BYTES_MAX + 1);
    let reply = app.send(request(http::Method::POST, "/v1/customers", &large)).await.unwrap();
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn what_is_not_a_form_or_a_version_or_a_path_is_refused() {
    let app = TestApp::new();
    let mut json = request(http::Method::POST, "/v1/customers", "{}");
    json.headers_mut().insert("content-type", "application/json".parse().unwrap());
    assert_eq!(app.send(json).await.unwrap().status, StatusCode::BAD_REQUEST);
    let mut version = request(http::Method::GET, "/v1/balance", "");
    version.headers_mut().insert("stripe-version", "latest".parse().unwrap());
    assert_eq!(app.send(version).await.unwrap().status, StatusCode::BAD_REQUEST);
    let nowhere = app.get("/v1/nothing").await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    assert!(nowhere.header("request-id").is_some());
    assert_eq!(nowhere.header("stripe-version"), Some(stripe_sandbox::API_VERSION));
}
