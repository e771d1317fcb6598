//! The shop reads what was committed to be told: all of it, in order, nothing else, and nothing
//! of anybody else's.

use std::collections::BTreeMap;

use crate::ledger::Told;
use crate::shop::{Read, Shop};
use crate::world::World;

/// A message for comparing what was told with what was read.
type Line = (String, String, String);

pub fn check(world: &World, shop: &Shop) {
    let mut told: BTreeMap<(&str, String), Vec<Line>> = BTreeMap::new();
    let of_tenant: Vec<Told> = world.ledger.of_tenant(&shop.plan.id);
    for message in of_tenant {
        let line = (message.id, message.name.to_owned(), message.body);
        told.entry((message.channel, message.order)).or_default().push(line);
    }
    let mut read: BTreeMap<(&str, String), Vec<Line>> = BTreeMap::new();
    for message in &shop.reads {
        owner(world, shop, message);
        if message.is_result() && (message.order().is_empty() || message.items().is_empty()) {
            world.violated(format!("{}: names no items: {}", shop.plan.id, message.short()));
        }
        let Some((_, original)) = world.ledger.find(&shop.plan.id, &message.id) else {
            world.violated(format!(
                "{}: read what was never told: {}",
                shop.plan.id,
                message.short()
            ));
            continue;
        };
        let line = (message.id.clone(), message.name.clone(), message.body.clone());
        read.entry((message.channel, original.order)).or_default().push(line);
    }
    for (place, lines) in &told {
        if read.get(place) != Some(lines) {
            let read = read.get(place);
            let what = format!("{} {place:?}: told {lines:#?}, read {read:#?}", shop.plan.id);
            world.violated(what);
        }
    }
    methods(world, shop);
    for reference in shop.orders.keys() {
        authorized_first(world, shop, reference);
    }
}

/// The shop ignores a message about a method that is not later than its last one (rule R24); and of
/// an app that is active it has the method.
fn methods(world: &World, shop: &Shop) {
    let about = shop.reads.iter().filter(|read| read.channel == "payment-method-commands");
    let told: Vec<(&str, &str)> = about
        .map(|read| (read.attributes["timestamp"].as_str().unwrap_or_default(), read.name.as_str()))
        .collect();
    if !told.windows(2).all(|pair| pair[0].0 < pair[1].0) {
        world.violated(format!("{}: not each later than the last: {told:?}", shop.plan.id));
    }
    if shop.connected && told.last().is_some_and(|(_, name)| *name == "DeletePaymentMethod") {
        world.violated(format!("{}: active without a method: {told:?}", shop.plan.id));
    }
}

/// Nothing of another tenant is in a message.
fn owner(world: &World, shop: &Shop, read: &Read) {
    let tenant = read.attributes["tenantIdentifier"].as_str();
    if tenant != Some(&shop.plan.id) {
        world.violated(format!("{}: read a message of {tenant:?}: {}", shop.plan.id, read.short()));
    }
}

/// Money is held before anything else is said of it.
fn authorized_first(world: &World, shop: &Shop, reference: &str) {
    let results = shop.reads.iter().filter(|read| read.is_result() && read.order() == reference);
    for read in results {
        match read.name.as_str() {
            "PaymentAuthorized" => return,
            // A bank transfer that ends short was never held (rule R16).
            "PaymentUnderpaid" if shop.orders[reference].plan.pay.captures_by_itself() => {}
            "PaymentCaptured" | "PaymentRefunded" | "PaymentOverpaid" | "PaymentUnderpaid" => {
                let tenant = &shop.plan.id;
                world.violated(format!(
                    "{tenant} {reference}: {} before it was authorized",
                    read.name
                ));
                return;
            }
            _ => {}
        }
    }
}
