//! A shop parts from the app only with everything done, or with a person's word; and the last that
//! it reads is that the app is not active any more (rule R23).

use std::collections::BTreeSet;

use app::Store;
use payment::TenantId;

use super::commands;
use crate::desk::{APP_EVENTS, Desk};
use crate::ledger::Told;
use crate::shop::{Command, ItemState, Read, Shop};
use crate::world::World;

/// What the shop itself knows to be unfinished.
pub fn evidently_unfinished(world: &World, shop: &Shop) -> BTreeSet<String> {
    let unread = unread(world, shop, usize::MAX).into_iter();
    let unread = unread.map(|told| format!("{} {} was never read", told.name, told.id));
    let open = shop.orders.iter().filter(|(reference, order)| {
        let intents = super::intents(world, shop, reference);
        let holds = intents.iter().any(|intent| intent.status == "requires_capture");
        holds && order.items.values().any(|state| *state == ItemState::Authorized)
    });
    unread.chain(open.map(|(reference, _)| format!("the money of {reference} is held"))).collect()
}

/// The shop reads that the app is inactive: everything told before its request is read, and every
/// command that the app had by then is answered.
pub fn last_of_all(world: &World, shop: &Shop, read: &Read, (began, told_before): (u64, usize)) {
    let tenant = &shop.plan.id;
    let Some((_, inactive)) = world.ledger.find(tenant, &read.id) else { return };
    let told = world.ledger.of_tenant(tenant);
    if told.iter().rfind(|told| told.order == inactive.order) != Some(&inactive) {
        // It is connected again, and this is history.
        return;
    }
    for told in unread(world, shop, told_before) {
        if told.id != read.id {
            let (name, id) = (told.name, told.id);
            world.violated(format!("{tenant}: inactive before {name} {id} was read"));
        }
    }
    // Where another app shares the channel, one about an order that came too late has no answer.
    let sent = |command: &&Command| {
        command.accepted && command.accepted_at < began && !shop.plan.shared_commands
    };
    for command in shop.commands.iter().filter(sent) {
        if !commands::is_answered(world, shop, command) {
            world.violated(format!("{tenant}: inactive before {command:?} was answered"));
        }
    }
}

/// Of the first so many messages of all those of this tenant that the shop never read.
fn unread(world: &World, shop: &Shop, first: usize) -> Vec<Told> {
    let read: BTreeSet<&str> = shop.reads.iter().map(|read| read.id.as_str()).collect();
    let mut told = world.ledger.of_tenant_up_to(&shop.plan.id, first);
    told.retain(|told| !read.contains(told.id.as_str()));
    told
}

/// Whether the shop still reads and has not read everything. Of an app that is not active it reads
/// whether it is again.
pub fn reads_on(world: &World, shop: &Shop) -> bool {
    let reads = |told: &Told| shop.active || told.channel == APP_EVENTS;
    unread(world, shop, usize::MAX).iter().any(reads)
}

/// Whether Stripe works on something for the tenant of which it says later what came.
pub async fn is_awaited(world: &World, desk: &Desk) -> bool {
    let unfinished = world.store.unfinished(&TenantId::new(&desk.tenant)).await;
    unfinished.expect("the store works").awaited > 0
}

/// Everything about a tenant that parted is done: the shop read so, and no endpoint is left at
/// Stripe.
pub async fn is_over(world: &World, desk: &Desk) {
    let (tenant, active) = (&desk.tenant, desk.shop().active);
    if active {
        world.violated(format!("{tenant}: parted, and the shop never read so"));
    }
    let rows = world.store.all_credentials(&TenantId::new(tenant)).await.expect("the store works");
    if rows.iter().any(|row| row.endpoint.as_ref().is_some_and(|endpoint| !endpoint.given_up)) {
        world.violated(format!("{tenant}: parted and drained, and its endpoint is kept"));
    }
}
