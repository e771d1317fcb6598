//! The payment domain: money, payments, refunds and the state machine that moves them.
//!
//! Everything here is pure: no clock, no randomness, no serialization, no I/O. A caller reads a
//! [`Payment`], asks it to [`decide`](Payment::decide) a shop's command or to
//! [`apply`](Payment::apply) a fact learned from the payment service provider (PSP), and writes
//! the [`Transition`] it gets back in one transaction.
//!
//! - [`money`]: amounts in minor units with their ISO 4217 currency.
//! - [`checkout`]: what the shop said about the order when it asked for a payment.
//! - [`record`]: the payment as it is stored: attempt, captures, refunds, the open call.
//! - [`event`]: the facts that move a payment.
//! - [`machine`]: status × event, one exhaustive match.
//! - [`command`]: status × command: what a capture, cancel or refund of the shop leads to.
//! - [`initialize`]: what an initialize call for an order that is known already leads to.
//! - [`pre_order`]: what confirming a payment that was made before its order leads to, and what
//!   calling it off does.
//! - [`message`]: what the shop is told.
//! - [`payout`]: what a marketplace passes on to its merchants; [`merchant`]: their onboarding.

pub mod checkout;
pub mod command;
pub mod dispute;
pub mod event;
pub mod ids;
pub mod initialize;
pub mod machine;
pub mod merchant;
pub mod message;
pub mod money;
pub mod payout;
pub mod pre_order;
pub mod record;
mod refund;
pub mod status;
mod steps;
mod transfer;

pub use checkout::{Address, Checkout, Customer, OrderItem, Redirects};
pub use command::{Command, Decision};
pub use dispute::{Dispute, DisputeState};
pub use event::{Event, RefundFact, RefundState};
pub use ids::{
    AttemptId, CallId, CommandId, IdempotencyKey, ItemReference, Items, MerchantId,
    MerchantReference, OrderItemId, OrderReference, PaymentId, PspAccountId, PspChargeId,
    PspDisputeId, PspReference, PspRefundId, PspReversalId, PspTransferId, RefundId, ReversalId,
    TenantId, TransferId,
};
pub use initialize::{Initialization, InitializeRefused};
pub use machine::{NotAllowed, Settlement, Transition};
pub use merchant::{AccountFacts, MerchantStatus};
pub use message::{Message, ResultKind};
pub use money::{Currency, Money, MoneyError};
pub use payout::{
    MoveState, NewReversal, NewTransfer, PayoutFact, PayoutRefused, PayoutSplit, Reversal,
    ReversalSplit, Share, Transfer, Wanted,
};
pub use pre_order::{CallOff, CallOffRefused, ConfirmRefused, Confirmation, Told};
pub use record::{
    Account, Attempt, AttemptState, Call, Capture, CaptureOrigin, CaptureState, Mode, Payment,
    PaymentRecord, Purpose, Refund,
};
pub use status::{ShopStatus, Status};
