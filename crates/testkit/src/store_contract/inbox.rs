//! The inbox: everything once, commands of an order in turn, leases with fences.

use std::sync::Arc;

use app::ports::{
    CommitOutcome, Expected, InboxItem, InboxKind, InboxOutcome, Lease, Received, Store,
    TenantChange,
};
use jiff::SignedDuration;
use payment::{CommandId, TenantId};

use super::world::{World, with};
use crate::builders::{command, event, tenant, tenant_id};

fn done() -> InboxOutcome {
    InboxOutcome::Done("done".into())
}

fn of_order(item: InboxItem, order: &str) -> InboxItem {
    InboxItem { order_key: Some(order.into()), ..item }
}

/// R3, R4: the sender's id decides, also after the row has ended.
pub async fn the_same_input_is_received_once(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let first = event(&world.entropy, "evt_1");
    world.receive(&first).await;
    let again = event(&world.entropy, "evt_1");
    assert_eq!(world.store.receive(again.clone()).await.unwrap(), Received::Duplicate);
    let claims = world.claim().await;
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0].item, first);
    assert_eq!((claims[0].fence, claims[0].tries), (1, 0));
    world.settle(&claims[0], done()).await;
    assert_eq!(world.store.receive(again).await.unwrap(), Received::Duplicate);
    let other_kind = InboxItem { kind: InboxKind::Command, ..event(&world.entropy, "evt_1") };
    assert_eq!(world.store.receive(other_kind).await.unwrap(), Received::New);
}

/// R4: who is known from before is as good as who is asked for, until something changes.
pub async fn an_event_is_received_by_what_is_known_of_its_tenant_while_that_is_so(
    store: Arc<dyn Store>,
) {
    let world = World::new(store).await;
    let store = &world.store;
    assert!(store.known_addressee(&tenant_id()).is_none(), "nobody has asked");
    store.addressee(&tenant_id()).await.unwrap().unwrap();
    let known = store.known_addressee(&tenant_id()).unwrap();
    let receive = async |id: &str, version| {
        store.receive_of_known(event(&world.entropy, id), version).await.unwrap()
    };
    assert!(receive("evt_1", known.version).await);
    assert!(!receive("evt_1", known.version).await, "it is there");
    assert!(receive("evt_2", known.version).await);

    let expected = Expected::Version(known.version);
    let changed = tenant(tenant_id(), &world.entropy);
    let commit = world.tenant_commit(changed, expected, TenantChange::Keep);
    assert_eq!(store.commit_tenant(commit).await.unwrap(), CommitOutcome::Committed);
    assert!(!receive("evt_3", known.version).await, "the tenant is another one now");
    let names = world.claim_names().await;
    assert_eq!(names, ["evt_1", "evt_2"], "and nothing of it was stored");

    store.addressee(&tenant_id()).await.unwrap().unwrap();
    let known = store.known_addressee(&tenant_id()).unwrap();
    assert!(receive("evt_3", known.version).await);
    let unknown = InboxItem { tenant: TenantId::new("unknown"), ..event(&world.entropy, "evt_4") };
    assert!(!store.receive_of_known(unknown, known.version).await.unwrap());
}

/// R10: in order of arrival.
pub async fn commands_of_an_order_are_claimed_one_after_the_other(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    for name in ["capture", "refund", "cancel"] {
        world.receive(&command(&world.entropy, name)).await;
    }
    world.receive(&of_order(command(&world.entropy, "other"), "DE--2")).await;
    let claims = world.claim().await;
    let names: Vec<_> = claims.iter().map(|claim| claim.item.external_id.as_str()).collect();
    assert_eq!(names, ["capture", "other"]);
    assert!(world.claim().await.is_empty(), "the first one is being carried out");
    world.settle(&claims[0], done()).await;
    let next = world.claim().await;
    assert_eq!(next[0].item.external_id, "refund");
    world.settle(&next[0], done()).await;
    assert_eq!(world.claim_names().await, ["cancel"]);
}

/// The younger ones of its order wait, those of other orders do not.
pub async fn a_postponed_command_holds_back_its_order_only(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    world.receive(&command(&world.entropy, "first")).await;
    world.receive(&command(&world.entropy, "second")).await;
    let claims = world.claim().await;
    assert_eq!(world.settle(&claims[0], world.later(30)).await, CommitOutcome::Committed);
    world.advance(29);
    world.receive(&command(&world.entropy, "third")).await;
    world.receive(&of_order(command(&world.entropy, "other"), "DE--2")).await;
    assert_eq!(world.claim_names().await, ["other"]);
    world.advance(1);
    let claims = world.claim().await;
    assert_eq!(claims[0].item.external_id, "first");
    assert_eq!((claims[0].fence, claims[0].tries), (2, 1));
    world.settle(&claims[0], done()).await;
    assert_eq!(world.claim_names().await, ["second"]);
}

