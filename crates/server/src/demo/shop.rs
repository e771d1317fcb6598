//! A scripted shop: it speaks the shop's side of the contract over HTTP alone, and notes what it
//! says and hears.
//!
//! It behaves as a shop has to: what nobody answered, it says again, word for word.

use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::timeline::{Entry, Party};
use crate::entropy::SystemEntropy;

/// The tenant of the demo.
pub const TENANT: &str = "demo-shop";
/// How long the shop waits for a message, or for the app to answer again.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How often it polls.
pub const POLL: Duration = Duration::from_millis(100);
/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Told of every step of the shop: tests break things there.
#[async_trait::async_trait]
pub trait Bystander: Send + Sync {
    /// The shop is about to do something, or has just done it.
    async fn at(&self, point: &str);
}

/// A bystander who lets everything happen.
pub struct Nobody;

#[async_trait::async_trait]
impl Bystander for Nobody {
    async fn at(&self, _point: &str) {}
}

/// A message that the shop has read.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its stable id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its payload.
    pub body: Value,
}

/// The shop.
pub struct Shop {
    /// The app's address.
    pub app: String,
    /// The bearer token.
    pub token: String,
    client: reqwest::Client,
    /// What was said and heard.
    pub notes: Mutex<Vec<Entry>>,
    read: Mutex<Vec<Message>>,
    bystander: Box<dyn Bystander>,
}

