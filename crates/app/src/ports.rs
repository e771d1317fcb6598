//! What the use cases need of the outside: a store, a payment service provider, time and ids.

mod audit;
mod bindings;
mod entropy;
mod erasure;
mod marketplace;
mod merchants;
mod operator;
mod psp;
mod sign_in;
mod store;
mod upkeep;
mod watch;

pub use audit::{AuditPsp, EventPage, EventQuery, ListedEvent, TransferView};
pub use bindings::{BindOutcome, Bindings, BoundAccount, NewBinding, UnbindOutcome};
pub use entropy::Entropy;
pub use erasure::{
    Erased, Erasure, ErasureOutcome, ErasureSubject, UnsettledPayment, UnsettledReason,
};
pub use marketplace::{AccountView, CreateAccount, MarketplacePsp, PayoutObstacle};
pub use merchants::{MerchantCommit, MerchantStore};
pub use operator::{
    CallEntry, CallOutcome, InboxRow, InboxState, Intervention, OperatorStore, OutboxRow,
    OutboxState, Page, PaymentCase, PaymentFile, PaymentQuery, RowFilter, RowQuery, Touch,
};
pub use psp::{
    CreatePayment, Decline, EndpointEvents, EndpointFault, EventSubject, IntentState, IntentView,
    Payer, Psp, PspError, PspEvent, PspFact, RefundView, Refusal, RegisteredEndpoint, ShopperStep,
    ShopperView, UpdatePayment, WebhookRejected,
};
pub use sign_in::{Caller, NewToken, SignIn, SignInError, TokenHash, TokenRow, Tokens};
pub use store::{
    Addressee, After, Backlog, CallClaim, ChannelBacklog, ChannelMessage, Commit, CommitOutcome,
    DeliveryOutcome, Expected, ForgottenPreOrder, HistoryEntry, InboxClaim, InboxItem, InboxKind,
    InboxOutcome, InboxSettlement, Lease, MessageId, NewMessage, OutboxClaim, PaymentChange,
    Received, SendOutcome, Store, StoreError, Stored, TenantChange, TenantCommit, Unfinished,
    Versioned,
};
pub use upkeep::{PruneBefore, Pruned, Upkeep};
pub use watch::{CompareQuery, Watch, WatchStore};
