//! The store as an operator sees it from a terminal, beside a running server: what is stuck, why,
//! and the two things that may be done about a row.
//!
//! It reads no credentials, so it needs no encryption key. What it changes are single rows of the
//! inbox and the outbox, and on request it takes people out of the books; nothing else here touches a
//! payment or deletes anything.

use async_trait::async_trait;
use jiff::Timestamp;
use payment::{CallId, CommandId, Payment, PaymentId, Status, TenantId};

use super::erasure::{Erasure, ErasureOutcome};
use super::store::{HistoryEntry, InboxKind, MessageId, StoreError};

/// Reads and single interventions for people. Every list is limited.
#[async_trait]
pub trait OperatorStore: Send + Sync {
    /// Whether the tenant was ever configured: a name that was mistyped is told as such.
    ///
    /// # Errors
    /// [`StoreError`]; so for all methods here.
    async fn knows_tenant(&self, tenant: &TenantId) -> Result<bool, StoreError>;

    /// Payments, the newest first; stuck ones the oldest first.
    async fn list_payments(&self, query: &PaymentQuery) -> Result<Page<PaymentCase>, StoreError>;

    /// Everything about one payment. `key` is its id, the PSP's reference of one of its attempts,
    /// or an order reference: of several payments of one order the newest is meant.
    async fn payment_file(
        &self,
        tenant: &TenantId,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<PaymentFile>, StoreError>;

    /// Inbox rows: open ones the oldest first, those set aside before those that wait; all of them
    /// the newest first.
    async fn list_inbox(&self, query: &RowQuery) -> Result<Page<InboxRow>, StoreError>;

    /// One inbox row.
    async fn inbox_row(
        &self,
        tenant: &TenantId,
        id: CommandId,
        now: Timestamp,
    ) -> Result<Option<InboxRow>, StoreError>;

    /// What came in with a row; none where it was dropped.
    async fn inbox_body(
        &self,
        tenant: &TenantId,
        id: CommandId,
    ) -> Result<Option<Vec<u8>>, StoreError>;

    /// Makes a row due now, its tries counted anew. A command stays behind an older one of its
    /// order, and newer ones stay behind it (rule R10).
    async fn retry_inbox(
        &self,
        row: &Touch<CommandId>,
    ) -> Result<Intervention<InboxRow>, StoreError>;

    /// Ends a row that was set aside without carrying it out. It stays, with the reason, so that
    /// the same message is still recognized when it comes again.
    async fn discard_inbox(
        &self,
        row: &Touch<CommandId>,
        reason: &str,
    ) -> Result<Intervention<InboxRow>, StoreError>;

    /// Outbox rows, as [`list_inbox`](Self::list_inbox) lists those of the inbox.
    async fn list_outbox(&self, query: &RowQuery) -> Result<Page<OutboxRow>, StoreError>;

    /// One outbox row.
    async fn outbox_row(
        &self,
        tenant: &TenantId,
        id: MessageId,
        now: Timestamp,
    ) -> Result<Option<OutboxRow>, StoreError>;

    /// The payload of a message.
    async fn outbox_body(
        &self,
        tenant: &TenantId,
        id: MessageId,
    ) -> Result<Option<String>, StoreError>;

    /// Makes a message deliverable again, its tries and reads counted anew. It keeps its place in
    /// its order.
    async fn retry_outbox(
        &self,
        row: &Touch<MessageId>,
    ) -> Result<Intervention<OutboxRow>, StoreError>;

    /// Gives up a message that was set aside: it is never delivered, and what waits for it goes
    /// on. It stays, with the reason.
    async fn discard_outbox(
        &self,
        row: &Touch<MessageId>,
        reason: &str,
    ) -> Result<Intervention<OutboxRow>, StoreError>;

    /// Takes people out of the books, where all of it is settled; otherwise nothing is erased.
    async fn erase(&self, erasure: &Erasure) -> Result<ErasureOutcome, StoreError>;
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What was found, at most as many as were asked for.
    pub rows: Vec<T>,
    /// Whether there are more.
    pub more: bool,
}

/// Which payments are asked for.
#[derive(Clone, Debug)]
pub struct PaymentQuery {
    /// Of one tenant, or of all.
    pub tenant: Option<TenantId>,
    /// Of one status of ours.
    pub status: Option<Status>,
    /// Only those with a call that was planned before this time and is still open, with work of
    /// their order set aside in the inbox or the outbox, or with money that the PSP would not give back.
    pub stuck_since: Option<Timestamp>,
    /// At most so many.
    pub limit: u32,
    /// Now.
    pub now: Timestamp,
}

/// Which rows of the inbox or the outbox are asked for.
#[derive(Clone, Debug)]
pub struct RowQuery {
    /// Of one tenant, or of all.
    pub tenant: Option<TenantId>,
    /// In which state.
    pub filter: RowFilter,
    /// At most so many.
    pub limit: u32,
    /// Now.
    pub now: Timestamp,
}

/// In which state rows are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFilter {
    /// Everything that has not ended: parked and waiting.
    Open,
    /// Set aside for an operator.
    Parked,
    /// Not ended and not set aside.
    Waiting,
    /// Also what has ended.
    All,
}

/// A row that is to be changed.
#[derive(Clone, Debug)]
pub struct Touch<Id> {
    /// The shop.
    pub tenant: TenantId,
    /// The row.
    pub id: Id,
    /// Now.
    pub now: Timestamp,
    /// Whether it is only tried: everything is looked at and then undone.
    pub rehearsed: bool,
}

