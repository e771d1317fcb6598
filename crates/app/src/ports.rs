//! What the use cases need of the outside: a store, a payment service provider, time and ids.

mod entropy;
mod psp;
mod store;

pub use entropy::Entropy;
pub use psp::{
    CreatePayment, EventSubject, IntentState, IntentView, Psp, PspError, PspEvent, PspFact,
    RefundView, Refusal, RegisteredEndpoint, WebhookRejected,
};
pub use store::{
    Backlog, CallClaim, ChannelBacklog, ChannelMessage, Commit, CommitOutcome, DeliveryOutcome,
    Expected, HistoryEntry, InboxClaim, InboxItem, InboxKind, InboxOutcome, InboxSettlement, Lease,
    MessageId, NewMessage, OutboxClaim, PaymentChange, Received, SendOutcome, Store, StoreError,
    Stored, TenantChange, TenantCommit, Versioned,
};
