//! Connecting to RabbitMQ, and staying connected.

use std::sync::Arc;
use std::time::Duration;

use app::Entropy;
use app::link::{Link, LinkState};
use async_trait::async_trait;
use futures_util::StreamExt;
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties, ErrorKind, Event};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio::sync::watch;

/// A connection is made within this time, or tried again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection is closed politely within this time, or left.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How often both sides say that they are there; two that were missed end the connection. The
/// address may say otherwise.
const HEARTBEAT_SECONDS: u16 = 10;
/// A connection that is gone is noticed at the latest after this time.
const LOOK: Duration = Duration::from_secs(1);
/// The wait before a connection is made again; it doubles up to [`RECONNECT_MAX`].
const RECONNECT: Duration = Duration::from_secs(1);
/// The longest wait between two tries.
const RECONNECT_MAX: Duration = Duration::from_secs(30);

/// Where RabbitMQ is, with user and password: so it is not `Debug`.
#[derive(Clone)]
pub struct Server(AMQPUri);

/// An address that does not read. It is not repeated.
#[derive(Debug, Error)]
#[error("the address of RabbitMQ does not read: expected amqp://USER:PASSWORD@HOST:PORT/VHOST")]
pub struct BadAddress;

impl Server {
    /// Reads an `amqp://` or `amqps://` address.
    ///
    /// # Errors
    /// [`BadAddress`].
    pub fn parse(address: &SecretString) -> Result<Self, BadAddress> {
        let mut uri: AMQPUri = address.expose_secret().parse().map_err(|_| BadAddress)?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        Ok(Self(uri))
    }

    /// Makes a connection, under this name in RabbitMQ's own lists.
    pub(crate) async fn connect(&self, name: &str) -> Result<Arc<Connection>, String> {
        // No recovery of its own: whoever holds the connection sees it end, and makes another one.
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connecting = Connection::connect_uri(self.0.clone(), properties);
        match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(Ok(connection)) => Ok(Arc::new(connection)),
            Ok(Err(error)) => Err(describe(&error)),
            Err(_) => Err(format!("no answer within {} seconds", CONNECT_TIMEOUT.as_secs())),
        }
    }
}

/// Closes politely; one that is broken is only left.
pub(crate) async fn close(connection: &Connection) {
    if connection.status().connected()
        && let Ok(reason) = lapin::types::ShortString::try_new("done")
    {
        // Nothing more is wanted of it, however this ends.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, connection.close(200, reason)).await;
    }
}

/// What is done over a connection.
#[async_trait]
pub(crate) trait Session: Send + Sync {
    /// Goes on until the connection is gone, which is an error with its reason, or `stop` is true;
    /// then it finishes what it has begun.
    async fn serve(
        &self,
        connection: &Arc<Connection>,
        link: &Link,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), String>;
}

/// Keeps a connection.
pub(crate) struct Keeper {
    pub server: Server,
    /// What RabbitMQ calls the connection in its own lists.
    pub name: &'static str,
    pub link: Arc<Link>,
    pub entropy: Arc<dyn Entropy>,
}

impl Keeper {
    /// Makes the connection again whenever it is gone, until `stop` is true.
    pub async fn keep(&self, session: &dyn Session, mut stop: watch::Receiver<bool>) {
        let mut tries = 0;
        while !*stop.borrow() {
            let ended = tokio::select! {
                connected = self.server.connect(self.name) => match connected {
                    Ok(connection) => self.serve(session, &connection, stop.clone()).await,
                    Err(reason) => Err(reason),
                },
                () = stopped(&mut stop) => return,
            };
            let Err(reason) = ended else { return };
            let was_up = matches!(self.link.state(), LinkState::Up { .. });
            tries = if was_up { 0 } else { tries + 1 };
            self.link.down(self.entropy.now(), reason);
            tokio::select! {
                () = tokio::time::sleep(self.delay(tries)) => {}
                () = stopped(&mut stop) => return,
            }
        }
    }

    async fn serve(
        &self,
        session: &dyn Session,
        connection: &Arc<Connection>,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), String> {
        let ended = session.serve(connection, &self.link, &mut stop).await;
        close(connection).await;
        ended
    }

    /// Twice as long each time, and up to a half of it shorter, so that processes do not come back
    /// all at once.
    fn delay(&self, tries: u32) -> Duration {
        let full = RECONNECT.saturating_mul(1 << tries.min(16)).min(RECONNECT_MAX);
        let (random, _) = self.entropy.new_secret().as_u64_pair();
        let half = u64::try_from(full.as_millis() / 2).unwrap_or(u64::MAX);
        Duration::from_millis(half + random % (half + 1))
    }
}

pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Waits until the connection is gone, and says why. Meanwhile `news` is told when RabbitMQ takes
/// no messages over it, with the reason, and when it takes them again.
pub(crate) async fn gone(connection: &Connection, mut news: impl FnMut(Option<String>)) -> String {
    let mut events = connection.events_listener();
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Event::ConnectionBlocked(reason)) => news(Some(reason)),
                Some(Event::ConnectionUnblocked) => news(None),
                // Also said of channels: whoever uses the channel hears of it there.
                Some(Event::Error(error)) if !connection.status().connected() => {
                    return describe(&error);
                }
                Some(_) => {}
                None => return "the connection was closed".to_owned(),
            },
            _ = look.tick() => {
                if !connection.status().connected() {
                    return "the connection is gone".to_owned();
                }
            }
        }
    }
}

/// What RabbitMQ or the network said, and what to do where something is missing.
pub(crate) fn describe(error: &lapin::Error) -> String {
    let ErrorKind::ProtocolError(refusal) = error.kind() else { return error.to_string() };
    let said = refusal.get_message();
    if is_missing(error) {
        format!("{said}; `paybridge broker setup` makes it")
    } else {
        said.to_string()
    }
}

/// Whether an exchange or a queue is not there.
pub(crate) fn is_missing(error: &lapin::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ProtocolError(refusal)
            if *refusal.kind() == AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND)
    )
}
