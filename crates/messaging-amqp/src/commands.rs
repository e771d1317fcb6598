//! Commands from shops.

use std::sync::Arc;
use std::time::Duration;

use app::Entropy;
use app::link::Link;
use async_trait::async_trait;
use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicQosOptions, ExchangeDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use lapin::{BasicProperties, Channel, Connection, ExchangeKind};
use messaging::{Intake, Source, Taken};
use protocol::attributes::AUTHORIZATION;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::confirm::{self, Unsafe};
use crate::connection::{Keeper, Server, Session, describe, gone, stopped};
use crate::headers;
use crate::names::Names;

/// RabbitMQ hands out so many commands before the first of them is acknowledged.
pub const PREFETCH: u16 = 32;
/// A command is at most so large, as over HTTP.
const COMMAND_BYTES_MAX: usize = 1024 * 1024;
/// The first wait before a command that cannot be taken now is tried again; it doubles up to
/// [`RETRY_MAX`].
const RETRY: Duration = Duration::from_secs(1);
/// The longest wait between two tries.
const RETRY_MAX: Duration = Duration::from_secs(30);
/// A command that cannot be taken is held for so long, then given back. RabbitMQ wants to hear of one
/// within 30 minutes, and counts how often it was given back.
const HOLD_MAX: Duration = Duration::from_mins(20);
/// The header that says why a command is among the dead letters.
const REASON: &str = "paybridge-reason";

/// The queue that shops send commands to, seen from the app that takes them.
///
/// They are taken one after the other, and by one process at a time (RabbitMQ sees to that), so that
/// commands of one order go into the inbox in their order (rule R10).
pub struct CommandQueue {
    keeper: Keeper,
    names: Names,
}

impl CommandQueue {
    /// A queue that is not connected yet.
    pub fn new(server: Server, names: Names, entropy: Arc<dyn Entropy>) -> Self {
        let link = Arc::new(Link::new(
            "rabbitmq-commands",
            "see that RabbitMQ runs where `amqp_url` says and lets this user in, and look at `reason`",
        ));
        Self { keeper: Keeper { server, name: "paybridge: commands", link, entropy }, names }
    }

    /// How the connection is.
    pub fn link(&self) -> Arc<Link> {
        self.keeper.link.clone()
    }
}

#[async_trait]
impl Source for CommandQueue {
    async fn run(&self, intake: Intake, stop: watch::Receiver<bool>) {
        self.keeper.keep(&Taking { names: &self.names, intake }, stop).await;
    }
}

struct Taking<'a> {
    names: &'a Names,
    intake: Intake,
}

#[async_trait]
impl Session for Taking<'_> {
    async fn serve(
        &self,
        connection: &Arc<Connection>,
        link: &Link,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), String> {
        let dead_letters = self.names.dead_letters().map_err(|error| error.to_string())?;
        let queue = self.names.commands_queue().map_err(|error| error.to_string())?;
        let channel = connection.create_channel().await.map_err(|error| describe(&error))?;
        let consuming = consume(&channel, queue, dead_letters);
        let mut commands = consuming.await.map_err(|error| describe(&error))?;
        link.up(self.intake.context.entropy.now());
        let mut gone = std::pin::pin!(gone(connection, |_| {}));
        loop {
            tokio::select! {
                biased;
                () = stopped(stop) => return Ok(()),
                command = commands.next() => match command {
                    Some(Ok(command)) => self.settle(connection, &command, stop).await?,
                    Some(Err(error)) => return Err(describe(&error)),
                    None => return Err("RabbitMQ has ended the consumer: is the queue gone?".into()),
                },
                reason = &mut gone => return Err(reason),
            }
        }
    }
}

/// Begins to take what is in the queue, once it is sure that there is a place for dead letters.
async fn consume(
    channel: &Channel,
    queue: ShortString,
    dead_letters: ShortString,
) -> Result<lapin::Consumer, lapin::Error> {
    let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
    let (kind, none) = (ExchangeKind::Fanout, FieldTable::default());
    channel.exchange_declare(dead_letters, kind, passive, none.clone()).await?;
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions::default();
    channel.basic_consume(queue, ShortString::default(), options, none).await
}

