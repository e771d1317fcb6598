//! Accounts under the operator's platform. The store of the app and that of an operator see the
//! same, so these cases are handed something that is both.

use std::sync::Arc;

use app::ports::{
    BindOutcome, Bindings, CommitOutcome, Expected, MerchantCommit, NewBinding, Store,
    TenantChange, UnbindOutcome,
};
use app::tenant::TenantStatus;
use payment::{Account, Mode, PspAccountId, TenantId};

use super::world::World;
use crate::builders::{
    account_named, credentials, merchant, other_tenant_id, platform_credentials, tenant, tenant_id,
};

/// A world, and the bindings of the same store.
async fn world<S: Store + Bindings + 'static>(store: &Arc<S>) -> World {
    World::new(Arc::clone(store) as Arc<dyn Store>).await
}

fn binding(world: &World, tenant: TenantId, account: Account) -> NewBinding {
    NewBinding { tenant, account, now: world.now(), rehearsed: false }
}

fn id(name: &str) -> PspAccountId {
    PspAccountId::new(name)
}

/// R5: in both of its modes, and in each mode a tenant has one.
pub async fn an_account_is_bound_to_one_tenant<S: Store + Bindings + 'static>(store: Arc<S>) {
    let world = world(&store).await;
    let (test, live) = (account_named("acct_1", Mode::Test), account_named("acct_1", Mode::Live));
    assert!(store.bound_accounts(&tenant_id()).await.unwrap().is_empty());
    let mine = binding(&world, tenant_id(), test.clone());
    assert_eq!(store.bind_account(&mine).await.unwrap(), BindOutcome::Bound);
    assert_eq!(store.bind_account(&mine).await.unwrap(), BindOutcome::Already);
    for account in [&test, &live] {
        let theirs = binding(&world, other_tenant_id(), account.clone());
        let refused = BindOutcome::OfAnother(tenant_id());
        assert_eq!(store.bind_account(&theirs).await.unwrap(), refused);
    }
    let second = binding(&world, tenant_id(), account_named("acct_2", Mode::Test));
    let refused = BindOutcome::HasAnother(id("acct_1"));
    assert_eq!(store.bind_account(&second).await.unwrap(), refused);
    let mine = binding(&world, tenant_id(), live.clone());
    assert_eq!(store.bind_account(&mine).await.unwrap(), BindOutcome::Bound);
    assert_eq!(store.bound_accounts(&tenant_id()).await.unwrap(), [test.clone(), live]);
    let bindings = store.bindings(&tenant_id()).await.unwrap();
    assert_eq!((&bindings[0].account, bindings[0].bound_at), (&test, world.now()));
    assert!(store.bound_accounts(&other_tenant_id()).await.unwrap().is_empty());
}

/// R5: one that our own onboarding made for another tenant's merchant.
pub async fn an_account_of_a_merchant_is_not_bound_to_another_tenant<
    S: Store + Bindings + 'static,
>(
    store: Arc<S>,
) {
    let world = world(&store).await;
    let mut theirs = merchant(&world.entropy, "MER1");
    theirs.account = Some(id("acct_ada"));
    let commit = MerchantCommit {
        merchant: theirs,
        expected: Expected::Absent,
        now: world.now(),
        messages: Vec::new(),
        inbox: None,
    };
    assert_eq!(store.commit_merchant(commit).await.unwrap(), CommitOutcome::Committed);
    let account = account_named("acct_ada", Mode::Test);
    let outcome = store.bind_account(&binding(&world, other_tenant_id(), account)).await.unwrap();
    assert_eq!(outcome, BindOutcome::OfAnother(tenant_id()));
}

