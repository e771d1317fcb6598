//! The store as the use cases see it: use-case-sized methods, no transaction crosses them.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use payment::{
    Account, Call, CommandId, OrderReference, Payment, PaymentId, PspReference, Settlement,
    TenantId,
};
use thiserror::Error;
use uuid::Uuid;

use crate::ports::{MerchantStore, Upkeep, WatchStore};
use crate::tenant::{CallMeans, Credentials, InstallationId, Tenant, TenantStatus};

/// Durable storage. What a method has returned is on disk.
#[async_trait]
pub trait Store: MerchantStore + Upkeep + WatchStore {
    /// This installation's id, made when the database was.
    ///
    /// # Errors
    /// [`StoreError`]; so for all methods here.
    async fn installation(&self) -> Result<InstallationId, StoreError>;

    /// A tenant, if it was ever configured.
    async fn tenant(&self, id: &TenantId) -> Result<Option<Versioned<Tenant>>, StoreError>;

    /// Writes a tenant, its credentials and the messages that go with it, in one transaction. A
    /// tenant that is connected through the operator's platform has to be bound to the account in
    /// that very moment; [`CommitOutcome::Conflict`] where it is not (rule R5).
    async fn commit_tenant(&self, commit: TenantCommit) -> Result<CommitOutcome, StoreError>;

    /// The credentials of a tenant at one PSP account.
    async fn credentials(
        &self,
        tenant: &TenantId,
        account: &Account,
    ) -> Result<Option<Credentials>, StoreError>;

    /// What a call to the PSP is made with, where the tenant has credentials at this account. One
    /// question, because every call asks it.
    async fn call_means(
        &self,
        tenant: &TenantId,
        account: &Account,
    ) -> Result<Option<CallMeans>, StoreError>;

    /// Whom a webhook is for, and what proves it.
    async fn addressee(&self, tenant: &TenantId) -> Result<Option<Arc<Addressee>>, StoreError>;

    /// The same as it was read some time ago, if it was. It may be out of date: only
    /// [`receive_of_known`](Self::receive_of_known) may go by it.
    fn known_addressee(&self, tenant: &TenantId) -> Option<Arc<Addressee>>;

    /// All credentials of a tenant, the newest first.
    async fn all_credentials(&self, tenant: &TenantId) -> Result<Vec<Credentials>, StoreError>;

    /// The accounts that the operator has bound to a tenant: at most one in each mode.
    async fn bound_accounts(&self, tenant: &TenantId) -> Result<Vec<Account>, StoreError>;

    /// The tenants that have credentials at an account: for webhooks that the operator's platform
    /// was sent. It does not start from a tenant; who asks has verified the webhook.
    async fn tenants_of_account(&self, account: &Account) -> Result<Vec<TenantId>, StoreError>;

    /// The payments of an order, the newest first: at most one at each account in each mode (rule
    /// R1).
    async fn payments_of_order(
        &self,
        tenant: &TenantId,
        order: &OrderReference,
    ) -> Result<Vec<Versioned<Payment>>, StoreError>;

    /// The newest payment of an order, whatever account it is at: what a command means.
    async fn latest_payment_of_order(
        &self,
        tenant: &TenantId,
        order: &OrderReference,
    ) -> Result<Option<Versioned<Payment>>, StoreError>;

    /// A payment by its id.
    async fn payment(
        &self,
        tenant: &TenantId,
        id: PaymentId,
    ) -> Result<Option<Versioned<Payment>>, StoreError>;

    /// The payment that has an attempt with this PSP reference.
    async fn payment_by_reference(
        &self,
        tenant: &TenantId,
        reference: &PspReference,
    ) -> Result<Option<Versioned<Payment>>, StoreError>;

    /// The payment whose open call is made for this command. Not always the newest of its order:
    /// that may have been begun at another account meanwhile (rule R1).
    async fn payment_of_open_command(
        &self,
        tenant: &TenantId,
        command: CommandId,
    ) -> Result<Option<Versioned<Payment>>, StoreError>;

