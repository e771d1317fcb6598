//! The store in SQL: the same for both databases.
//!
//! - [`operator`]: the database as an operator uses it beside a server.
//! - [`order`]: what keeps writers from passing each other where there is more than one.
//! - The others: one subject each, with its statements; [`across_tenants`] for those that do not
//!   start from a tenant.

pub(crate) mod across_tenants;
mod binding;
mod call;
mod capture;
mod channel;
mod commit;
mod data_key;
mod erase;
pub(crate) mod inbox;
pub(crate) mod lease;
mod merchant;
mod merchant_store;
mod operator;
pub(crate) mod order;
mod outbox;
mod payment;
mod payout;
mod prune;
pub(crate) mod rotate;
#[cfg(test)]
pub(crate) mod statements;
pub(crate) mod tenant;
mod token;
mod unfinished;
mod value;
mod watch;

use std::sync::{Arc, OnceLock};

use ::payment::{Account, CommandId, OrderReference, Payment, PaymentId, PspReference, TenantId};
use app::ports::{
    Addressee, Backlog, CallClaim, ChannelMessage, Commit, CommitOutcome, DeliveryOutcome,
    ForgottenPreOrder, HistoryEntry, InboxClaim, InboxItem, InboxKind, InboxSettlement, Lease,
    MessageId, NewToken, OutboxClaim, Received, Store, StoreError, TenantCommit, TokenHash,
    TokenRow, Tokens, Unfinished, Versioned,
};
use app::tenant::{CallMeans, Credentials, InstallationId, Tenant};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, OnceCell};
use uuid::Uuid;

use crate::Keyring;
use crate::database::Database;
use crate::driver::{Driver, WriteCounts};
use crate::job::Written;
use crate::known::KnownAddressees;
use crate::sqlite::DatabaseLock;
use channel::ChannelRead;
use inbox::NewEvent;

pub use operator::{DatabaseOperator, Rewritten};
pub use rotate::{KeyUse, Rotated, STEP_PAUSE};

/// The store: in one SQLite file, or on a PostgreSQL server.
///
/// On SQLite writes that wait for each other share one fsync, and one process at a time uses a
/// database. On PostgreSQL any number of processes does. Nothing is answered before it is on disk.
pub struct DatabaseStore {
    // Dropped in this order: the threads end before the lock is given up.
    pub(crate) driver: Driver,
    keyring: Arc<Keyring>,
    /// Read once: it never changes.
    installation: OnceCell<InstallationId>,
    addressees: KnownAddressees,
    told: OnceLock<Arc<Notify>>,
    _lock: Option<DatabaseLock>,
}

/// How a database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOptions {
    /// Whether missing migrations are applied. If not, they are an error.
    pub migrate: bool,
}

impl DatabaseStore {
    pub(crate) fn new(driver: Driver, keyring: Keyring, lock: Option<DatabaseLock>) -> Self {
        Self {
            driver,
            keyring: Arc::new(keyring),
            installation: OnceCell::new(),
            addressees: KnownAddressees::default(),
            told: OnceLock::new(),
            _lock: lock,
        }
    }

    /// How many writes there were, and in how many transactions.
    pub fn write_counts(&self) -> WriteCounts {
        self.driver.counts()
    }

    /// Wakes `worker` from now on whenever messages were committed: for channels that are pushed.
    pub fn wake_for_messages(&self, worker: Arc<Notify>) {
        // The first one stays.
        let _ = self.told.set(worker);
    }

    /// Runs a write that may be refused; where it stays, its messages wait.
    async fn commit_with(
        &self,
        messages: usize,
        write: impl Fn(&Database) -> Result<Written<CommitOutcome>, StoreError> + Send + 'static,
    ) -> Result<CommitOutcome, StoreError> {
        let outcome = self.driver.write(write).await?;
        if let (CommitOutcome::Committed, 1.., Some(worker)) = (outcome, messages, self.told.get())
        {
            worker.notify_one();
        }
        Ok(outcome)
    }

    /// Clears all leases, as a start does: for simulations that let a process die and keep its
    /// database in memory.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn clear_leases(&self) -> Result<(), StoreError> {
        self.driver.write(|db| across_tenants::clear_leases(db).map(Written::Keep)).await
    }

    /// Runs a write that always stays.
    async fn write<T: Send + 'static>(
        &self,
        operation: impl Fn(&Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.driver.write(move |db| operation(db).map(Written::Keep)).await
    }
}

#[async_trait]
impl Store for DatabaseStore {
    async fn installation(&self) -> Result<InstallationId, StoreError> {
        let read = || self.driver.read_one(tenant::installation);
        self.installation.get_or_try_init(read).await.copied()
    }

