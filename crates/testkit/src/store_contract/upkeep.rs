//! Giving up what nobody needs any more, and never anything else (rule R24).

use std::sync::Arc;

use app::limits::SENDER_IDS_KEPT;
use app::ports::{Expected, InboxOutcome, PruneBefore, Pruned, Received, Store};
use app::prune::{Retention, prune};
use payment::{Payment, Purpose};

use super::world::{World, with};
use crate::builders::{call, command, event};

const KEPT: Retention = Retention {
    inbox: SENDER_IDS_KEPT,
    outbox: SENDER_IDS_KEPT,
    calls: SENDER_IDS_KEPT,
    history: SENDER_IDS_KEPT,
};
const NOTHING: Pruned = Pruned { inbox: 0, outbox: 0, calls: 0, history: 0 };

fn done() -> InboxOutcome {
    InboxOutcome::Done("done".into())
}

fn before(world: &World) -> PruneBefore {
    KEPT.before(world.now())
}

/// A payment with a call that is settled and a line of history.
async fn add_with_settled_call(world: &World, order: &str) -> Payment {
    let plan = call(&world.entropy, Purpose::Create);
    let payment = world.new_payment(order).plan(plan.clone()).expect("no other call is open");
    let mut commit = world.change(&payment, Expected::Absent);
    commit.payment.as_mut().unwrap().history = vec![world.history("a beginning")];
    world.store.commit(commit).await.unwrap();
    let settled = with(&payment, |record| record.open_call = None);
    world.settle_call(&settled, 1, &plan).await;
    settled
}

/// Of each kind one row that has ended: all go, once they are old, and never before.
pub async fn what_has_ended_is_given_up_once_it_is_old(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let payment = add_with_settled_call(&world, "DE--1").await;
    world.receive(&event(&world.entropy, "evt_1")).await;
    world.settle(&world.claim().await[0], done()).await;
    world.tell(&[world.message("DE--1", "PaymentCaptured")]).await;
    let read = world.poll(100).await;
    assert_eq!(world.delete(&read).await, 1);

    world.advance(SENDER_IDS_KEPT.as_secs());
    assert_eq!(world.store.prunable(&before(&world)).await.unwrap(), NOTHING);
    assert_eq!(prune(&*world.store, &before(&world), 9).await.unwrap(), NOTHING);
    let again = world.store.receive(event(&world.entropy, "evt_1")).await.unwrap();
    assert_eq!(again, Received::Duplicate, "its id is still there");

    world.advance(1);
    let all = Pruned { inbox: 1, outbox: 1, calls: 1, history: 1 };
    assert_eq!(world.store.prunable(&before(&world)).await.unwrap(), all);
    assert_eq!(prune(&*world.store, &before(&world), 9).await.unwrap(), all);
    assert_eq!(world.store.prunable(&before(&world)).await.unwrap(), NOTHING);
    assert_eq!(world.read(&payment).await.value, payment, "what is known of money stays");
    assert!(world.store.history(&payment.tenant, payment.id).await.unwrap().is_empty());
}

/// However old: an open call, work that waits or is parked, a message nobody took.
pub async fn what_has_not_ended_is_never_given_up(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let plan = call(&world.entropy, Purpose::Create);
    let open = world.new_payment("DE--1").plan(plan).expect("no other call is open");
    world.add(&open).await;
    world.receive(&command(&world.entropy, "parked")).await;
    let parked = InboxOutcome::Parked("for an operator".into());
    world.settle(&world.claim().await[0], parked).await;
    world.receive(&command(&world.entropy, "waiting")).await;
    world.tell(&[world.message("DE--1", "PaymentCaptured")]).await;

    world.advance(100 * SENDER_IDS_KEPT.as_secs());
    assert_eq!(prune(&*world.store, &before(&world), 9).await.unwrap(), NOTHING);
    assert_eq!(world.read(&open).await.value, open);
    assert_eq!(world.claim_names().await, ["waiting"]);
    assert_eq!(world.poll(100).await.len(), 1);
    let parked = world.store.receive(command(&world.entropy, "parked")).await.unwrap();
    assert_eq!(parked, Received::Duplicate);
}

/// What ended just now is young, however long it took to end. Steps are small, the oldest first,
/// and what stands in front of the old does not keep it.
pub async fn rows_are_given_up_in_small_steps(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    world.receive(&event(&world.entropy, "evt_waits")).await;
    let waits = world.claim().await;
    for number in 0..5 {
        world.receive(&event(&world.entropy, &format!("evt_{number}"))).await;
    }
    for claim in world.claim().await {
        world.settle(&claim, done()).await;
    }
    world.advance(SENDER_IDS_KEPT.as_secs() + 1);
    world.settle(&waits[0], done()).await;
    assert_eq!(world.store.prunable(&before(&world)).await.unwrap().inbox, 5);
    let mut steps = Vec::new();
    for _ in 0..4 {
        steps.push(world.store.prune(&before(&world), 2).await.unwrap().inbox);
    }
    assert_eq!(steps, [2, 2, 1, 0]);
    let ended_now = world.store.receive(event(&world.entropy, "evt_waits")).await.unwrap();
    assert_eq!(ended_now, Received::Duplicate);
    let given_up = world.store.receive(event(&world.entropy, "evt_0")).await.unwrap();
    assert_eq!(given_up, Received::New);
}

/// A store is opened at the version of this program.
pub async fn no_migration_is_missing(store: Arc<dyn Store>) {
    assert_eq!(store.missing_migrations().await.unwrap(), 0);
}
