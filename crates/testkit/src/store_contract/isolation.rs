//! Tenants do not see, or change, anything of each other; and the questions across them.

use std::sync::Arc;

use app::limits::CHANNEL_HIDE;
use app::ports::{
    ChannelBacklog, CommitOutcome, Expected, InboxItem, InboxOutcome, Received, SendOutcome, Store,
    TenantChange, Unfinished,
};
use payment::{Payment, PspReference, Purpose, Status};

use super::world::{EVENTS, World, is_corrupt, push_ids, with};
use crate::builders::{
    account, call, command, credentials, event, message, order, other_tenant_id, payment_of,
    tenant, tenant_id,
};

/// A payment of the first tenant with a reference, history, credentials and a message.
async fn furnish(world: &World) -> Payment {
    let payment = with(&world.new_payment("DE--1"), |record| {
        record.attempts[0].reference = Some(PspReference::new("pi_1"));
    });
    let mut commit = world.change(&payment, Expected::Absent);
    commit.payment.as_mut().unwrap().history = vec![world.history("made")];
    commit.messages = vec![world.message("DE--1", "PaymentCreated")];
    world.store.commit(commit).await.unwrap();
    let change = TenantChange::Credentials(Box::new(credentials(account())));
    let tenant = tenant(tenant_id(), &world.entropy);
    let commit = world.tenant_commit(tenant, Expected::Version(1), change);
    world.store.commit_tenant(commit).await.unwrap();
    payment
}

/// Every method that reads.
pub async fn a_tenant_sees_nothing_of_another(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let payment = furnish(&world).await;
    let (store, other) = (&world.store, other_tenant_id());
    assert_eq!(store.payment(&other, payment.id).await.unwrap(), None);
    assert_eq!(store.payments_of_order(&other, &order()).await.unwrap(), []);
    assert_eq!(store.latest_payment_of_order(&other, &order()).await.unwrap(), None);
    let reference = PspReference::new("pi_1");
    assert_eq!(store.payment_by_reference(&other, &reference).await.unwrap(), None);
    assert_eq!(store.unfinished(&other).await.unwrap(), Unfinished::default());
    assert!(store.history(&other, payment.id).await.unwrap().is_empty());
    assert!(store.credentials(&other, &account()).await.unwrap().is_none());
    assert!(store.call_means(&other, &account()).await.unwrap().is_none());
    assert!(store.all_credentials(&other).await.unwrap().is_empty());
    let now = world.now();
    let read = store.read_channel(&other, EVENTS, 100, now, now + CHANNEL_HIDE).await.unwrap();
    assert!(read.is_empty());
    assert_eq!(world.poll(100).await.len(), 1, "and its own tenant still reads it");
}

/// Every method that writes, with the ids of another tenant's rows.
pub async fn a_tenant_changes_nothing_of_another(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let payment = furnish(&world).await;
    let other = other_tenant_id();

    let stolen = with(&payment, |record| {
        record.tenant = other.clone();
        record.status = Status::Canceled;
    });
    assert_eq!(world.write(&stolen, Expected::Version(1)).await, CommitOutcome::Conflict);
    assert_eq!(world.read(&payment).await.value, payment);

    let told = world.claim_push().await.remove(0);
    let mut foreign = told.clone();
    foreign.tenant = other.clone();
    world.pushed(&foreign, SendOutcome::Delivered).await;
    let now = world.now();
    let ids = [told.message.id];
    assert_eq!(world.store.delete_messages(&other, EVENTS, &ids, now).await.unwrap(), 0);
    world.advance(60);
    assert_eq!(push_ids(&world.claim_push().await), ids, "still to be delivered");

    world.receive(&command(&world.entropy, "capture")).await;
    let claim = world.claim().await.remove(0);
    let mut foreign = world.settlement(&claim, InboxOutcome::Done("stolen".into()));
    foreign.tenant = other.clone();
    let refused = world.store.settle_inbox(foreign.clone()).await.unwrap();
    assert_eq!(refused, CommitOutcome::Duplicate);
    let mut commit = world.empty(other.clone());
    commit.inbox = Some(foreign);
    assert_eq!(world.store.commit(commit).await.unwrap(), CommitOutcome::Duplicate);
    let mut commit = world.empty(other);
    commit.ends = Some(claim.item.id);
    assert_eq!(world.store.commit(commit).await.unwrap(), CommitOutcome::Committed);
    let own = world.settle(&claim, InboxOutcome::Done("own".into())).await;
    assert_eq!(own, CommitOutcome::Committed, "its lease still holds");
}

