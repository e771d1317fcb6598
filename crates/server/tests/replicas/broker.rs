//! A RabbitMQ of this test's own that falls and comes back, and how the shop goes on with it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as Lock};

use lapin::options::BasicAckOptions;
use serde_json::Value;
use testkit::rabbitmq::{self, Server};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::book::Book;
use crate::queues::{self, Queues};
use crate::shop::{PATIENCE, PAUSE, TIMEOUT};

/// The server, and the shop's connections to it.
pub struct Broker {
    server: Server,
    name: String,
    commands: Line,
    messages: Line,
    /// How often the shop had to connect again.
    pub connected_again: AtomicUsize,
}

/// A connection, while there is one.
type Line = Mutex<Option<Arc<Queues>>>;

impl Broker {
    pub fn start() -> Self {
        let (server, name) = (Server::start(), rabbitmq::name());
        let (commands, messages) = (Line::default(), Line::default());
        Self { server, name, commands, messages, connected_again: AtomicUsize::new(0) }
    }

    /// What the program is told of it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        queues::environment(&self.server.address, &self.name)
    }

    /// Ends as in a crash.
    pub fn fall(&self) {
        self.server.fall();
    }

    /// Starts with what it had on disk, and answers.
    pub fn rise(&self) {
        self.server.rise();
    }

    /// Sends a command, again and again until it is confirmed.
    pub async fn send(&self, token: &str, name: &str, id: &str, body: &Value) {
        let send = |queues: Arc<Queues>| async move { queues.send(token, name, id, body).await };
        while !self.with(&self.commands, send).await {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Reads the next message and acknowledges it once it is in the book. Returns whether there was one.
    pub async fn read(&self, book: &Lock<Book>) -> bool {
        let read = |queues: Arc<Queues>| async move {
            let Some(message) = queues.message().await? else { return Ok(false) };
            let id = message.properties.message_id().as_ref().expect("an id");
            let text = std::str::from_utf8(&message.data).expect("text");
            book.lock().unwrap().take(id.as_str(), &queues::name_of(&message), text);
            message.ack(BasicAckOptions::default()).await?;
            Ok(true)
        };
        self.with(&self.messages, read).await
    }

    /// Nothing was buried.
    pub async fn check(&self) {
        let dead =
            self.with(&self.messages, |queues| async move { queues.dead_letter().await }).await;
        assert_eq!(dead, None, "a dead letter");
    }

    /// Does this over a connection, and over another one when that broke, until it is done.
    async fn with<T, F>(&self, line: &Line, act: impl Fn(Arc<Queues>) -> F) -> T
    where
        F: Future<Output = lapin::Result<T>>,
    {
        let deadline = Instant::now() + PATIENCE;
        let mut line = line.lock().await;
        loop {
            let acting = async {
                let queues = match line.take() {
                    Some(queues) => queues,
                    None => Arc::new(Queues::connect(&self.server.address, &self.name).await?),
                };
                act(line.insert(queues).clone()).await
            };
            let told = match timeout(TIMEOUT, acting).await {
                Ok(Ok(done)) => return done,
                Ok(Err(error)) => error.to_string(),
                Err(late) => late.to_string(),
            };
            assert!(Instant::now() < deadline, "RabbitMQ: {told}");
            if line.take().is_some() {
                self.connected_again.fetch_add(1, Ordering::SeqCst);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
