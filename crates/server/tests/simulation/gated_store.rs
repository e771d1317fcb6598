//! The store behind the gate of a process: a process can die or be held up around each use of it.

use std::sync::Arc;

use app::ports::{
    Addressee, Backlog, CallClaim, ChannelMessage, Commit, CommitOutcome, DeliveryOutcome,
    ForgottenPreOrder, HistoryEntry, InboxClaim, InboxItem, InboxOutcome, InboxSettlement, Lease,
    MessageId, OutboxClaim, Received, Store, StoreError, TenantCommit, Unfinished, Versioned,
};
use app::tenant::{CallMeans, Credentials, InstallationId, Tenant, TenantStatus};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use payment::{Account, CommandId, OrderReference, Payment, PaymentId, PspReference, TenantId};
use store::SqliteStore;

use crate::gate::Gate;
use crate::ledger::{Ledger, Standing};
use crate::trace::Trace;

/// The database as one process reaches it.
pub struct GatedStore {
    pub inner: Arc<SqliteStore>,
    pub gate: Arc<Gate>,
    pub ledger: Arc<Ledger>,
    pub trace: Arc<Trace>,
}

impl GatedStore {
    pub async fn use_it<T>(&self, operation: impl Future<Output = T>) -> T {
        self.gate.pass().await;
        let done = operation.await;
        self.gate.pass().await;
        done
    }

    async fn look<T>(&self, operation: impl Future<Output = T>) -> T {
        let done = operation.await;
        self.gate.linger().await;
        done
    }
}