/// It waits for what may be gone for long, and is taken again and again. A worker that could not say what
/// came of it has spent no try either.
pub async fn a_row_that_is_put_off_has_spent_no_try(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    world.receive(&command(&world.entropy, "first")).await;
    world.receive(&command(&world.entropy, "second")).await;
    for leases in 0..3 {
        let claim = world.claim().await.remove(0);
        assert_eq!((claim.item.external_id.as_str(), claim.tries), ("first", 0));
        assert_eq!(claim.leases_before(), leases);
        let at = world.now() + SignedDuration::from_secs(30);
        world.settle(&claim, InboxOutcome::PutOff { at, reason: "nobody answers".into() }).await;
        world.advance(29);
        assert!(world.claim().await.is_empty(), "it keeps its turn, and waits");
        world.advance(1);
    }
    world.claim().await;
    world.advance(60);
    let claim = world.claim().await.remove(0);
    assert_eq!((claim.leases_before(), claim.tries), (4, 0));
    world.settle(&claim, world.later(0)).await;
    let claim = world.claim().await.remove(0);
    assert_eq!((claim.leases_before(), claim.tries), (5, 1), "it failed once");
}

/// Events are judged by what they say, not by when they come.
pub async fn events_are_not_held_back_by_commands(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    world.receive(&command(&world.entropy, "capture")).await;
    let claims = world.claim().await;
    world.settle(&claims[0], world.later(3_600)).await;
    world.receive(&of_order(event(&world.entropy, "evt_1"), "DE--1")).await;
    world.advance(1);
    world.receive(&of_order(event(&world.entropy, "evt_2"), "DE--1")).await;
    world.receive(&event(&world.entropy, "evt_3")).await;
    assert_eq!(world.claim_names().await, ["evt_1", "evt_2", "evt_3"], "the oldest first");
}

/// It waits for the operator; the order goes on.
pub async fn a_parked_command_holds_nothing_back(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    world.receive(&command(&world.entropy, "broken")).await;
    world.receive(&command(&world.entropy, "good")).await;
    let claims = world.claim().await;
    world.settle(&claims[0], InboxOutcome::Parked("not readable".into())).await;
    assert_eq!(world.claim_names().await, ["good"]);
    world.advance(3_600);
    assert_eq!(world.claim_names().await, ["good"], "the parked one never comes back by itself");
}

/// A worker that was too slow cannot end what another one works on.
pub async fn a_lease_that_ended_is_given_to_another_and_its_fence_is_refused(
    store: Arc<dyn Store>,
) {
    let world = World::new(store).await;
    world.receive(&event(&world.entropy, "evt_1")).await;
    let slow = world.claim().await.remove(0);
    world.advance(59);
    assert!(world.claim().await.is_empty(), "the lease holds");
    world.advance(1);
    let other = world.store.claim_inbox(&world.lease("worker-2")).await.unwrap().remove(0);
    assert_eq!(other.item, slow.item);
    assert!(other.fence > slow.fence);
    assert_eq!(world.settle(&slow, done()).await, CommitOutcome::Duplicate);
    assert_eq!(world.settle(&other, done()).await, CommitOutcome::Committed);
}

/// Also by the one who ended it.
pub async fn an_ended_row_is_ended_once(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    world.receive(&event(&world.entropy, "evt_1")).await;
    let claim = world.claim().await.remove(0);
    assert_eq!(world.settle(&claim, done()).await, CommitOutcome::Committed);
    assert_eq!(world.settle(&claim, world.later(0)).await, CommitOutcome::Duplicate);
    assert!(world.claim().await.is_empty());

    world.receive(&event(&world.entropy, "evt_2")).await;
    let claim = world.claim().await.remove(0);
    assert_eq!(world.settle(&claim, world.later(0)).await, CommitOutcome::Committed);
    let given_back = world.settle(&claim, done()).await;
    assert_eq!(given_back, CommitOutcome::Duplicate, "it was given back with the delay");
}