/// A dry run looks at everything and changes nothing.
pub async fn a_rehearsed_binding_changes_nothing<S: Store + Bindings + 'static>(store: Arc<S>) {
    let world = world(&store).await;
    let account = account_named("acct_1", Mode::Test);
    let mut mine = binding(&world, tenant_id(), account.clone());
    mine.rehearsed = true;
    assert_eq!(store.bind_account(&mine).await.unwrap(), BindOutcome::Bound);
    assert!(store.bound_accounts(&tenant_id()).await.unwrap().is_empty());
    mine.rehearsed = false;
    store.bind_account(&mine).await.unwrap();
    let gone = UnbindOutcome::Unbound(id("acct_1"));
    let unbound = store.unbind_account(&tenant_id(), Mode::Test, true).await.unwrap();
    assert_eq!(unbound, gone);
    assert_eq!(store.bound_accounts(&tenant_id()).await.unwrap(), [account]);
    let unbound = store.unbind_account(&tenant_id(), Mode::Test, false).await.unwrap();
    assert_eq!(unbound, gone);
    let unbound = store.unbind_account(&tenant_id(), Mode::Test, false).await.unwrap();
    assert_eq!(unbound, UnbindOutcome::None);
}

/// R5, where somebody unbinds the account while the tenant is being configured.
pub async fn a_tenant_is_connected_through_the_platform_only_while_it_is_bound<
    S: Store + Bindings + 'static,
>(
    store: Arc<S>,
) {
    let world = world(&store).await;
    let account = account_named("acct_1", Mode::Test);
    let mut connected = tenant(tenant_id(), &world.entropy);
    connected.account = account.clone();
    let change = || TenantChange::Credentials(Box::new(platform_credentials(account.clone())));
    let commit = world.tenant_commit(connected.clone(), Expected::Version(1), change());
    assert_eq!(store.commit_tenant(commit.clone()).await.unwrap(), CommitOutcome::Conflict);
    assert!(store.tenants_of_account(&account).await.unwrap().is_empty());

    store.bind_account(&binding(&world, tenant_id(), account.clone())).await.unwrap();
    assert_eq!(store.commit_tenant(commit).await.unwrap(), CommitOutcome::Committed);
    let stored = store.credentials(&tenant_id(), &account).await.unwrap().unwrap();
    assert!(stored.access.is_platform());
    let unbound = store.unbind_account(&tenant_id(), Mode::Test, false).await.unwrap();
    assert_eq!(unbound, UnbindOutcome::InUse(id("acct_1")));

    // With keys of its own there, the tenant no longer needs the platform.
    let own = TenantChange::Credentials(Box::new(credentials(account.clone())));
    let commit = world.tenant_commit(connected.clone(), Expected::Version(2), own);
    assert_eq!(store.commit_tenant(commit).await.unwrap(), CommitOutcome::Committed);
    let unbound = store.unbind_account(&tenant_id(), Mode::Test, true).await.unwrap();
    assert_eq!(unbound, UnbindOutcome::Unbound(id("acct_1")));
    let commit = world.tenant_commit(connected.clone(), Expected::Version(3), change());
    assert_eq!(store.commit_tenant(commit).await.unwrap(), CommitOutcome::Committed);

    // Disconnected, it needs it no longer either; what it has there stays.
    connected.status = TenantStatus::Disconnected;
    let commit = world.tenant_commit(connected.clone(), Expected::Version(4), TenantChange::Keep);
    store.commit_tenant(commit).await.unwrap();
    let unbound = store.unbind_account(&tenant_id(), Mode::Test, false).await.unwrap();
    assert_eq!(unbound, UnbindOutcome::Unbound(id("acct_1")));
    assert_eq!(store.tenants_of_account(&account).await.unwrap(), [tenant_id()]);
    let elsewhere = account_named("acct_1", Mode::Live);
    assert!(store.tenants_of_account(&elsewhere).await.unwrap().is_empty());
    connected.status = TenantStatus::Connected;
    let commit = world.tenant_commit(connected, Expected::Version(5), change());
    assert_eq!(store.commit_tenant(commit).await.unwrap(), CommitOutcome::Conflict);
}
