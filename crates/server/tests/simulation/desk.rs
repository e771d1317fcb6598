//! The shop's side of the wire: it reads channels, deletes what it dealt with, and sends commands.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::Entropy;
use app::limits::CHANNEL_PARK_READS;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::checks;
use crate::plan::StepKind;
use crate::shop::{Command, Read, Shop, UNKNOWN_ORDER};
use crate::world::{Lost, TOKEN, World};

/// Where the shop hears whether the app is active.
pub const APP_EVENTS: &str = "app-events";
/// The channels that a shop reads.
pub const CHANNELS: [&str; 3] = ["payment-events", "payment-method-commands", APP_EVENTS];

/// What was returned so often is dealt with without a crash: a shop that never gets to delete a message
/// has it parked (rule R21), which is not what these days are about.
const OFTEN: u32 = CHANNEL_PARK_READS / 2;
/// A reader gives up what it read so long ago. Messages are hidden for ten seconds.
const PATIENCE: Duration = Duration::from_secs(9);

/// A shop at work.
#[derive(Clone)]
pub struct Desk {
    pub world: Arc<World>,
    pub shop: Arc<Mutex<Shop>>,
    pub tenant: String,
}

/// How a reader behaves.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    pub limit: u64,
    pub crashes_percent: u64,
    /// It may take longer than messages stay hidden.
    pub slow: bool,
}

impl Manners {
    /// A reader without faults.
    pub const CALM: Self = Self { limit: 100, crashes_percent: 0, slow: false };
}

impl Desk {
    pub fn shop(&self) -> MutexGuard<'_, Shop> {
        self.shop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads, deals with what it read, and lets people act, for ever.
    pub async fn keep_reading(self) {
        let chance = self.world.chance.clone();
        loop {
            chance.pause(500, 9_000).await;
            let crashes_percent = self.shop().plan.crashes_percent;
            let limit = *chance.pick(&[1, 2, 3, 10, 100]);
            let manners = Manners { limit, crashes_percent, slow: true };
            let channel = if chance.percent(85) { CHANNELS[0] } else { *chance.pick(&CHANNELS) };
            self.read(channel, manners).await;
            self.look_at_conditions();
            if self.shop().active {
                self.act();
                self.send_commands().await;
            }
        }
    }

    /// One poll of a channel. Returns how many messages came. Of an app that is not active the shop
    /// reads nothing but whether it is.
    pub async fn read(&self, channel: &'static str, manners: Manners) -> usize {
        if !self.shop().active && channel != APP_EVENTS {
            return 0;
        }
        let chance = &self.world.chance;
        let began = self.count_request();
        let told_before = self.world.ledger.length();
        let sent_at = Instant::now();
        let path = format!("/message-channels/{channel}?limit={}", manners.limit);
        let request = self.request(Method::GET, &path, String::new());
        let Ok((StatusCode::OK, answer)) = self.world.send(request).await else { return 0 };
        let entries = answer.as_array().cloned().unwrap_or_default();
        let reads: Vec<Read> =
            entries.iter().filter_map(|entry| Read::of(channel, entry)).collect();
        if reads.len() != entries.len() {
            self.world.violated(format!("{}: a message is malformed: {answer}", self.tenant));
        }
        for (read, entry) in reads.iter().zip(&entries) {
            self.note(read, entry, began);
        }
        for read in reads.iter().filter(|read| read.is_inactive()) {
            checks::last_of_all(&self.world, &self.shop(), read, (began, told_before));
        }
        let crash_at =
            chance.percent(manners.crashes_percent).then(|| chance.index(reads.len() + 2));
        let crash_at = crash_at.filter(|_| !self.is_returned_often(&reads));
        if manners.slow && chance.percent(10) {
            chance.pause(100, 15_000).await;
        }
        // Another reader may have them by now: two that write the status of an order at once
        // overtake each other, which no channel can heal.
        if sent_at.elapsed() >= PATIENCE {
            return reads.len();
        }
        for (index, read) in reads.iter().enumerate() {
            if crash_at == Some(index) {
                self.world.trace.note(&self.tenant, "a reader crashes between two messages");
                return reads.len();
            }
            self.handle(read);
        }
        if crash_at == Some(reads.len()) {
            self.world.trace.note(&self.tenant, "a reader crashes before it deletes");
            return reads.len();
        }
        self.delete(channel, &reads).await;
        reads.len()
    }

