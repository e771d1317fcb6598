//! Every command has exactly one result that names its items (rules R6, R11 and R12).

use std::collections::BTreeSet;

use app::limits::UNKNOWN_ORDER_WAIT;
use payment::{Payment, Status};

use super::{Books, CLOCK_STEPS_BACK, causes};
use crate::checks::intents;
use crate::lost::Lost;
use crate::plan::StepKind;
use crate::shop::{Command, Read, Shop, UNKNOWN_ORDER};
use crate::world::World;

/// What ends a command, the success first.
pub fn results_of(kind: StepKind) -> [&'static str; 2] {
    match kind {
        StepKind::Ship => ["PaymentCaptured", "PaymentCaptureFailed"],
        StepKind::Cancel => ["PaymentCanceled", "PaymentCancellationFailed"],
        StepKind::Return => ["PaymentRefunded", "PaymentRefundFailed"],
    }
}

pub fn check(world: &World, shop: &Shop, books: &Books, lost: &Lost) {
    let answered = answered(world, shop);
    for command in &shop.commands {
        let result = answered.iter().find(|(of, _)| *of == command.correlation_id);
        if is_another_apps(shop, command) {
            if result.is_some() {
                world.violated(format!("{}: answered for another app: {command:?}", shop.plan.id));
            }
            continue;
        }
        let excused = command.dropped
            || came_too_early(world, shop, command, books)
            || is_under_way(shop, command)
            || waits_for_lost(world, shop, command, books, lost);
        if result.is_none() && !excused {
            world.violated(format!("{}: no result for {command:?}", shop.plan.id));
        }
    }
    // A refund that failed after it had succeeded answers nobody (rule R13).
    causes::check(world, shop, &answered, &late_failures(shop));
}

/// Whether the result of a command was read.
pub fn is_answered(world: &World, shop: &Shop, command: &Command) -> bool {
    is_another_apps(shop, command)
        || is_under_way(shop, command)
        || answered(world, shop).iter().any(|(of, _)| *of == command.correlation_id)
}

/// Which command is answered by which message that the shop read.
fn answered(world: &World, shop: &Shop) -> Vec<(String, String)> {
    let mut taken: BTreeSet<String> = late_failures(shop);
    let mut answered = Vec::new();
    for command in &shop.commands {
        let free = |read: &&Read| !taken.contains(&read.id) && answers(world, shop, command, read);
        let mut results = shop.reads.iter().filter(free);
        // What a capture of others released is no answer, if there is one beside it (rule R7).
        let first = results.clone().next();
        let result = results.find(|read| !causes::follows_a_capture(world, shop, read)).or(first);
        if let Some(read) = result {
            taken.insert(read.id.clone());
            answered.push((command.correlation_id.clone(), read.id.clone()));
        }
    }
    answered
}

/// An order that the app never heard of, where another app reads the same commands (rule R11).
fn is_another_apps(shop: &Shop, command: &Command) -> bool {
    command.order == UNKNOWN_ORDER && shop.plan.shared_commands
}

/// Whether the order came only after the app had left its command to the other one.
fn came_too_early(world: &World, shop: &Shop, command: &Command, books: &Books) -> bool {
    let given_up = command.decided_at + UNKNOWN_ORDER_WAIT - CLOCK_STEPS_BACK;
    let known_at = |payment: &Payment| {
        world.ledger.linked_at(&shop.plan.id, &command.order).unwrap_or(payment.created_at)
    };
    let payment = books.get(&command.order);
    shop.plan.shared_commands && payment.is_none_or(|payment| known_at(payment) >= given_up)
}

/// Whether the app waits for what only an event says that it was never told: Stripe works on the
/// command, and our books say so.
fn waits_for_lost(
    world: &World,
    shop: &Shop,
    command: &Command,
    books: &Books,
    lost: &Lost,
) -> bool {
    let Some(payment) = books.get(&command.order) else { return false };
    if !super::missed(&intents(world, shop, &command.order), lost) {
        return false;
    }
    match command.kind {
        StepKind::Ship => payment.status == Status::CaptureRequested,
        StepKind::Cancel => payment.status == Status::CancelRequested,
        StepKind::Return => {
            let ids = |items: &payment::Items| items.iter().map(|item| item.0).collect();
            payment.refunds.iter().any(|refund| {
                refund.state.in_flight() && command.items.is_subset(&ids(&refund.items))
            })
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

pub(super) fn answers(world: &World, shop: &Shop, command: &Command, read: &Read) -> bool {
    let told = world.ledger.find(&shop.plan.id, &read.id);
    results_of(command.kind).contains(&read.name.as_str())
        && read.order() == command.order
        && read.items() == command.items
        && told.is_some_and(|(position, _)| position >= command.sent_at)
}
