//! A broker of its own for each test, as far as names go, and what a shop does there.

use std::sync::Arc;
use std::time::Duration;

use app::link::{Link, LinkState};
use app::ports::{ChannelMessage, MessageId, OutboxClaim};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicGetOptions};
use lapin::{Connection, ConnectionProperties};
use messaging_amqp::topology::{Part, State, Wanted, parts, set_up};
use messaging_amqp::{Names, Publisher, Server};
use payment::TenantId;
use protocol::Channel;
use testkit::{TestEntropy, rabbitmq};
use tokio::sync::watch;
use uuid::Uuid;

pub const TENANT: &str = "shop-1";
pub const EVENTS: &str = "payment-events";

/// What a connection needs at most, with a busy machine in mind.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Broker {
    pub address: String,
    pub names: Names,
}

impl Broker {
    pub fn new() -> Self {
        Self::at(rabbitmq::address())
    }

    pub fn at(address: String) -> Self {
        let name = rabbitmq::name();
        let names = Names {
            exchange: name.clone(),
            queue: format!("{name}.{{tenant}}.{{channel}}"),
            commands_queue: format!("{name}.payment-commands"),
        };
        Self { address, names }
    }

    pub fn server(&self) -> Server {
        Server::parse(&self.address.clone().into()).unwrap()
    }

    pub fn queue(&self, tenant: &str) -> String {
        self.names.shown(tenant, Channel::PaymentEvents).unwrap()
    }

    /// Makes what these tenants need.
    pub async fn set_up(&self, tenants: &[&str]) -> Vec<(Part, State)> {
        set_up(&self.server(), self.parts(tenants), false).await.unwrap()
    }

    pub fn parts(&self, tenants: &[&str]) -> Vec<Part> {
        let wanted = Wanted {
            commands: true,
            channels: vec![Channel::PaymentEvents],
            tenants: tenants.iter().map(ToString::to_string).collect(),
        };
        parts(&self.names, &wanted).unwrap()
    }

    /// A publisher that stays connected until the second part is dropped.
    pub fn publisher(&self) -> (Arc<Publisher>, watch::Sender<bool>) {
        let publisher =
            Publisher::new(self.server(), self.names.clone(), Arc::new(TestEntropy::new()));
        let (stopper, stopped) = watch::channel(false);
        tokio::spawn(publisher.clone().run(stopped));
        (publisher, stopper)
    }

    pub async fn connection(&self) -> Connection {
        Connection::connect(&self.address, ConnectionProperties::default()).await.unwrap()
    }

    /// Everything in a queue, taken out as a shop would.
    pub async fn drain(&self, queue: &str) -> Vec<Delivery> {
        let connection = self.connection().await;
        let channel = connection.create_channel().await.unwrap();
        let mut found = Vec::new();
        let options = BasicGetOptions::default;
        while let Some(got) = channel.basic_get(queue.into(), options()).await.unwrap() {
            got.delivery.ack(BasicAckOptions::default()).await.unwrap();
            found.push(got.delivery);
        }
        // The last acknowledgement has arrived when this has.
        connection.close(200, "done".into()).await.unwrap();
        found
    }
}

/// Waits until the connection is up, or down with a reason.
pub async fn wait_for(link: &Link, expected: impl Fn(&LinkState) -> bool) -> LinkState {
    let waiting = async {
        loop {
            let state = link.state();
            if expected(&state) {
                return state;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("still {:?}", link.state()))
}

pub async fn wait_until_up(publisher: &Publisher) {
    wait_for(&publisher.link(), |state| matches!(state, LinkState::Up { .. })).await;
}

/// A message as the relay takes it from the outbox.
pub fn message(tenant: &str, order: &str, number: u32) -> OutboxClaim {
    let attributes = [("name", "PaymentCaptured"), ("tenantIdentifier", tenant)];
    OutboxClaim {
        tenant: TenantId::new(tenant),
        channel: EVENTS.to_owned(),
        order_key: order.to_owned(),
        message: ChannelMessage {
            id: MessageId(Uuid::from_u128(number.into())),
            attributes: attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body: format!(r#"{{"orderReference":"{order}","number":{number}}}"#),
        },
        fence: 1,
        tries: 0,
    }
}

/// The number of a message.
pub fn number(delivery: &Delivery) -> u32 {
    let body: serde_json::Value = serde_json::from_slice(&delivery.data).unwrap();
    body["number"].as_u64().unwrap().try_into().unwrap()
}
