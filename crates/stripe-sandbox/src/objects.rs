//! Everything one account holds in one mode (test or live).

use jiff::Timestamp;
use serde_json::Value;

use crate::api::charges::Charge;
use crate::api::customers::Customer;
use crate::api::disputes::Dispute;
use crate::api::events::Event;
use crate::api::intents::Intent;
use crate::api::ledger::Transaction;
use crate::api::payment_methods::PaymentMethod;
use crate::api::refunds::Refund;
use crate::api::webhook_endpoints::WebhookEndpoint;
use crate::table::Table;

/// The objects of one account in one mode.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    pub(crate) intents: Table<Intent>,
    pub(crate) charges: Table<Charge>,
    pub(crate) refunds: Table<Refund>,
    pub(crate) disputes: Table<Dispute>,
    pub(crate) customers: Table<Customer>,
    pub(crate) payment_methods: Table<PaymentMethod>,
    pub(crate) endpoints: Table<WebhookEndpoint>,
    pub(crate) events: Table<Event>,
    pub(crate) transactions: Table<Transaction>,
    timers: Vec<Timer>,
}

/// Something that happens by itself at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Timer {
    pub(crate) at: Timestamp,
    pub(crate) action: TimerAction,
}

/// What happens then. Each looks again whether it still applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TimerAction {
    ExpireAuthorization { intent: String, charge: String },
    SettleDebit { intent: String, charge: String, succeeds: bool },
    SettleRefund { refund: String, succeeds: bool },
}

impl Objects {
    pub(crate) fn schedule(&mut self, at: Timestamp, action: TimerAction) {
        self.timers.push(Timer { at, action });
    }

    /// When the next timer is due.
    pub(crate) fn next_timer(&self) -> Option<Timestamp> {
        self.timers.iter().map(|timer| timer.at).min()
    }

    /// Takes the earliest timer that is due, the first one scheduled among equals.
    pub(crate) fn take_timer(&mut self, now: Timestamp) -> Option<Timer> {
        let (position, _) = self
            .timers
            .iter()
            .enumerate()
            .filter(|(_, timer)| timer.at <= now)
            .min_by_key(|(position, timer)| (timer.at, *position))?;
        Some(self.timers.remove(position))
    }

    /// Any object by its id, as it is shown; for `expand`.
    pub(crate) fn show(&self, id: &str, livemode: bool) -> Option<Value> {
        let (prefix, _) = id.split_once('_')?;
        match prefix {
            "pi" => self.intents.get(id).map(|row| row.render(self, livemode)),
            "ch" => self.charges.get(id).map(|row| row.render(livemode)),
            "re" => self.refunds.get(id).map(Refund::render),
            "du" => self.disputes.get(id).map(|row| row.render(livemode)),
            "cus" => self.customers.get(id).map(|row| row.render(livemode)),
            "pm" => self.payment_methods.get(id).map(|row| row.render(livemode)),
            "txn" => self.transactions.get(id).map(Transaction::render),
            _ => None,
        }
    }
}
