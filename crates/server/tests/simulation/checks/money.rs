//! Money: what Stripe has, what our books say, and what the shop was told, are the same.

use std::collections::BTreeSet;

use payment::Payment;
use stripe_sandbox::IntentAudit;

use super::{Books, CLOCK_STEPS_BACK};
use crate::checkout::stripe_factor;
use crate::checks::intents;
use crate::lost::Lost;
use crate::plan::Dashboard;
use crate::shop::{Shop, ShopOrder};
use crate::world::World;

/// No item is taken for paid without its money.
pub fn freed(world: &World, shop: &Shop) {
    for (reference, order) in &shop.orders {
        let paid = order.price(&order.paid()) * stripe_factor(order.plan.currency);
        let captured: i64 =
            intents(world, shop, reference).iter().map(|intent| intent.amount_captured).sum();
        if paid > captured {
            world.violated(format!(
                "{} {reference}: items of {paid} are free to be shipped, {captured} is captured",
                shop.plan.id
            ));
        }
    }
}

pub fn check(world: &World, shop: &Shop, books: &Books, lost: &Lost) {
    for reference in shop.orders.keys() {
        let intents = intents(world, shop, reference);
        for intent in &intents {
            limits(world, shop, intent);
        }
        let open = intents.iter().filter(|intent| counts(intent)).count();
        if open > 1 {
            let what = format!("{} {reference}: two payments: {intents:#?}", shop.plan.id);
            world.violated(what);
        }
        match books.get(reference) {
            Some(payment) => agree(world, shop, payment, lost),
            None if intents.is_empty() => {}
            None => world.violated(format!("{}: unknown: {intents:?}", shop.plan.id)),
        }
    }
}

/// Whether an intent holds money or has kept some, or may yet: of those an order has one at most. What
/// came in after a cancel and was given back (rule R9) is over, and the order may be paid anew.
pub(super) fn counts(intent: &IntentAudit) -> bool {
    let is_over = matches!(intent.status, "canceled" | "succeeded");
    !is_over || intent.amount_captured > intent.amount_refunded
}

fn limits(world: &World, shop: &Shop, intent: &IntentAudit) {
    if intent.amount_captured > intent.amount {
        world.violated(format!("{}: captured too much: {intent:?}", shop.plan.id));
    }
    if intent.amount_refunded > intent.amount_captured {
        world.violated(format!("{}: refunded too much: {intent:?}", shop.plan.id));
    }
}

/// Our books agree with Stripe. Where an event about the intent was lost, they are those of when
/// Stripe was last asked: nothing is in them that did not happen.
fn agree(world: &World, shop: &Shop, payment: &Payment, lost: &Lost) {
    let reference = payment.reference().map(|reference| reference.as_str());
    let mut intents = world.sandbox.audit().into_iter();
    let current = intents.find(|intent| Some(intent.id.as_str()) == reference);
    let current = current.as_ref();
    let ours = Ours::of(payment);
    let theirs = current.map_or((0, 0, 0), |intent| {
        (intent.amount_captured, intent.amount_refunded, intent.amount_capturable)
    });
    let missed = current.and_then(|intent| lost.newest_about(&intent.id));
    let asked = current.and_then(|intent| world.asked.last(&intent.id));
    let agrees = match (missed, asked) {
        (None, _) => (ours.captured, ours.refunded, ours.capturable) == theirs,
        // An intent says nothing of its refunds.
        (Some(missed), Some(asked)) if asked > missed + CLOCK_STEPS_BACK => {
            (ours.captured, ours.capturable) == (theirs.0, theirs.2)
        }
        (Some(_), _) => ours.captured <= theirs.0,
    };
    if !agrees {
        let order = &payment.checkout.order_reference;
        world.violated(format!(
            "{} {order:?} {}: our books say {ours:?}, Stripe says {theirs:?} (captured, refunded, \
             capturable); lost at {missed:?}, asked at {asked:?}",
            shop.plan.id, payment.status
        ));
    }
}

