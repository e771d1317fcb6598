//! Customers who are taken out of the books when they are old.

use std::sync::Arc;

use app::ports::{Expected, InboxOutcome, Store};
use payment::{Checkout, Payment, PaymentRecord, Purpose, Status};

use super::world::World;
use crate::builders::{call, event, tenant_id};

/// A payment of which nothing is open any more.
fn settled(record: &mut PaymentRecord) {
    record.status = Status::Canceled;
}

fn changed(payment: Payment, change: impl FnOnce(&mut PaymentRecord)) -> Payment {
    let mut record = payment.into_record();
    change(&mut record);
    Payment::restore(record)
}

async fn checkout(world: &World, payment: &Payment) -> Checkout {
    world.read(payment).await.value.checkout.clone()
}

/// The oldest first, settled ones only, each once; what is money stays, and a payment that was read
/// before is not written over what was erased.
pub async fn customers_of_settled_payments_are_erased_when_they_are_old(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let first = changed(world.new_payment("DE--1"), settled);
    let second = changed(world.new_payment("DE--2"), settled);
    let open = world.new_payment("DE--3");
    let called = changed(world.new_payment("DE--4"), settled);
    let called = called.plan(call(&world.entropy, Purpose::Create)).unwrap();
    for payment in [&first, &second, &open, &called] {
        world.add(payment).await;
        world.advance(1);
    }
    world.receive(&event(&world.entropy, "evt_1")).await;
    let claims = world.claim().await;
    world.settle(&claims[0], InboxOutcome::Done("done".into())).await;
    world.advance(60);
    let recent = changed(world.new_payment("DE--5"), settled);
    world.add(&recent).await;

    let before = world.now();
    let stale = world.change(&changed(first.clone(), |_| {}), Expected::Version(1));
    assert_eq!(world.store.erase_older(before, world.now(), 1).await.unwrap(), 1);
    assert_eq!(checkout(&world, &first).await, first.checkout.clone().without_customer());
    assert_eq!(checkout(&world, &second).await, second.checkout);
    assert_eq!(world.store.erase_older(before, world.now(), 10).await.unwrap(), 1);
    assert_eq!(checkout(&world, &second).await, second.checkout.clone().without_customer());
    assert_eq!(world.store.erase_older(before, world.now(), 10).await.unwrap(), 0);
    for kept in [&open, &called, &recent] {
        assert_eq!(checkout(&world, kept).await, kept.checkout);
    }
    assert!(first.checkout.customer.email.is_some(), "there was something to erase");
    assert_eq!(checkout(&world, &first).await.total, first.checkout.total);

    let outcome = world.store.commit(stale).await.unwrap();
    assert_eq!(outcome, app::ports::CommitOutcome::Conflict);
    let again = world.store.receive(event(&world.entropy, "evt_1")).await.unwrap();
    assert_eq!(again, app::ports::Received::Duplicate, "what came in is still recognized");
    assert!(world.store.tenant(&tenant_id()).await.unwrap().is_some());
}
