//! What has to be there at RabbitMQ: exchanges, queues, and how they are bound.

use std::fmt;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use lapin::{Channel as AmqpChannel, Connection, ExchangeKind};
use protocol::Channel;

use crate::connection::{Server, close, describe, is_missing};
use crate::names::{Names, UnusableName};

/// A command that was handed out so often without an acknowledgement is put to the dead letters by
/// RabbitMQ. It is only handed out anew when a process ends or loses its connection; with a limit it
/// keeps its place in the queue.
const COMMAND_DELIVERIES_MAX: i64 = 1_000;

/// What shall be there.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The queue of commands.
    pub commands: bool,
    /// The channels that are sent through RabbitMQ.
    pub channels: Vec<Channel>,
    /// The tenants whose shops read them.
    pub tenants: Vec<String>,
}

/// One exchange or queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    kind: Kind,
    name: ShortString,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Exchange(ExchangeKind),
    Queue { arguments: FieldTable, exchange: ShortString },
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Exchange(_) => "exchange",
            Kind::Queue { .. } => "queue",
        };
        write!(formatter, "{kind} {}", self.name.as_str())
    }
}

/// What became of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It was there.
    There,
    /// It was made.
    Made,
    /// It is not there, and nothing was made.
    Missing,
    /// It cannot be made, or is there and made differently, as RabbitMQ says.
    Refused(String),
}

/// Everything that shall be there, in the order in which it is made.
///
/// # Errors
/// RabbitMQ cannot have one of the names.
pub fn parts(names: &Names, wanted: &Wanted) -> Result<Vec<Part>, UnusableName> {
    let (exchange, dead_letters) = (names.exchange()?, names.dead_letters()?);
    let part = |name: &ShortString, kind| Part { kind, name: name.clone() };
    let queue = |name: &ShortString, arguments, exchange: &ShortString| {
        part(name, Kind::Queue { arguments, exchange: exchange.clone() })
    };
    let mut parts = vec![
        part(&exchange, Kind::Exchange(ExchangeKind::Direct)),
        part(&dead_letters, Kind::Exchange(ExchangeKind::Fanout)),
        queue(&dead_letters, quorum(), &dead_letters),
    ];
    if wanted.commands {
        let mut arguments = with_dead_letters(&dead_letters);
        set(&mut arguments, "x-single-active-consumer", AMQPValue::Boolean(true));
        set(&mut arguments, "x-delivery-limit", AMQPValue::LongLongInt(COMMAND_DELIVERIES_MAX));
        parts.push(queue(&names.commands_queue()?, arguments, &exchange));
    }
    for tenant in &wanted.tenants {
        for channel in &wanted.channels {
            let name = names.queue(tenant, channel.name())?;
            parts.push(queue(&name, with_dead_letters(&dead_letters), &exchange));
        }
    }
    Ok(parts)
}

/// A queue that is kept on several nodes, where there are several.
fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    set(&mut arguments, "x-queue-type", text("quorum"));
    arguments
}

/// The same; what a shop refuses, or is handed out too often, goes to the dead letters and is not
/// lost on the way.
fn with_dead_letters(exchange: &ShortString) -> FieldTable {
    let mut arguments = quorum();
    set(&mut arguments, "x-dead-letter-exchange", text(exchange.as_str()));
    set(&mut arguments, "x-dead-letter-strategy", text("at-least-once"));
    // RabbitMQ asks for it with that strategy; there is no limit of length to overflow.
    set(&mut arguments, "x-overflow", text("reject-publish"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value))
}

fn set(arguments: &mut FieldTable, name: &str, value: AMQPValue) {
    if let Ok(name) = ShortString::try_new(name) {
        arguments.insert(name, value);
    }
}

/// Looks what is there and, unless `dry_run`, makes what is not. Again it changes nothing.
///
/// # Errors
/// RabbitMQ cannot be reached, or the connection broke down. What was made until then stays.
pub async fn set_up(
    server: &Server,
    parts: Vec<Part>,
    dry_run: bool,
) -> Result<Vec<(Part, State)>, String> {
    let connection = server.connect("paybridge broker setup").await?;
    let mut told = Vec::with_capacity(parts.len());
    let mut channel = connection.create_channel().await.map_err(|error| describe(&error))?;
    for part in parts {
        let state = set_up_part(&connection, &mut channel, &part, dry_run).await;
        told.push((part, state.map_err(|error| describe(&error))?));
    }
    close(&connection).await;
    Ok(told)
}

async fn set_up_part(
    connection: &Connection,
    channel: &mut AmqpChannel,
    part: &Part,
    dry_run: bool,
) -> Result<State, lapin::Error> {
    let found = match declare(channel, part, true).await {
        Ok(()) => State::There,
        Err(error) if is_missing(&error) => State::Missing,
        Err(error) => return refused(connection, channel, error).await,
    };
    if found == State::Missing {
        // RabbitMQ has closed the channel with its no.
        *channel = connection.create_channel().await?;
    }
    if dry_run {
        return Ok(found);
    }
    match declare(channel, part, false).await {
        Ok(()) if found == State::There => Ok(State::There),
        Ok(()) => Ok(State::Made),
        Err(error) => refused(connection, channel, error).await,
    }
}

/// RabbitMQ's no closes the channel; whatever closes the connection is an error.
async fn refused(
    connection: &Connection,
    channel: &mut AmqpChannel,
    error: lapin::Error,
) -> Result<State, lapin::Error> {
    if !error.is_amqp_soft_error() || !connection.status().connected() {
        return Err(error);
    }
    *channel = connection.create_channel().await?;
    Ok(State::Refused(describe(&error)))
}

/// Passively it only finds out whether the part is there.
async fn declare(channel: &AmqpChannel, part: &Part, passive: bool) -> Result<(), lapin::Error> {
    let name = part.name.clone();
    match &part.kind {
        Kind::Exchange(kind) => {
            let options = ExchangeDeclareOptions {
                passive,
                durable: true,
                ..ExchangeDeclareOptions::default()
            };
            channel.exchange_declare(name, kind.clone(), options, FieldTable::default()).await
        }
        Kind::Queue { arguments, exchange } => {
            let options =
                QueueDeclareOptions { passive, durable: true, ..QueueDeclareOptions::default() };
            channel.queue_declare(name.clone(), options, arguments.clone()).await?;
            if passive {
                return Ok(());
            }
            let (options, none) = (QueueBindOptions::default(), FieldTable::default());
            channel.queue_bind(name.clone(), exchange.clone(), name, options, none).await
        }
    }
}
