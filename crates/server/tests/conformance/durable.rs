//! What is kept, and what waits while it cannot be read (rule R24).

use jiff::SignedDuration;
use serde_json::json;
use store::Keyring;

use crate::support::*;
use crate::webhooks::{backlog, paid_in_silence};

#[tokio::test(start_paused = true)]
async fn r24_an_event_is_recognized_for_as_long_as_stripe_may_list_it_and_longer() {
    let app = TestApp::configured().await;
    let (order, _) = paid_in_silence(&app).await;
    let event = app.event("payment_intent.amount_capturable_updated").await;
    app.receive(&event).await;
    app.settle().await;
    app.read("payment-events").await;
    let before = app.payment(&order).await;

    for days in [30, 5, 1, 365] {
        app.advance(SignedDuration::from_hours(24 * days)).await;
        assert_eq!(app.receive(&event).await.0, 200);
        assert_eq!(backlog(&app).await.inbox_waiting, 0, "it is not worked on again");
    }
    assert_eq!(app.payment(&order).await, before);
    assert_eq!(app.read("payment-events").await, []);
}

#[tokio::test(start_paused = true)]
async fn r24_a_command_is_recognized_a_year_later() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    let some = capture(&order, &[1001], 10_489);
    app.command_as("shipment-1", "CapturePayment", &some).await;
    app.settle().await;
    app.results().await;
    app.advance(SignedDuration::from_hours(24 * 365)).await;
    app.results().await;

    assert_eq!(app.command_as("shipment-1", "CapturePayment", &some).await.0, 200);
    app.settle().await;
    assert_eq!(app.results().await, [""; 0]);
    assert_eq!(app.calls_made("POST", "/capture"), 1);
}

/// The app was started with another encryption key on the same database: what needs a secret waits
/// until the right key is back, and nothing is lost.
#[tokio::test]
async fn r24_with_the_wrong_key_webhooks_are_asked_for_again_and_commands_wait() {
    let place = Place::new();
    let (order, event, secret) = {
        let app = place.start(&place.key);
        app.configure(json!({})).await;
        let order = Order::new("DE--1");
        app.authorized(&order).await;
        let event = app.event("payment_intent.amount_capturable_updated").await;
        (order, event, app.endpoint_secret().await)
    };
    let whole = capture(&order, &order.items, order.total);
    {
        let app = place.start(&Keyring::generate().unwrap());
        let (status, answer) = app.receive_at(TestApp::WEBHOOKS, &secret, &event).await;
        assert_eq!(status, 503, "{answer}");
        assert_eq!(backlog(&app).await.inbox_waiting, 0, "Stripe keeps it");
        let another = Order::new("DE--2").request();
        let (status, answer) = app.call("/private/initialize-payment", &another).await;
        assert_eq!(status, 503, "{answer}");

        assert_eq!(app.command_as("shipment-1", "CapturePayment", &whole).await.0, 200);
        app.settle().await;
        app.advance(SignedDuration::from_hours(30)).await;
        assert_eq!(app.results().await, [""; 0], "it has not failed");
        let waiting = backlog(&app).await;
        assert_eq!((waiting.inbox_waiting, waiting.inbox_parked), (1, 0));
        assert_eq!(app.calls_made("POST", "/capture"), 0);
    }
    let app = place.start(&place.key);
    assert_eq!(app.receive_at(TestApp::WEBHOOKS, &secret, &event).await.0, 200);
    app.advance(LONG_ENOUGH).await;
    assert_eq!(
        app.results().await,
        ["PaymentAuthorized[1001,1002] 18979", "PaymentCaptured[1001,1002] 18979"]
    );
    assert_eq!(app.books(&order).await.captured, 18_979);
    assert_eq!(app.money(app.payment(&order).await.reference().unwrap().as_str()).captures, 1);
}

/// The shop ignores a message about a method that is not later than its last one.
#[tokio::test(start_paused = true)]
async fn r24_the_time_of_messages_about_a_method_rises_with_each() {
    let app = TestApp::new();
    let mut times = Vec::new();
    for methods in [json!(["Stripe", "Klarna"]), json!(["Stripe"]), json!(["Stripe", "Klarna"])] {
        assert_eq!(app.configure(json!({"paymentMethods": methods})).await.0, 200);
        let told = app.read("payment-method-commands").await;
        let about = told.iter().find(|message| message.body.to_string().contains("Klarna"));
        times.push(about.unwrap().attributes["timestamp"].as_str().unwrap().to_owned());
    }
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "the clock stood still: {times:?}");
}
