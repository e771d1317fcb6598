//! Commands from a queue of SQS: none is lost, none has two effects, and those of an order keep their
//! order.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use app::link::LinkState;
use async_trait::async_trait;
use serde_json::json;
use testkit::{Fate, Mishap, aws};
use tokio::net::{TcpListener, TcpStream};

use crate::queue::Commands;
use crate::support::{Order, TENANT, TestApp, capture};

/// The database cannot take the first commands, or takes its time for them.
struct AtFirst {
    left: AtomicU32,
    mishap: Mishap,
    slow: Duration,
}

impl AtFirst {
    fn lost(times: u32) -> Arc<Self> {
        Arc::new(Self { left: times.into(), mishap: Mishap::NotDone, slow: Duration::ZERO })
    }

    fn slow(slow: Duration) -> Arc<Self> {
        Arc::new(Self { left: 1.into(), mishap: Mishap::None, slow })
    }
}

#[async_trait]
impl Fate for AtFirst {
    async fn of(&self, operation: &'static str) -> Mishap {
        let less = |left: u32| left.checked_sub(1);
        if operation == "receive"
            && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
        {
            tokio::time::sleep(self.slow).await;
            return self.mishap;
        }
        Mishap::None
    }
}

fn order() -> Order {
    Order::new("DE--1")
}

/// An app with an order whose money is held, of which the shop has read everything.
async fn with_order() -> TestApp {
    let app = TestApp::configured().await;
    app.authorized(&order()).await;
    app.results().await;
    app
}

#[tokio::test]
async fn c32_a_capture_comes_from_the_queue() {
    let (app, commands) = (with_order().await, Commands::new().await);
    commands.send("1", "CapturePayment", &capture(&order(), &[1001, 1002], 18_979)).await;
    let reader = commands.read_by(app.app.intake.clone()).await;
    commands.emptied().await;
    assert!(matches!(reader.link.state(), LinkState::Up { .. }));
    reader.stop().await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
}

/// Old shops put what does not fit into ten attributes into one of them.
#[tokio::test]
async fn attributes_are_also_read_from_the_one_that_has_the_rest() {
    let (app, commands) = (with_order().await, Commands::new().await);
    let rest = json!({"tenantIdentifier": TENANT, "sessionTrackingId": "s"}).to_string();
    let body = capture(&order(), &[1001, 1002], 18_979);
    commands.send_with(&[("X-Symfony-Messenger", &rest)], "1", "CapturePayment", &body).await;
    let reader = commands.read_by(app.app.intake.clone()).await;
    commands.emptied().await;
    reader.stop().await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
}

/// A process takes a command and dies before it deletes it; the shop sends it twice besides.
#[tokio::test]
async fn c45_a_command_that_is_delivered_again_has_one_effect() {
    let (app, commands) = (with_order().await, Commands::new().await);
    let body = capture(&order(), &[1001, 1002], 18_979);
    commands.send("1", "CapturePayment", &body).await;
    let taken = aws::receive(&commands.queue, 1).await.remove(0);
    let attributes = taken.attributes.iter().map(|(name, value)| (&**name, &**value));
    let outcome = app.app.intake.take(attributes, taken.body.as_bytes()).await;
    assert_eq!(outcome, messaging::Taken::Durable);
    commands.send("1", "CapturePayment", &body).await;

    let reader = commands.read_by(app.app.intake.clone()).await;
    commands.emptied().await;
    reader.stop().await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
    assert_eq!(app.stripe_calls("POST", "/capture"), 1);
    app.assert_drained().await;
}

/// The first capture of the order cannot be taken for a while: the second one waits behind it.
#[tokio::test]
async fn r10_commands_of_an_order_keep_their_order_through_a_lost_database() {
    let (app, commands) = (with_order().await, Commands::new().await);
    let app = app.with_fate(AtFirst::lost(2));
    commands.send("1", "CapturePayment", &capture(&order(), &[1001], 9_990)).await;
    commands.send("2", "CapturePayment", &capture(&order(), &[1002], 8_989)).await;
    let reader = commands.read_by(app.app.intake.clone()).await;
    commands.emptied().await;
    reader.stop().await;
    app.settle().await;
    let captured: Vec<String> = app.results().await;
    let captured: Vec<&String> =
        captured.iter().filter(|line| line.starts_with("PaymentCaptured")).collect();
    assert_eq!(captured, ["PaymentCaptured[1001] 9990", "PaymentCaptured[1002] 8989"]);
}

