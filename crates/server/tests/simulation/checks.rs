//! What has to hold: while things go on, after everything has come to its end, and after the app
//! was told what it had missed.

mod carts;
mod causes;
mod commands;
mod messages;
mod money;
mod parting;

use std::collections::BTreeMap;
use std::sync::Arc;

use app::Store;
use app::ports::Backlog;
use jiff::SignedDuration;
use payment::{OrderReference, Payment, TenantId};
use stripe_sandbox::IntentAudit;

use crate::desk::Desk;
use crate::ledger::Owner;
use crate::lost::Lost;
use crate::shop::Shop;
use crate::world::World;

pub use money::freed;
pub use parting::{evidently_unfinished, is_awaited, is_over, last_of_all, reads_on};

/// The clock may be put back so far in all.
const CLOCK_STEPS_BACK: SignedDuration = SignedDuration::from_mins(2);

/// The payments of a shop's orders, as our books have them.
type Books = BTreeMap<String, Payment>;

/// Everything, at the end of a run.
pub async fn all(world: &Arc<World>, desks: &[Desk]) {
    let backlog = world.store.backlog(world.now()).await.expect("the store works");
    if backlog != Backlog::default() {
        world.violated(format!("something is left: {backlog:?}"));
    }
    for call in world.ledger.unwanted_calls() {
        world.violated(format!("a call for a command of a disconnected tenant: {call}"));
    }
    for desk in desks {
        with_lost(world, desk, &Lost::default()).await;
    }
}

/// The same of one shop, of which the app was not told everything: what it knows it has done, and
/// what only the lost events say it waits for.
pub async fn with_lost(world: &Arc<World>, desk: &Desk, lost: &Lost) {
    let shop = desk.shop().clone();
    let books = books(world, &shop).await;
    // One that does not read has messages waiting, and perhaps the results of its commands.
    if shop.active {
        // What comes last waits for what was lost.
        if lost.is_empty() || shop.connected || !is_awaited(world, desk).await {
            messages::check(world, &shop);
        }
        commands::check(world, &shop, &books, lost);
        money::told(world, &shop, &books, lost);
    }
    money::check(world, &shop, &books, lost);
    carts::check(world, &shop, &books, lost);
}

async fn books(world: &World, shop: &Shop) -> Books {
    let tenant = TenantId::new(&shop.plan.id);
    let mut books = Books::new();
    for reference in shop.orders.keys() {
        let order = OrderReference::new(reference);
        let found = world.store.latest_payment_of_order(&tenant, &order).await;
        if let Some(stored) = found.expect("the store works") {
            books.insert(reference.clone(), stored.value);
        }
    }
    books
}

/// The intents of an order: what our books say, or the metadata of one that they do not know. What
/// a cart left behind that was over too little is none.
pub fn intents(world: &World, shop: &Shop, order: &str) -> Vec<IntentAudit> {
    let mut audits = intents_of_tenant(world, shop);
    audits.retain(|audit| match world.ledger.owner(&shop.plan.id, &audit.id) {
        Some(Owner::Order(owner)) => owner == order,
        Some(Owner::Cart | Owner::Short(_)) => false,
        None => audit.metadata.get("orderReference").is_some_and(|found| found == order),
    });
    audits
}

/// All intents of a tenant, also those of carts.
pub fn intents_of_tenant(world: &World, shop: &Shop) -> Vec<IntentAudit> {
    let mut audits = world.sandbox.audit();
    audits.retain(|audit| audit.metadata.get("tenantIdentifier") == Some(&shop.plan.id));
    audits
}

/// Whether events about one of these intents never reached the app.
fn missed(intents: &[IntentAudit], lost: &Lost) -> bool {
    intents.iter().any(|intent| lost.newest_about(&intent.id).is_some())
}
