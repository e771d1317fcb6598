//! A store whose database is lost now and then: before something was done, or after it, when
//! nobody hears of it any more (rule R24).

use std::sync::Arc;

use app::ports::{
    Addressee, Backlog, CallClaim, ChannelMessage, Commit, CommitOutcome, DeliveryOutcome,
    ForgottenPreOrder, HistoryEntry, InboxClaim, InboxItem, InboxSettlement, Lease, MessageId,
    OutboxClaim, Received, Store, StoreError, TenantCommit, Unfinished, Versioned,
};
use app::tenant::{CallMeans, Credentials, InstallationId, Tenant};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use payment::{Account, CommandId, OrderReference, Payment, PaymentId, PspReference, TenantId};

/// What becomes of one use of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// Nothing goes wrong.
    None,
    /// It is not done, and the caller is told that the database is not available.
    NotDone,
    /// It is done, and the caller is told the same.
    NotTold,
}

/// Says what goes wrong.
#[async_trait]
pub trait Fate: Send + Sync {
    /// Asked before each use of the database, by the name of the port's method. It may take its
    /// time: others go on meanwhile.
    async fn of(&self, operation: &'static str) -> Mishap;
}

/// A store between the use cases and a real one.
pub struct UnsureStore {
    /// The real one.
    pub inner: Arc<dyn Store>,
    /// What goes wrong between the two.
    pub fate: Arc<dyn Fate>,
}

pub(crate) type Answer<T> = Result<T, StoreError>;

impl UnsureStore {
    pub(crate) async fn go<T: Send>(
        &self,
        operation: &'static str,
        done: impl Future<Output = Answer<T>> + Send,
    ) -> Answer<T> {
        let lost = || Err(StoreError::Unavailable("the connection was lost".into()));
        match self.fate.of(operation).await {
            Mishap::None => done.await,
            Mishap::NotDone => lost(),
            Mishap::NotTold => {
                done.await?;
                lost()
            }
        }
    }
}

#[async_trait]
impl Store for UnsureStore {
    async fn installation(&self) -> Answer<InstallationId> {
        self.go("installation", self.inner.installation()).await
    }

    async fn tenant(&self, id: &TenantId) -> Answer<Option<Versioned<Tenant>>> {
        self.go("tenant", self.inner.tenant(id)).await
    }

    async fn commit_tenant(&self, commit: TenantCommit) -> Answer<CommitOutcome> {
        self.go("commit_tenant", self.inner.commit_tenant(commit)).await
    }

    async fn credentials(&self, tenant: &TenantId, at: &Account) -> Answer<Option<Credentials>> {
        self.go("credentials", self.inner.credentials(tenant, at)).await
    }

    async fn call_means(&self, tenant: &TenantId, at: &Account) -> Answer<Option<CallMeans>> {
        self.go("call_means", self.inner.call_means(tenant, at)).await
    }

    async fn addressee(&self, tenant: &TenantId) -> Answer<Option<Arc<Addressee>>> {
        self.go("addressee", self.inner.addressee(tenant)).await
    }

    fn known_addressee(&self, tenant: &TenantId) -> Option<Arc<Addressee>> {
        self.inner.known_addressee(tenant)
    }

    async fn all_credentials(&self, tenant: &TenantId) -> Answer<Vec<Credentials>> {
        self.go("all_credentials", self.inner.all_credentials(tenant)).await
    }

    async fn bound_accounts(&self, tenant: &TenantId) -> Answer<Vec<Account>> {
        self.go("bound_accounts", self.inner.bound_accounts(tenant)).await
    }

    async fn tenants_of_account(&self, account: &Account) -> Answer<Vec<TenantId>> {
        self.go("tenants_of_account", self.inner.tenants_of_account(account)).await
    }

    async fn payments_of_order(
        &self,
        tenant: &TenantId,
        order: &OrderReference,
    ) -> Answer<Vec<Versioned<Payment>>> {
        self.go("payments_of_order", self.inner.payments_of_order(tenant, order)).await
    }

    async fn latest_payment_of_order(
        &self,
        tenant: &TenantId,
        order: &OrderReference,
    ) -> Answer<Option<Versioned<Payment>>> {
        let found = self.inner.latest_payment_of_order(tenant, order);
        self.go("latest_payment_of_order", found).await
    }