/// What came of changing a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intervention<Row> {
    /// The row as it is now; after a rehearsal, as it would be.
    Changed(Row),
    /// The tenant has no such row.
    Absent,
    /// Its state does not allow it; nothing was changed.
    Refused(Row),
    /// It, or another one of its order, is being worked on; nothing was changed.
    Busy {
        /// Until then at most.
        until: Timestamp,
    },
}

/// A payment with what is open for its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentCase {
    /// The payment.
    pub payment: Payment,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// Commands of its order that wait, and everything of its order that is parked.
    pub inbox: Vec<InboxRow>,
    /// Messages of its order that wait or are parked.
    pub outbox: Vec<OutboxRow>,
}

/// Everything about a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentFile {
    /// The payment with what is open for its order.
    pub case: PaymentCase,
    /// What happened, oldest first.
    pub history: Vec<HistoryEntry>,
    /// The calls that were made for it, oldest first.
    pub calls: Vec<CallEntry>,
    /// Other payments of the same order: at other accounts of the tenant, or in the other mode.
    pub others: Vec<PaymentId>,
}

/// A call of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallEntry {
    /// Our id of the call.
    pub id: CallId,
    /// What it was for: [`payment::Purpose::name`].
    pub purpose: String,
    /// The command it was made for.
    pub command: Option<CommandId>,
    /// When it was journaled: before it was made.
    pub planned_at: Timestamp,
    /// How it ended.
    pub outcome: CallOutcome,
}

/// How a journaled call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// Not known yet.
    Open,
    /// It did what it was made for.
    Succeeded {
        /// When we knew.
        at: Timestamp,
    },
    /// It did not.
    Failed {
        /// When we knew.
        at: Timestamp,
        /// Why.
        reason: Option<String>,
    },
}

/// An inbox row without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxRow {
    /// Its id; a command's id where it is one.
    pub id: CommandId,
    /// The shop.
    pub tenant: TenantId,
    /// What it is.
    pub kind: InboxKind,
    /// The sender's id of it.
    pub external_id: String,
    /// The event's type or the command's name.
    pub name: String,
    /// The order it is about, where it is known.
    pub order_key: Option<String>,
    /// When it came in.
    pub received_at: Timestamp,
    /// Where it stands.
    pub state: InboxState,
    /// How often it was tried. To wait for something is no try.
    pub tries: u32,
    /// What came of it, or why it did not end yet.
    pub note: Option<String>,
    /// Whether a call that was made for this command is still open: its outcome ends the command,
    /// and the shop gets its result, whatever becomes of the row.
    pub call_open: bool,
}

/// Where an inbox row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboxState {
    /// A worker takes it.
    Due {
        /// From then on.
        at: Timestamp,
    },
    /// A worker has it.
    Leased {
        /// Until then at most.
        until: Timestamp,
    },
    /// An older command of its order comes first.
    Held {
        /// That one.
        by: CommandId,
    },
    /// Carried out, or there was nothing to do.
    Done {
        /// When.
        at: Timestamp,
    },
    /// Not about anything of ours.
    Foreign {
        /// When that was found.
        at: Timestamp,
    },
    /// Set aside for an operator.
    Parked {
        /// When.
        at: Timestamp,
    },
    /// Ended by an operator without being carried out.
    Discarded {
        /// When.
        at: Timestamp,
    },
}

impl InboxState {
    /// One word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Due { .. } => "due",
            Self::Leased { .. } => "leased",
            Self::Held { .. } => "held",
            Self::Done { .. } => "done",
            Self::Foreign { .. } => "foreign",
            Self::Parked { .. } => "parked",
            Self::Discarded { .. } => "discarded",
        }
    }
}

/// An outbox row without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// The message's stable id.
    pub id: MessageId,
    /// The shop.
    pub tenant: TenantId,
    /// The channel.
    pub channel: String,
    /// The order it is about, or a name of ours for messages without one.
    pub order_key: String,
    /// The message's name.
    pub name: String,
    /// Whether a parked one holds back what comes after it.
    pub blocks: bool,
    /// When it was told.
    pub created_at: Timestamp,
    /// Where it stands.
    pub state: OutboxState,
    /// How often it was pushed.
    pub tries: u32,
    /// How often the shop read it from its channel.
    pub reads: u32,
    /// Why it is where it is.
    pub note: Option<String>,
}

/// Where an outbox row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxState {
    /// The shop may read it, or it is pushed.
    Due {
        /// From then on.
        at: Timestamp,
    },
    /// A worker is pushing it.
    Leased {
        /// Until then at most.
        until: Timestamp,
    },
    /// The shop has read it and not deleted it yet.
    Hidden {
        /// From then on it may be read again.
        until: Timestamp,
    },
    /// Another message comes first.
    Held {
        /// That one.
        by: MessageId,
    },
    /// The shop has it.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// Set aside for an operator.
    Parked {
        /// When.
        at: Timestamp,
    },
    /// Given up by an operator.
    Discarded {
        /// When.
        at: Timestamp,
    },
}

impl OutboxState {
    /// One word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Due { .. } => "due",
            Self::Leased { .. } => "leased",
            Self::Hidden { .. } => "hidden",
            Self::Held { .. } => "held",
            Self::Delivered { .. } => "delivered",
            Self::Parked { .. } => "parked",
            Self::Discarded { .. } => "discarded",
        }
    }
}
