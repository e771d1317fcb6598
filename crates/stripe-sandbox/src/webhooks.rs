//! The queue of webhooks: who gets which event, when, and how often it is tried.

use std::collections::BTreeSet;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use crate::ids::Ids;

/// How long after each failed attempt the next one follows, by the sandbox's clock. The sum is a little under the
/// three days Stripe goes on for; the first steps are short so that a demonstration does not wait.
pub const RETRY_AFTER: [SignedDuration; 11] = [
    SignedDuration::from_secs(1),
    SignedDuration::from_secs(5),
    SignedDuration::from_secs(30),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
    SignedDuration::from_hours(12),
    SignedDuration::from_hours(18),
    SignedDuration::from_hours(24),
];

/// How often one event may be sent to one endpoint on purpose.
pub const COPIES_MAX: u32 = 20;

/// What happens to a new webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookMode {
    /// It is sent as soon as it can be.
    #[default]
    Deliver,
    /// It waits until it is released.
    Hold,
    /// It is never sent.
    Drop,
}

/// In which order webhooks that are due at the same time are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookOrder {
    /// As they happened.
    #[default]
    Fifo,
    /// The newest first.
    Reverse,
    /// Any, drawn from the seed.
    Shuffle,
}

/// How webhooks are treated. To see an order other than the natural one, hold them first and release them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookSettings {
    /// What happens to a new webhook.
    pub mode: WebhookMode,
    /// How often each event is sent to each endpoint.
    pub copies: u32,
    /// In which order those due together are sent.
    pub order: WebhookOrder,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self { mode: WebhookMode::Deliver, copies: 1, order: WebhookOrder::Fifo }
    }
}

/// Where the delivery of one event to one endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// It is sent at its time.
    Pending,
    /// It waits to be released.
    Held,
    /// It was answered 2xx.
    Delivered,
    /// It was dropped on purpose, or its endpoint was gone.
    Dropped,
    /// It was tried for three days in vain.
    GivenUp,
}

/// The delivery of one event to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Counts up from 1.
    pub number: u64,
    /// The event.
    pub event: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The account it happened in.
    pub account: String,
    /// The endpoint.
    pub endpoint: String,
    /// The endpoint's address.
    pub url: String,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, by the sandbox's clock.
    #[serde(serialize_with = "as_text")]
    pub next_attempt: Option<Timestamp>,
    /// When it was tried last, by the sandbox's clock.
    #[serde(serialize_with = "as_text")]
    pub last_attempt: Option<Timestamp>,
    /// What the last attempt led to: a status, or what broke.
    pub last_result: Option<String>,
}

fn as_text<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.collect_str(at),
        None => serializer.serialize_none(),
    }
}

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    number: u64,
    /// The life of the sandbox it was taken in: a reset may come between taking it and knowing what became of it.
    life: u64,
    pub(crate) url: Url,
    pub(crate) secret: String,
    pub(crate) body: Bytes,
}

#[derive(Debug)]
struct Entry {
    delivery: Delivery,
    parcel: Parcel,
}

/// What a new delivery is made of.
pub(crate) struct Addressed {
    pub(crate) event: String,
    pub(crate) kind: &'static str,
    pub(crate) account: String,
    pub(crate) endpoint: String,
    pub(crate) url: Url,
    pub(crate) secret: String,
    pub(crate) body: Bytes,
}

/// All deliveries, in the order they were made.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(crate) settings: WebhookSettings,
    life: u64,
    entries: Vec<Entry>,
    /// Those with a time for their next attempt, by that time.
    due: BTreeSet<(Timestamp, u64)>,
}

impl Queue {
    /// The empty queue of the life after this one.
    pub(crate) fn after(previous: &Self) -> Self {
        Self { life: previous.life + 1, ..Self::default() }
    }