    /// What a tenant has not finished.
    async fn unfinished(&self, tenant: &TenantId) -> Result<Unfinished, StoreError>;

    /// Every tenant in the order of their identifiers, those after `after`, at most `limit`.
    async fn tenants(
        &self,
        after: Option<&TenantId>,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError>;

    /// Tenants that are disconnected: their endpoints are removed once they are drained.
    async fn disconnected_tenants(&self) -> Result<Vec<TenantId>, StoreError>;

    /// Pre-orders that nobody has called off and nothing has happened to since `before`, those
    /// without an open call, the oldest first: the worker calls them off.
    async fn forgotten_pre_orders(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<ForgottenPreOrder>, StoreError>;

    /// The history of a payment, oldest first.
    async fn history(
        &self,
        tenant: &TenantId,
        payment: PaymentId,
    ) -> Result<Vec<HistoryEntry>, StoreError>;

    /// The heart: writes a payment, its history, its call, its messages and the end of its inbox
    /// row in one transaction.
    async fn commit(&self, commit: Commit) -> Result<CommitOutcome, StoreError>;

    /// Puts a webhook or a command into the inbox. The same one again is [`Received::Duplicate`].
    async fn receive(&self, item: InboxItem) -> Result<Received, StoreError>;

    /// Puts a webhook into the inbox if its tenant has this version in that very moment. `false`:
    /// nothing was stored, as the tenant has changed or the webhook is there.
    async fn receive_of_known(&self, item: InboxItem, version: i64) -> Result<bool, StoreError>;

    /// Leases due inbox rows: events in any order, of the commands of one order only the oldest
    /// that is not settled (rule R10), and none that another worker holds.
    async fn claim_inbox(&self, lease: &Lease) -> Result<Vec<InboxClaim>, StoreError>;

    /// Ends or postpones an inbox row without touching a payment.
    async fn settle_inbox(&self, settlement: InboxSettlement) -> Result<CommitOutcome, StoreError>;

    /// Leases payments whose call has been open for longer than `older_than`: a crash came in
    /// between, or the PSP has not answered.
    async fn claim_open_calls(
        &self,
        lease: &Lease,
        older_than: SignedDuration,
    ) -> Result<Vec<CallClaim>, StoreError>;

    /// Reads a channel for a shop and hides what it returns until `hide_until`: never a message
    /// of an order while an earlier one of it is hidden (rule R21), and at most `limit`.
    ///
    /// A message that was returned `park_after` times, the first time at least `park_age` ago,
    /// is parked instead and counted.
    async fn read_channel(
        &self,
        tenant: &TenantId,
        channel: &str,
        limit: u32,
        now: Timestamp,
        hide_until: Timestamp,
    ) -> Result<Vec<ChannelMessage>, StoreError>;

    /// Deletes messages of a tenant's channel. Unknown ids are nothing to do. Returns how many.
    async fn delete_messages(
        &self,
        tenant: &TenantId,
        channel: &str,
        ids: &[MessageId],
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Leases due messages of channels that are pushed: per tenant and order strictly the oldest
    /// undelivered one.
    async fn claim_outbox(
        &self,
        lease: &Lease,
        channels: &[String],
    ) -> Result<Vec<OutboxClaim>, StoreError>;

    /// Notes the outcome of sending, under the lease's fence.
    async fn settle_outbox(&self, outcomes: Vec<DeliveryOutcome>) -> Result<(), StoreError>;

    /// The tenant that an attempt belongs to: for webhooks whose address names none. One of the
    /// two questions that do not start from a tenant; nothing is believed before a secret of the
    /// tenant it returns has verified the webhook.
    async fn tenant_of_reference(
        &self,
        reference: &PspReference,
    ) -> Result<Option<TenantId>, StoreError>;

    /// Takes the customer out of settled payments that nothing has happened to since `before`, and
    /// drops the bodies of what came in and was done with before it: at most `limit` of each, the
    /// oldest first. Returns how many payments.
    async fn erase_older(
        &self,
        before: Timestamp,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError>;

    /// What waits, for metrics and health.
    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError>;
}

/// Why the store could not do what was asked, by what the caller does next.
#[derive(Clone, Debug, Error)]
pub enum StoreError {
    /// The database cannot be used right now: try again later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The disk of the database is full: try again later, when an operator has made room.
    #[error("the disk of the database is full: {0}")]
    Full(String),
    /// A secret cannot be decrypted: an operator has to bring the key back.
    #[error("{what} cannot be decrypted: it was encrypted with key {key_id}")]
    Sealed {
        /// What could not be decrypted.
        what: &'static str,
        /// The id of the key that is needed.
        key_id: String,
    },
    /// A row does not read as it was written: an operator has to look.
    #[error("a row of {table} is not readable: {detail}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

impl StoreError {
    /// Whether the store tells of it itself, once for all who meet it: nobody else has to log it.
    pub fn is_told(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Full(_) => true,
            Self::Sealed { .. } | Self::Corrupt { .. } => false,
        }
    }

    /// Logs what could not be done because of it, unless [the store tells of it](Self::is_told).
    pub fn tell(&self, what: &'static str) {
        if !self.is_told() {
            tracing::error!(error = %self, "{what}");
        }
    }
}

/// Something with the version it was read at; a write names the version it expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// What was read.
    pub value: T,
    /// Its version: 1 when it was made, one more at every write.
    pub version: i64,
}

/// An alias for what a read of a payment returns.
pub type Stored = Versioned<Payment>;

/// What a write expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing: the row is new.
    Absent,
    /// The row at this version.
    Version(i64),
}

/// What came of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// Written.
    Committed,
    /// It had been written before, or the lease was lost: nothing was written and nothing has to
    /// be.
    Duplicate,
    /// Somebody else was faster: read again.
    Conflict,
}

/// One transaction about one payment.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The shop. Everything in the commit belongs to it.
    pub tenant: TenantId,
    /// When.
    pub now: Timestamp,
    /// The payment as it is to be, if it changes.
    pub payment: Option<PaymentChange>,
    /// What is told, in this order.
    pub messages: Vec<NewMessage>,
    /// The inbox row that this ends or postpones. Where its fence no longer holds, nothing of the
    /// commit is written ([`CommitOutcome::Duplicate`]).
    pub inbox: Option<InboxSettlement>,
    /// The command whose call is settled with this. Its inbox row is done from now on, whoever
    /// holds its lease: a webhook may have brought the outcome before the answer did, and the
    /// command must not be answered twice (rule R11).
    pub ends: Option<CommandId>,
}

