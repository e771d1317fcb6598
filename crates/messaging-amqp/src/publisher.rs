//! Messages to shops.

use std::sync::{Arc, Mutex, PoisonError};

use app::Entropy;
use app::link::Link;
use app::ports::OutboxClaim;
use async_trait::async_trait;
use lapin::options::ExchangeDeclareOptions;
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, ExchangeKind};
use messaging::{SendError, Sender};
use tokio::sync::watch;

use crate::confirm::{self, Unsafe};
use crate::connection::{Keeper, Server, Session, describe, gone, stopped};
use crate::headers;
use crate::names::Names;

/// Publishes messages to each shop's queue, over one connection. As many are on their way at once as
/// the relay sends.
pub struct Publisher {
    keeper: Keeper,
    names: Names,
    live: Mutex<Option<Arc<Live>>>,
}

/// A connection that can be published over.
struct Live {
    connection: Arc<Connection>,
    /// Channels on which no message is on its way. There are never more than the relay sends at
    /// once.
    idle: Mutex<Vec<Channel>>,
}

impl Publisher {
    /// A publisher that is not connected yet: see [`Publisher::run`].
    pub fn new(server: Server, names: Names, entropy: Arc<dyn Entropy>) -> Arc<Self> {
        let link = Arc::new(Link::new(
            "rabbitmq-messages",
            "see that RabbitMQ runs where `amqp_url` says and lets this user in, and look at `reason`",
        ));
        let keeper = Keeper { server, name: "paybridge: messages", link, entropy };
        Arc::new(Self { keeper, names, live: Mutex::new(None) })
    }

    /// How the connection is.
    pub fn link(&self) -> Arc<Link> {
        self.keeper.link.clone()
    }

    /// Stays connected until `stop` is true. Until it is called nothing can be sent.
    pub async fn run(self: Arc<Self>, stop: watch::Receiver<bool>) {
        self.keeper.keep(self.as_ref(), stop).await;
    }

    fn live(&self) -> Option<Arc<Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_live(&self, live: Option<Arc<Live>>) {
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = live;
    }
}

impl Live {
    fn takes_messages(&self) -> bool {
        self.connection.status().connected() && !self.connection.status().blocked()
    }

    async fn channel(&self) -> Result<Channel, lapin::Error> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(channel) if channel.status().connected() => Ok(channel),
            Some(_) | None => confirm::channel(&self.connection).await,
        }
    }

    fn give_back(&self, channel: Channel) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(channel);
    }
}

#[async_trait]
impl Session for Publisher {
    async fn serve(
        &self,
        connection: &Arc<Connection>,
        link: &Link,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), String> {
        self.check(connection).await?;
        let entropy = &self.keeper.entropy;
        self.set_live(Some(Arc::new(Live {
            connection: connection.clone(),
            idle: Mutex::default(),
        })));
        link.up(entropy.now());
        let gone = gone(connection, |blocked| match blocked {
            Some(reason) => {
                link.down(entropy.now(), format!("RabbitMQ takes no messages now: {reason}"));
            }
            None => link.up(entropy.now()),
        });
        let ended = tokio::select! {
            reason = gone => Err(reason),
            () = stopped(stop) => Ok(()),
        };
        self.set_live(None);
        ended
    }
}

impl Publisher {
    /// Whether there is the exchange. Queues show when something is sent to them.
    async fn check(&self, connection: &Connection) -> Result<(), String> {
        let exchange = self.names.exchange().map_err(|error| error.to_string())?;
        let options = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
        let checking = async {
            let channel = connection.create_channel().await?;
            let (kind, none) = (ExchangeKind::Direct, FieldTable::default());
            channel.exchange_declare(exchange, kind, options, none).await
        };
        checking.await.map_err(|error| describe(&error))
    }
}

#[async_trait]
impl Sender for Publisher {
    fn is_ready(&self) -> bool {
        self.live().is_some_and(|live| live.takes_messages())
    }

    async fn send(&self, claim: &OutboxClaim) -> Result<(), SendError> {
        let later = |reason: String| SendError::Later(reason);
        let unusable = |error: crate::UnusableName| later(error.to_string());
        let Some(live) = self.live() else {
            return Err(later("RabbitMQ is not connected".to_owned()));
        };
        let exchange = self.names.exchange().map_err(unusable)?;
        let queue = self.names.queue(claim.tenant.as_str(), &claim.channel).map_err(unusable)?;
        let message = &claim.message;
        let id = ShortString::try_new(message.id.0.to_string())
            .map_err(|error| later(error.to_string()))?;
        let attributes = message.attributes.iter();
        let properties = headers::properties(
            id,
            attributes.map(|(name, value)| (name.as_str(), value.as_str())),
        );
        let channel = live.channel().await.map_err(|error| later(describe(&error)))?;
        let body = message.body.as_bytes();
        match confirm::publish(&channel, exchange, queue.clone(), properties, body).await {
            Ok(()) => {
                live.give_back(channel);
                Ok(())
            }
            Err(Unsafe::Unroutable) => {
                live.give_back(channel);
                Err(later(format!(
                    "no queue takes it at RabbitMQ: exchange {:?}, routing key {:?}; `paybridge \
                     broker setup` makes the queue and binds it",
                    self.names.exchange,
                    queue.as_str()
                )))
            }
            Err(Unsafe::Failed(reason)) => Err(later(reason)),
        }
    }
}
