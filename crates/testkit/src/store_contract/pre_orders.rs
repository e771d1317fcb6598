//! Payments before their order: they are found by all but an order, and an order is linked once.

use std::sync::Arc;

use app::ports::{CommitOutcome, Expected, ForgottenPreOrder, Store};
use payment::{OrderReference, Payment, PspReference, Purpose, Status};

use super::world::{World, with};
use crate::builders::{call, tenant_id};

fn cart(world: &World, reference: &str) -> Payment {
    with(&world.new_payment("a cart"), |record| {
        record.checkout = record.checkout.as_cart();
        record.attempts[0].reference = Some(PspReference::new(reference));
    })
}

fn linked(cart: &Payment, order: &str) -> Payment {
    with(cart, |record| record.checkout.order_reference = Some(OrderReference::new(order)))
}

/// A pre-order is found by its id and its attempts, and stands in no order's way.
pub async fn a_pre_order_comes_back_without_an_order(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let (one, two) = (cart(&world, "pi_1"), cart(&world, "pi_2"));
    world.add(&one).await;
    world.add(&two).await;
    assert_eq!(world.read(&one).await.value, one);
    let (tenant, reference) = (tenant_id(), PspReference::new("pi_2"));
    let found = world.store.payment_by_reference(&tenant, &reference).await.unwrap();
    assert_eq!(found.unwrap().value, two);
    for name in ["", "a cart", &one.id.to_string()] {
        let order = OrderReference::new(name);
        let latest = world.store.latest_payment_of_order(&tenant, &order).await.unwrap();
        let all = world.store.payments_of_order(&tenant, &order).await.unwrap();
        assert_eq!((latest, all), (None, Vec::new()), "{name:?}");
    }
    let unfinished = world.store.unfinished(&tenant).await.unwrap();
    assert_eq!(unfinished.payments, 2, "both may still be paid");
}

/// From then on it is the order's payment, and no other payment can be.
pub async fn an_order_is_linked_to_one_payment(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let (one, two) = (cart(&world, "pi_1"), cart(&world, "pi_2"));
    world.add(&one).await;
    world.add(&two).await;
    let first = linked(&one, "DE--1");
    assert_eq!(world.write(&first, Expected::Version(1)).await, CommitOutcome::Committed);
    let order = OrderReference::new("DE--1");
    let linked_to = async || {
        let found = world.store.payments_of_order(&tenant_id(), &order).await.unwrap();
        found.into_iter().map(|stored| stored.value).collect::<Vec<_>>()
    };
    assert_eq!(linked_to().await, std::slice::from_ref(&first));

    let second = linked(&two, "DE--1");
    assert_eq!(world.write(&second, Expected::Version(1)).await, CommitOutcome::Conflict);
    assert_eq!(world.read(&two).await.value, two, "nothing of it was written");
    assert_eq!(linked_to().await, [first]);
    let new = world.new_payment("DE--1");
    assert_eq!(world.write(&new, Expected::Absent).await, CommitOutcome::Conflict);
    let other = linked(&two, "DE--2");
    assert_eq!(world.write(&other, Expected::Version(1)).await, CommitOutcome::Committed);
}

/// Of those that nothing has happened to for long, the oldest come first; one with an open call, an
/// order, or an end is left alone.
pub async fn forgotten_pre_orders_are_found(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let oldest = cart(&world, "pi_1");
    world.add(&oldest).await;
    world.advance(10);
    let paid = with(&cart(&world, "pi_2"), |record| record.status = Status::Captured);
    world.add(&paid).await;
    let off = with(&cart(&world, "pi_3"), |record| record.status = Status::CancelRequested);
    world.add(&off).await;
    let canceled = with(&cart(&world, "pi_4"), |record| record.status = Status::Canceled);
    world.add(&canceled).await;
    let open = cart(&world, "pi_5").plan(call(&world.entropy, Purpose::Create)).unwrap();
    world.add(&open).await;
    world.add(&linked(&cart(&world, "pi_6"), "DE--1")).await;
    world.advance(10);
    let before = world.now();
    world.add(&cart(&world, "pi_young")).await;
    world.advance(10);

    let found = |limit| world.store.forgotten_pre_orders(before, limit);
    let of = |payment: &Payment, version| ForgottenPreOrder {
        tenant: payment.tenant.clone(),
        payment: payment.id,
        version,
    };
    assert_eq!(found(10).await.unwrap(), [of(&oldest, 1), of(&paid, 1)]);
    assert_eq!(found(1).await.unwrap(), [of(&oldest, 1)]);
    let touched = with(&oldest, |record| record.method = Some("card visa 4242".into()));
    assert_eq!(world.write(&touched, Expected::Version(1)).await, CommitOutcome::Committed);
    assert_eq!(found(10).await.unwrap(), [of(&paid, 1)], "it is not forgotten any more");
}