/// A payment to be written, with all that belongs to it.
#[derive(Clone, Debug)]
pub struct PaymentChange {
    /// The payment. Its attempts, captures, refunds and open call are written as they are in it.
    pub payment: Payment,
    /// What has to be there.
    pub expected: Expected,
    /// The call whose outcome is known now. It is closed in the journal.
    pub settled: Option<Settlement>,
    /// What happened, oldest first.
    pub history: Vec<HistoryEntry>,
}

impl PaymentChange {
    /// The open call, if the payment has one: it is journaled with this change.
    pub fn open_call(&self) -> Option<&Call> {
        self.payment.open_call.as_ref()
    }
}

/// One line of a payment's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When we learned of it.
    pub at: Timestamp,
    /// What it was.
    pub what: String,
    /// The status before.
    pub from: payment::Status,
    /// The status after.
    pub to: payment::Status,
    /// Why, in words.
    pub note: Option<String>,
}

/// One transaction about a tenant.
#[derive(Clone, Debug)]
pub struct TenantCommit {
    /// The tenant as it is to be.
    pub tenant: Tenant,
    /// What has to be there.
    pub expected: Expected,
    /// When.
    pub now: Timestamp,
    /// What happens to its credentials.
    pub change: TenantChange,
    /// What is told, in this order.
    pub messages: Vec<NewMessage>,
}

