//! What has to hold: while things go on, and after everything has come to its end.

mod commands;
mod messages;
mod money;

use std::sync::Arc;

use app::Store;
use app::ports::Backlog;
use stripe_sandbox::IntentAudit;

use crate::desk::Desk;
use crate::shop::Shop;
use crate::world::World;

pub use money::freed;

/// Everything, at the end of a run.
pub async fn all(world: &Arc<World>, desks: &[Desk]) {
    let backlog = world.store.backlog(world.now()).await.expect("the store works");
    if backlog != Backlog::default() {
        world.violated(format!("something is left: {backlog:?}"));
    }
    for desk in desks {
        let shop = desk.shop().clone();
        messages::check(world, &shop);
        commands::check(world, &shop);
        money::check(world, &shop).await;
    }
}

/// The intents that were made for an order.
fn intents(world: &World, shop: &Shop, order: &str) -> Vec<IntentAudit> {
    let audits = world.sandbox.audit().into_iter();
    let of = |audit: &IntentAudit, key: &str, value: &str| {
        audit.metadata.get(key).is_some_and(|found| found == value)
    };
    audits
        .filter(|audit| {
            of(audit, "tenantIdentifier", &shop.plan.id) && of(audit, "orderReference", order)
        })
        .collect()
}
