//! Everything one account holds in one mode (test or live).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::api::account_links::AccountLink;
use crate::api::accounts::Account;
use crate::api::charges::Charge;
use crate::api::customers::Customer;
use crate::api::destination_payments::DestinationPayment;
use crate::api::disputes::Dispute;
use crate::api::events::Event;
use crate::api::intents::Intent;
use crate::api::ledger::Transaction;
use crate::api::payment_methods::PaymentMethod;
use crate::api::refunds::Refund;
use crate::api::transfers::Transfer;
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
    pub(crate) transfers: Table<Transfer>,
    /// What came here by transfer.
    pub(crate) payments: Table<DestinationPayment>,
    /// The account itself, where a platform made it.
    pub(crate) profile: Option<Account>,
    /// The accounts it made, by their ids.
    pub(crate) connected: Table<String>,
    /// The ways to its onboarding page, by the secret in their address.
    pub(crate) account_links: BTreeMap<String, AccountLink>,
    /// The ways to its dashboard that nobody followed yet, by the secret in their address.
    pub(crate) login_links: BTreeSet<String>,
    /// What happens by itself, by its time; the number tells those of one time apart.
    timers: BTreeMap<(Timestamp, u64), TimerAction>,
    timers_made: u64,
}

/// Something that happens by itself at a time. Each looks again then whether it still applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TimerAction {
    ExpireAuthorization {
        intent: String,
        charge: String,
    },
    SettleDebit {
        intent: String,
        charge: String,
        succeeds: bool,
    },
    SettleRefund {
        refund: String,
        succeeds: bool,
    },
    /// What a connected account was asked for by this second is past due.
    MissDeadline {
        deadline: i64,
    },
    /// What a connected account told was looked at.
    FinishVerification,
}

impl Objects {
    pub(crate) fn schedule(&mut self, at: Timestamp, action: TimerAction) {
        self.timers_made += 1;
        self.timers.insert((at, self.timers_made), action);
    }

    /// When the next timer is due.
    pub(crate) fn next_timer(&self) -> Option<Timestamp> {
        self.timers.keys().next().map(|(at, _)| *at)
    }

    /// Takes the earliest timer that is due, the first one scheduled among equals.
    pub(crate) fn take_timer(&mut self, now: Timestamp) -> Option<(Timestamp, TimerAction)> {
        let entry = self.timers.first_entry()?;
        let (at, _) = *entry.key();
        (at <= now).then(|| (at, entry.remove()))
    }

    /// Any object by its id, as it is shown at this second; for `expand`.
    pub(crate) fn show(&self, id: &str, livemode: bool, second: i64) -> Option<Value> {
        let (prefix, _) = id.split_once('_')?;
        match prefix {
            "pi" => self.intents.get(id).map(|row| row.render(self, livemode)),
            "ch" => self.charges.get(id).map(|row| row.render(livemode)),
            "re" => self.refunds.get(id).map(Refund::render),
            "du" => self.disputes.get(id).map(|row| row.render(livemode)),
            "cus" => self.customers.get(id).map(|row| row.render(livemode)),
            "pm" => self.payment_methods.get(id).map(|row| row.render(livemode)),
            "tr" => self.transfers.get(id).map(|row| row.render(livemode)),
            "py" => self.payments.get(id).map(|row| row.render(livemode)),
            "acct" => self
                .profile
                .as_ref()
                .filter(|account| account.id == id)
                .map(|account| account.render(&account.default_currency)),
            "txn" => self.transactions.get(id).map(|row| row.render(second)),
            _ => None,
        }
    }
}