    fn is_returned_often(&self, reads: &[Read]) -> bool {
        let shop = self.shop();
        reads.iter().filter_map(|read| shop.returned.get(&read.id)).any(|times| *times >= OFTEN)
    }

    fn count_request(&self) -> u64 {
        let mut shop = self.shop();
        shop.requests += 1;
        shop.requests
    }

    /// Notes a message that was returned: always under one id with the same bytes, and never
    /// after it was deleted.
    fn note(&self, read: &Read, entry: &Value, began: u64) {
        let text = entry.to_string();
        let mut shop = self.shop();
        *shop.returned.entry(read.id.clone()).or_default() += 1;
        if shop.deleted.get(&read.id).is_some_and(|deleted| *deleted < began) {
            self.world.violated(format!("{}: deleted, and returned again: {text}", self.tenant));
        }
        let known = shop.seen.get(&read.id).cloned();
        match known {
            Some(before) if before == text => {}
            Some(before) => {
                let what = format!("{}: one id, other bytes: {before} then {text}", self.tenant);
                self.world.violated(what);
            }
            None => {
                let what = format!("reads {} {} {}", read.name, read.id, read.body);
                self.world.trace.note(&self.tenant, what);
                shop.seen.insert(read.id.clone(), text);
                shop.reads.push(read.clone());
            }
        }
    }

    fn handle(&self, read: &Read) {
        if read.channel == APP_EVENTS {
            let told = self.world.ledger.find(&self.tenant, &read.id);
            let told = told.map_or(0, |(position, _)| position);
            self.shop().hear_of_app(told, !read.is_inactive());
        }
        let paid = read.is_result() && self.shop().handle(read);
        if paid {
            checks::freed(&self.world, &self.shop());
        }
    }

    /// The order process looks at the status of an order only when all of a commit was read: the
    /// channel returns messages one by one, and nothing but luck would keep a shop that looks in
    /// between from taking a partial capture for a whole one (rule R7).
    pub fn look_at_conditions(&self) {
        let mut shop = self.shop();
        let ledger = &self.world.ledger;
        if shop.check_conditions(|id| ledger.ends_its_commit(&self.tenant, id)) {
            checks::freed(&self.world, &shop);
        }
    }

    async fn delete(&self, channel: &str, reads: &[Read]) {
        if reads.is_empty() {
            return;
        }
        let ids: Vec<&str> = reads.iter().map(|read| read.id.as_str()).collect();
        let path = format!("/message-channels/{channel}");
        let body = json!({ "messageIds": ids }).to_string();
        let answer = self.world.send(self.request(Method::DELETE, &path, body)).await;
        if matches!(answer, Ok((StatusCode::OK, _))) {
            let mut shop = self.shop();
            shop.requests += 1;
            let count = shop.requests;
            shop.deleted.extend(ids.iter().map(|id| ((*id).to_owned(), count)));
        }
    }

    /// An order is placed.
    pub fn place(&self, reference: &str) {
        let now = self.world.seconds();
        if let Some(order) = self.shop().orders.get_mut(reference) {
            order.placed_at.get_or_insert(now);
        }
    }

    /// People do what can be done now.
    fn act(&self) {
        let now = self.world.seconds();
        loop {
            let mut shop = self.shop();
            let Some(mut command) = shop.next_step(now) else { return };
            let doubled = self.world.chance.percent(shop.plan.doubles_percent);
            for _ in 0..=u32::from(doubled) {
                self.fill(&mut command, shop.plan.repeats_percent);
                shop.commands.push(command.clone());
            }
        }
    }