    async fn tenant(&self, id: &TenantId) -> Result<Option<Versioned<Tenant>>, StoreError> {
        let id = id.clone();
        self.driver.read_one(move |db| tenant::tenant(db, &id)).await
    }

    async fn commit_tenant(&self, commit: TenantCommit) -> Result<CommitOutcome, StoreError> {
        let keyring = Arc::clone(&self.keyring);
        let messages = commit.messages.len();
        self.commit_with(messages, move |db| tenant::commit(db, &keyring, &commit)).await
    }

    async fn credentials(
        &self,
        tenant: &TenantId,
        account: &Account,
    ) -> Result<Option<Credentials>, StoreError> {
        let (keyring, tenant, account) =
            (Arc::clone(&self.keyring), tenant.clone(), account.clone());
        self.driver.read_one(move |db| tenant::credentials(db, &keyring, &tenant, &account)).await
    }

    async fn call_means(
        &self,
        tenant: &TenantId,
        account: &Account,
    ) -> Result<Option<CallMeans>, StoreError> {
        let (keyring, tenant, account) =
            (Arc::clone(&self.keyring), tenant.clone(), account.clone());
        self.driver.read_one(move |db| tenant::call_means(db, &keyring, &tenant, &account)).await
    }

    async fn addressee(&self, tenant: &TenantId) -> Result<Option<Arc<Addressee>>, StoreError> {
        let (keyring, id) = (Arc::clone(&self.keyring), tenant.clone());
        let read = self.driver.read_one(move |db| tenant::addressee(db, &keyring, &id));
        let found = read.await?;
        Ok(self.addressees.learn(tenant, found))
    }

    fn known_addressee(&self, tenant: &TenantId) -> Option<Arc<Addressee>> {
        self.addressees.get(tenant)
    }

    async fn all_credentials(&self, tenant: &TenantId) -> Result<Vec<Credentials>, StoreError> {
        let (keyring, tenant) = (Arc::clone(&self.keyring), tenant.clone());
        self.driver.read_one(move |db| tenant::all_credentials(db, &keyring, &tenant)).await
    }

    async fn bound_accounts(&self, tenant: &TenantId) -> Result<Vec<Account>, StoreError> {
        let tenant = tenant.clone();
        let bound = self.driver.read_few(move |db| binding::of_tenant(db, &tenant)).await?;
        Ok(bound.into_iter().map(|bound| bound.account).collect())
    }

    async fn tenants_of_account(&self, account: &Account) -> Result<Vec<TenantId>, StoreError> {
        let account = account.clone();
        self.driver.read_one(move |db| across_tenants::tenants_of_account(db, &account)).await
    }

    async fn payments_of_order(
        &self,
        tenant: &TenantId,
        order: &OrderReference,
    ) -> Result<Vec<Versioned<Payment>>, StoreError> {
        let (tenant, order) = (tenant.clone(), order.clone());
        self.driver.read_few(move |db| payment::of_order(db, &tenant, &order)).await
    }

    async fn latest_payment_of_order(
        &self,
        tenant: &TenantId,
        order: &OrderReference,
    ) -> Result<Option<Versioned<Payment>>, StoreError> {
        let (tenant, order) = (tenant.clone(), order.clone());
        self.driver.read_few(move |db| payment::latest_of_order(db, &tenant, &order)).await
    }

    async fn payment(
        &self,
        tenant: &TenantId,
        id: PaymentId,
    ) -> Result<Option<Versioned<Payment>>, StoreError> {
        let tenant = tenant.clone();
        self.driver.read_few(move |db| payment::by_id(db, &tenant, id)).await
    }

    async fn payment_by_reference(
        &self,
        tenant: &TenantId,
        reference: &PspReference,
    ) -> Result<Option<Versioned<Payment>>, StoreError> {
        let (tenant, reference) = (tenant.clone(), reference.clone());
        self.driver.read_few(move |db| payment::by_reference(db, &tenant, &reference)).await
    }

    async fn payment_of_open_command(
        &self,
        tenant: &TenantId,
        command: CommandId,
    ) -> Result<Option<Versioned<Payment>>, StoreError> {
        let tenant = tenant.clone();
        self.driver.read_few(move |db| payment::of_open_command(db, &tenant, command)).await
    }

    async fn unfinished(&self, tenant: &TenantId) -> Result<Unfinished, StoreError> {
        let tenant = tenant.clone();
        self.driver.read(move |db| unfinished::unfinished(db, &tenant)).await
    }

    async fn tenants(
        &self,
        after: Option<&TenantId>,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError> {
        let after = after.cloned();
        self.driver.read(move |db| across_tenants::tenants(db, after.as_ref(), limit)).await
    }

    async fn disconnected_tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        self.driver.read(across_tenants::disconnected_tenants).await
    }

