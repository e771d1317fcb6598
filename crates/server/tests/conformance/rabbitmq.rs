//! Channels through a real RabbitMQ: what the shop sends, what it reads, and what goes wrong between.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use app::link::{Link, LinkState};
use async_trait::async_trait;
use jiff::SignedDuration;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicPublishOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use messaging::{Routes, Source};
use messaging_amqp::topology::{Wanted, parts, set_up};
use messaging_amqp::{CommandQueue, Names, Publisher, Server};
use serde_json::Value;
use testkit::{Fate, Mishap, Wire, rabbitmq};
use tokio::sync::watch;

use crate::support::*;
use crate::webhooks::backlog;

const SHOPS_TOKEN: &str = "Bearer token-of-tenant-test-0001";
/// With a busy machine in mind.
const PATIENCE: Duration = Duration::from_secs(60);

/// The shop's side of a RabbitMQ, under names of its own.
struct Shop {
    names: Names,
    channel: Channel,
    _connection: Connection,
}

impl Shop {
    async fn new() -> Self {
        let name = rabbitmq::name();
        let names = Names {
            exchange: name.clone(),
            queue: format!("{name}.{{tenant}}.{{channel}}"),
            commands_queue: format!("{name}.payment-commands"),
        };
        let wanted = Wanted {
            commands: true,
            channels: vec![protocol::Channel::PaymentEvents],
            tenants: vec![TENANT.to_owned()],
        };
        let parts = parts(&names, &wanted).unwrap();
        set_up(&server(&rabbitmq::address()), parts, false).await.unwrap();
        let properties = ConnectionProperties::default();
        let connection = Connection::connect(&rabbitmq::address(), properties).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        Self { names, channel, _connection: connection }
    }

    /// Sends a command as the shop's queue engine does.
    async fn send(&self, name: &str, id: &str, body: &Value) {
        self.send_with(&[("authorization", SHOPS_TOKEN)], name, id, &body.to_string()).await;
    }

    async fn send_with(&self, more: &[(&str, &str)], name: &str, id: &str, body: &str) {
        let mut headers = FieldTable::default();
        let own = [("transferName", name), ("correlationId", id), ("tenantIdentifier", TENANT)];
        for (name, value) in own.iter().chain(more) {
            headers.insert((*name).into(), AMQPValue::LongString((*value).into()));
        }
        let properties = BasicProperties::default().with_headers(headers).with_delivery_mode(2);
        let queue = self.names.commands_queue.as_str().into();
        let options = BasicPublishOptions::default();
        let body = body.as_bytes();
        self.channel.basic_publish("".into(), queue, options, body, properties).await.unwrap();
    }

    /// Takes everything out of a queue.
    async fn drain(&self, queue: &str) -> Vec<Delivery> {
        let mut found = Vec::new();
        let options = BasicGetOptions::default();
        while let Some(got) = self.channel.basic_get(queue.into(), options).await.unwrap() {
            got.delivery.ack(BasicAckOptions::default()).await.unwrap();
            found.push(got.delivery);
        }
        found
    }

    /// The results in the shop's queue, as `Name[items] amount`.
    async fn results(&self) -> Vec<String> {
        let queue = self.names.shown(TENANT, protocol::Channel::PaymentEvents).unwrap();
        let told = self.drain(&queue).await.into_iter().map(|delivery| {
            let body: Value = serde_json::from_slice(&delivery.data).unwrap();
            let reference = body["orderReference"].as_str().map(str::to_owned);
            let name = header(&delivery, "transferName").unwrap();
            reference.map(|order| format!("{order} {name}{}", body["orderItemIds"]))
        });
        told.flatten().collect()
    }

    async fn dead_letters(&self) -> Vec<Delivery> {
        self.drain(&format!("{}.dead-letters", self.names.exchange)).await
    }

    /// Takes commands for this app until the second part is dropped.
    async fn commands_for(&self, app: &TestApp, address: &str) -> (Arc<Link>, watch::Sender<bool>) {
        let queue = CommandQueue::new(server(address), self.names.clone(), app.entropy.clone());
        let (stopper, stopped) = watch::channel(false);
        let (link, intake) = (queue.link(), app.app.intake.clone());
        tokio::spawn(async move { queue.run(intake, stopped).await });
        wait_until_up(&link).await;
        (link, stopper)
    }

    /// Sends what this app tells until the second part is dropped.
    async fn messages_of(
        &self,
        app: &mut TestApp,
        address: &str,
    ) -> (Arc<Link>, watch::Sender<bool>) {
        let publisher = Publisher::new(server(address), self.names.clone(), app.entropy.clone());
        let (stopper, stopped) = watch::channel(false);
        let link = publisher.link();
        tokio::spawn(publisher.clone().run(stopped));
        let routes = [("payment-events".to_owned(), publisher as Arc<dyn messaging::Sender>)];
        app.app.consumer.relay.routes = Arc::new(Routes(routes.into()));
        wait_until_up(&link).await;
        (link, stopper)
    }
}

