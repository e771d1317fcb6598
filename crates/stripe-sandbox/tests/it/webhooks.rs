use hmac::{Hmac, KeyInit, Mac};
use http::{Method, StatusCode};
use jiff::SignedDuration;
use sha2::Sha256;
use stripe_sandbox::{DeliveryStatus, RETRY_AFTER, WebhookMode, WebhookOrder, WebhookSettings};

use crate::support::{TestApp, request, text};

const NATURAL: [&str; 3] =
    ["payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated"];

#[tokio::test]
async fn events_arrive_signed_in_the_order_they_happened() {
    let app = TestApp::new();
    let (_, secret) = app.subscribe().await;
    app.authorized().await;
    assert_eq!(app.sandbox.deliver_due().await, 3);
    let received = app.receiver.take();
    assert_eq!(received[0].url, "https://shop.example/webhooks");
    let types: Vec<String> = received.iter().map(|one| text(&one.event, "/type")).collect();
    assert_eq!(types, NATURAL);
    assert_eq!(text(&received[0].event, "/api_version"), stripe_sandbox::API_VERSION);
    let (time, signature) = received[0].signature.split_once(",v1=").unwrap();
    let second = time.strip_prefix("t=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{second}.{}", received[0].event).as_bytes());
    mac.verify_slice(&hex::decode(signature).unwrap()).unwrap();
    assert_eq!(app.sandbox.deliver_due().await, 0);
    assert_eq!(app.sandbox.deliveries()[0].status, DeliveryStatus::Delivered);
}

#[tokio::test]
async fn anything_but_2xx_is_tried_again_for_three_days() {
    let app = TestApp::new();
    app.subscribe().await;
    app.post("/v1/payment_intents", "amount=2000&currency=eur").await.ok();
    let attempts = RETRY_AFTER.len() + 1;
    app.receiver.answer([Ok(StatusCode::FOUND), Err("refused".to_owned())]);
    app.receiver.answer(vec![Ok(StatusCode::INTERNAL_SERVER_ERROR); attempts]);
    let start = app.sandbox.now();
    let mut tried = 0;
    while let Some(due) = app.sandbox.next_due() {
        app.clock.advance(due.duration_since(app.sandbox.now()));
        tried += app.sandbox.deliver_due().await;
    }
    assert_eq!(tried, attempts);
    assert_eq!(app.sandbox.deliveries()[0].status, DeliveryStatus::GivenUp);
    let lasted = app.sandbox.now().duration_since(start);
    assert!(lasted > SignedDuration::from_hours(60), "{lasted}");
    assert!(lasted <= SignedDuration::from_hours(72), "{lasted}");
}

#[tokio::test]
async fn a_delivery_broken_off_is_tried_again() {
    let app = TestApp::new();
    app.subscribe().await;
    app.post("/v1/payment_intents", "amount=2000&currency=eur").await.ok();
    app.receiver.set_silent(true);
    let patience = std::time::Duration::from_millis(20);
    assert!(tokio::time::timeout(patience, app.sandbox.deliver_due()).await.is_err());
    app.receiver.set_silent(false);
    assert_eq!(app.sandbox.deliver_due().await, 0);
    app.clock.advance(RETRY_AFTER[0]);
    assert_eq!(app.sandbox.deliver_due().await, 1);
    assert_eq!(app.sandbox.deliveries()[0].attempts, 2);
}

#[tokio::test]
async fn held_webhooks_wait_and_come_out_in_the_order_asked_for() {
    for order in [WebhookOrder::Fifo, WebhookOrder::Reverse, WebhookOrder::Shuffle] {
        let app = TestApp::with_seed(3);
        app.subscribe().await;
        let settings = WebhookSettings { mode: WebhookMode::Hold, order, copies: 1 };
        app.sandbox.set_webhooks(settings).unwrap();
        app.authorized().await;
        assert_eq!(app.sandbox.deliver_due().await, 0);
        assert_eq!(app.sandbox.release_webhooks(), 3);
        assert_eq!(app.sandbox.deliver_due().await, 3);
        let mut types = app.receiver.take_types();
        match order {
            WebhookOrder::Fifo => {}
            WebhookOrder::Reverse => types.reverse(),
            WebhookOrder::Shuffle => {
                assert_ne!(types, NATURAL);
                types.sort_by_key(|kind| NATURAL.iter().position(|natural| natural == kind));
            }
        }
        assert_eq!(types, NATURAL);
    }
}

#[tokio::test]
async fn copies_are_the_same_event_and_dropped_ones_never_come() {
    let app = TestApp::new();
    app.subscribe().await;
    let settings = WebhookSettings { copies: 3, ..WebhookSettings::default() };
    app.sandbox.set_webhooks(settings).unwrap();
    app.post("/v1/payment_intents", "amount=2000&currency=eur").await.ok();
    app.sandbox.deliver_due().await;
    let received = app.receiver.take();
    assert_eq!(received.len(), 3);
    assert!(received.iter().all(|one| one.event == received[0].event));
    let settings = WebhookSettings { mode: WebhookMode::Drop, ..WebhookSettings::default() };
    app.sandbox.set_webhooks(settings).unwrap();
    app.authorized().await;
    assert_eq!(app.sandbox.deliver_due().await, 0);
    // They can be caught up with by listing.
    assert_eq!(app.get("/v1/events").await.ok().json["data"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_deleted_endpoint_gets_nothing_more() {
    let app = TestApp::new();
    let (endpoint, _) = app.subscribe().await;
    app.authorized().await;
    let path = format!("/v1/webhook_endpoints/{endpoint}");
    app.send(request(Method::DELETE, &path, "")).await.unwrap().ok();
    assert_eq!(app.sandbox.deliver_due().await, 0);
    assert_eq!(app.sandbox.next_due().map(|due| due > app.sandbox.now()), Some(true));
}

#[tokio::test]
async fn one_account_does_not_hear_of_another() {
    let app = TestApp::new();
    app.subscribe().await;
    let mut foreign = request(Method::POST, "/v1/payment_intents", "amount=2000&currency=eur");
    foreign.headers_mut().insert("authorization", "Bearer sk_test_other".parse().unwrap());
    app.send(foreign).await.unwrap().ok();
    let mut live = request(Method::POST, "/v1/payment_intents", "amount=2000&currency=eur");
    live.headers_mut().insert("authorization", "Bearer sk_live_tests".parse().unwrap());
    assert_eq!(app.send(live).await.unwrap().ok().json["livemode"], true);
    assert_eq!(app.sandbox.deliver_due().await, 0);
}
