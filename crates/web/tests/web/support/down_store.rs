//! A store whose database does not answer.

use std::sync::Arc;

use app::ports::*;
use app::tenant::{CallMeans, Credentials, InstallationId, Tenant};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use payment::{Account, CommandId, OrderReference, Payment, PaymentId, PspReference, TenantId};

pub struct DownStore;

pub fn down<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("/secret/path.db: disk I/O error".to_owned()))
}

#[async_trait]
impl Store for DownStore {
    async fn installation(&self) -> Result<InstallationId, StoreError> {
        down()
    }

    async fn tenant(&self, _: &TenantId) -> Result<Option<Versioned<Tenant>>, StoreError> {
        down()
    }

    async fn commit_tenant(&self, _: TenantCommit) -> Result<CommitOutcome, StoreError> {
        down()
    }

    async fn credentials(
        &self,
        _: &TenantId,
        _: &Account,
    ) -> Result<Option<Credentials>, StoreError> {
        down()
    }

    async fn call_means(&self, _: &TenantId, _: &Account) -> Result<Option<CallMeans>, StoreError> {
        down()
    }

    async fn addressee(&self, _: &TenantId) -> Result<Option<Arc<Addressee>>, StoreError> {
        down()
    }

    fn known_addressee(&self, _: &TenantId) -> Option<Arc<Addressee>> {
        None
    }

    async fn all_credentials(&self, _: &TenantId) -> Result<Vec<Credentials>, StoreError> {
        down()
    }

    async fn bound_accounts(&self, _: &TenantId) -> Result<Vec<Account>, StoreError> {
        down()
    }

    async fn tenants_of_account(&self, _: &Account) -> Result<Vec<TenantId>, StoreError> {
        down()
    }

    async fn payments_of_order(
        &self,
        _: &TenantId,
        _: &OrderReference,
    ) -> Result<Vec<Versioned<Payment>>, StoreError> {
        down()
    }

    async fn latest_payment_of_order(
        &self,
        _: &TenantId,
        _: &OrderReference,
    ) -> Result<Option<Versioned<Payment>>, StoreError> {
        down()
    }

    async fn payment(
        &self,
        _: &TenantId,
        _: PaymentId,
    ) -> Result<Option<Versioned<Payment>>, StoreError> {
        down()
    }

    async fn payment_by_reference(
        &self,
        _: &TenantId,
        _: &PspReference,
    ) -> Result<Option<Versioned<Payment>>, StoreError> {
        down()
    }

    async fn payment_of_open_command(
        &self,
        _: &TenantId,
        _: CommandId,
    ) -> Result<Option<Versioned<Payment>>, StoreError> {
        down()
    }

    async fn unfinished(&self, _: &TenantId) -> Result<Unfinished, StoreError> {
        down()
    }

    async fn tenants(&self, _: Option<&TenantId>, _: u32) -> Result<Vec<TenantId>, StoreError> {
        down()
    }

    async fn disconnected_tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        down()
    }

    async fn forgotten_pre_orders(
        &self,
        _: Timestamp,
        _: u32,
    ) -> Result<Vec<ForgottenPreOrder>, StoreError> {
        down()
    }

    async fn history(&self, _: &TenantId, _: PaymentId) -> Result<Vec<HistoryEntry>, StoreError> {
        down()
    }

    async fn commit(&self, _: Commit) -> Result<CommitOutcome, StoreError> {
        down()
    }

    async fn receive(&self, _: InboxItem) -> Result<Received, StoreError> {
        down()
    }

    async fn receive_of_known(&self, _: InboxItem, _: i64) -> Result<bool, StoreError> {
        down()
    }

    async fn claim_inbox(&self, _: &Lease) -> Result<Vec<InboxClaim>, StoreError> {
        down()
    }

    async fn settle_inbox(&self, _: InboxSettlement) -> Result<CommitOutcome, StoreError> {
        down()
    }

    async fn claim_open_calls(
        &self,
        _: &Lease,
        _: SignedDuration,
    ) -> Result<Vec<CallClaim>, StoreError> {
        down()
    }

    async fn read_channel(
        &self,
        _: &TenantId,
        _: &str,
        _: u32,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Vec<ChannelMessage>, StoreError> {
        down()
    }

    async fn delete_messages(
        &self,
        _: &TenantId,
        _: &str,
        _: &[MessageId],
        _: Timestamp,
    ) -> Result<u64, StoreError> {
        down()
    }

    async fn claim_outbox(&self, _: &Lease, _: &[String]) -> Result<Vec<OutboxClaim>, StoreError> {
        down()
    }

    async fn settle_outbox(&self, _: Vec<DeliveryOutcome>) -> Result<(), StoreError> {
        down()
    }

    async fn tenant_of_reference(&self, _: &PspReference) -> Result<Option<TenantId>, StoreError> {
        down()
    }

    async fn erase_older(&self, _: Timestamp, _: Timestamp, _: u32) -> Result<u64, StoreError> {
        down()
    }

    async fn backlog(&self, _: Timestamp) -> Result<Backlog, StoreError> {
        down()
    }
}

#[async_trait]
impl Upkeep for DownStore {
    async fn missing_migrations(&self) -> Result<usize, StoreError> {
        down()
    }

    async fn check(&self) -> Result<(), StoreError> {
        down()
    }

    async fn bring_back(&self, _: Timestamp, _: &[String]) -> Result<u64, StoreError> {
        down()
    }

    async fn prunable(&self, _: &PruneBefore) -> Result<Pruned, StoreError> {
        down()
    }

    async fn prune(&self, _: &PruneBefore, _: u32) -> Result<Pruned, StoreError> {
        down()
    }
}
