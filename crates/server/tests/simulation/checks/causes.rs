//! A result that answers no command has another cause, and there is one for each: what somebody did
//! in the dashboard (R14), a method that captures by itself, an authorization that ended, and what
//! a capture released (R7).

use std::collections::{BTreeMap, BTreeSet};

use stripe_sandbox::IntentAudit;

use super::commands;
use crate::checks::intents;
use crate::ledger::Told;
use crate::plan::Dashboard;
use crate::shop::{Command, Read, Shop};
use crate::world::World;

/// `answered` says which command is answered by which message, `late` are messages about refunds
/// that failed after they had succeeded.
pub fn check(world: &World, shop: &Shop, answered: &[(String, String)], late: &BTreeSet<String>) {
    let mut causes = Causes { world, shop, told: BTreeMap::new() };
    let mut answers: Vec<(&Command, &Read)> = answered
        .iter()
        .filter_map(|(command, read)| {
            let command = shop.commands.iter().find(|of| of.correlation_id == *command)?;
            Some((command, shop.reads.iter().find(|of| of.id == *read)?))
        })
        .collect();
    let taken = |read: &&Read| late.contains(&read.id) || answered.iter().any(|of| of.1 == read.id);
    for read in shop.reads.iter().filter(|read| read.is_result() && !taken(read)) {
        // What was told for another reason looked like the answer to a command: this is its answer.
        let takes_over = |(command, other): &(&Command, &Read)| {
            commands::answers(world, shop, command, read) && causes.has_cause(other)
        };
        if causes.has_cause(read) {
            causes.count(read);
        } else if let Some(at) = answers.iter().position(takes_over) {
            causes.count(answers.swap_remove(at).1);
        } else {
            let what = read.short();
            world.violated(format!("{}: {what} answers nothing and has no cause", shop.plan.id));
        }
    }
}

/// What was told for other causes than a command so far, by order and name.
struct Causes<'a> {
    world: &'a World,
    shop: &'a Shop,
    told: BTreeMap<(String, String), usize>,
}

impl Causes<'_> {
    /// Whether there is another cause for a message than a command, and none was told for it yet.
    fn has_cause(&self, read: &Read) -> bool {
        let of = Extra::new(self.world, self.shop, read);
        let allowed = match read.name.as_str() {
            // They say how the money stands, and answer no command.
            "PaymentAuthorized"
            | "PaymentAuthorizationFailed"
            | "PaymentOverpaid"
            | "PaymentUnderpaid" => return true,
            "PaymentCaptured" => of.captured_by_others(),
            "PaymentCaptureFailed" if follows_a_capture(self.world, self.shop, read) => {
                return true;
            }
            "PaymentCaptureFailed" => of.released(),
            "PaymentCanceled" => of.canceled_by_others(),
            // One that failed may be heard of only then (rule R14).
            "PaymentRefunded" | "PaymentRefundFailed" => of.refunded_by_hand(),
            // "PaymentCancellationFailed"
            _ => 0,
        };
        self.told.get(&place(read)).copied().unwrap_or(0) < allowed
    }

    fn count(&mut self, read: &Read) {
        // Those are as many as there are captures of others.
        if !follows_a_capture(self.world, self.shop, read) {
            *self.told.entry(place(read)).or_default() += 1;
        }
    }
}

fn place(read: &Read) -> (String, String) {
    (read.order(), read.name.clone())
}

/// A result that answers no command.
struct Extra<'a> {
    world: &'a World,
    shop: &'a Shop,
    read: &'a Read,
    intents: Vec<IntentAudit>,
}

impl<'a> Extra<'a> {
    fn new(world: &'a World, shop: &'a Shop, read: &'a Read) -> Self {
        Self { world, shop, read, intents: intents(world, shop, &read.order()) }
    }

    fn dashboard(&self) -> Option<Dashboard> {
        let order = self.shop.orders.get(&self.read.order())?;
        order.plan.dashboard.map(|(_, what)| what)
    }

    /// Each intent is captured as a whole once, by its method or by hand.
    fn captured_by_others(&self) -> usize {
        let order = self.shop.orders.get(&self.read.order());
        let by_itself = order.is_some_and(|order| order.plan.pay.captures_by_itself());
        let by_hand = self.dashboard() == Some(Dashboard::Capture);
        if by_itself || by_hand { self.intents.len() } else { 0 }
    }

    /// What was left of an intent captured in part was let go of: once.
    fn released(&self) -> usize {
        let part = |intent: &&IntentAudit| {
            intent.status == "succeeded" && intent.amount_captured < intent.amount
        };
        self.intents.iter().filter(part).count()
    }

    /// Intents that Stripe canceled although the app did not ask: they expired, or somebody at the
    /// dashboard did it. Only the app sends keys.
    fn canceled_by_others(&self) -> usize {
        let calls = self.world.sandbox.calls();
        let by_others = |intent: &&IntentAudit| {
            let path = format!("/v1/payment_intents/{}/cancel", intent.id);
            let ours = calls.iter().any(|call| {
                call.path == path && call.status == Some(200) && call.idempotency_key.is_some()
            });
            intent.status == "canceled" && !ours
        };
        self.intents.iter().filter(by_others).count()
    }

    /// One that completes what was captured, or stands for one that failed (rule R14).
    fn refunded_by_hand(&self) -> usize {
        usize::from(matches!(self.dashboard(), Some(Dashboard::Refund | Dashboard::RefundPart)))
    }
}

/// Whether a failed capture is the rest that a capture of other items released, or of an order that
/// came in short: told with it (rules R7 and R16).
pub fn follows_a_capture(world: &World, shop: &Shop, read: &Read) -> bool {
    let tenant = &shop.plan.id;
    let Some((_, this)) = world.ledger.find(tenant, &read.id) else { return false };
    let beside = |told: &Told| told.commit == this.commit && told.order == this.order;
    let told = world.ledger.of_tenant(tenant);
    let order = shop.orders.get(&read.order());
    let short = order.is_some_and(|order| order.plan.pay.captures_by_itself());
    read.name == "PaymentCaptureFailed"
        && told.iter().filter(|told| beside(told)).any(|told| match told.name {
            "PaymentCaptured" => told.items().is_disjoint(&read.items()),
            // A bank transfer that ended short; any other is underpaid because of a part captured
            // by hand, and beside that a command may have failed.
            "PaymentUnderpaid" => short,
            _ => false,
        })
}
