//! What the shop is told. The names of the wire are those of the `protocol` crate.

use crate::{Items, Money, ShopStatus};

/// A message to the shop about one payment, in the words of the domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The payment exists at the PSP.
    Created,
    /// Something an operator of the shop wants to see changed.
    Updated {
        /// The shop's status before.
        from: ShopStatus,
        /// The shop's status now; the same where only the note is new.
        to: ShopStatus,
        /// Why, where there is a reason to tell.
        note: Option<String>,
    },
    /// A result that moves order items in the shop's order process.
    Result {
        /// What happened.
        kind: ResultKind,
        /// The items it happened to; never empty on the wire.
        items: Items,
        /// The money it happened to.
        amount: Money,
    },
}

/// The results a shop's order process knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResultKind {
    /// The money is held.
    Authorized,
    /// It will not be.
    AuthorizationFailed,
    /// The money is ours.
    Captured,
    /// It could not be captured.
    CaptureFailed,
    /// The money was given back.
    Refunded,
    /// It could not be given back.
    RefundFailed,
    /// Nothing will be captured for these items.
    Canceled,
    /// The cancel was refused.
    CancellationFailed,
    /// More came in than was asked for.
    Overpaid,
    /// Less came in than was asked for, and no more will.
    Underpaid,
}

impl Message {
    /// A result about `items`.
    pub fn result(kind: ResultKind, items: Items, amount: Money) -> Self {
        Self::Result { kind, items, amount }
    }
}
