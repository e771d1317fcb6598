//! What the app has committed to tell, in the order of its commits: the shop has to read exactly
//! this. Taken down where the store is called, so that nothing the app does later can change it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use app::ports::NewMessage;
use jiff::Timestamp;
use payment::{CommandId, Payment, Status, TenantId};
use serde_json::Value;

/// A message that was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub tenant: String,
    pub channel: &'static str,
    pub order: String,
    pub id: String,
    pub name: &'static str,
    pub body: String,
    /// The commit it was written in.
    pub commit: usize,
}

impl Told {
    /// The order items that it names.
    pub fn items(&self) -> BTreeSet<i64> {
        let payload: Value = serde_json::from_str(&self.body).unwrap_or_default();
        payload["orderItemIds"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect()
    }

    fn is_result(&self) -> bool {
        !matches!(self.name, "PaymentCreated" | "PaymentUpdated")
    }
}

/// Whose a payment intent is, by the commits of its payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// No order has it.
    Cart,
    Order(String),
    /// The order was told that what came in is not its total: the money goes back (rule R17).
    Short(String),
}

/// What a commit says of a payment: its order, whether everything goes back, and its intents.
#[derive(Clone, Debug)]
pub struct Standing {
    order: Option<String>,
    goes_back: bool,
    intents: Vec<String>,
}

impl From<&Payment> for Standing {
    fn from(payment: &Payment) -> Self {
        let references = payment.attempts.iter().filter_map(|attempt| attempt.reference.as_ref());
        Self {
            order: payment.checkout.order_reference.as_ref().map(|order| order.as_str().to_owned()),
            goes_back: matches!(payment.status, Status::CancelRequested | Status::Canceled),
            intents: references.map(|reference| reference.as_str().to_owned()).collect(),
        }
    }
}

/// Everything that was committed to be told.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    told: Vec<Told>,
    commits: usize,
    /// Tenants that are disconnected, with the commands that came in since.
    disconnected: BTreeMap<String, BTreeSet<CommandId>>,
    /// Calls that were begun all the same.
    unwanted_calls: Vec<String>,
    /// Whose each intent is, by tenant and the intent's id.
    owners: BTreeMap<(String, String), Owner>,
    /// When an order was linked to a cart first, by tenant and order.
    linked: BTreeMap<(String, String), Timestamp>,
    /// Intents that changed from one order to another, by tenant.
    relinked: Vec<(String, String)>,
}

impl Ledger {
    /// Takes down the messages of one commit.
    pub fn record(&self, tenant: &TenantId, messages: &[NewMessage]) {
        let mut entries = self.entries();
        entries.commits += 1;
        let commit = entries.commits;
        entries.told.extend(messages.iter().map(|message| Told {
            tenant: tenant.as_str().to_owned(),
            channel: message.channel,
            order: message.order_key.clone(),
            id: message.id.0.hyphenated().to_string(),
            name: message.name,
            body: message.body.clone(),
            commit,
        }));
    }

    /// Takes down whose the intents of a payment are now.
    pub fn own(&self, tenant: &TenantId, standing: &Standing, now: Timestamp) {
        let mut entries = self.entries();
        let tenant = tenant.as_str().to_owned();
        for intent in &standing.intents {
            let key = (tenant.clone(), intent.clone());
            let before = entries.owners.get(&key).cloned();
            let owner = match (&before, &standing.order) {
                (_, None) => Owner::Cart,
                (None, Some(order)) => Owner::Order(order.clone()),
                (Some(Owner::Cart), Some(order)) => {
                    entries.linked.entry((tenant.clone(), order.clone())).or_insert(now);
                    let owner = if standing.goes_back { Owner::Short } else { Owner::Order };
                    owner(order.clone())
                }
                (Some(known @ (Owner::Order(of) | Owner::Short(of))), Some(order)) => {
                    if of != order {
                        let what = format!("{intent} went from {of} to {order}");
                        entries.relinked.push((tenant.clone(), what));
                    }
                    known.clone()
                }
            };
            entries.owners.insert(key, owner);
        }
    }

    /// Whose an intent is; none where no commit names it.
    pub fn owner(&self, tenant: &str, intent: &str) -> Option<Owner> {
        self.entries().owners.get(&(tenant.to_owned(), intent.to_owned())).cloned()
    }

    /// When an order was linked to a cart; none where it never was.
    pub fn linked_at(&self, tenant: &str, order: &str) -> Option<Timestamp> {
        self.entries().linked.get(&(tenant.to_owned(), order.to_owned())).copied()
    }

    /// Intents of a tenant that changed from one order to another.
    pub fn relinked(&self, tenant: &str) -> Vec<String> {
        let entries = self.entries();
        let relinked = entries.relinked.iter().filter(|(of, _)| of == tenant);
        relinked.map(|(_, what)| what.clone()).collect()
    }

    /// Takes down that a tenant is connected now, or is not.
    pub fn connect(&self, tenant: &TenantId, is_connected: bool) {
        let mut entries = self.entries();
        if is_connected {
            entries.disconnected.remove(tenant.as_str());
        } else {
            entries.disconnected.entry(tenant.as_str().to_owned()).or_default();
        }
    }

    /// Takes down that a command came in.
    pub fn receive(&self, tenant: &TenantId, command: CommandId) {
        if let Some(since) = self.entries().disconnected.get_mut(tenant.as_str()) {
            since.insert(command);
        }
    }

    /// Takes down that a call is begun for a command.
    pub fn begin(&self, tenant: &TenantId, command: CommandId) {
        let mut entries = self.entries();
        let since = entries.disconnected.get(tenant.as_str());
        if since.is_some_and(|since| since.contains(&command)) {
            entries.unwanted_calls.push(format!("{}: {command}", tenant.as_str()));
        }
    }

    /// Calls that were begun for commands of tenants that were disconnected when they came in.
    pub fn unwanted_calls(&self) -> Vec<String> {
        self.entries().unwanted_calls.clone()
    }

    /// How many messages were committed so far.
    pub fn length(&self) -> usize {
        self.entries().told.len()
    }

    /// The messages of a tenant, oldest first.
    pub fn of_tenant(&self, tenant: &str) -> Vec<Told> {
        self.of_tenant_up_to(tenant, usize::MAX)
    }

    /// Those of them that are among the first so many of all messages.
    pub fn of_tenant_up_to(&self, tenant: &str, first: usize) -> Vec<Told> {
        let entries = self.entries();
        let told = entries.told.iter().take(first).filter(|told| told.tenant == tenant);
        told.cloned().collect()
    }

    /// The position of a message, with its commit.
    pub fn find(&self, tenant: &str, id: &str) -> Option<(usize, Told)> {
        let entries = self.entries();
        let mut told = entries.told.iter().enumerate();
        told.find(|(_, told)| told.tenant == tenant && told.id == id)
            .map(|(position, told)| (position, told.clone()))
    }

    /// Whether this is the last result about its order in its commit.
    pub fn ends_its_commit(&self, tenant: &str, id: &str) -> bool {
        let Some((position, message)) = self.find(tenant, id) else { return true };
        let entries = self.entries();
        let mut later = entries.told.iter().skip(position + 1);
        !later.any(|told| {
            told.commit == message.commit && told.order == message.order && told.is_result()
        })
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
