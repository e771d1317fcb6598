//! The shop's side of RabbitMQ: commands that it sends, and messages that it reads.

use lapin::message::Delivery;
use lapin::options::{BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use paybridge::demo::shop::TENANT;
use serde_json::Value;

/// What the program is told of RabbitMQ, where everything is called after `name`.
pub fn environment(address: &str, name: &str) -> Vec<(&'static str, String)> {
    vec![
        ("PAYBRIDGE_AMQP_URL", address.to_owned()),
        ("PAYBRIDGE_AMQP_EXCHANGE", name.to_owned()),
        ("PAYBRIDGE_AMQP_QUEUE", format!("{name}.{{tenant}}.{{channel}}")),
        ("PAYBRIDGE_AMQP_COMMANDS_QUEUE", format!("{name}.commands")),
        ("PAYBRIDGE_CHANNELS_PAYMENT_EVENTS_TRANSPORT", "amqp".to_owned()),
        ("PAYBRIDGE_CHANNELS_PAYMENT_COMMANDS_TRANSPORT", "amqp".to_owned()),
    ]
}

/// A connection to all of this.
pub struct Queues {
    name: String,
    channel: Channel,
    _connection: Connection,
}

impl Queues {
    pub async fn connect(address: &str, name: &str) -> lapin::Result<Self> {
        let connection = Connection::connect(address, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { name: name.to_owned(), channel, _connection: connection })
    }

    /// Sends a command. Returns whether RabbitMQ has it.
    pub async fn send(
        &self,
        token: &str,
        name: &str,
        id: &str,
        body: &Value,
    ) -> lapin::Result<bool> {
        let mut headers = FieldTable::default();
        for (attribute, value) in [
            ("name", name),
            ("correlationId", id),
            ("tenantIdentifier", TENANT),
            ("authorization", &format!("Bearer {token}")),
        ] {
            headers.insert(attribute.into(), AMQPValue::LongString(value.into()));
        }
        let properties = BasicProperties::default().with_headers(headers).with_delivery_mode(2);
        let (exchange, key) = (self.name.as_str(), format!("{}.commands", self.name));
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let body = body.to_string();
        let sending = self.channel.basic_publish(
            exchange.into(),
            key.into(),
            options,
            body.as_bytes(),
            properties,
        );
        match sending.await?.await? {
            Confirmation::Ack(None) => Ok(true),
            Confirmation::Nack(None) => Ok(false),
            other => panic!("{name}: {other:?}"),
        }
    }

    /// The next message for the shop, which has to acknowledge it.
    pub async fn message(&self) -> lapin::Result<Option<Delivery>> {
        self.next(&format!("{}.{TENANT}.payment-events", self.name)).await
    }

    /// The next command that nobody could take, or message that the shop was handed out too often.
    pub async fn dead_letter(&self) -> lapin::Result<Option<Delivery>> {
        self.next(&format!("{}.dead-letters", self.name)).await
    }

    async fn next(&self, queue: &str) -> lapin::Result<Option<Delivery>> {
        let got = self.channel.basic_get(queue.into(), BasicGetOptions::default()).await?;
        Ok(got.map(|got| got.delivery))
    }
}

/// What a message is called.
pub fn name_of(message: &Delivery) -> String {
    let headers = message.properties.headers().as_ref().expect("headers").inner();
    match headers.get("transferName") {
        Some(AMQPValue::LongString(name)) => name.to_string(),
        other => panic!("transferName: {other:?}"),
    }
}