impl Taking<'_> {
    /// Takes one command and acknowledges it. One that cannot be taken now is held and tried again:
    /// given back it would come again at once, and RabbitMQ counts that. When the app stops, or this
    /// takes too long, it is not acknowledged, and comes again to whoever is there then.
    async fn settle(
        &self,
        connection: &Connection,
        command: &Delivery,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), String> {
        let begun = Instant::now();
        let mut tries = 0;
        while let Err(reason) = self.take(connection, command).await {
            count("later");
            if tries == 0 {
                tracing::warn!(
                    reason,
                    "a command from RabbitMQ cannot be taken now; it stays in its queue, and is tried again"
                );
            }
            let delay = RETRY.saturating_mul(1 << tries.min(16)).min(RETRY_MAX);
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = stopped(stop) => return Ok(()),
            }
            if begun.elapsed() > HOLD_MAX || !connection.status().connected() {
                return Err(reason);
            }
            tries += 1;
        }
        match command.ack(BasicAckOptions::default()).await {
            Ok(true) => Ok(()),
            // It comes again, and is recognized.
            Ok(false) => Err("the connection ended before a command was acknowledged".to_owned()),
            Err(error) => Err(describe(&error)),
        }
    }

    /// When this is done, RabbitMQ may forget the command. The error says why it may not yet.
    async fn take(&self, connection: &Connection, command: &Delivery) -> Result<(), String> {
        let taken = if command.data.len() > COMMAND_BYTES_MAX {
            Taken::Never(format!("the command is larger than {COMMAND_BYTES_MAX} bytes"))
        } else {
            let attributes = headers::attributes(&command.properties);
            self.intake.take(attributes, &command.data).await
        };
        match taken {
            Taken::Durable => count("taken"),
            Taken::Later(reason) => return Err(reason),
            Taken::Never(reason) => {
                self.bury(connection, command, &reason).await?;
                count("dead");
            }
        }
        Ok(())
    }

    /// Puts a command to the dead letters, with the reason in a header.
    async fn bury(
        &self,
        connection: &Connection,
        command: &Delivery,
        reason: &str,
    ) -> Result<(), String> {
        let dead_letters = self.names.dead_letters().map_err(|error| error.to_string())?;
        let channel = confirm::channel(connection).await.map_err(|error| describe(&error))?;
        let properties = with_reason(&command.properties, reason);
        let key = command.routing_key.clone();
        let body = &command.data;
        let published = confirm::publish(&channel, dead_letters.clone(), key, properties, body);
        match published.await {
            Ok(()) => {}
            Err(Unsafe::Unroutable) => {
                let name = dead_letters.as_str();
                return Err(format!(
                    "no queue takes dead letters of the exchange {name:?}; `paybridge broker setup` \
                     makes it"
                ));
            }
            Err(Unsafe::Failed(reason)) => return Err(reason),
        }
        let attributes = headers::attributes(&command.properties);
        let attributes = protocol::Attributes::from_named(attributes);
        tracing::error!(
            reason, tenant = ?attributes.tenant(), name = ?attributes.message_name(),
            correlation_id = ?attributes.correlation_id(), queue = dead_letters.as_str(),
            "a command from RabbitMQ can never be taken and is among the dead letters. Next: mend what `reason` says, then have the shop send it again"
        );
        Ok(())
    }
}

/// The properties of a dead letter: those that came, the reason, and no token, because people look
/// at dead letters.
fn with_reason(properties: &BasicProperties, reason: &str) -> BasicProperties {
    let mut headers = FieldTable::default();
    let came = properties.headers().iter().flat_map(|headers| headers.inner());
    for (name, value) in came.filter(|(name, _)| name.as_str() != AUTHORIZATION) {
        headers.insert(name.clone(), value.clone());
    }
    if let Ok(name) = ShortString::try_new(REASON) {
        headers.insert(name, AMQPValue::LongString(LongString::from(reason)));
    }
    headers::persistent(properties.clone().with_headers(headers))
}

fn count(outcome: &'static str) {
    metrics::counter!("paybridge_broker_commands_total", "outcome" => outcome).increment(1);
}
