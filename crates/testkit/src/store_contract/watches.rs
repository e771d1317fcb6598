//! Accounts at the PSP that are looked after.

use std::sync::Arc;

use app::ports::{
    CommitOutcome, CompareQuery, Expected, Lease, MerchantCommit, Store, TenantChange, Watch,
};
use jiff::{SignedDuration, Timestamp};
use payment::{Account, PaymentId, PspAccountId, Status, TenantId};

use super::world::{World, with};
use crate::builders::{
    account, credentials, merchant, other_tenant_id, payment_of, tenant, tenant_id,
};

async fn connect(world: &World, id: TenantId, account: Account, version: i64) {
    let change = TenantChange::Credentials(Box::new(credentials(account)));
    let tenant = tenant(id, &world.entropy);
    let commit = world.tenant_commit(tenant, Expected::Version(version), change);
    assert_eq!(world.store.commit_tenant(commit).await.unwrap(), CommitOutcome::Committed);
}

async fn claim(world: &World, limit: u32) -> Vec<Watch> {
    let lease = Lease { limit, ..world.lease("worker-1") };
    world.store.claim_watches(&lease).await.unwrap()
}

fn minutes(number: i64) -> SignedDuration {
    SignedDuration::from_mins(number)
}

/// From the moment at which its credentials are there; configuring again begins nothing anew.
pub async fn an_account_is_looked_after_once_at_a_time(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    assert!(claim(&world, 10).await.is_empty(), "nobody has credentials yet");
    let since = world.now();
    connect(&world, tenant_id(), account(), 1).await;
    let watch = Watch {
        tenant: tenant_id(),
        account: account(),
        platform: None,
        events_until: since,
        compared_at: since,
    };
    assert_eq!(claim(&world, 10).await, vec![watch.clone()]);
    assert!(claim(&world, 10).await.is_empty(), "somebody has it");
    world.advance(3600);
    connect(&world, tenant_id(), account(), 2).await;
    assert_eq!(claim(&world, 10).await, vec![watch.clone()], "the lease ended by itself");

    let due_at = world.now() + minutes(15);
    world.store.move_watch(&watch, due_at).await.unwrap();
    assert!(claim(&world, 10).await.is_empty());
    world.advance(15 * 60);
    assert_eq!(claim(&world, 10).await, [watch]);
}

/// Of two workers that had it at once, the slower one brings old news.
pub async fn what_is_known_of_an_account_never_goes_back(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    connect(&world, tenant_id(), account(), 1).await;
    let [old] = claim(&world, 1).await.try_into().unwrap();
    let (later, now) = (old.events_until + minutes(5), world.now());
    let listed = Watch { events_until: later, ..old.clone() };
    let compared = Watch { compared_at: later, ..old.clone() };
    for moved in [&listed, &compared, &old] {
        world.store.move_watch(moved, now).await.unwrap();
    }
    let known = Watch { events_until: later, compared_at: later, ..old };
    assert_eq!(claim(&world, 1).await, [known]);
}

/// Each merchant's account has events of its own, which the marketplace's keys lead to.
pub async fn accounts_of_merchants_are_looked_after(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    connect(&world, tenant_id(), account(), 1).await;
    world.advance(1);
    connect(&world, other_tenant_id(), account(), 1).await;
    world.advance(1);
    let mut ada = merchant(&world.entropy, "MER1");
    let write = |merchant, expected| MerchantCommit {
        merchant,
        expected,
        now: world.now(),
        messages: Vec::new(),
        inbox: None,
    };
    let new = write(ada.clone(), Expected::Absent);
    world.store.commit_merchant(new).await.unwrap();
    assert_eq!(claim(&world, 1).await.len(), 1, "only so many as were asked for");
    assert_eq!(claim(&world, 10).await.len(), 1, "the merchant has no account yet");
    ada.account = Some(PspAccountId::new("acct_ada"));
    world.store.commit_merchant(write(ada, Expected::Version(1))).await.unwrap();
    let [theirs] = claim(&world, 10).await.try_into().unwrap();
    let (id, mode) = (PspAccountId::new("acct_ada"), account().mode);
    assert_eq!(
        (theirs.account.clone(), theirs.platform),
        (Account { id, mode }, Some(account().id))
    );

    let mut all = Vec::new();
    while let [watch] = world.store.watches(all.last(), 1).await.unwrap().as_slice() {
        all.push(watch.clone());
    }
    let named: Vec<_> = all.iter().map(|of| (of.tenant.clone(), of.account.id.clone())).collect();
    let expected = [
        (tenant_id(), PspAccountId::new("acct_ada")),
        (tenant_id(), account().id),
        (other_tenant_id(), account().id),
    ];
    assert_eq!(named, expected);
}

/// What has changed lately, and what is open for longer; page by page, of one tenant.
pub async fn payments_to_compare_are_listed_page_by_page(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let mut made = Vec::new();
    for (order, status) in [
        ("old", Status::Canceled),
        ("open", Status::New),
        ("a", Status::Canceled),
        ("b", Status::New),
    ] {
        world.advance(3600);
        let payment = with(&world.new_payment(order), |record| record.status = status);
        world.add(&payment).await;
        made.push(payment);
    }
    let others = payment_of(&world.entropy, other_tenant_id(), crate::builders::order());
    world.add(&others).await;

    let (open, a, b) = (&made[1], &made[2], &made[3]);
    let compare = async |since: Timestamp, open_since, after: Option<PaymentId>, limit| {
        let tenant = tenant_id();
        let query = CompareQuery { tenant, after, since, open_since, limit };
        let found = world.store.payments_to_compare(&query).await.unwrap();
        found.into_iter().map(|stored| stored.value).collect::<Vec<_>>()
    };
    let (since, long_ago) = (a.created_at, Timestamp::UNIX_EPOCH);
    assert_eq!(compare(since, long_ago, None, 2).await, [open.clone(), a.clone()]);
    assert_eq!(compare(since, long_ago, Some(a.id), 2).await, vec![b.clone()]);
    assert_eq!(compare(since, since, None, 10).await, [a.clone(), b.clone()]);
    assert_eq!(compare(long_ago, long_ago, None, 10).await, made);
}
