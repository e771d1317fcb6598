//! Payments before their order: one that no order has keeps no money, and an order has its total or
//! was told that it has not (rules R9 and R17, conformance cases 13 to 18).

use stripe_sandbox::IntentAudit;

use super::Books;
use crate::checkout::stripe_factor;
use crate::ledger::{Owner, Told};
use crate::lost::{Events, Lost};
use crate::shop::{Shop, ShopOrder};
use crate::world::World;

pub fn check(world: &World, shop: &Shop, books: &Books, lost: &Lost) {
    let tenant = &shop.plan.id;
    for what in world.ledger.relinked(tenant) {
        world.violated(format!("{tenant}: {what}"));
    }
    for intent in super::intents_of_tenant(world, shop) {
        let owner = world.ledger.owner(tenant, &intent.id);
        if lost.newest_about(&intent.id).is_some() {
            continue;
        }
        let is_to_go_back = shop.called_off.contains(&intent.id)
            || matches!(owner, Some(Owner::Cart | Owner::Short(_)));
        if is_to_go_back && !is_given_back(world, &intent) {
            world.violated(format!("{tenant}: belongs to {owner:?}, and is kept: {intent:?}"));
        }
        match owner {
            Some(Owner::Order(order)) if world.ledger.linked_at(tenant, &order).is_some() => {
                enough(world, shop, &shop.orders[&order], &intent);
            }
            Some(Owner::Short(order)) => failed_once(world, shop, &shop.orders[&order]),
            Some(Owner::Order(_) | Owner::Cart) | None => {}
        }
    }
    for (reference, order) in &shop.orders {
        if world.ledger.linked_at(tenant, reference).is_some()
            && let Some(payment) = books.get(reference)
            && !payment.authorized.is_zero()
        {
            let told = |name: &str| count(world, shop, order, name) > 0;
            if !told("PaymentAuthorized")
                && !told("PaymentCanceled")
                && !told("PaymentAuthorizationFailed")
            {
                world.violated(format!("{tenant} {reference}: linked, and not told of its money"));
            }
        }
    }
}

/// Whether nothing is kept of it, and nothing more can come in. A refund that fails late leaves its
/// money, and an operator is told (rule R13).
fn is_given_back(world: &World, intent: &IntentAudit) -> bool {
    let over = matches!(intent.status, "canceled" | "succeeded");
    let kept = intent.amount_captured - intent.amount_refunded;
    let events = if kept > 0 { world.events() } else { Events::new() };
    let came_back: i64 = events
        .values()
        .map(|(_, event)| event)
        .filter(|event| event["type"] == "refund.failed")
        .filter(|event| event["data"]["object"]["payment_intent"] == intent.id.as_str())
        .filter_map(|event| event["data"]["object"]["amount"].as_i64())
        .sum();
    over && kept <= came_back
}

/// A cart that became an order's is over the order's total at least, while it counts.
fn enough(world: &World, shop: &Shop, order: &ShopOrder, intent: &IntentAudit) {
    let total = order.plan.total() * stripe_factor(order.plan.currency);
    if intent.amount < total && super::money::counts(intent) {
        let (tenant, reference) = (&shop.plan.id, &order.plan.reference);
        world.violated(format!("{tenant} {reference}: costs {total}, but: {intent:?}"));
    }
}

/// An order whose cart was over too little was told so, once; each payment of its own may fail, too.
fn failed_once(world: &World, shop: &Shop, order: &ShopOrder) {
    let own = super::intents(world, shop, &order.plan.reference).len();
    let told = count(world, shop, order, "PaymentAuthorizationFailed");
    if told == 0 || told > 1 + own {
        let (tenant, reference) = (&shop.plan.id, &order.plan.reference);
        world.violated(format!("{tenant} {reference}: told {told} times that its cart was short"));
    }
}

fn count(world: &World, shop: &Shop, order: &ShopOrder, name: &str) -> usize {
    let about = |told: &&Told| told.order == order.plan.reference && told.name == name;
    world.ledger.of_tenant(&shop.plan.id).iter().filter(about).count()
}
