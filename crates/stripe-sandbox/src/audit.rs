//! What payment intents, balances and transfers come to, for checks on money.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::api::balance;
use crate::api::charges::Charge;
use crate::api::ledger::Movement;
use crate::api::refunds::RefundStatus;
use crate::world::World;

/// What one payment intent comes to, in the smallest unit of its currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentAudit {
    /// The account it is in.
    pub account: String,
    /// Whether it is a live one.
    pub livemode: bool,
    /// Its id.
    pub id: String,
    /// Its status, in Stripe's words.
    pub status: &'static str,
    /// Its currency, lower-case.
    pub currency: String,
    /// What was to be paid.
    pub amount: i64,
    /// What is held and can still be captured.
    pub amount_capturable: i64,
    /// What was captured, refunds not deducted.
    pub amount_captured: i64,
    /// What was refunded of it, by refunds that are pending or succeeded.
    pub amount_refunded: i64,
    /// How many captures took money.
    pub captures: u32,
    /// How many refunds there are that did not fail.
    pub refunds: usize,
    /// Its metadata.
    pub metadata: BTreeMap<String, String>,
}

/// Every intent of every account, oldest first within each.
pub(crate) fn audit(world: &World) -> Vec<IntentAudit> {
    let mut audits = Vec::new();
    for (key, objects) in &world.spaces {
        let mut refunds: BTreeMap<&str, (usize, i64)> = BTreeMap::new();
        for refund in objects.refunds.oldest_first() {
            if refund.status != RefundStatus::Failed {
                let (count, sum) = refunds.entry(&refund.payment_intent).or_default();
                *count += 1;
                *sum += refund.amount;
            }
        }
        for intent in objects.intents.oldest_first() {
            let charge = intent.latest_charge.as_deref().and_then(|id| objects.charges.get(id));
            let (refunds, amount_refunded) =
                refunds.get(intent.id.as_str()).copied().unwrap_or_default();
            audits.push(IntentAudit {
                account: key.account.clone(),
                livemode: key.livemode,
                id: intent.id.clone(),
                status: intent.stage.name(),
                currency: intent.currency.clone(),
                amount: intent.amount,
                amount_capturable: charge.map_or(0, Charge::amount_capturable),
                amount_captured: intent.amount_received,
                amount_refunded,
                captures: charge.map_or(0, |charge| charge.captures),
                refunds,
                metadata: intent.metadata.clone(),
            });
        }
    }
    audits
}

/// What one account has in one currency, in its smallest unit. `available` and `pending` together are the sum of
/// everything below them; money an account loses counts negative.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BalanceAudit {
    /// The account.
    pub account: String,
    /// Whether it is its live side.
    pub livemode: bool,
    /// The currency, lower-case.
    pub currency: String,
    /// What can be transferred.
    pub available: i64,
    /// What can be later.
    pub pending: i64,
    /// What was captured, before fees.
    pub charges: i64,
    /// Stripe's fees.
    pub fees: i64,
    /// Refunds, less those that failed and came back.
    pub refunds: i64,
    /// What was charged back.
    pub disputes: i64,
    /// Transfers and reversals, those sent and those received.
    pub transfers: i64,
    /// What the control API put there or took away.
    pub adjustments: i64,
}

/// The balances of every account, at a time.
pub(crate) fn balances(world: &World, now: Timestamp) -> Vec<BalanceAudit> {
    let mut audits = Vec::new();
    for (key, objects) in &world.spaces {
        for (currency, funds) in balance::funds(objects, now.as_second()) {
            let mut audit = BalanceAudit {
                account: key.account.clone(),
                livemode: key.livemode,
                available: funds.available,
                pending: funds.pending,
                ..BalanceAudit::default()
            };
            for row in objects.transactions.oldest_first().filter(|row| row.currency() == currency)
            {
                audit.fees -= row.fee;
                let sum = match row.movement {
                    Movement::Charge => &mut audit.charges,
                    Movement::Refund | Movement::RefundFailure => &mut audit.refunds,
                    Movement::Dispute => &mut audit.disputes,
                    Movement::Transfer
                    | Movement::TransferReceived
                    | Movement::Reversal
                    | Movement::ReversalTaken => &mut audit.transfers,
                    Movement::Adjustment => &mut audit.adjustments,
                };
                *sum += row.amount;
            }
            audit.currency = currency;
            audits.push(audit);
        }
    }
    audits
}

/// One transfer, in the smallest unit of its currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferAudit {
    /// The account it went out of.
    pub account: String,
    /// Whether it is a live one.
    pub livemode: bool,
    /// Its id.
    pub id: String,
    /// The account it went to.
    pub destination: String,
    /// Its currency, lower-case.
    pub currency: String,
    /// What was transferred, reversals not deducted.
    pub amount: i64,
    /// What was taken back of it.
    pub amount_reversed: i64,
    /// The charge it was taken from, where one was named.
    pub source_transaction: Option<String>,
    /// The group it belongs to.
    pub transfer_group: Option<String>,
    /// Its metadata.
    pub metadata: BTreeMap<String, String>,
}

/// Every transfer of every account, oldest first within each.
pub(crate) fn transfers(world: &World) -> Vec<TransferAudit> {
    let spaces = world.spaces.iter();
    spaces
        .flat_map(|(key, objects)| {
            objects.transfers.oldest_first().map(|transfer| TransferAudit {
                account: key.account.clone(),
                livemode: key.livemode,
                id: transfer.id.clone(),
                destination: transfer.destination.clone(),
                currency: transfer.currency.clone(),
                amount: transfer.amount,
                amount_reversed: transfer.amount_reversed(),
                source_transaction: transfer.source_transaction.clone(),
                transfer_group: transfer.transfer_group.clone(),
                metadata: transfer.metadata.clone(),
            })
        })
        .collect()
}