    fn fill(&self, command: &mut Command, repeats_percent: u64) {
        command.correlation_id = self.world.clock.new_id().to_string();
        command.sent_at = self.world.ledger.length();
        command.decided_at = self.world.now();
        command.repeats = u32::from(self.world.chance.percent(repeats_percent));
        let what = format!("{} {}", command.name(), command.payload());
        self.world.trace.note(&self.tenant, format!("decides {what}"));
    }

    /// A command about an order that the app never heard of.
    pub fn stray(&self) {
        let mut command = Command {
            kind: *self.world.chance.pick(&[StepKind::Ship, StepKind::Cancel, StepKind::Return]),
            correlation_id: String::new(),
            order: UNKNOWN_ORDER.into(),
            items: [40_401, 40_402].into(),
            amount: 4_040,
            currency: "EUR",
            accepted: false,
            accepted_at: 0,
            sent_at: 0,
            decided_at: self.world.now(),
            repeats: 0,
            dropped: false,
        };
        let mut shop = self.shop();
        let repeats = shop.plan.repeats_percent;
        self.fill(&mut command, repeats);
        shop.commands.push(command);
    }

    /// Sends what the app has not said to have, in order, and some of it again.
    pub async fn send_commands(&self) {
        let count = self.shop().commands.len();
        for index in 0..count {
            let command = self.shop().commands[index].clone();
            let again = command.accepted && command.repeats > 0 && self.world.chance.percent(20);
            if command.dropped || command.accepted && !again {
                continue;
            }
            if again {
                self.shop().commands[index].repeats -= 1;
            }
            match self.send(&command).await {
                Ok((StatusCode::OK, _)) => {
                    let mut shop = self.shop();
                    let requests = shop.requests;
                    let command = &mut shop.commands[index];
                    if !std::mem::replace(&mut command.accepted, true) {
                        command.accepted_at = requests;
                    }
                }
                Ok((status, answer)) if status.is_client_error() => {
                    let what = format!("{}: refused {command:?}: {answer}", self.tenant);
                    self.world.violated(what);
                    self.shop().commands[index].accepted = true;
                }
                // It is sent again before anything after it.
                Ok(_) | Err(Lost) => return,
            }
        }
    }

    async fn send(&self, command: &Command) -> Result<(StatusCode, Value), Lost> {
        let path = "/message-channels/payment-commands";
        let mut request = self.request(Method::POST, path, command.payload().to_string());
        for (header, value) in [
            ("name", command.name()),
            ("transfer-name", command.name()),
            ("correlation-id", &command.correlation_id),
            ("tenant-identifier", &self.tenant),
        ] {
            request.headers_mut().insert(header, value.parse().unwrap());
        }
        self.world.send(request).await
    }

    fn request(&self, method: Method, path: &str, body: String) -> Request<Body> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("consumer-id", &self.tenant);
        request.body(Body::from(body)).unwrap()
    }

    /// Asks the app to part from the shop, perhaps whatever is unfinished.
    pub async fn disconnect(&self, insists: bool) -> Result<(StatusCode, Value), Lost> {
        let mut request = self.request(Method::POST, "/private/disconnect", "{}".into());
        let headers = request.headers_mut();
        headers.insert("x-tenant-identifier", self.tenant.parse().unwrap());
        if insists {
            headers.insert("x-confirmation-status", "true".parse().unwrap());
        }
        self.world.send(request).await
    }

    /// Calls the private API.
    pub async fn call(&self, path: &str, body: &Value) -> Result<(StatusCode, Value), Lost> {
        let mut request = self.request(Method::POST, path, body.to_string());
        let headers = request.headers_mut();
        headers.insert("content-type", "application/json".parse().unwrap());
        headers.insert("x-tenant-identifier", self.tenant.parse().unwrap());
        self.world.send(request).await
    }
}