fn server(address: &str) -> Server {
    Server::parse(&address.to_owned().into()).unwrap()
}

fn header(delivery: &Delivery, name: &str) -> Option<String> {
    match delivery.properties.headers().as_ref()?.inner().get(name)? {
        AMQPValue::LongString(text) => Some(text.to_string()),
        other => panic!("{name}: {other:?}"),
    }
}

async fn wait_until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("not yet: {what}"));
}

async fn wait_until_up(link: &Link) {
    wait_until("connected", async || matches!(link.state(), LinkState::Up { .. })).await;
}

async fn wait_until_waiting(app: &TestApp, commands: u64) {
    wait_until("commands in the inbox", async || backlog(app).await.inbox_waiting == commands)
        .await;
}

/// A wire to RabbitMQ that a test may cut, and the address by it.
async fn wire() -> (Wire, String) {
    let address = rabbitmq::address();
    let (user, rest) = address.split_once('@').unwrap();
    let (place, vhost) = rest.split_once('/').unwrap();
    let wire = Wire::to(place.parse::<SocketAddr>().unwrap()).await;
    let by_wire = format!("{user}@{}/{vhost}", wire.address);
    (wire, by_wire)
}

/// Commands of an order are carried out in the order in which they were sent, however many there are;
/// so are its messages told (rule R10).
#[tokio::test]
async fn r10_what_is_sent_about_an_order_is_taken_and_told_in_its_order() {
    const ORDERS: usize = 12;
    let mut app = TestApp::configured().await;
    let shop = Shop::new().await;
    let address = rabbitmq::address();
    let _messages = shop.messages_of(&mut app, &address).await;
    let orders: Vec<Order> = (1..=ORDERS).map(|n| Order::new(&format!("DE--{n}"))).collect();
    for order in &orders {
        app.authorized(order).await;
    }
    for order in &orders {
        let reference = &order.reference;
        let body = capture(order, &[1001, 1002], 18_979);
        shop.send("CapturePayment", &format!("{reference}-1"), &body).await;
        let body = refund(order, &[1001], 9_999);
        shop.send("RefundPayment", &format!("{reference}-2"), &body).await;
    }
    let _commands = shop.commands_for(&app, &address).await;
    wait_until_waiting(&app, 2 * ORDERS as u64).await;
    app.settle().await;
    app.advance(LONG_ENOUGH).await;

    let told = shop.results().await;
    for Order { reference, .. } in &orders {
        let of_order: Vec<&str> =
            told.iter().filter_map(|line| line.strip_prefix(&format!("{reference} "))).collect();
        assert_eq!(
            of_order,
            ["PaymentAuthorized[1001,1002]", "PaymentCaptured[1001,1002]", "PaymentRefunded[1001]"],
            "{reference}"
        );
    }
    app.assert_drained().await;
}

/// The connection ends between inbox and acknowledgement: the command comes again, and is carried
/// out once (rule R3).
#[tokio::test]
async fn r03_a_command_whose_acknowledgement_is_lost_comes_again_and_is_carried_out_once() {
    let app = TestApp::configured().await;
    let shop = Shop::new().await;
    let (wire, address) = wire().await;
    let (link, _stopper) = shop.commands_for(&app, &address).await;
    let order = Order::new("DE--1");
    let transaction = app.authorized(&order).await;
    app.results().await;

    wire.deafen();
    shop.send("CapturePayment", "c-1", &capture(&order, &[1001, 1002], 18_979)).await;
    wait_until_waiting(&app, 1).await;
    app.settle().await;
    wire.cut();
    wait_until("gone", async || matches!(link.state(), LinkState::Down { .. })).await;
    wire.mend();
    wait_until_up(&link).await;
    // One after the other: when this one has come, the one before it has come again.
    shop.send("RefundPayment", "c-2", &refund(&order, &[1001], 9_999)).await;
    wait_until_waiting(&app, 1).await;
    app.settle().await;
    let told = app.results().await;
    assert_eq!(told, ["PaymentCaptured[1001,1002] 18979", "PaymentRefunded[1001] 9999"]);
    assert_eq!(app.stripe_calls("POST", "/capture"), 1);
    assert_eq!(app.money(&transaction).amount_captured, 18_979);
    assert!(shop.dead_letters().await.is_empty());
    app.assert_drained().await;
}