/// The heart of "never twice": no lease, no payment, no message.
pub async fn a_commit_without_its_lease_writes_nothing(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let payment = world.new_payment("DE--1");
    world.receive(&event(&world.entropy, "evt_1")).await;
    let slow = world.claim().await.remove(0);
    world.advance(60);
    let fast = world.claim().await.remove(0);

    let mut commit = world.change(&payment, Expected::Absent);
    commit.messages = vec![world.message("DE--1", "PaymentAuthorized")];
    commit.inbox = Some(world.settlement(&slow, done()));
    assert_eq!(world.store.commit(commit.clone()).await.unwrap(), CommitOutcome::Duplicate);
    assert_eq!(world.store.payment(&payment.tenant, payment.id).await.unwrap(), None);
    assert!(world.poll(100).await.is_empty());

    commit.inbox = Some(world.settlement(&fast, done()));
    assert_eq!(world.store.commit(commit.clone()).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(world.store.commit(commit).await.unwrap(), CommitOutcome::Duplicate, "again");
    assert_eq!(world.poll(100).await.len(), 1);

    // A conflict leaves the row with its lease, so that the worker can decide again.
    world.receive(&event(&world.entropy, "evt_2")).await;
    let claim = world.claim().await.remove(0);
    let mut late = world.change(&payment, Expected::Version(99));
    late.inbox = Some(world.settlement(&claim, done()));
    assert_eq!(world.store.commit(late).await.unwrap(), CommitOutcome::Conflict);
    assert_eq!(world.settle(&claim, done()).await, CommitOutcome::Committed);
}

/// R11: the webhook brought the outcome before the answer did; one result is told, not two.
pub async fn a_settled_call_ends_its_command_whoever_holds_it(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let payment = world.new_payment("DE--1");
    world.add(&payment).await;
    world.receive(&command(&world.entropy, "capture")).await;
    world.receive(&command(&world.entropy, "refund")).await;
    world.receive(&event(&world.entropy, "evt_1")).await;
    let claims = world.claim().await;
    let (capture, webhook) = (&claims[0], &claims[1]);

    let changed = with(&payment, |record| record.method = Some("card".into()));
    let mut commit = world.change(&changed, Expected::Version(1));
    commit.inbox = Some(world.settlement(webhook, done()));
    commit.ends = Some(capture.item.id);
    assert_eq!(world.store.commit(commit).await.unwrap(), CommitOutcome::Committed);

    assert_eq!(world.settle(capture, done()).await, CommitOutcome::Duplicate);
    let next = world.claim().await;
    assert_eq!(next[0].item.external_id, "refund", "the order goes on");

    // Its own commit ends it as well, and an id that is not there is nothing to do.
    let mut own = world.empty(payment.tenant.clone());
    own.inbox = Some(world.settlement(&next[0], done()));
    own.ends = Some(next[0].item.id);
    assert_eq!(world.store.commit(own).await.unwrap(), CommitOutcome::Committed);
    let mut nothing = world.empty(payment.tenant.clone());
    nothing.ends = Some(CommandId::new(world.new_id()));
    assert_eq!(world.store.commit(nothing).await.unwrap(), CommitOutcome::Committed);
}

/// R11: a worker that still believes in its row, which somebody ended meanwhile, begins no call.
pub async fn what_is_written_for_a_held_row_needs_its_lease(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let payment = world.new_payment("DE--1");
    world.add(&payment).await;
    world.receive(&command(&world.entropy, "capture")).await;
    let claim = world.claim().await.remove(0);
    let held = || Some(world.settlement(&claim, InboxOutcome::Held));

    let changed = with(&payment, |record| record.method = Some("card".into()));
    let mut while_leased = world.change(&changed, Expected::Version(1));
    while_leased.inbox = held();
    assert_eq!(world.store.commit(while_leased).await.unwrap(), CommitOutcome::Committed);
    assert!(world.claim().await.is_empty(), "the row is still leased");

    let mut ending = world.empty(payment.tenant.clone());
    ending.ends = Some(claim.item.id);
    assert_eq!(world.store.commit(ending).await.unwrap(), CommitOutcome::Committed);
    let again = with(&payment, |record| record.method = Some("debit".into()));
    let mut too_late = world.change(&again, Expected::Version(2));
    too_late.inbox = held();
    assert_eq!(world.store.commit(too_late).await.unwrap(), CommitOutcome::Duplicate);
    let stored = world.store.payment(&payment.tenant, payment.id).await.unwrap().unwrap();
    assert_eq!((stored.version, stored.value.method.as_deref()), (2, Some("card")));
}

/// R4: counted once, the body dropped.
pub async fn a_foreign_event_keeps_its_id_only(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let foreign = event(&world.entropy, "evt_foreign");
    world.receive(&foreign).await;
    let claim = world.claim().await.remove(0);
    assert_eq!(world.settle(&claim, InboxOutcome::Foreign).await, CommitOutcome::Committed);
    assert!(world.claim().await.is_empty());
    assert_eq!(world.store.receive(foreign).await.unwrap(), Received::Duplicate);
    let backlog = world.store.backlog(world.now()).await.unwrap();
    assert_eq!((backlog.inbox_waiting, backlog.inbox_parked), (0, 0));
}

/// At most what was asked for, the oldest first.
pub async fn claims_are_limited(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    for number in 0..5 {
        world.receive(&event(&world.entropy, &format!("evt_{number}"))).await;
    }
    let names = |claims: Vec<app::ports::InboxClaim>| -> Vec<String> {
        claims.into_iter().map(|claim| claim.item.external_id).collect()
    };
    let two = Lease { limit: 2, ..world.lease("worker-1") };
    assert_eq!(names(world.store.claim_inbox(&two).await.unwrap()), ["evt_0", "evt_1"]);
    assert_eq!(names(world.store.claim_inbox(&two).await.unwrap()), ["evt_2", "evt_3"]);
    let none = Lease { limit: 0, ..world.lease("worker-1") };
    assert!(world.store.claim_inbox(&none).await.unwrap().is_empty());
}
