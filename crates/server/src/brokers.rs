//! Brokers, by the configuration: what sends to them, and what takes commands from them.

pub mod aws;

use std::sync::Arc;

use anyhow::Context;
use app::Entropy;
use app::link::Link;
use messaging::aws_address::Address;
use messaging::{Sender, Source};
use messaging_amqp::topology::Wanted;
use messaging_amqp::{CommandQueue, Names, Publisher, Server};
use protocol::Channel;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::aws::Aws;
use crate::config::{Amqp, CommandSource, Config, Transport};

/// The brokers of a process that works. One that only answers has none.
#[derive(Default)]
pub struct Brokers {
    /// Where commands come from.
    pub sources: Vec<Arc<dyn Source>>,
    /// How this process is connected to them.
    pub links: Vec<Arc<Link>>,
    publisher: Option<Arc<Publisher>>,
    aws: Option<Aws>,
}

impl Brokers {
    /// Those that the configuration names, not connected yet.
    ///
    /// # Errors
    /// An address does not read, or the program was built without what a channel needs.
    pub async fn new(config: &Config, entropy: &Arc<dyn Entropy>) -> anyhow::Result<Self> {
        let mut brokers = Self { aws: Aws::of(config).await?, ..Self::default() };
        if let (Some(aws), CommandSource::Sqs { queue }) = (&brokers.aws, &config.commands.source) {
            let (source, link) = aws.commands(queue);
            brokers.links.push(link);
            brokers.sources.push(source);
        }
        let Some(amqp) = &config.amqp else { return Ok(brokers) };
        let (server, names) = (server(amqp)?, names(amqp));
        if config.channels.values().any(|transport| *transport == Transport::Amqp) {
            let publisher = Publisher::new(server.clone(), names.clone(), entropy.clone());
            brokers.links.push(publisher.link());
            brokers.publisher = Some(publisher);
        }
        if config.commands.source == CommandSource::Amqp {
            let queue = CommandQueue::new(server, names, entropy.clone());
            brokers.links.push(queue.link());
            brokers.sources.push(Arc::new(queue));
        }
        Ok(brokers)
    }

    /// What sends to RabbitMQ, if a channel goes there.
    pub fn amqp(&self) -> Option<Arc<dyn Sender>> {
        self.publisher.clone().map(|publisher| publisher as Arc<dyn Sender>)
    }

    /// What sends to this queue of SQS.
    pub fn sqs(&self, queue: &Address) -> Option<Arc<dyn Sender>> {
        self.aws.as_ref().map(|aws| aws.queue(queue))
    }

    /// What publishes on this topic of SNS.
    pub fn sns(&self, topic: &Address) -> Option<Arc<dyn Sender>> {
        self.aws.as_ref().map(|aws| aws.topic(topic))
    }

    /// Connects what sends, and keeps it connected until [`Connected::end`].
    pub fn connect(&self) -> Connected {
        let (stopper, stopped) = watch::channel(false);
        let mut running = JoinSet::new();
        if let Some(publisher) = &self.publisher {
            running.spawn(publisher.clone().run(stopped));
        }
        Connected { stopper, running }
    }
}

/// What sends is connected as long as this is there.
pub struct Connected {
    stopper: watch::Sender<bool>,
    running: JoinSet<()>,
}

impl Connected {
    /// Disconnects politely. To be called when nothing is sent any more.
    pub async fn end(self) {
        // Nobody listens any more only if all have ended already.
        let _ = self.stopper.send(true);
        self.running.join_all().await;
    }
}

/// Where RabbitMQ is.
///
/// # Errors
/// The address does not read.
pub fn server(amqp: &Amqp) -> anyhow::Result<Server> {
    Server::parse(&amqp.url).context("amqp_url")
}

/// What things are called there.
pub fn names(amqp: &Amqp) -> Names {
    Names {
        exchange: amqp.exchange.clone(),
        queue: amqp.queue.clone(),
        commands_queue: amqp.commands_queue.clone(),
    }
}

/// What has to be there for these tenants.
pub fn wanted(config: &Config, tenants: Vec<String>) -> Wanted {
    let sent = config.channels.iter().filter(|(_, transport)| **transport == Transport::Amqp);
    let channels: Vec<Channel> = sent.map(|(channel, _)| *channel).collect();
    Wanted { commands: config.commands.source == CommandSource::Amqp, channels, tenants }
}
