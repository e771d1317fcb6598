//! Every command has exactly one result that names its items (rules R6, R11 and R12).

use std::collections::BTreeSet;

use crate::checks::intents;
use crate::plan::StepKind;
use crate::shop::{Command, Read, Shop};
use crate::world::World;

/// What ends a command, the success first.
fn results_of(kind: StepKind) -> [&'static str; 2] {
    match kind {
        StepKind::Ship => ["PaymentCaptured", "PaymentCaptureFailed"],
        StepKind::Cancel => ["PaymentCanceled", "PaymentCancellationFailed"],
        StepKind::Return => ["PaymentRefunded", "PaymentRefundFailed"],
    }
}

pub fn check(world: &World, shop: &Shop) {
    // A refund that failed after it had succeeded answers nobody (rule R13).
    let late = late_failures(shop);
    let mut taken: BTreeSet<String> = late;
    for command in &shop.commands {
        let result = shop
            .reads
            .iter()
            .find(|read| !taken.contains(&read.id) && answers(world, shop, command, read));
        match result {
            Some(read) => {
                taken.insert(read.id.clone());
            }
            None if is_under_way(shop, command) => {}
            None => world.violated(format!("{}: no result for {command:?}", shop.plan.id)),
        }
    }
    for read in shop.reads.iter().filter(|read| !taken.contains(&read.id)) {
        if let Some(command) = shop.commands.iter().find(|command| twice(command, read))
            && !has_another_cause(world, shop, command, read)
        {
            world.violated(format!(
                "{}: {command:?} has a second result {}",
                shop.plan.id,
                read.short()
            ));
        }
    }
}

/// A refund of items whose refund is under way is not answered: the answer to the other one, a
/// command or a refund made by hand, is the answer (rule R12).
fn is_under_way(shop: &Shop, command: &Command) -> bool {
    if command.kind != StepKind::Return {
        return false;
    }
    let same = |other: &&Command| {
        (other.kind, &other.order, &other.items) == (command.kind, &command.order, &command.items)
    };
    let doubled = shop.commands.iter().filter(same).count() > 1;
    let by_hand =
        shop.orders.get(&command.order).is_some_and(|order| order.plan.dashboard.is_some());
    let answered = shop.reads.iter().any(|read| {
        results_of(command.kind).contains(&read.name.as_str())
            && read.order() == command.order
            && read.items().is_superset(&command.items)
    });
    answered && (doubled || by_hand)
}

/// The ids of messages about refunds that failed after they had succeeded.
fn late_failures(shop: &Shop) -> BTreeSet<String> {
    let mut refunded: BTreeSet<(String, BTreeSet<i64>)> = BTreeSet::new();
    let mut late = BTreeSet::new();
    for read in shop.reads.iter().filter(|read| read.is_result()) {
        let what = (read.order(), read.items());
        match read.name.as_str() {
            "PaymentRefunded" => {
                refunded.insert(what);
            }
            "PaymentRefundFailed" if refunded.remove(&what) => {
                late.insert(read.id.clone());
            }
            _ => {}
        }
    }
    late
}

fn answers(world: &World, shop: &Shop, command: &Command, read: &Read) -> bool {
    let told = world.ledger.find(&shop.plan.id, &read.id);
    results_of(command.kind).contains(&read.name.as_str())
        && read.order() == command.order
        && read.items() == command.items
        && told.is_some_and(|(position, _)| position >= command.sent_at)
}

/// Whether a message could be one more result of a command.
fn twice(command: &Command, read: &Read) -> bool {
    results_of(command.kind).contains(&read.name.as_str())
        && read.order() == command.order
        && read.items() == command.items
}

/// Results may have other causes than commands: what somebody did in the dashboard (R14), a method that captures by itself, an authorization that
/// ended, and items that a capture released (R7).
fn has_another_cause(world: &World, shop: &Shop, command: &Command, read: &Read) -> bool {
    let order = shop.orders.get(&command.order);
    if order.is_some_and(|order| order.plan.dashboard.is_some()) {
        return true;
    }
    match (command.kind, read.name.as_str()) {
        (StepKind::Return, _) => false,
        // Released by a capture of others, or captured by the method itself.
        (StepKind::Ship, "PaymentCaptureFailed") => true,
        (StepKind::Ship, _) => order.is_some_and(|order| order.plan.pay.captures_by_itself()),
        (StepKind::Cancel, "PaymentCanceled") => canceled_by_itself(world, shop, command),
        (StepKind::Cancel, _) => false,
    }
}

/// Whether Stripe canceled an intent of the order without being asked: its authorization ended.
fn canceled_by_itself(world: &World, shop: &Shop, command: &Command) -> bool {
    let canceled = intents(world, shop, &command.order);
    let mut canceled = canceled.iter().filter(|intent| intent.status == "canceled");
    let calls = world.sandbox.calls();
    canceled.any(|intent| {
        let path = format!("/v1/payment_intents/{}/cancel", intent.id);
        !calls.iter().any(|call| call.path == path && call.status == Some(200))
    })
}