/// Money in our books, in Stripe's units.
#[derive(Clone, Copy, Debug)]
struct Ours {
    captured: i64,
    refunded: i64,
    capturable: i64,
}

impl Ours {
    fn of(payment: &Payment) -> Self {
        let factor = stripe_factor(payment.checkout.total.currency().code());
        Self {
            captured: payment.captured.minor() * factor,
            refunded: payment.refunded().minor() * factor,
            capturable: payment.capturable.minor() * factor,
        }
    }
}

/// The shop was told of the money that Stripe has; where events were lost, of that in our books.
pub fn told(world: &World, shop: &Shop, books: &Books, lost: &Lost) {
    for (reference, order) in &shop.orders {
        let Some(payment) = books.get(reference) else { continue };
        let intents = intents(world, shop, reference);
        let (captured, refunded) = if super::missed(&intents, lost) {
            let ours = Ours::of(payment);
            (ours.captured, ours.refunded)
        } else {
            (
                intents.iter().map(|intent| intent.amount_captured).sum(),
                intents.iter().map(|intent| intent.amount_refunded).sum(),
            )
        };
        heard(world, shop, order, payment, (captured, refunded));
    }
}

fn heard(
    world: &World,
    shop: &Shop,
    order: &ShopOrder,
    payment: &Payment,
    (captured, refunded): (i64, i64),
) {
    let factor = stripe_factor(order.plan.currency);
    let told = Heard::of(shop, &order.plan.reference);
    let (heard_captured, heard_refunded) = (told.captured * factor, told.refunded * factor);
    let tenant = &shop.plan.id;
    let reference = &order.plan.reference;
    // Captured after the shop had canceled, and given back: it hears of the cancel alone (R9).
    let undone = captured == refunded && heard_captured == 0 && told.canceled;
    if heard_captured != captured && !undone {
        world.violated(format!(
            "{tenant} {reference} {}: the shop heard of {heard_captured} captured, there is {captured}",
            payment.status
        ));
    }
    // A part refunded by hand names no items, so the shop hears of it in words alone (R14).
    let by_hand =
        matches!(order.plan.dashboard, Some((_, Dashboard::Refund | Dashboard::RefundPart)))
            && heard_refunded <= refunded;
    if heard_refunded != refunded && !undone && !by_hand {
        world.violated(format!(
            "{tenant} {reference} {}: the shop heard of {heard_refunded} refunded, there is {refunded}",
            payment.status
        ));
    }
}

/// What the shop heard about the money of an order.
#[derive(Debug, Default)]
struct Heard {
    captured: i64,
    refunded: i64,
    canceled: bool,
}

impl Heard {
    fn of(shop: &Shop, reference: &str) -> Self {
        let mut heard = Self::default();
        let mut authorized = false;
        let mut underpaid = 0;
        let mut captured: BTreeSet<i64> = BTreeSet::new();
        let mut refunded: BTreeSet<i64> = BTreeSet::new();
        for read in shop.reads.iter().filter(|read| read.is_result() && read.order() == reference) {
            let items = read.items();
            match read.name.as_str() {
                // A repeat says again what is known.
                "PaymentCaptured" if !items.is_subset(&captured) => {
                    heard.captured += read.amount();
                    captured.extend(items);
                }
                "PaymentAuthorized" => authorized = true,
                // Captured in part by hand: all that was captured by then, also what the answer to
                // a capture of ours says later. Where nothing was held before, a bank transfer
                // ended short instead, and nothing was captured (rule R16).
                "PaymentUnderpaid" if authorized => underpaid = read.amount(),
                "PaymentRefunded" if !items.is_subset(&refunded) => {
                    heard.refunded += read.amount();
                    refunded.extend(items);
                }
                // It had succeeded, and came back.
                "PaymentRefundFailed" if items.is_subset(&refunded) && !items.is_empty() => {
                    heard.refunded -= read.amount();
                    refunded.retain(|item| !items.contains(item));
                }
                "PaymentCanceled" => heard.canceled = true,
                _ => {}
            }
        }
        heard.captured = heard.captured.max(underpaid);
        heard
    }
}