    pub(crate) fn add(&mut self, addressed: &Addressed, now: Timestamp) {
        let (status, next_attempt) = match self.settings.mode {
            WebhookMode::Deliver => (DeliveryStatus::Pending, Some(now)),
            WebhookMode::Hold => (DeliveryStatus::Held, None),
            WebhookMode::Drop => (DeliveryStatus::Dropped, None),
        };
        for _ in 0..self.settings.copies {
            let number = u64::try_from(self.entries.len()).unwrap_or(u64::MAX).saturating_add(1);
            let delivery = Delivery {
                number,
                event: addressed.event.clone(),
                kind: addressed.kind.to_owned(),
                account: addressed.account.clone(),
                endpoint: addressed.endpoint.clone(),
                url: addressed.url.to_string(),
                status,
                attempts: 0,
                next_attempt,
                last_attempt: None,
                last_result: None,
            };
            let parcel = Parcel {
                number,
                life: self.life,
                url: addressed.url.clone(),
                secret: addressed.secret.clone(),
                body: addressed.body.clone(),
            };
            self.due.extend(next_attempt.map(|at| (at, number)));
            self.entries.push(Entry { delivery, parcel });
        }
    }

    /// Lets go what is held; the number of them.
    pub(crate) fn release(&mut self, now: Timestamp) -> usize {
        let mut released = 0;
        for Entry { delivery, .. } in &mut self.entries {
            if delivery.status == DeliveryStatus::Held {
                delivery.status = DeliveryStatus::Pending;
                delivery.next_attempt = Some(now);
                self.due.insert((now, delivery.number));
                released += 1;
            }
        }
        released
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes everything that is due, in the order asked for. Each is booked as if it failed: what becomes of an
    /// attempt that is broken off needs no further care, and a success is written over it by [`Queue::delivered`].
    pub(crate) fn take_due(
        &mut self,
        now: Timestamp,
        ids: &mut Ids,
        is_open: impl Fn(&str) -> bool,
    ) -> Vec<Parcel> {
        let later = self.due.split_off(&(now, u64::MAX));
        let taken = std::mem::replace(&mut self.due, later);
        let mut due = Vec::new();
        for (_, number) in taken {
            let Some(Entry { delivery, parcel }) = entry(&mut self.entries, number) else {
                continue;
            };
            if !is_open(&delivery.endpoint) {
                delivery.status = DeliveryStatus::Dropped;
                delivery.next_attempt = None;
                continue;
            }
            let step = usize::try_from(delivery.attempts).unwrap_or(usize::MAX);
            delivery.attempts += 1;
            delivery.last_attempt = Some(now);
            match RETRY_AFTER.get(step) {
                Some(wait) => {
                    let next = now.checked_add(*wait).unwrap_or(Timestamp::MAX);
                    delivery.next_attempt = Some(next);
                    self.due.insert((next, number));
                }
                None => {
                    delivery.status = DeliveryStatus::GivenUp;
                    delivery.next_attempt = None;
                }
            }
            due.push(parcel.clone());
        }
        match self.settings.order {
            WebhookOrder::Fifo => {}
            WebhookOrder::Reverse => due.reverse(),
            WebhookOrder::Shuffle => shuffle(&mut due, ids),
        }
        due
    }

    pub(crate) fn delivered(&mut self, parcel: &Parcel, status: u16) {
        if let Some(delivery) = self.find(parcel) {
            delivery.status = DeliveryStatus::Delivered;
            delivery.last_result = Some(status.to_string());
            if let Some(at) = delivery.next_attempt.take() {
                self.due.remove(&(at, parcel.number));
            }
        }
    }

    pub(crate) fn failed(&mut self, parcel: &Parcel, result: String) {
        if let Some(delivery) = self.find(parcel) {
            delivery.last_result = Some(result);
        }
    }

    pub(crate) fn all(&self) -> Vec<Delivery> {
        self.entries.iter().map(|entry| entry.delivery.clone()).collect()
    }

    fn find(&mut self, parcel: &Parcel) -> Option<&mut Delivery> {
        if parcel.life != self.life {
            return None;
        }
        entry(&mut self.entries, parcel.number).map(|entry| &mut entry.delivery)
    }
}

/// The entry of a number; numbers count from 1.
fn entry(entries: &mut [Entry], number: u64) -> Option<&mut Entry> {
    let position = usize::try_from(number).ok()?.checked_sub(1)?;
    entries.get_mut(position)
}

/// Fisher and Yates, with the sandbox's own chance.
fn shuffle<T>(items: &mut [T], ids: &mut Ids) {
    for last in (1..items.len()).rev() {
        let bound = u64::try_from(last + 1).unwrap_or(u64::MAX);
        let pick = usize::try_from(ids.number("shuffle", bound)).unwrap_or(0);
        items.swap(last, pick);
    }
}
