//! Channels: how messages reach the shop (rules R21 and R22, as far as the main job needs them).

use jiff::SignedDuration;
use messaging::SendError;
use serde_json::json;

use crate::support::*;

const EVENTS: &str = "payment-events";
/// A message that was read is hidden for ten seconds.
const HIDDEN: SignedDuration = SignedDuration::from_secs(10);

fn order(number: u32) -> Order {
    Order::new(&format!("DE--{number}"))
}

/// Messages as `order name`.
fn lines(messages: &[Message]) -> Vec<String> {
    messages
        .iter()
        .map(|message| {
            let order = message.body.get("orderReference").or(message.body.get("entityReference"));
            format!("{} {}", order.unwrap().as_str().unwrap(), message.name)
        })
        .collect()
}

fn ids(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.id.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn r21_what_was_read_is_hidden_for_ten_seconds_and_comes_again_in_order() {
    let app = TestApp::configured().await;
    app.authorized(&order(1)).await;
    let (first, _) = app.peek(EVENTS, 100).await;
    assert_eq!(
        lines(&first),
        ["DE--1 PaymentCreated", "DE--1 PaymentAuthorized", "DE--1 PaymentUpdated"]
    );
    // A second worker of the shop polls: nothing of this order, whatever comes after it.
    app.command("CapturePayment", &capture(&order(1), &[1001, 1002], 18_979)).await;
    app.settle().await;
    app.authorized(&order(2)).await;
    let (second, _) = app.peek(EVENTS, 100).await;
    assert_eq!(
        lines(&second),
        ["DE--2 PaymentCreated", "DE--2 PaymentAuthorized", "DE--2 PaymentUpdated"]
    );
    app.entropy.advance(HIDDEN - SignedDuration::from_millis(1));
    assert_eq!(app.peek(EVENTS, 100).await.0, []);
    app.entropy.advance(SignedDuration::from_millis(1));
    let (again, _) = app.peek(EVENTS, 100).await;
    assert_eq!(&again[..3], &first[..], "the same bytes under the same ids");
    assert_eq!(lines(&again)[3..5], ["DE--1 PaymentCaptured", "DE--1 PaymentUpdated"]);
    assert_eq!(&again[5..], &second[..]);
}

#[tokio::test(start_paused = true)]
async fn r21_a_limit_is_kept_to_and_loses_nothing() {
    let app = TestApp::configured().await;
    for number in 1..=3 {
        app.authorized(&order(number)).await;
    }
    let mut all = Vec::new();
    loop {
        let (read, _) = app.peek(EVENTS, 2).await;
        assert!(read.len() <= 2);
        if read.is_empty() {
            break;
        }
        app.acknowledge(EVENTS, &ids(&read)).await;
        all.extend(read);
    }
    let orders = |number: u32| -> Vec<String> {
        let all = lines(&all).into_iter();
        all.filter(|line| line.starts_with(&format!("DE--{number} "))).collect()
    };
    for number in 1..=3 {
        let expected = ["PaymentCreated", "PaymentAuthorized", "PaymentUpdated"];
        assert_eq!(orders(number), expected.map(|name| format!("DE--{number} {name}")));
    }
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r21_deleting_is_idempotent_and_bound_to_tenant_and_channel() {
    let app = TestApp::configured().await;
    app.configure_tenant("tenant-2", json!({})).await;
    app.read_as("tenant-2", "payment-method-commands").await;
    app.read_as("tenant-2", "app-events").await;
    app.authorized(&order(1)).await;
    let (read, _) = app.peek(EVENTS, 100).await;
    app.acknowledge_as("tenant-2", EVENTS, &ids(&read)).await;
    app.acknowledge("app-events", &ids(&read)).await;
    app.acknowledge(EVENTS, &["", "m-1", "0198c0de-cafe-7000-8000-000000000000"]).await;
    app.entropy.advance(HIDDEN);
    assert_eq!(app.peek(EVENTS, 100).await.0, read, "all of them are still there");
    assert_eq!(app.peek_as("tenant-2", EVENTS, 100).await.0, [], "and nobody else reads them");
    assert_eq!(app.peek_as("nobody", EVENTS, 100).await.0, []);

    for _ in 0..2 {
        app.acknowledge(EVENTS, &ids(&read)).await;
    }
    app.entropy.advance(HIDDEN);
    assert_eq!(app.peek(EVENTS, 100).await.0, []);
    app.assert_drained().await;
}

/// A result that the shop cannot decode is set aside after ten reads in ten minutes. It holds back
/// what comes after it for its order, and nothing else.
#[tokio::test(start_paused = true)]
async fn r21_a_result_that_is_never_deleted_holds_back_its_order_only() {
    let app = TestApp::configured().await;
    app.authorized(&order(1)).await;
    let (read, _) = app.peek(EVENTS, 100).await;
    let bad = read.iter().find(|message| message.name == "PaymentAuthorized").unwrap();
    let good: Vec<&str> = ids(&read).into_iter().filter(|id| *id != bad.id).collect();
    app.acknowledge(EVENTS, &good).await;
    app.command("CapturePayment", &capture(&order(1), &[1001, 1002], 18_979)).await;
    app.settle().await;
    for _ in 0..9 {
        app.entropy.advance(SignedDuration::from_secs(70));
        assert!(app.peek(EVENTS, 1).await.0.contains(bad));
    }
    app.entropy.advance(SignedDuration::from_secs(70));
    assert_eq!(app.peek(EVENTS, 100).await.0, [], "the capture waits behind it");
    let store: &dyn app::Store = app.store.as_ref();
    assert_eq!(store.backlog(app.now()).await.unwrap().outbox_parked, 1, "an operator sees it");

    app.authorized(&order(2)).await;
    assert!(!app.read(EVENTS).await.is_empty(), "other orders go on");
    // The shop was mended, or a person gave it up: its order goes on.
    app.acknowledge(EVENTS, &[&bad.id]).await;
    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r21_news_that_is_never_deleted_holds_back_nothing() {
    let app = TestApp::configured().await;
    app.initialize(&order(1)).await;
    for _ in 0..10 {
        let (read, _) = app.peek(EVENTS, 100).await;
        assert_eq!(lines(&read), ["DE--1 PaymentCreated"]);
        app.entropy.advance(SignedDuration::from_secs(70));
    }
    assert_eq!(app.peek(EVENTS, 100).await.0, []);
    let transaction = app.initialize(&order(1)).await;
    app.pay(&transaction, "pm_card_visa").await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 18979"]);
}

/// An app whose payment events and method messages are pushed.
async fn pushing() -> TestApp {
    let routes = [EVENTS, "payment-method-commands", "app-events"]
        .map(|name| (name.to_owned(), format!("https://shop.test/{name}").parse().unwrap()));
    let app = TestApp::pushing(routes.into());
    assert_eq!(app.configure(json!({})).await.0, 200);
    app.settle().await;
    app
}

fn later() -> SendError {
    SendError::Later("the shop is down".into())
}

/// What was pushed to a channel, as `order name`.
fn pushed(app: &TestApp, channel: &str) -> Vec<String> {
    let all = app.pushed.messages();
    let of_channel = all.iter().filter(|(url, _)| url.path() == format!("/{channel}"));
    of_channel
        .map(|(_, message)| {
            let body: serde_json::Value = serde_json::from_str(&message.body).unwrap();
            let subject = ["orderReference", "entityReference", "name", "status"]
                .iter()
                .find_map(|field| body[field].as_str());
            let name = message.attributes.iter().find(|(key, _)| key == "name");
            format!("{} {}", subject.unwrap_or_default(), name.unwrap().1)
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn r22_pushed_messages_keep_their_order_through_failures() {
    let app = pushing().await;
    app.pushed.fail_next(vec![later(), later(), later()]);
    app.authorized(&order(1)).await;
    assert_eq!(pushed(&app, EVENTS), [""; 0], "the first one failed, so the next ones wait");
    app.authorized(&order(2)).await;
    let second = ["DE--2 PaymentCreated", "DE--2 PaymentAuthorized", "DE--2 PaymentUpdated"];
    let first = ["DE--1 PaymentCreated", "DE--1 PaymentAuthorized", "DE--1 PaymentUpdated"];
    for _ in 0..10 {
        app.advance(SignedDuration::from_secs(5)).await;
    }
    let all = pushed(&app, EVENTS);
    let of = |number: u32| -> Vec<&String> {
        all.iter().filter(|line| line.starts_with(&format!("DE--{number}"))).collect()
    };
    assert_eq!(of(1), first);
    assert_eq!(of(2), second);
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r22_other_orders_go_on_while_one_fails() {
    let app = pushing().await;
    let transaction = app.initialize(&order(1)).await;
    app.pushed.fail_next(vec![later()]);
    app.settle().await;
    app.authorized(&order(2)).await;
    assert_eq!(
        pushed(&app, EVENTS),
        ["DE--2 PaymentCreated", "DE--2 PaymentAuthorized", "DE--2 PaymentUpdated"]
    );
    app.advance(SignedDuration::from_secs(1)).await;
    assert_eq!(pushed(&app, EVENTS)[3..], ["DE--1 PaymentCreated"]);
    assert_eq!(app.pushed.messages()[5].1.attributes[0].1, "PaymentCreated");
    app.pay(&transaction, "pm_card_visa").await;
    app.settle().await;
    assert_eq!(pushed(&app, EVENTS)[4..], ["DE--1 PaymentAuthorized", "DE--1 PaymentUpdated"]);
}

#[tokio::test(start_paused = true)]
async fn r22_a_result_that_is_rejected_is_parked_and_holds_back_its_order() {
    let app = pushing().await;
    let transaction = app.initialize(&order(1)).await;
    app.settle().await;
    app.pushed.fail_next(vec![SendError::Rejected("422".into())]);
    app.pay(&transaction, "pm_card_visa").await;
    app.settle().await;
    app.command("CapturePayment", &capture(&order(1), &[1001, 1002], 18_979)).await;
    app.settle().await;
    app.advance(SignedDuration::from_hours(3)).await;

    assert_eq!(pushed(&app, EVENTS), ["DE--1 PaymentCreated"]);
    let store: &dyn app::Store = app.store.as_ref();
    assert_eq!(store.backlog(app.now()).await.unwrap().outbox_parked, 1);
    app.authorized(&order(2)).await;
    assert_eq!(pushed(&app, EVENTS).len(), 4, "other orders go on");
}

#[tokio::test(start_paused = true)]
async fn r22_news_that_is_rejected_holds_back_nothing() {
    let app = pushing().await;
    app.pushed.fail_next(vec![SendError::Rejected("422".into())]);
    app.authorized(&order(1)).await;
    assert_eq!(pushed(&app, EVENTS), ["DE--1 PaymentAuthorized", "DE--1 PaymentUpdated"]);
}

/// Nothing is sent to it but one message every 30 seconds, and no message spends its tries meanwhile.
#[tokio::test(start_paused = true)]
async fn r22_a_shop_that_is_down_rests_and_is_asked_by_one_message() {
    let app = pushing().await;
    app.pushed.fail_next(vec![later(); 1_000]);
    for number in 1..=8 {
        app.initialize(&order(number)).await;
    }
    app.settle().await;
    let tried = |app: &TestApp| 1_000 - app.pushed.failures_left();
    assert_eq!(tried(&app), 5, "so many failures in a row are enough");
    app.initialize(&order(9)).await;
    for rest in 1..=10 {
        app.advance(SignedDuration::from_secs(29)).await;
        assert_eq!(tried(&app), 4 + rest, "it rests");
        app.advance(SignedDuration::from_secs(1)).await;
        assert_eq!(tried(&app), 5 + rest, "one goes first");
    }
    app.pushed.fail_next(vec![]);
    app.advance(SignedDuration::from_secs(30)).await;
    app.advance(SignedDuration::from_secs(10)).await;
    assert_eq!(pushed(&app, EVENTS).len(), 9, "soon after it is back, all have arrived");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn r23_that_the_app_is_inactive_is_pushed_last() {
    let app = pushing().await;
    app.configure(json!({"paymentMethods": ["Stripe", "Klarna"]})).await;
    app.settle().await;
    app.pushed.fail_next(vec![later(), later()]);
    assert_eq!(app.disconnect(None).await.0, 204);
    app.settle().await;
    assert_eq!(pushed(&app, "app-events").last().unwrap(), "CONNECTED AppConfigUpdated");
    for _ in 0..10 {
        app.advance(SignedDuration::from_secs(2)).await;
    }
    let all: Vec<String> = app
        .pushed
        .messages()
        .iter()
        .rev()
        .take(3)
        .map(|(_, message)| message.attributes[0].1.clone())
        .collect();
    assert_eq!(all, ["AppConfigUpdated", "DeletePaymentMethod", "DeletePaymentMethod"]);
    assert_eq!(pushed(&app, "app-events").last().unwrap(), "DISCONNECTED AppConfigUpdated");
    app.assert_drained().await;
}
