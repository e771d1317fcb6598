//! A shop that orders at both replicas and reads its messages from both, or from its RabbitMQ. What
//! nobody answered, it says again, word for word, to the other one.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use paybridge::demo::shop::TENANT;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::book::{Book, Entry};
use crate::broker::Broker;

/// After so long without what it waits for, something is lost. The lease of a process that died ends
/// after 60 seconds, and a webhook that met a dying one again and again is sent once more after 336.
pub const PATIENCE: Duration = Duration::from_secs(420);
/// What is not answered by then is tried again.
pub const TIMEOUT: Duration = Duration::from_secs(20);
pub const PAUSE: Duration = Duration::from_millis(50);

const JSON: (&str, &str) = ("content-type", "application/json");

/// How a command gets to the app.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    Posted,
    /// Through RabbitMQ, where the shop has one.
    Queued,
}

pub struct Shop {
    /// Its messages are in there, if it has one.
    pub broker: Option<Broker>,
    client: reqwest::Client,
    token: String,
    replicas: Vec<String>,
    turn: AtomicUsize,
    book: Mutex<Book>,
    /// How often nobody answered, or answered that it should come again.
    pub repeated: AtomicUsize,
}

impl Shop {
    pub fn new(replicas: Vec<String>, token: String, broker: Option<Broker>) -> Self {
        let client = reqwest::Client::builder().timeout(TIMEOUT).build().unwrap();
        let (turn, repeated) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { broker, client, token, replicas, turn, book: Mutex::default(), repeated }
    }

    /// Asks for a payment until there is one, as a shopper does who is told that it did not work.
    /// Returns its transaction.
    pub async fn initialize(&self, order: &Value) -> String {
        let deadline = Instant::now() + PATIENCE;
        let path = "/private/initialize-payment";
        loop {
            let headers = [("x-tenant-identifier", TENANT), JSON];
            let (status, answer) = self.ask(Method::POST, path, &headers, order).await;
            if let (200, Some(transaction)) = (status, answer["transactionId"].as_str()) {
                assert_eq!(answer["isSuccessful"], json!(true), "{answer}");
                return transaction.to_owned();
            }
            assert!(Instant::now() < deadline, "no payment: {status} {answer}");
            self.repeated.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Sends a command, under the same correlation id until it is taken.
    pub async fn command(&self, way: Way, name: &str, id: &str, body: &Value) {
        match (way, &self.broker) {
            (Way::Queued, Some(broker)) => broker.send(&self.token, name, id, body).await,
            (Way::Queued, None) | (Way::Posted, _) => self.post(name, id, body).await,
        }
    }

    async fn post(&self, name: &str, id: &str, body: &Value) {
        let headers = [
            ("name", name),
            ("transfer-name", name),
            ("event", name),
            ("correlation-id", id),
            ("tenant-identifier", TENANT),
            ("actor-id", TENANT),
        ];
        let path = "/message-channels/payment-commands";
        let (status, answer) = self.ask(Method::POST, path, &headers, body).await;
        assert_eq!(status, 200, "{name}: {answer}");
    }

    /// Waits until an order has so many results.
    pub async fn hears(&self, order: &str, results: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.of(order).results.len() < results {
            let entry = self.of(order);
            assert!(
                Instant::now() < deadline,
                "{order} waits for result {results} after {entry:?}"
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What was read of an order.
    pub fn of(&self, order: &str) -> Entry {
        self.book.lock().unwrap().of(order)
    }

    /// How many messages were read, and how many of them came again.
    pub fn read(&self) -> (usize, usize) {
        let book = self.book.lock().unwrap();
        (book.messages(), book.again)
    }

    /// Reads for ever.
    pub async fn keep_reading(&self) {
        loop {
            if self.poll().await == 0 {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Reads some messages. Returns how many there were.
    pub async fn poll(&self) -> usize {
        match &self.broker {
            Some(broker) => broker.read(&self.book).await.into(),
            None => self.poll_channel().await,
        }
    }

    /// Reads at one replica and deletes at the other.
    async fn poll_channel(&self) -> usize {
        let path = "/message-channels/payment-events";
        let headers = [("consumer-id", TENANT), JSON];
        let limited = format!("{path}?limit=20");
        let (status, answer) = self.ask(Method::GET, &limited, &headers, &Value::Null).await;
        assert_eq!(status, 200, "{answer}");
        let messages = answer.as_array().expect("a list");
        let ids: Vec<&str> = messages.iter().map(|message| text(&message["MessageId"])).collect();
        for (id, message) in ids.iter().zip(messages) {
            let name = text(&message["MessageAttributes"]["name"]);
            self.book.lock().unwrap().take(id, name, text(&message["MessageBody"]));
        }
        if !ids.is_empty() {
            let ids = json!({"messageIds": ids});
            let (status, answer) = self.ask(Method::DELETE, path, &headers, &ids).await;
            assert_eq!(status, 200, "{answer}");
        }
        messages.len()
    }

    /// Asks one replica after the other until one can answer.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> (u16, Value) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let turn = self.turn.fetch_add(1, Ordering::SeqCst);
            let replica = &self.replicas[turn % self.replicas.len()];
            let request = self.client.request(method.clone(), format!("{replica}{path}"));
            let request = headers
                .iter()
                .fold(request, |request, (name, value)| request.header(*name, *value));
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let told = match request.bearer_auth(&self.token).body(body).send().await {
                Ok(answer) if answer.status().is_server_error() => answer.status().to_string(),
                Ok(answer) => {
                    let status = answer.status().as_u16();
                    match answer.text().await {
                        Ok(text) => {
                            return (status, serde_json::from_str(&text).unwrap_or_default());
                        }
                        Err(error) => error.to_string(),
                    }
                }
                Err(error) => error.to_string(),
            };
            assert!(Instant::now() < deadline, "{method} {path}: {told}");
            self.repeated.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}