/// What happens to a tenant's credentials.
#[derive(Clone, Debug)]
pub enum TenantChange {
    /// These are written: encrypted, beside those of other accounts.
    Credentials(Box<Credentials>),
    /// Nothing.
    Keep,
}

/// A message's stable id: the same at every delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub Uuid);

/// A message to be told, with its bytes and attributes fixed now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// Its stable id.
    pub id: MessageId,
    /// The channel.
    pub channel: &'static str,
    /// Messages of one tenant with the same key are delivered strictly one after the other: the
    /// order's reference, or a name of ours for messages without an order.
    pub order_key: String,
    /// The message's name.
    pub name: &'static str,
    /// Its attributes, in the order they are sent.
    pub attributes: Vec<(&'static str, String)>,
    /// The payload: JSON text.
    pub body: String,
    /// Whether a parked one holds back what comes after it (rule R21: results do, news do not).
    pub blocks: bool,
    /// What must be read and deleted before this one shows.
    pub after: After,
}

/// What has to be through before a message shows on a channel that is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing but earlier messages of its order.
    Nothing,
    /// This message of the same tenant, on whatever channel, and pushed or polled.
    Message(MessageId),
    /// Everything of the tenant: messages, and where the channel is polled, work in the inbox and
    /// calls. A shop no longer polls the channels of an app that told it to be inactive; what is
    /// pushed later still arrives.
    Everything,
}

/// What a tenant has not finished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// Payments with one of the statuses that keep a tenant from disconnecting: new, authorized,
    /// partially_captured, capture_requested, capture_failed, cancel_requested,
    /// cancellation_failed, or short of the order's total; and those of `awaited`.
    pub payments: u64,
    /// Those of them for which the PSP works on something and says later what came of it: a
    /// capture, a cancel or a refund, of which a command waits for its result.
    pub awaited: u64,
    /// Calls to the PSP whose outcome is not known.
    pub calls: u64,
    /// Events and commands that wait in the inbox.
    pub inbox: u64,
    /// Messages that the shop has not read, but for those that wait for everything else.
    pub messages: u64,
}

impl Unfinished {
    /// Whether nothing is under way any more: what is told of the tenant is told. Payments may
    /// still be open.
    pub fn is_drained(&self) -> bool {
        self.awaited + self.calls + self.inbox + self.messages == 0
    }
}

/// Something that came in and has to be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxItem {
    /// The row's id; a command's id where it is one.
    pub id: CommandId,
    /// The shop.
    pub tenant: TenantId,
    /// What it is.
    pub kind: InboxKind,
    /// The sender's id of it: unique with tenant and kind (rules R3, R4).
    pub external_id: String,
    /// The event's type or the command's name.
    pub name: String,
    /// The order it is about, where it is known: commands of one order are carried out in turn.
    pub order_key: Option<String>,
    /// The payload.
    pub body: Vec<u8>,
    /// Its attributes as JSON text, for people.
    pub attributes: String,
    /// When it came in.
    pub received_at: Timestamp,
}

/// What came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboxKind {
    /// An event of the PSP.
    Event,
    /// A command of the shop.
    Command,
}

impl InboxKind {
    /// The name under which it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Command => "command",
        }
    }

    /// The kind of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Event, Self::Command].into_iter().find(|kind| kind.name() == name)
    }
}

/// Whether something that came in is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is in the inbox now.
    New,
    /// It was there before.
    Duplicate,
}

/// A lease asked for: who, until when, how many.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The worker.
    pub worker: String,
    /// Now.
    pub now: Timestamp,
    /// When the lease ends by itself.
    pub until: Timestamp,
    /// At most so many.
    pub limit: u32,
}

/// A leased inbox row.
#[derive(Clone, Debug)]
pub struct InboxClaim {
    /// The row.
    pub item: InboxItem,
    /// The lease's fence: a settlement names it, and a worker that lost its lease is refused.
    pub fence: i64,
    /// How often it was tried before. To be put off is no try.
    pub tries: u32,
}

