//! RabbitMQ goes and comes back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use app::link::LinkState;
use messaging::Sender;
use messaging_amqp::Publisher;
use testkit::rabbitmq::{self, Server};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::support::{Broker, TENANT, message, number, wait_for, wait_until_up};

const ORDERS: u32 = 16;
/// Between two messages of an order.
const PACE: Duration = Duration::from_millis(20);
/// The numbers of an order's messages begin at a multiple of this.
const ROOM: u32 = 1_000_000;

/// Sends the messages of an order one after the other, each until it has arrived, as the relay does,
/// until it is enough. Returns their numbers.
async fn send_order(
    publisher: Arc<Publisher>,
    order: u32,
    enough: watch::Receiver<bool>,
) -> Vec<u32> {
    let mut sent = Vec::new();
    while !*enough.borrow() {
        let number = order * ROOM + u32::try_from(sent.len()).unwrap();
        let claim = message(TENANT, &format!("DE--{order}"), number);
        while !publisher.is_ready() || publisher.send(&claim).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        sent.push(number);
        tokio::time::sleep(PACE).await;
    }
    sent
}

/// Nothing is lost, and no order is mixed up. What RabbitMQ had, but could not confirm any more, comes
/// twice under its id.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_rabbitmq_stops_in_the_middle() {
    let server = rabbitmq::Server::start();
    let mut broker = Broker::at(server.address.clone());
    broker.set_up(&[TENANT]).await;
    let everything = broker.address.clone();
    broker.address = user_of_the_app(&server, &broker.names.exchange);
    let (publisher, _running) = broker.publisher();
    wait_until_up(&publisher).await;
    let (is_enough, enough) = watch::channel(false);
    let mut sending = JoinSet::new();
    for order in 0..ORDERS {
        sending.spawn(send_order(publisher.clone(), order, enough.clone()));
    }
    let server = control(server, "stop_app").await;
    wait_for(&publisher.link(), |state| matches!(state, LinkState::Down { .. })).await;
    assert!(!publisher.is_ready(), "messages are left where they are");
    let _server = control(server, "start_app").await;
    wait_until_up(&publisher).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    is_enough.send(true).unwrap();
    let mut sent: Vec<u32> = sending.join_all().await.concat();
    sent.sort_unstable();

    broker.address = everything;
    let mut arrived: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for delivery in broker.drain(&broker.queue(TENANT)).await {
        let number = number(&delivery);
        let of_order = arrived.entry(number / ROOM).or_default();
        if of_order.last() != Some(&number) {
            of_order.push(number);
        }
    }
    let arrived: Vec<u32> = arrived.into_values().flatten().collect();
    assert_eq!(arrived, sent, "every message, and those of an order in their order");
}

/// A user who may make nothing, as the guide says. Returns the address with it.
fn user_of_the_app(server: &Server, exchange: &str) -> String {
    server.control(&["add_user", "app", "its-password"]);
    let write = format!("^({exchange}|{exchange}\\.dead-letters)$");
    let read = format!("^{exchange}\\.payment-commands$");
    server.control(&["set_permissions", "app", "^$", &write, &read]);
    server.address.replace("guest:guest", "app:its-password")
}

async fn control(server: Server, command: &'static str) -> Server {
    let controlling = tokio::task::spawn_blocking(move || {
        server.control(&[command]);
        server
    });
    controlling.await.unwrap()
}