#[tokio::test]
async fn r05_what_can_never_be_taken_is_among_the_dead_letters_with_its_reason() {
    let logs = Logs::record();
    let app = TestApp::configured().await;
    let shop = Shop::new().await;
    let _commands = shop.commands_for(&app, &rabbitmq::address()).await;
    let body = capture(&Order::new("DE--1"), &[1001], 9_999).to_string();
    let stolen = ("authorization", "Bearer token-of-tenant-2");
    let good = ("authorization", SHOPS_TOKEN);
    let huge = format!("{{\"orderReference\":\"{}\"}}", "9".repeat(1024 * 1024));
    shop.send_with(&[stolen], "CapturePayment", "c-1", &body).await;
    shop.send_with(&[good], "CapturePayment", "c-2", "no JSON").await;
    shop.send_with(&[good], "CapturePayment", "c-3", &huge).await;
    shop.send_with(&[good], "CapturePayment", "c-4", &body).await;
    wait_until_waiting(&app, 1).await;

    let dead = shop.dead_letters().await;
    let told: Vec<_> = dead
        .iter()
        .map(|letter| {
            assert_eq!(header(letter, "authorization"), None, "people look at dead letters");
            let of = |name| header(letter, name).unwrap();
            format!("{}: {}", of("correlationId"), of("paybridge-reason"))
        })
        .collect();
    assert_eq!(
        told,
        [
            "c-1: the token is not one of the tenant \"tenant-test-0001\"; send that tenant's own token",
            "c-2: body: is not JSON: expected ident at line 1 column 2",
            "c-3: the command is larger than 1048576 bytes",
        ]
    );
    assert_eq!(dead[1].data, b"no JSON");
    let lines = logs.of_level("ERROR");
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert!(lines[0].contains("Next: mend what `reason` says"), "{}", lines[0]);
    assert!(!lines.concat().contains("token-of"), "{lines:#?}");
}

/// Commands cannot be kept while the database is gone.
#[derive(Default)]
struct Gone(AtomicBool);

#[async_trait]
impl Fate for Gone {
    async fn of(&self, operation: &'static str) -> Mishap {
        let gone = operation == "receive" && self.0.load(Ordering::SeqCst);
        if gone { Mishap::NotDone } else { Mishap::None }
    }
}

#[tokio::test]
async fn a_command_that_cannot_be_kept_now_is_held_and_taken_later() {
    let logs = Logs::record();
    let gone = Arc::new(Gone::default());
    let app = TestApp::configured().await.with_fate(gone.clone());
    let shop = Shop::new().await;
    let _commands = shop.commands_for(&app, &rabbitmq::address()).await;
    gone.0.store(true, Ordering::SeqCst);
    for id in ["c-1", "c-2"] {
        shop.send("CapturePayment", id, &capture(&Order::new("DE--1"), &[1001], 9_999)).await;
    }
    let told = async || logs.of_level("WARN").concat().contains("it stays in its queue");
    wait_until("the first try has failed", told).await;
    gone.0.store(false, Ordering::SeqCst);
    wait_until_waiting(&app, 2).await;
    assert!(shop.dead_letters().await.is_empty());
}

/// While RabbitMQ is gone, what the shop is told waits, and no try is counted against it.
#[tokio::test]
async fn messages_wait_while_rabbitmq_is_gone_and_go_on_by_themselves() {
    let logs = Logs::record();
    let mut app = TestApp::configured().await;
    let shop = Shop::new().await;
    let (wire, address) = wire().await;
    let (link, _stopper) = shop.messages_of(&mut app, &address).await;
    wire.cut();
    wait_until("gone", async || matches!(link.state(), LinkState::Down { .. })).await;
    app.authorized(&Order::new("DE--1")).await;
    assert_eq!(shop.results().await, [] as [&str; 0]);
    assert_eq!(backlog(&app).await.outbox_waiting.len(), 1, "they wait in the outbox");

    wire.mend();
    wait_until_up(&link).await;
    app.settle().await;
    assert_eq!(shop.results().await, ["DE--1 PaymentAuthorized[1001,1002]"]);
    app.assert_drained().await;
    // What the client itself logs is switched off in the app (`logging`).
    let told = logs.of_level("WARN").into_iter().chain(logs.of_level("ERROR"));
    let told: Vec<String> = told.filter(|line| !line.contains(" lapin::")).collect();
    let [line] = &told[..] else { panic!("{told:#?}") };
    assert!(line.contains("the broker is gone") && line.contains("Next: "), "{line}");
}

/// What was under way when RabbitMQ went has failed, all of it. That makes nothing rest: RabbitMQ says
/// itself when it is back.
#[tokio::test]
async fn messages_that_were_under_way_when_rabbitmq_went_go_on_as_soon_as_it_is_back() {
    const ORDERS: usize = 8;
    let mut app = TestApp::configured().await;
    for number in 1..=ORDERS {
        app.authorized(&Order::new(&format!("DE--{number}"))).await;
    }
    let shop = Shop::new().await;
    let (wire, address) = wire().await;
    let (link, _stopper) = shop.messages_of(&mut app, &address).await;
    wire.deafen();
    let cut = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        wire.cut();
    };
    tokio::join!(app.settle(), cut);
    wait_until("gone", async || matches!(link.state(), LinkState::Down { .. })).await;
    wire.mend();
    wait_until_up(&link).await;

    app.advance(SignedDuration::from_secs(2)).await;
    assert_eq!(shop.results().await.len(), ORDERS);
    app.assert_drained().await;
}
