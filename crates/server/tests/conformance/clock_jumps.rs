//! The clock jumps ahead by hours, and back: nothing happens twice, and nothing waits until it is as
//! late again as it was said to be.

use std::time::Duration;

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::Value;
use stripe_sandbox::{Fault, FaultKind};

use crate::support::*;

/// How far it is ahead.
const AHEAD: SignedDuration = SignedDuration::from_hours(3);

fn whole(order: &Order) -> Value {
    capture(order, &order.items, order.total)
}

/// What the worker does every 15 seconds, and what is due then.
async fn soon(app: &TestApp) {
    app.app.consumer.keep_house().await;
    app.settle().await;
}

async fn captured_once(app: &TestApp, order: &Order) {
    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
    assert_eq!(app.books(order).await, Books { captured: 18_979, ..Books::default() });
    let reference = app.payment(order).await.reference().unwrap().as_str().to_owned();
    assert_eq!(app.money(&reference).captures, 1);
    app.advance(AHEAD + AHEAD).await;
    assert_eq!(app.results().await, [""; 0], "the shop hears of it once");
    app.assert_drained().await;
}

#[tokio::test(start_paused = true)]
async fn what_came_in_while_the_clock_was_ahead_is_worked_on_when_it_is_back() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    app.entropy.advance(AHEAD);
    app.command("CapturePayment", &whole(&order)).await;
    app.entropy.advance(-AHEAD);
    app.settle().await;
    assert_eq!(app.results().await, [""; 0], "it is due in three hours");
    let logs = Logs::record();
    soon(&app).await;
    let warned = logs.of_level("WARN");
    assert!(warned.iter().any(|line| line.contains("the clock was ahead. Next: ")), "{warned:?}");
    captured_once(&app, &order).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_put_off_while_the_clock_was_ahead_is_tried_again_when_it_is_back() {
    for kind in [FaultKind::LoseRequest, FaultKind::LoseAnswer] {
        let app = TestApp::configured().await;
        let order = Order::new("DE--1");
        app.held(&order).await;
        app.hold_webhooks();
        app.entropy.advance(AHEAD);
        app.break_next(kind, CAPTURE, ALL_TRIES);
        assert_eq!(app.results_of("CapturePayment", &whole(&order)).await, [""; 0]);
        app.entropy.advance(-AHEAD);
        app.release_webhooks();
        soon(&app).await;
        soon(&app).await;
        let keys = app.keys_used("/capture");
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
        captured_once(&app, &order).await;
    }
}

/// The lease of whoever makes the call is over at once; another one takes the row meanwhile.
#[tokio::test(start_paused = true)]
async fn a_jump_ahead_during_a_call_makes_nothing_happen_twice() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    let slow = Fault { delay_ms: 15_000, ..Fault::new(FaultKind::Delay) };
    app.sandbox.inject(slow.on("POST", CAPTURE)).unwrap();
    app.command("CapturePayment", &whole(&order)).await;

    let one = app.app.consumer.work_once();
    let other = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        app.entropy.advance(AHEAD);
        app.app.consumer.work_once().await.unwrap();
    };
    let (done, ()) = tokio::join!(one, other);
    done.unwrap();
    app.entropy.advance(-AHEAD);
    soon(&app).await;
    soon(&app).await;
    captured_once(&app, &order).await;
}

/// Stripe takes longer than the lease lasts: whoever comes then goes on with the same call.
#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_longer_than_the_lease_is_of_one_capture() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    app.hold_webhooks();
    let slow = Fault { delay_ms: 50_000, times: 100, ..Fault::new(FaultKind::Delay) };
    app.sandbox.inject(slow.on("POST", CAPTURE)).unwrap();
    app.command("CapturePayment", &whole(&order)).await;

    let one = app.app.consumer.work_once();
    let other = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        app.entropy.advance(app::limits::LEASE + SignedDuration::from_secs(1));
        app.app.consumer.work_once().await.unwrap();
    };
    let (done, ()) = tokio::join!(one, other);
    done.unwrap();
    assert_eq!(app.results().await, [""; 0], "nobody knows yet, and nobody says that it failed");
    app.sandbox.clear_faults();
    app.advance(LONG_ENOUGH).await;
    app.release_webhooks();
    let keys = app.keys_used("/capture");
    assert!(keys.len() > 1 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    captured_once(&app, &order).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_hidden_while_the_clock_was_ahead_is_read_again_when_it_is_back() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.authorized(&order).await;
    let read = || {
        let path = "/message-channels/payment-events?limit=100";
        let mut request = request(http::Method::GET, path, String::new());
        request.headers_mut().insert("consumer-id", TENANT.parse().unwrap());
        app.send(request)
    };
    app.entropy.advance(AHEAD);
    let first = read().await.1;
    assert!(!first.as_array().unwrap().is_empty());
    assert_eq!(read().await.1.as_array().unwrap().len(), 0, "it is hidden");
    app.entropy.advance(-AHEAD);
    assert_eq!(read().await.1, first);
}

/// The call of the first one is left open with a time that is still to come.
#[tokio::test(start_paused = true)]
async fn a_shopper_who_comes_back_after_the_jump_back_does_not_wait_for_hours() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.entropy.advance(AHEAD);
    app.break_next(FaultKind::LoseRequest, CREATE, ALL_TRIES);
    let (status, _) = app.call("/private/initialize-payment", &order.request()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    app.entropy.advance(-AHEAD);
    let begun = tokio::time::Instant::now();
    app.initialize(&order).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// A command about an order that never comes fails a quarter of an hour after the clock is right, not
/// after the hours by which it was ahead.
#[tokio::test(start_paused = true)]
async fn a_command_without_an_order_does_not_wait_for_hours() {
    let app = TestApp::configured().await;
    app.entropy.advance(AHEAD);
    app.command("CapturePayment", &whole(&Order::new("DE--nobody"))).await;
    app.settle().await;
    app.entropy.advance(-AHEAD);
    soon(&app).await;
    assert_eq!(app.results().await, [""; 0]);
    for _ in 0..4 {
        app.advance(LONG_ENOUGH).await;
    }
    assert_eq!(app.results().await, ["PaymentCaptureFailed[1001,1002] 18979"]);
}

/// By minutes only: whatever was put off waits for that much longer, and not for good.
#[tokio::test(start_paused = true)]
async fn a_jump_back_by_minutes_puts_off_work_by_minutes() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--1");
    app.held(&order).await;
    let back = SignedDuration::from_mins(4);
    app.command("CapturePayment", &whole(&order)).await;
    app.entropy.advance(-back);
    soon(&app).await;
    assert_eq!(app.results().await, [""; 0]);
    app.advance(back).await;
    captured_once(&app, &order).await;
}
