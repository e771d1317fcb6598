//! Money: what Stripe has, what our books say, and what the shop was told, are the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use app::Store;
use payment::{OrderReference, Payment, TenantId};
use stripe_sandbox::IntentAudit;

use crate::checkout::stripe_factor;
use crate::checks::intents;
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

pub async fn check(world: &Arc<World>, shop: &Shop) {
    for (reference, order) in &shop.orders {
        let intents = intents(world, shop, reference);
        for intent in &intents {
            limits(world, shop, intent);
        }
        let open = intents.iter().filter(|intent| counts(intent)).count();
        if open > 1 {
            let what = format!("{} {reference}: two payments: {intents:#?}", shop.plan.id);
            world.violated(what);
        }
        let tenant = TenantId::new(&shop.plan.id);
        let found = world
            .store
            .latest_payment_of_order(&tenant, &OrderReference::new(reference))
            .await
            .expect("the store works");
        match found {
            Some(stored) => {
                books(world, shop, &stored.value, &intents);
                told(world, shop, order, &stored.value, &intents);
            }
            None if intents.is_empty() => {}
            None => world.violated(format!("{}: unknown: {intents:?}", shop.plan.id)),
        }
    }
}

/// Whether an intent holds or took money, or may yet: of those an order has one at most.
fn counts(intent: &IntentAudit) -> bool {
    intent.status != "canceled" || intent.amount_captured > intent.amount_refunded
}

fn limits(world: &World, shop: &Shop, intent: &IntentAudit) {
    if intent.amount_captured > intent.amount {
        world.violated(format!("{}: captured too much: {intent:?}", shop.plan.id));
    }
    if intent.amount_refunded > intent.amount_captured {
        world.violated(format!("{}: refunded too much: {intent:?}", shop.plan.id));
    }
}

/// Our books agree with Stripe.
fn books(world: &World, shop: &Shop, payment: &Payment, intents: &[IntentAudit]) {
    let reference = payment.reference().map(|reference| reference.as_str());
    let current = intents.iter().find(|intent| Some(intent.id.as_str()) == reference);
    let factor = stripe_factor(payment.checkout.total.currency().code());
    let ours = (
        payment.captured.minor() * factor,
        payment.refunded().minor() * factor,
        payment.capturable.minor() * factor,
    );
    let theirs = current.map_or((0, 0, 0), |intent| {
        (intent.amount_captured, intent.amount_refunded, intent.amount_capturable)
    });
    if ours != theirs {
        let order = &payment.checkout.order_reference;
        world.violated(format!(
            "{} {order:?} {}: captured, refunded, capturable are {ours:?} in our books and \
             {theirs:?} at Stripe",
            shop.plan.id, payment.status
        ));
    }
}

/// The shop was told of the money that Stripe has.
fn told(world: &World, shop: &Shop, order: &ShopOrder, payment: &Payment, intents: &[IntentAudit]) {
    let factor = stripe_factor(order.plan.currency);
    let told = Heard::of(shop, &order.plan.reference);
    let captured: i64 = intents.iter().map(|intent| intent.amount_captured).sum();
    let refunded: i64 = intents.iter().map(|intent| intent.amount_refunded).sum();
    let (heard_captured, heard_refunded) = (told.captured * factor, told.refunded * factor);
    let tenant = &shop.plan.id;
    let reference = &order.plan.reference;
    // Captured after the shop had canceled, and given back: it hears of the cancel alone (R9).
    let undone = captured == refunded && heard_captured == 0 && told.canceled;
    if heard_captured != captured && !undone {
        world.violated(format!(
            "{tenant} {reference} {}: the shop heard of {heard_captured} captured, Stripe has {captured}",
            payment.status
        ));
    }
    // A part refunded by hand names no items, so the shop hears of it in words alone (R14).
    let by_hand = order.plan.dashboard.is_some() && heard_refunded <= refunded;
    if heard_refunded != refunded && !undone && !by_hand {
        world.violated(format!(
            "{tenant} {reference} {}: the shop heard of {heard_refunded} refunded, Stripe has {refunded}",
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
                // Captured in part by hand. Where nothing was held before, a bank transfer ended
                // short instead, and nothing was captured (rule R16).
                "PaymentUnderpaid" if authorized => heard.captured = read.amount(),
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
        heard
    }
}