/// A commit in one line.
fn described(commit: &Commit) -> String {
    let told: Vec<&str> = commit.messages.iter().map(|message| message.name).collect();
    let payment = commit.payment.as_ref().map(|change| {
        let payment = &change.payment;
        let open = payment.open_call.as_ref().map(|call| call.purpose.name());
        let what: Vec<&str> = change.history.iter().map(|entry| entry.what.as_str()).collect();
        format!(
            "{} {} {:?} after {what:?}, open call {open:?}",
            payment.order_key(),
            payment.status,
            change.expected
        )
    });
    let inbox = commit.inbox.as_ref().map(|settlement| &settlement.outcome);
    format!("{} {payment:?}, tells {told:?}, inbox {inbox:?}", commit.tenant.as_str())
}

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Store for GatedStore {
    async fn installation(&self) -> Answer<InstallationId> {
        self.use_it(self.inner.installation()).await
    }

    async fn tenant(&self, id: &TenantId) -> Answer<Option<Versioned<Tenant>>> {
        self.use_it(self.inner.tenant(id)).await
    }

    async fn commit_tenant(&self, commit: TenantCommit) -> Answer<CommitOutcome> {
        let (tenant, messages) = (commit.tenant.id.clone(), commit.messages.clone());
        let connected = commit.tenant.status == TenantStatus::Connected;
        self.use_it(async {
            let outcome = self.inner.commit_tenant(commit).await?;
            if outcome == CommitOutcome::Committed {
                self.ledger.record(&tenant, &messages);
                self.ledger.connect(&tenant, connected);
            }
            Ok(outcome)
        })
        .await
    }

    async fn credentials(&self, tenant: &TenantId, at: &Account) -> Answer<Option<Credentials>> {
        self.use_it(self.inner.credentials(tenant, at)).await
    }

    async fn call_means(&self, tenant: &TenantId, at: &Account) -> Answer<Option<CallMeans>> {
        self.use_it(self.inner.call_means(tenant, at)).await
    }

    async fn addressee(&self, tenant: &TenantId) -> Answer<Option<Arc<Addressee>>> {
        self.use_it(self.inner.addressee(tenant)).await
    }

    fn known_addressee(&self, tenant: &TenantId) -> Option<Arc<Addressee>> {
        self.inner.known_addressee(tenant)
    }

    async fn all_credentials(&self, tenant: &TenantId) -> Answer<Vec<Credentials>> {
        self.use_it(self.inner.all_credentials(tenant)).await
    }

    async fn bound_accounts(&self, tenant: &TenantId) -> Answer<Vec<Account>> {
        self.use_it(self.inner.bound_accounts(tenant)).await
    }

    async fn tenants_of_account(&self, account: &Account) -> Answer<Vec<TenantId>> {
        self.use_it(self.inner.tenants_of_account(account)).await
    }

    async fn payments_of_order(
        &self,
        tenant: &TenantId,
        order: &OrderReference,
    ) -> Answer<Vec<Versioned<Payment>>> {
        self.use_it(self.inner.payments_of_order(tenant, order)).await
    }

    async fn latest_payment_of_order(
        &self,
        tenant: &TenantId,
        order: &OrderReference,
    ) -> Answer<Option<Versioned<Payment>>> {
        self.use_it(self.inner.latest_payment_of_order(tenant, order)).await
    }

    async fn payment(
        &self,
        tenant: &TenantId,
        id: PaymentId,
    ) -> Answer<Option<Versioned<Payment>>> {
        self.use_it(self.inner.payment(tenant, id)).await
    }

    async fn payment_by_reference(
        &self,
        tenant: &TenantId,
        reference: &PspReference,
    ) -> Answer<Option<Versioned<Payment>>> {
        self.use_it(self.inner.payment_by_reference(tenant, reference)).await
    }

    async fn payment_of_open_command(
        &self,
        tenant: &TenantId,
        command: CommandId,
    ) -> Answer<Option<Versioned<Payment>>> {
        self.use_it(self.inner.payment_of_open_command(tenant, command)).await
    }

    async fn unfinished(&self, tenant: &TenantId) -> Answer<Unfinished> {
        self.use_it(self.inner.unfinished(tenant)).await
    }

    async fn tenants(&self, after: Option<&TenantId>, limit: u32) -> Answer<Vec<TenantId>> {
        self.use_it(self.inner.tenants(after, limit)).await
    }

    async fn disconnected_tenants(&self) -> Answer<Vec<TenantId>> {
        self.use_it(self.inner.disconnected_tenants()).await
    }

    async fn forgotten_pre_orders(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Answer<Vec<ForgottenPreOrder>> {
        self.use_it(self.inner.forgotten_pre_orders(before, limit)).await
    }

    async fn history(&self, tenant: &TenantId, payment: PaymentId) -> Answer<Vec<HistoryEntry>> {
        self.use_it(self.inner.history(tenant, payment)).await
    }

    async fn commit(&self, commit: Commit) -> Answer<CommitOutcome> {
        let (tenant, messages) = (commit.tenant.clone(), commit.messages.clone());
        let what = described(&commit);
        let held = commit.inbox.as_ref().filter(|row| row.outcome == InboxOutcome::Held);
        let begun = held.map(|row| row.id);
        let standing = commit.payment.as_ref().map(|change| Standing::from(&change.payment));
        let now = commit.now;
        self.use_it(async {
            let outcome = self.inner.commit(commit).await?;
            self.trace.note("app commits", format!("{what}: {outcome:?}"));
            if outcome == CommitOutcome::Committed {
                self.ledger.record(&tenant, &messages);
                if let Some(standing) = standing {
                    self.ledger.own(&tenant, &standing, now);
                }
                if let Some(command) = begun {
                    self.ledger.begin(&tenant, command);
                }
            }
            Ok(outcome)
        })
        .await
    }

    async fn receive(&self, item: InboxItem) -> Answer<Received> {
        let (tenant, id) = (item.tenant.clone(), item.id);
        self.use_it(async {
            let received = self.inner.receive(item).await?;
            if received == Received::New {
                self.ledger.receive(&tenant, id);
            }
            Ok(received)
        })
        .await
    }

    async fn receive_of_known(&self, item: InboxItem, version: i64) -> Answer<bool> {
        let (tenant, id) = (item.tenant.clone(), item.id);
        self.use_it(async {
            let is_new = self.inner.receive_of_known(item, version).await?;
            if is_new {
                self.ledger.receive(&tenant, id);
            }
            Ok(is_new)
        })
        .await
    }

    async fn claim_inbox(&self, lease: &Lease) -> Answer<Vec<InboxClaim>> {
        self.look(self.inner.claim_inbox(lease)).await
    }

    async fn settle_inbox(&self, settlement: InboxSettlement) -> Answer<CommitOutcome> {
        self.use_it(self.inner.settle_inbox(settlement)).await
    }

    async fn claim_open_calls(
        &self,
        lease: &Lease,
        older_than: SignedDuration,
    ) -> Answer<Vec<CallClaim>> {
        self.look(self.inner.claim_open_calls(lease, older_than)).await
    }

    async fn read_channel(
        &self,
        tenant: &TenantId,
        channel: &str,
        limit: u32,
        now: Timestamp,
        hide_until: Timestamp,
    ) -> Answer<Vec<ChannelMessage>> {
        self.use_it(self.inner.read_channel(tenant, channel, limit, now, hide_until)).await
    }

    async fn delete_messages(
        &self,
        tenant: &TenantId,
        channel: &str,
        ids: &[MessageId],
        now: Timestamp,
    ) -> Answer<u64> {
        self.use_it(self.inner.delete_messages(tenant, channel, ids, now)).await
    }

    async fn claim_outbox(&self, lease: &Lease, channels: &[String]) -> Answer<Vec<OutboxClaim>> {
        self.look(self.inner.claim_outbox(lease, channels)).await
    }

    async fn settle_outbox(&self, outcomes: Vec<DeliveryOutcome>) -> Answer<()> {
        self.use_it(self.inner.settle_outbox(outcomes)).await
    }

    async fn tenant_of_reference(&self, reference: &PspReference) -> Answer<Option<TenantId>> {
        self.use_it(self.inner.tenant_of_reference(reference)).await
    }

    async fn erase_older(&self, before: Timestamp, now: Timestamp, limit: u32) -> Answer<u64> {
        self.use_it(self.inner.erase_older(before, now, limit)).await
    }

    async fn backlog(&self, now: Timestamp) -> Answer<Backlog> {
        self.look(self.inner.backlog(now)).await
    }
}
