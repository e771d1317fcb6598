//! The journal of calls to the PSP: rules R10 and R15.

use std::sync::Arc;

use app::limits::CALL_STALE;
use app::ports::{CallClaim, CommitOutcome, Expected, Lease, Store};
use payment::{CommandId, IdempotencyKey, Payment, Purpose};

use super::world::{World, with};
use crate::builders::{call, eur, items, other_tenant_id};

async fn claim(world: &World, lease: &Lease) -> Vec<CallClaim> {
    world.store.claim_open_calls(lease, CALL_STALE).await.unwrap()
}

fn planned(world: &World, order: &str) -> Payment {
    let plan = call(&world.entropy, Purpose::Create);
    world.new_payment(order).plan(plan).expect("no other call is open")
}

fn claim_of(payment: &Payment) -> CallClaim {
    CallClaim { tenant: payment.tenant.clone(), payment: payment.id }
}

/// R10, enforced by the database and not only by the domain.
pub async fn a_payment_has_one_open_call(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let payment = planned(&world, "DE--1");
    world.add(&payment).await;
    let first = payment.open_call.clone().unwrap();
    let second = call(&world.entropy, Purpose::Cancel { items: items(&[1001]) });
    let another = with(&payment, |record| record.open_call = Some(second.clone()));
    assert_eq!(world.write(&another, Expected::Version(1)).await, CommitOutcome::Conflict);
    assert_eq!(world.read(&payment).await.value, payment);

    // Settled together with the plan of the next one, it may be.
    assert_eq!(world.settle_call(&another, 1, &first).await, CommitOutcome::Committed);
    assert_eq!(world.read(&payment).await.value.open_call, Some(second.clone()));
    let done = with(&another, |record| record.open_call = None);
    assert_eq!(world.settle_call(&done, 2, &second).await, CommitOutcome::Committed);
    assert_eq!(world.read(&payment).await.value.open_call, None);
}

/// R15: proven absent at the PSP, the same call is made under a new key.
pub async fn a_new_key_keeps_the_call(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let purpose = Purpose::Capture { items: items(&[1001]), amount: eur(9_999), last: false };
    let plan = call(&world.entropy, purpose);
    let payment = world.new_payment("DE--1").plan(plan).unwrap();
    world.add(&payment).await;
    world.advance(100);
    let again = payment.rekey(IdempotencyKey::new("another-key"), world.now());
    assert_eq!(world.write(&again, Expected::Version(1)).await, CommitOutcome::Committed);
    assert_eq!(world.read(&again).await.value, again);
    let fresh = claim(&world, &world.lease("worker-1")).await;
    assert!(fresh.is_empty(), "it was planned just now");
}

/// A crash between the journal and the answer: a worker finishes the call.
pub async fn a_call_left_open_is_leased_once_it_is_old(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let payment = planned(&world, "DE--1");
    world.add(&payment).await;
    world.add(&world.new_payment("DE--2")).await;
    assert!(claim(&world, &world.lease("worker-1")).await.is_empty(), "it may be under way");
    world.advance(91);
    assert_eq!(claim(&world, &world.lease("worker-1")).await, [claim_of(&payment)]);
    assert!(claim(&world, &world.lease("worker-2")).await.is_empty(), "it is leased");
    world.advance(61);
    assert_eq!(claim(&world, &world.lease("worker-2")).await, [claim_of(&payment)]);
    let settled = payment.open_call.clone().unwrap();
    let done = with(&payment, |record| record.open_call = None);
    assert_eq!(world.settle_call(&done, 1, &settled).await, CommitOutcome::Committed);
    world.advance(3_600);
    assert!(claim(&world, &world.lease("worker-1")).await.is_empty(), "it is settled");
}

/// The PSP is down: those that were tried wait behind those that were not.
pub async fn calls_that_cannot_be_finished_take_turns(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let mut payments = Vec::new();
    for order in ["DE--1", "DE--2", "DE--3"] {
        let payment = planned(&world, order);
        world.add(&payment).await;
        payments.push(claim_of(&payment));
        world.advance(1);
    }
    world.advance(100);
    for turn in 0..6 {
        let claimed = claim(&world, &Lease { limit: 1, ..world.lease("worker-1") }).await;
        assert_eq!(claimed, [payments[turn % 3].clone()], "turn {turn}");
        world.advance(61);
    }
}

/// R1: whatever became of the order since, a command goes on with the payment it was begun on.
pub async fn the_payment_of_a_command_is_found_by_its_open_call(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let command = CommandId::new(world.new_id());
    let plan = call(&world.entropy, Purpose::Cancel { items: items(&[1001]) });
    let plan = payment::Call { command: Some(command), ..plan };
    let payment = world.new_payment("DE--1").plan(plan.clone()).unwrap();
    world.add(&payment).await;
    let tenant = &payment.tenant;
    let find = async |tenant, command| {
        let found = world.store.payment_of_open_command(tenant, command).await.unwrap();
        found.map(|stored| stored.value)
    };
    assert_eq!(find(tenant, command).await, Some(payment.clone()));
    assert_eq!(find(tenant, CommandId::new(world.new_id())).await, None);
    let other = other_tenant_id();
    assert_eq!(find(&other, command).await, None);

    let done = with(&payment, |record| record.open_call = None);
    assert_eq!(world.settle_call(&done, 1, &plan).await, CommitOutcome::Committed);
    assert_eq!(find(tenant, command).await, None, "nothing of it is open any more");
}