/// Order references, senders' ids and order keys are unique within a tenant only.
pub async fn two_tenants_may_use_the_same_names(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let mine = world.new_payment("DE--1");
    let theirs = payment_of(&world.entropy, other_tenant_id(), order());
    world.add(&mine).await;
    world.add(&theirs).await;
    assert_eq!(world.read(&mine).await.value, mine);
    assert_eq!(world.read(&theirs).await.value, theirs);

    let first = command(&world.entropy, "capture-1");
    let second = InboxItem { tenant: other_tenant_id(), ..command(&world.entropy, "capture-1") };
    world.receive(&first).await;
    assert_eq!(world.store.receive(second).await.unwrap(), Received::New);
    assert_eq!(world.claim().await.len(), 2, "one order key, two tenants");

    world.tell(&[message(&world.entropy, "PaymentAuthorized")]).await;
    world.tell_of(other_tenant_id(), &[message(&world.entropy, "PaymentAuthorized")]).await;
    assert_eq!(world.claim_push().await.len(), 2);
}

/// A mistake of ours must not reach the disk.
pub async fn a_commit_that_mixes_tenants_is_refused(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let payment = world.new_payment("DE--1");
    let mut commit = world.change(&payment, Expected::Absent);
    commit.tenant = other_tenant_id();
    assert!(is_corrupt(&world.store.commit(commit).await));
    assert_eq!(world.store.payment(&tenant_id(), payment.id).await.unwrap(), None);
    assert_eq!(world.store.payment(&other_tenant_id(), payment.id).await.unwrap(), None);
}

/// For webhooks whose address names no tenant.
pub async fn the_tenant_of_a_reference_is_found(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    furnish(&world).await;
    let found = world.store.tenant_of_reference(&PspReference::new("pi_1")).await.unwrap();
    assert_eq!(found, Some(tenant_id()));
    let unknown = world.store.tenant_of_reference(&PspReference::new("pi_2")).await.unwrap();
    assert_eq!(unknown, None);
}

/// The operator's figures, across tenants.
pub async fn what_waits_is_counted(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let told_at = world.now();
    let messages =
        [world.message("DE--1", "PaymentCreated"), world.message("DE--2", "PaymentCreated")];
    world.tell(&messages).await;
    world.advance(60);
    world.tell_of(other_tenant_id(), &[world.message("DE--1", "PaymentCreated")]).await;
    for name in ["evt_1", "evt_2", "evt_3"] {
        world.receive(&event(&world.entropy, name)).await;
    }
    let claims = world.claim().await;
    world.settle(&claims[0], InboxOutcome::Parked("broken".into())).await;
    world.settle(&claims[1], InboxOutcome::Done("done".into())).await;
    let plan = call(&world.entropy, Purpose::Create);
    world.add(&world.new_payment("DE--1").plan(plan).unwrap()).await;

    let backlog = world.store.backlog(world.now()).await.unwrap();
    assert_eq!((backlog.inbox_waiting, backlog.inbox_parked), (1, 1));
    assert_eq!((backlog.outbox_parked, backlog.calls_open), (0, 1));
    let waiting = ChannelBacklog { channel: EVENTS.into(), waiting: 3, oldest: told_at };
    assert_eq!(backlog.outbox_waiting, [waiting]);
    world.delete(&[messages[0].id]).await;
    let backlog = world.store.backlog(world.now()).await.unwrap();
    assert_eq!(backlog.outbox_waiting[0].waiting, 2);
}