    async fn forgotten_pre_orders(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<ForgottenPreOrder>, StoreError> {
        self.driver.read(move |db| across_tenants::forgotten_pre_orders(db, before, limit)).await
    }

    async fn history(
        &self,
        tenant: &TenantId,
        payment: PaymentId,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        let tenant = tenant.clone();
        self.driver.read_one(move |db| commit::history(db, &tenant, payment)).await
    }

    async fn commit(&self, commit: Commit) -> Result<CommitOutcome, StoreError> {
        self.commit_with(commit.messages.len(), move |db| commit::commit(db, &commit)).await
    }

    async fn receive(&self, item: InboxItem) -> Result<Received, StoreError> {
        match item.kind {
            InboxKind::Event => {
                let is_new = self.driver.receive_event(NewEvent { item, known: None }).await?;
                Ok(if is_new { Received::New } else { Received::Duplicate })
            }
            InboxKind::Command => self.write(move |db| inbox::receive(db, &item)).await,
        }
    }

    async fn receive_of_known(&self, item: InboxItem, version: i64) -> Result<bool, StoreError> {
        self.driver.receive_event(NewEvent { item, known: Some(version) }).await
    }

    async fn claim_inbox(&self, lease: &Lease) -> Result<Vec<InboxClaim>, StoreError> {
        let lease = lease.clone();
        self.write(move |db| across_tenants::claim_inbox(db, &lease)).await
    }

    async fn settle_inbox(&self, settlement: InboxSettlement) -> Result<CommitOutcome, StoreError> {
        self.write(move |db| {
            let held = inbox::settle(db, &settlement)?;
            Ok(if held { CommitOutcome::Committed } else { CommitOutcome::Duplicate })
        })
        .await
    }

    async fn claim_open_calls(
        &self,
        lease: &Lease,
        older_than: SignedDuration,
    ) -> Result<Vec<CallClaim>, StoreError> {
        let lease = lease.clone();
        self.write(move |db| across_tenants::claim_calls(db, &lease, older_than)).await
    }

    async fn read_channel(
        &self,
        tenant: &TenantId,
        channel: &str,
        limit: u32,
        now: Timestamp,
        hide_until: Timestamp,
    ) -> Result<Vec<ChannelMessage>, StoreError> {
        let (tenant, channel) = (tenant.clone(), channel.to_owned());
        let read = ChannelRead { tenant, channel, limit, now, hide_until };
        self.write(move |db| channel::read(db, &read)).await
    }

    async fn delete_messages(
        &self,
        tenant: &TenantId,
        channel: &str,
        ids: &[MessageId],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let (tenant, channel, ids) = (tenant.clone(), channel.to_owned(), ids.to_vec());
        self.write(move |db| outbox::delete(db, &tenant, &channel, &ids, now)).await
    }

    async fn claim_outbox(
        &self,
        lease: &Lease,
        channels: &[String],
    ) -> Result<Vec<OutboxClaim>, StoreError> {
        let (lease, channels) = (lease.clone(), channels.to_vec());
        self.write(move |db| across_tenants::claim_outbox(db, &lease, &channels)).await
    }

    async fn settle_outbox(&self, outcomes: Vec<DeliveryOutcome>) -> Result<(), StoreError> {
        self.write(move |db| outcomes.iter().try_for_each(|outcome| outbox::settle(db, outcome)))
            .await
    }

    async fn tenant_of_reference(
        &self,
        reference: &PspReference,
    ) -> Result<Option<TenantId>, StoreError> {
        let reference = reference.clone();
        self.driver.read_one(move |db| across_tenants::tenant_of_reference(db, &reference)).await
    }

    async fn erase_older(
        &self,
        before: Timestamp,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        self.write(move |db| across_tenants::erase_older(db, before, now, limit)).await
    }

    async fn backlog(&self, _now: Timestamp) -> Result<Backlog, StoreError> {
        self.driver.read(across_tenants::backlog).await
    }
}

#[async_trait]
impl Tokens for DatabaseStore {
    async fn tenant_of_token(
        &self,
        hash: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<TenantId>, StoreError> {
        let hash = *hash;
        self.driver
            .read_one(move |db| across_tenants::secrets::tenant_of_token(db, &hash, now))
            .await
    }

    async fn add_token(&self, new: NewToken) -> Result<(), StoreError> {
        self.write(move |db| token::add(db, &new)).await
    }

    async fn tokens(&self, tenant: &TenantId) -> Result<Vec<TokenRow>, StoreError> {
        let tenant = tenant.clone();
        self.driver.read_few(move |db| token::of_tenant(db, &tenant)).await
    }

    async fn revoke_token(
        &self,
        tenant: &TenantId,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Option<TokenRow>, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db| token::revoke(db, &tenant, id, now)).await
    }
}
