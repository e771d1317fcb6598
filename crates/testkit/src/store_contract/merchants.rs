//! Merchants, and what was paid out to them.

use std::sync::Arc;

use app::ports::{CommitOutcome, Expected, InboxOutcome, InboxSettlement, MerchantCommit, Store};
use payment::{
    ItemReference, MerchantReference, MerchantStatus, MoveState, PspAccountId, PspTransferId,
    Share, Transfer, TransferId,
};

use super::world::{World, with};
use crate::builders::{
    self, account, account_named, eur, merchant, message, other_tenant_id, tenant_id,
};

fn commit(world: &World, merchant: app::merchant::Merchant, expected: Expected) -> MerchantCommit {
    MerchantCommit { merchant, expected, now: world.now(), messages: Vec::new(), inbox: None }
}

/// Found by its reference, its account and its token; each write is seen by the next.
pub async fn a_merchant_comes_back_and_is_written_at_the_expected_version(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let mut ada = merchant(&world.entropy, "MER1");
    let store = &world.store;
    let new = commit(&world, ada.clone(), Expected::Absent);
    assert_eq!(store.commit_merchant(new.clone()).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(store.commit_merchant(new).await.unwrap(), CommitOutcome::Conflict, "rule R20");
    let found = store.merchant(&ada.tenant, &account(), &ada.reference).await.unwrap().unwrap();
    assert_eq!((&found.value, found.version), (&ada, 1));

    ada.account = Some(PspAccountId::new("acct_ada"));
    ada.status = Some(MerchantStatus::RestrictedSoon);
    ada.visit.cancel = None;
    let next = commit(&world, ada.clone(), Expected::Version(1));
    assert_eq!(store.commit_merchant(next.clone()).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(store.commit_merchant(next).await.unwrap(), CommitOutcome::Conflict);
    let at = PspAccountId::new("acct_ada");
    let found = store.merchant_of_account(&ada.tenant, &at).await.unwrap().unwrap();
    assert_eq!((&found.value, found.version), (&ada, 2));
    let found = store.merchant_by_token(&ada.tenant, &ada.visit.token).await.unwrap().unwrap();
    assert_eq!(found.value, ada);
    assert_eq!(store.tenant_of_merchant(&at).await.unwrap(), Some(ada.tenant));
}

/// The same name at another account of the marketplace, or at another tenant, is another merchant.
pub async fn a_merchant_belongs_to_one_tenant_and_one_platform(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let ada = merchant(&world.entropy, "MER1");
    let mut moved = merchant(&world.entropy, "MER1");
    moved.platform = account_named("acct_other", account().mode);
    let mut others = merchant(&world.entropy, "MER1");
    others.tenant = other_tenant_id();
    others.account = Some(PspAccountId::new("acct_theirs"));
    for merchant in [&ada, &moved, &others] {
        let new = commit(&world, merchant.clone(), Expected::Absent);
        assert_eq!(world.store.commit_merchant(new).await.unwrap(), CommitOutcome::Committed);
    }
    let (tenant, store) = (tenant_id(), &world.store);
    let found = store.merchant(&tenant, &account(), &ada.reference).await.unwrap().unwrap();
    assert_eq!(found.value, ada);
    let theirs = PspAccountId::new("acct_theirs");
    assert_eq!(store.merchant_of_account(&tenant, &theirs).await.unwrap(), None);
    assert_eq!(store.merchant_by_token(&tenant, &others.visit.token).await.unwrap(), None);
    assert_eq!(store.tenant_of_merchant(&theirs).await.unwrap(), Some(other_tenant_id()));
    assert_eq!(store.open_merchants(&tenant).await.unwrap(), 0, "nobody has an account yet");
}

/// Only those with an account that the provider did not reject keep a tenant from disconnecting.
pub async fn open_merchants_are_counted(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let statuses = [None, Some(MerchantStatus::Completed), Some(MerchantStatus::Rejected)];
    for (number, status) in statuses.into_iter().enumerate() {
        let mut one = merchant(&world.entropy, &format!("MER{number}"));
        one.account = status.map(|_| PspAccountId::new(format!("acct_{number}")));
        one.status = status;
        world.store.commit_merchant(commit(&world, one, Expected::Absent)).await.unwrap();
    }
    assert_eq!(world.store.open_merchants(&tenant_id()).await.unwrap(), 1);
    assert_eq!(world.store.open_merchants(&other_tenant_id()).await.unwrap(), 0);
}

/// The event that told of it, the row and the message are written together, under the lease.
pub async fn a_change_of_a_merchant_ends_its_event_and_is_told(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let ada = merchant(&world.entropy, "MER1");
    let store = &world.store;
    store.commit_merchant(commit(&world, ada.clone(), Expected::Absent)).await.unwrap();
    store.receive(builders::event(&world.entropy, "evt_1")).await.unwrap();
    let claim = world.claim().await.remove(0);
    let done = world.settlement(&claim, InboxOutcome::Done("told".into()));
    let told = message(&world.entropy, "PaymentUpdated");
    let with_fence = |fence| MerchantCommit {
        messages: vec![told.clone()],
        inbox: Some(InboxSettlement { fence, ..done.clone() }),
        ..commit(&world, ada.clone(), Expected::Version(1))
    };
    let stale = with_fence(claim.fence - 1);
    assert_eq!(store.commit_merchant(stale).await.unwrap(), CommitOutcome::Duplicate);
    assert_eq!(world.store.backlog(world.now()).await.unwrap().outbox_waiting, []);
    let held = with_fence(claim.fence);
    assert_eq!(store.commit_merchant(held).await.unwrap(), CommitOutcome::Committed);
    let backlog = world.store.backlog(world.now()).await.unwrap();
    assert_eq!((backlog.inbox_waiting, backlog.outbox_waiting.len()), (0, 1));
}

/// By the shop's transfer id, and only of the tenant whose it is.
pub async fn a_payment_is_found_by_its_transfer(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let paid = with(&world.new_payment("DE--1"), |record| {
        record.transfers.push(transfer(&world, "item-1", MoveState::Succeeded));
    });
    world.add(&paid).await;
    let stored = world.read(&paid).await;
    let reference = PspTransferId::new("tr_item-1_succeeded");
    let found = world.store.payment_of_transfer(&tenant_id(), &reference).await.unwrap();
    assert_eq!(found, Some(stored));
    let none = world.store.payment_of_transfer(&other_tenant_id(), &reference).await.unwrap();
    assert_eq!(none, None);
}

/// Rule R18: the database itself refuses a second payout of an item, unless the first came to
/// nothing.
pub async fn an_item_is_paid_out_once(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let of = |states: &[MoveState]| {
        with(&world.new_payment("DE--1"), |record| {
            let made = states.iter().map(|state| transfer(&world, "item-1", *state));
            record.transfers = made.collect();
        })
    };
    let twice = of(&[MoveState::Succeeded, MoveState::Requested]);
    assert!(world.store.commit(world.change(&twice, Expected::Absent)).await.is_err());
    world.add(&of(&[MoveState::Failed, MoveState::Succeeded])).await;
}

fn transfer(world: &World, item: &str, state: MoveState) -> Transfer {
    let share = Share { item: ItemReference::new(item), amount: eur(900), round: 0 };
    Transfer {
        id: TransferId::new(world.new_id()),
        reference: Some(PspTransferId::new(format!("tr_{item}_{}", state.name()))),
        merchant: MerchantReference::new("MER1"),
        destination: PspAccountId::new("acct_ada"),
        shares: vec![share],
        amount: eur(900),
        state,
        reversals: Vec::new(),
    }
}