impl InboxClaim {
    /// How often it was taken before, whatever came of it: each lease raises the fence by one.
    pub fn leases_before(&self) -> u32 {
        u32::try_from(self.fence.saturating_sub(1)).unwrap_or(u32::MAX)
    }
}

/// The end, or a delay, of an inbox row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxSettlement {
    /// The shop.
    pub tenant: TenantId,
    /// The row.
    pub id: CommandId,
    /// The lease's fence.
    pub fence: i64,
    /// When.
    pub now: Timestamp,
    /// What came of it.
    pub outcome: InboxOutcome,
}

/// What came of an inbox row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InboxOutcome {
    /// Nothing yet. The row stays leased, and what comes with this is written only while it is: a
    /// command whose row was ended meanwhile must not begin another call.
    Held,
    /// Carried out, or nothing to do; the note says which.
    Done(String),
    /// Nothing of ours: the body is dropped, the id is kept.
    Foreign,
    /// It failed, and is to be tried again.
    Later {
        /// When.
        at: Timestamp,
        /// What failed.
        reason: String,
    },
    /// It waits for something, and has spent no try.
    PutOff {
        /// Until when.
        at: Timestamp,
        /// What for.
        reason: String,
    },
    /// Set aside for the operator.
    Parked(String),
}

/// A payment whose open call is to be finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallClaim {
    /// The shop.
    pub tenant: TenantId,
    /// The payment.
    pub payment: PaymentId,
}

/// A pre-order that nothing has happened to for long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgottenPreOrder {
    /// The shop.
    pub tenant: TenantId,
    /// The payment.
    pub payment: PaymentId,
    /// Its version when it was found: at another one something has happened since.
    pub version: i64,
}

/// A message as a shop reads it from a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelMessage {
    /// Its stable id.
    pub id: MessageId,
    /// Its attributes.
    pub attributes: Vec<(String, String)>,
    /// The payload: JSON text.
    pub body: String,
}

/// A tenant as those need it who send it webhooks.
#[derive(Clone, Debug)]
pub struct Addressee {
    /// The tenant's version. Whatever changes here makes it another one.
    pub version: i64,
    /// Whether it takes them.
    pub status: TenantStatus,
    /// All its credentials, the newest first.
    pub credentials: Vec<Credentials>,
}

/// A leased message that is to be pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxClaim {
    /// The shop.
    pub tenant: TenantId,
    /// The channel.
    pub channel: String,
    /// What it is about: messages of one tenant with the same key keep their order.
    pub order_key: String,
    /// The message.
    pub message: ChannelMessage,
    /// The lease's fence.
    pub fence: i64,
    /// How often it was tried before.
    pub tries: u32,
}

/// The outcome of sending one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryOutcome {
    /// The shop.
    pub tenant: TenantId,
    /// The message.
    pub id: MessageId,
    /// The lease's fence.
    pub fence: i64,
    /// When.
    pub now: Timestamp,
    /// What came of it.
    pub outcome: SendOutcome,
}

/// What came of sending a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// The other side has it.
    Delivered,
    /// To be tried again.
    Later {
        /// When.
        at: Timestamp,
        /// Why not now.
        reason: String,
    },
    /// Not tried, because what it goes to rests: it has spent no try.
    PutOff {
        /// Until when.
        at: Timestamp,
        /// Why it rests.
        reason: String,
    },
    /// Set aside for the operator (rule R22).
    Parked(String),
}

/// What waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Inbox rows that are not settled.
    pub inbox_waiting: u64,
    /// Inbox rows set aside.
    pub inbox_parked: u64,
    /// Messages not delivered, per channel, with the age of the oldest in seconds.
    pub outbox_waiting: Vec<ChannelBacklog>,
    /// Messages set aside.
    pub outbox_parked: u64,
    /// Calls whose outcome is not known.
    pub calls_open: u64,
}

/// What waits on one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelBacklog {
    /// The channel.
    pub channel: String,
    /// How many messages.
    pub waiting: u64,
    /// Since when the oldest one waits.
    pub oldest: Timestamp,
}
