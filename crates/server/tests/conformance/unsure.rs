//! The database is lost before something is done, or after it, when nobody hears of it any more
//! (rule R24); and what two do at once who cannot know of each other (rule R1).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use stripe_sandbox::FaultKind;
use testkit::{Fate, Mishap};
use tokio::sync::Notify;

use crate::configuration::endpoints;
use crate::support::*;

/// Whoever is not answered asks so often.
const TRIES_MAX: u32 = 5;

/// The uses of the database that leave something behind.
const WRITES: [&str; 6] =
    ["commit", "commit_tenant", "receive", "settle_inbox", "read_channel", "delete_messages"];

/// One of them goes wrong.
struct Nth {
    nth: u64,
    mishap: Mishap,
    seen: AtomicU64,
}

#[async_trait]
impl Fate for Nth {
    async fn of(&self, operation: &'static str) -> Mishap {
        if !WRITES.contains(&operation) {
            return Mishap::None;
        }
        let now = self.seen.fetch_add(1, Ordering::SeqCst);
        if now == self.nth { self.mishap } else { Mishap::None }
    }
}

/// A journey of an order, of which everybody tries again what was not answered. Returns the results
/// that the shop was told, each message id once.
async fn journey(app: &TestApp) -> Vec<String> {
    let order = Order::new("DE--1");
    let mut read = BTreeMap::new();
    configure(app).await;
    for channel in ["payment-method-commands", "app-events"] {
        read_until_it_is_empty(app, channel, &mut read).await;
    }
    let answer = patiently(app, "/private/initialize-payment", &order.request()).await;
    let transaction = answer["transactionId"].as_str().unwrap().to_owned();
    app.pay(&transaction, "pm_card_visa").await;
    settle(app, &mut read).await;
    let (all, half) = (order.items.clone(), vec![order.items[0]]);
    for (id, name, payload) in [
        ("shipment", "CapturePayment", capture(&order, &all, order.total)),
        ("return-1", "RefundPayment", refund(&order, &half, 10_489)),
    ] {
        send(app, id, name, &payload).await;
        settle(app, &mut read).await;
    }
    assert_eq!(app.books(&order).await, Books { held: 0, captured: 18_979, refunded: 10_489 });
    let money = app.money(&transaction);
    assert_eq!((money.captures, money.refunds), (1, 1), "no money twice");
    assert_eq!(app.sandbox.audit().len(), 1, "no payment twice");
    assert_eq!(endpoints(app).await.len(), 1);
    app.assert_drained().await;
    read.into_values().collect()
}

async fn configure(app: &TestApp) {
    for _ in 0..TRIES_MAX {
        if app.configure(json!({})).await.0 == StatusCode::OK {
            return;
        }
    }
    panic!("never configured");
}

async fn patiently(app: &TestApp, path: &str, body: &Value) -> Value {
    for _ in 0..TRIES_MAX {
        let (status, answer) = app.call(path, body).await;
        if status == StatusCode::OK {
            return answer;
        }
    }
    panic!("never answered");
}

/// Sends a command until the app says that it has it.
async fn send(app: &TestApp, id: &str, name: &str, payload: &Value) {
    for _ in 0..TRIES_MAX {
        if app.command_as(id, name, payload).await.0 == StatusCode::OK {
            return;
        }
    }
    panic!("never taken");
}

/// Lets everything come to its end that can, and the shop read what it is told.
async fn settle(app: &TestApp, read: &mut BTreeMap<String, String>) {
    let context = &app.app.consumer.context;
    for _ in 0..2 {
        for _ in 0..4 {
            app.sandbox.deliver_due().await;
            // What fails is tried again.
            let _ = app.app.consumer.work_once().await;
        }
        let _ = context.finish_open_calls("worker-1").await;
        read_until_it_is_empty(app, "payment-events", read).await;
        app.entropy.advance(LONG_ENOUGH);
    }
}

async fn read_until_it_is_empty(app: &TestApp, channel: &str, read: &mut BTreeMap<String, String>) {
    while !read_once(app, channel, read).await {
        // What was read and not deleted shows again.
        app.entropy.advance(SignedDuration::from_secs(11));
    }
}