/// The database takes longer than a message is hidden: nobody else gets it meanwhile.
#[tokio::test]
async fn what_is_worked_on_stays_hidden() {
    let (app, commands) = (with_order().await, Commands::new().await);
    let app = app.with_fate(AtFirst::slow(Duration::from_secs(6)));
    commands.send("1", "CapturePayment", &capture(&order(), &[1001, 1002], 18_979)).await;
    let hidden = Duration::from_secs(2);
    let reader = commands.read_at(aws::address(), app.app.intake.clone(), hidden).await;
    commands.counts((0, 1)).await;
    for _ in 0..10 {
        assert_eq!(aws::counts(&commands.queue).await, (0, 1), "it is still hidden");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    commands.emptied().await;
    reader.stop().await;
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
}

#[tokio::test]
async fn what_can_never_be_taken_is_among_the_dead_letters_with_its_reason() {
    let (app, commands) = (with_order().await, Commands::new().await);
    let body = capture(&order(), &[1001, 1002], 18_979);
    let unknown = [("tenantIdentifier", "nobody")];
    commands.send_with(&unknown, "1", "CapturePayment", &body).await;
    let foreign = [("authorization", "Bearer token-of-tenant-2"), ("tenantIdentifier", TENANT)];
    commands.send_with(&foreign, "2", "CapturePayment", &body).await;
    commands.send("3", "CapturePayment", &json!({"orderReference": "DE--1"})).await;
    commands.send("4", "PaymentCaptured", &body).await;
    commands.send("5", "CapturePayment", &body).await;

    let reader = commands.read_by(app.app.intake.clone()).await;
    commands.emptied().await;
    reader.stop().await;
    let dead = aws::drain(&commands.dead_letters).await;
    let reasons: Vec<(&str, &str)> = dead
        .iter()
        .map(|letter| {
            (&*letter.attributes["correlationId"], &*letter.attributes["paybridge-reason"])
        })
        .collect();
    let token =
        "the token is not one of the tenant \"tenant-test-0001\"; send that tenant's own token";
    assert_eq!(
        reasons[..2],
        [
            ("1", "tenantIdentifier: the tenant is not known; configure the app for it first"),
            ("2", token)
        ]
    );
    assert!(reasons[2].1.starts_with("orderItemIds"), "{reasons:?}");
    assert!(reasons[3].1.starts_with("name: is not a command"), "{reasons:?}");
    assert_eq!(dead[0].body, body.to_string());
    assert!(dead.iter().all(|letter| !letter.attributes.contains_key("authorization")));
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"], "the good one went on");
}

/// Deleting it would lose it.
#[tokio::test]
async fn without_a_dead_letter_queue_it_stays_where_it_is() {
    let (app, queue) = (with_order().await, aws::queue(&aws::name("commands"), json!({})).await);
    let commands = Commands { queue, dead_letters: String::new() };
    aws::send(&commands.queue, "{}", &[("name", "CapturePayment")], None).await;
    let reader = commands.read_by(app.app.intake.clone()).await;
    commands.counts((0, 1)).await;
    reader.stop().await;
    commands.counts((1, 0)).await;
    assert_eq!(aws::drain(&commands.queue).await[0].body, "{}");
}

/// Identity provider or keys are not there: the command waits in the queue.
#[tokio::test]
async fn what_cannot_be_judged_now_comes_again() {
    let (app, commands) = (with_order().await, Commands::new().await);
    let body = capture(&order(), &[1001, 1002], 18_979);
    let unsure = [("authorization", "Bearer keys-are-down"), ("tenantIdentifier", TENANT)];
    commands.send_with(&unsure, "1", "CapturePayment", &body).await;
    let reader = commands.read_by(app.app.intake.clone()).await;
    commands.counts((0, 1)).await;
    reader.stop().await;
    commands.counts((1, 0)).await;
    assert_eq!(aws::counts(&commands.dead_letters).await, (0, 0));
}

/// Waiting for messages takes longer than any other call may.
#[tokio::test]
async fn a_quiet_queue_is_not_taken_for_one_that_is_gone() {
    let (app, commands) = (with_order().await, Commands::new().await);
    let reader = commands.read_by(app.app.intake.clone()).await;
    while !matches!(reader.link.state(), LinkState::Up { .. }) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for _ in 0..240 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(matches!(reader.link.state(), LinkState::Up { .. }), "{:?}", reader.link.state());
    }
    reader.stop().await;
}

#[tokio::test]
async fn it_goes_on_by_itself_when_the_queue_is_back() {
    let (app, commands) = (with_order().await, Commands::new().await);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let address = format!("http://127.0.0.1:{port}");
    let hidden = Duration::from_secs(30);
    let reader = commands.read_at(&address, app.app.intake.clone(), hidden).await;
    while !matches!(reader.link.state(), LinkState::Down { .. }) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    commands.send("1", "CapturePayment", &capture(&order(), &[1001, 1002], 18_979)).await;

    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let forwarding = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let there = aws::address().trim_start_matches("http://");
                let mut there = TcpStream::connect(there).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut there).await;
            });
        }
    });
    commands.emptied().await;
    assert!(matches!(reader.link.state(), LinkState::Up { .. }));
    reader.stop().await;
    forwarding.abort();
    app.settle().await;
    assert_eq!(app.results().await, ["PaymentCaptured[1001,1002] 18979"]);
}