    async fn payment(
        &self,
        tenant: &TenantId,
        id: PaymentId,
    ) -> Answer<Option<Versioned<Payment>>> {
        self.go("payment", self.inner.payment(tenant, id)).await
    }

    async fn payment_by_reference(
        &self,
        tenant: &TenantId,
        reference: &PspReference,
    ) -> Answer<Option<Versioned<Payment>>> {
        let found = self.inner.payment_by_reference(tenant, reference);
        self.go("payment_by_reference", found).await
    }

    async fn payment_of_open_command(
        &self,
        tenant: &TenantId,
        command: CommandId,
    ) -> Answer<Option<Versioned<Payment>>> {
        let found = self.inner.payment_of_open_command(tenant, command);
        self.go("payment_of_open_command", found).await
    }

    async fn unfinished(&self, tenant: &TenantId) -> Answer<Unfinished> {
        self.go("unfinished", self.inner.unfinished(tenant)).await
    }

    async fn tenants(&self, after: Option<&TenantId>, limit: u32) -> Answer<Vec<TenantId>> {
        self.go("tenants", self.inner.tenants(after, limit)).await
    }

    async fn disconnected_tenants(&self) -> Answer<Vec<TenantId>> {
        self.go("disconnected_tenants", self.inner.disconnected_tenants()).await
    }

    async fn forgotten_pre_orders(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Answer<Vec<ForgottenPreOrder>> {
        let found = self.inner.forgotten_pre_orders(before, limit);
        self.go("forgotten_pre_orders", found).await
    }

    async fn history(&self, tenant: &TenantId, payment: PaymentId) -> Answer<Vec<HistoryEntry>> {
        self.go("history", self.inner.history(tenant, payment)).await
    }

    async fn commit(&self, commit: Commit) -> Answer<CommitOutcome> {
        self.go("commit", self.inner.commit(commit)).await
    }

    async fn receive(&self, item: InboxItem) -> Answer<Received> {
        self.go("receive", self.inner.receive(item)).await
    }

    async fn receive_of_known(&self, item: InboxItem, version: i64) -> Answer<bool> {
        self.go("receive_of_known", self.inner.receive_of_known(item, version)).await
    }

    async fn claim_inbox(&self, lease: &Lease) -> Answer<Vec<InboxClaim>> {
        self.go("claim_inbox", self.inner.claim_inbox(lease)).await
    }

    async fn settle_inbox(&self, settlement: InboxSettlement) -> Answer<CommitOutcome> {
        self.go("settle_inbox", self.inner.settle_inbox(settlement)).await
    }

    async fn claim_open_calls(
        &self,
        lease: &Lease,
        older_than: SignedDuration,
    ) -> Answer<Vec<CallClaim>> {
        self.go("claim_open_calls", self.inner.claim_open_calls(lease, older_than)).await
    }

    async fn read_channel(
        &self,
        tenant: &TenantId,
        channel: &str,
        limit: u32,
        now: Timestamp,
        hide_until: Timestamp,
    ) -> Answer<Vec<ChannelMessage>> {
        let read = self.inner.read_channel(tenant, channel, limit, now, hide_until);
        self.go("read_channel", read).await
    }

    async fn delete_messages(
        &self,
        tenant: &TenantId,
        channel: &str,
        ids: &[MessageId],
        now: Timestamp,
    ) -> Answer<u64> {
        let deleted = self.inner.delete_messages(tenant, channel, ids, now);
        self.go("delete_messages", deleted).await
    }

    async fn claim_outbox(&self, lease: &Lease, channels: &[String]) -> Answer<Vec<OutboxClaim>> {
        self.go("claim_outbox", self.inner.claim_outbox(lease, channels)).await
    }

    async fn settle_outbox(&self, outcomes: Vec<DeliveryOutcome>) -> Answer<()> {
        self.go("settle_outbox", self.inner.settle_outbox(outcomes)).await
    }

    async fn tenant_of_reference(&self, reference: &PspReference) -> Answer<Option<TenantId>> {
        self.go("tenant_of_reference", self.inner.tenant_of_reference(reference)).await
    }

    async fn erase_older(&self, before: Timestamp, now: Timestamp, limit: u32) -> Answer<u64> {
        self.go("erase_older", self.inner.erase_older(before, now, limit)).await
    }

    async fn backlog(&self, now: Timestamp) -> Answer<Backlog> {
        self.go("backlog", self.inner.backlog(now)).await
    }
}
