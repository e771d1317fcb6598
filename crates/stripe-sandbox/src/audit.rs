//! What every payment intent comes to, for checks on money.

use std::collections::BTreeMap;

use crate::api::charges::Charge;
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