/// Reads a channel and deletes what it read. Returns whether there was nothing.
async fn read_once(app: &TestApp, channel: &str, read: &mut BTreeMap<String, String>) -> bool {
    let path = format!("/message-channels/{channel}");
    let consumer = |mut request: Request<Body>| {
        request.headers_mut().insert("consumer-id", TENANT.parse().unwrap());
        request
    };
    let get = consumer(request(Method::GET, &format!("{path}?limit=100"), String::new()));
    let (status, answer) = app.send(get).await;
    if status != StatusCode::OK {
        return false;
    }
    let entries = answer.as_array().unwrap();
    if entries.is_empty() {
        return true;
    }
    for entry in entries {
        let body: Value = serde_json::from_str(entry["MessageBody"].as_str().unwrap()).unwrap();
        let name = entry["MessageAttributes"]["name"].as_str().unwrap();
        if body["orderItemIds"].is_array() {
            let text = format!("{name}{} {}", body["orderItemIds"], body["amount"]);
            read.insert(entry["MessageId"].as_str().unwrap().to_owned(), text);
        }
    }
    let ids: Vec<&Value> = entries.iter().map(|entry| &entry["MessageId"]).collect();
    let body = json!({ "messageIds": ids }).to_string();
    app.send(consumer(request(Method::DELETE, &path, body))).await;
    false
}

/// Wherever the database is lost once, before something is done or after it: whoever asks again
/// gets what was done, no message is told twice, and no money moves twice.
#[tokio::test(start_paused = true)]
async fn r24_what_was_done_without_anybody_hearing_is_read_as_done() {
    for mishap in [Mishap::NotDone, Mishap::NotTold] {
        for nth in 0.. {
            let fate = Arc::new(Nth { nth, mishap, seen: AtomicU64::new(0) });
            let app = TestApp::new().with_fate(fate.clone());
            assert_eq!(
                journey(&app).await,
                [
                    "PaymentAuthorized[1001,1002] 18979",
                    "PaymentCaptured[1001,1002] 18979",
                    "PaymentRefunded[1001] 10489",
                ],
                "{mishap:?} at write {nth}"
            );
            if fate.seen.load(Ordering::SeqCst) <= nth {
                assert!(nth > 20, "the journey wrote {nth} times only");
                break;
            }
        }
    }
}

/// Somebody is held up just before a commit; everybody else goes on.
#[derive(Default)]
struct HeldUp {
    next: AtomicBool,
    arrived: Notify,
    may_go_on: Notify,
}

#[async_trait]
impl Fate for HeldUp {
    async fn of(&self, operation: &'static str) -> Mishap {
        if operation == "commit" && self.next.swap(false, Ordering::SeqCst) {
            self.arrived.notify_one();
            self.may_go_on.notified().await;
        }
        Mishap::None
    }
}

/// The order number starts again at another account. Between the look at what is under way and the
/// commit of the new payment a capture of the old one is begun, and its answer is lost: the command
/// goes on with the payment that it was begun on.
#[tokio::test(start_paused = true)]
async fn r01_a_command_begun_in_the_moment_its_order_starts_again_has_one_result() {
    let fate = Arc::new(HeldUp::default());
    let app = TestApp::configured().await.with_fate(fate.clone());
    let order = Order::new("DE--1");
    let old = app.held(&order).await;
    app.hold_webhooks();
    let other = json!({"secretKey": "sk_test_other", "publishableKey": "pk_test_other"});
    assert_eq!(app.configure(other).await.0, 200);

    fate.next.store(true, Ordering::SeqCst);
    let starting_again = app.initialize(&order);
    let capturing = async {
        fate.arrived.notified().await;
        app.break_next(FaultKind::LoseAnswer, CAPTURE, ALL_TRIES);
        let whole = capture(&order, &order.items, order.total);
        assert_eq!(app.results_of("CapturePayment", &whole).await, [""; 0]);
        fate.may_go_on.notify_one();
    };
    let (new, ()) = tokio::join!(starting_again, capturing);
    assert_ne!(old, new);
    app.advance(SignedDuration::from_secs(2)).await;
    for _ in 0..3 {
        app.advance(LONG_ENOUGH).await;
    }

    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
    assert_eq!(app.money(&old).captures, 1);
    app.assert_no_command_waits().await;
}