impl Shop {
    /// A shop that talks to `app`.
    ///
    /// # Errors
    /// No HTTP client could be made.
    pub fn new(app: String, token: String, bystander: Box<dyn Bystander>) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let (notes, read) = (Mutex::default(), Mutex::default());
        Ok(Self { app, token, client, notes, read, bystander })
    }

    /// The messages read so far, each once, in the order in which they were read.
    pub fn read_messages(&self) -> Vec<Message> {
        self.read.lock().map(|read| read.clone()).unwrap_or_default()
    }

    /// Calls the app's private API.
    ///
    /// # Errors
    /// It did not answer for [`PATIENCE`].
    pub async fn call(&self, path: &str, body: &Value) -> anyhow::Result<(StatusCode, Value)> {
        let headers = [("content-type", "application/json"), ("x-tenant-identifier", TENANT)];
        let at = now();
        let answer = self.request(Method::POST, path, &headers, body.to_string()).await?;
        self.note(at, Party::Shop, Party::App, format!("POST {path}"), answer.0.to_string());
        Ok(answer)
    }

    /// Sends a command, under the same correlation id until it is taken.
    ///
    /// # Errors
    /// The app did not take it.
    pub async fn command(&self, name: &str, body: &Value) -> anyhow::Result<()> {
        let correlation_id = app::Entropy::new_id(&SystemEntropy).to_string();
        let headers = [
            ("name", name),
            ("transfer-name", name),
            ("event", name),
            ("correlation-id", correlation_id.as_str()),
            ("tenant-identifier", TENANT),
            ("actor-id", TENANT),
        ];
        let path = "/message-channels/payment-commands";
        let at = now();
        let (status, answer) = self.request(Method::POST, path, &headers, body.to_string()).await?;
        ensure!(status.is_success(), "{name} was not taken: {status} {answer}");
        self.note(at, Party::Shop, Party::App, name.to_owned(), summary(body));
        Ok(())
    }

    /// Polls a channel until a message called `name` was read, deleting what it reads. Messages
    /// of an earlier poll count.
    ///
    /// # Errors
    /// None came for [`PATIENCE`].
    pub async fn wait_for(&self, channel: &str, name: &str, nth: usize) -> anyhow::Result<Message> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let found = self.read_messages().into_iter().filter(|message| message.name == name);
            if let Some(message) = found.into_iter().nth(nth) {
                return Ok(message);
            }
            if tokio::time::Instant::now() > deadline {
                bail!("no {name} came on {channel} within {} s", PATIENCE.as_secs());
            }
            if self.poll(channel).await? == 0 {
                tokio::time::sleep(POLL).await;
            }
        }
    }

    /// Reads a channel once and deletes what it read.
    ///
    /// # Errors
    /// The app did not answer, or answered something else than messages.
    pub async fn poll(&self, channel: &str) -> anyhow::Result<usize> {
        let path = format!("/message-channels/{channel}");
        let headers = [("consumer-id", TENANT)];
        let (status, answer) = self
            .request(Method::GET, &format!("{path}?limit=100"), &headers, String::new())
            .await?;
        ensure!(status == StatusCode::OK, "reading {channel}: {status} {answer}");
        let entries = answer.as_array().context("a channel answers with a list")?.clone();
        let mut ids = Vec::new();
        for entry in &entries {
            ids.push(self.take(entry)?);
        }
        if !ids.is_empty() {
            self.bystander.at(&format!("{channel}: read")).await;
            let headers = [("consumer-id", TENANT), ("content-type", "application/json")];
            let body = json!({ "messageIds": ids }).to_string();
            let (status, answer) = self.request(Method::DELETE, &path, &headers, body).await?;
            ensure!(status == StatusCode::OK, "deleting from {channel}: {status} {answer}");
        }
        Ok(entries.len())
    }

    /// Takes a message in, once.
    fn take(&self, entry: &Value) -> anyhow::Result<String> {
        let text = |field: &str| {
            let value = entry.get(field).and_then(Value::as_str);
            value.map(str::to_owned).with_context(|| format!("{field} is not a string: {entry}"))
        };
        let id = text("MessageId")?;
        let body: Value = serde_json::from_str(&text("MessageBody")?)?;
        let name = entry.pointer("/MessageAttributes/name").and_then(Value::as_str);
        let name = name.context("a message has a name")?.to_owned();
        let known = self.read_messages().iter().any(|message| message.id == id);
        if !known {
            self.note(now(), Party::App, Party::Shop, name.clone(), summary(&body));
            if let Ok(mut read) = self.read.lock() {
                read.push(Message { id: id.clone(), name, body });
            }
        }
        Ok(id)
    }

    /// Makes a request to the app; while nobody answers, makes it again.
    async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        self.bystander.at(&format!("{method} {path}: before")).await;
        loop {
            let mut request = self
                .client
                .request(method.clone(), format!("{}{path}", self.app))
                .bearer_auth(&self.token)
                .body(body.clone());
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            match request.send().await {
                Ok(response) => {
                    let status = response.status();
                    if let Ok(text) = response.text().await {
                        self.bystander.at(&format!("{method} {path}: after")).await;
                        return Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)));
                    }
                }
                Err(error) if tokio::time::Instant::now() > deadline => {
                    return Err(error).context("the app does not answer");
                }
                Err(_) => {}
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Writes down what was said.
    pub fn note(&self, at: Timestamp, from: Party, to: Party, what: String, detail: String) {
        if let Ok(mut notes) = self.notes.lock() {
            notes.push(Entry { at, from, to, what, detail });
        }
    }
}

fn now() -> Timestamp {
    app::Entropy::now(&SystemEntropy)
}

/// What a person wants to see of a body.
fn summary(body: &Value) -> String {
    let details = body.get("details").and_then(Value::as_str);
    if let Some(details) = details.and_then(|text| serde_json::from_str::<Value>(text).ok()) {
        let text = |name: &str| details.get(name).and_then(Value::as_str).map(str::to_owned);
        if let (Some(from), Some(to)) = (text("sourceStatus"), text("targetStatus")) {
            return format!("{from} → {to}");
        }
        return text("note").or_else(|| text("status")).unwrap_or_default();
    }
    if let Some(amount) = body.get("amount").and_then(Value::as_i64) {
        let items = body.get("orderItemIds").map(ToString::to_string).unwrap_or_default();
        let currency = body.get("currencyIsoCode").and_then(Value::as_str).unwrap_or_default();
        return format!("{} {currency}, items {items}", major(amount));
    }
    let name = body.get("name").or_else(|| body.get("status")).and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}

/// The demo's currency is the euro: two digits.
fn major(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let minor = minor.unsigned_abs();
    format!("{sign}{}.{:02}", minor / 100, minor % 100)
}
