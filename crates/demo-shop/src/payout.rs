//! The share that a merchant has in an item of an order, and whether it got it.
//!
//! A shop's process has states for this between delivered and closed. Here the payout stands beside
//! the item's state, so that one can see what the app does whichever way round money is paid out,
//! taken back and refunded.

use uuid::Uuid;

use crate::merchant::Merchant;
use crate::process::ItemState;

/// A merchant's share in an item.
#[derive(Clone, Debug)]
pub struct Share {
    /// Whose.
    pub merchant: &'static Merchant,
    /// The item, as payouts name it.
    pub reference: Uuid,
    /// How much, in minor units.
    pub amount: i64,
    /// Where it stands.
    pub payout: Payout,
    /// Why the last try came to nothing.
    pub trouble: Option<String>,
}

/// Where a share stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payout {
    /// The marketplace has it.
    Open,
    /// The merchant has it, by this transfer.
    PaidOut(String),
    /// The merchant had it, and the marketplace has it again.
    TakenBack,
}

/// Which way money moves between the marketplace and a merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transmission {
    /// To the merchant.
    PayOut,
    /// Back to the marketplace.
    TakeBack,
}

impl Transmission {
    /// Both.
    pub const ALL: [Self; 2] = [Self::TakeBack, Self::PayOut];
}

impl Share {
    /// Whether money can be moved that way now. What is paid out was captured before.
    #[must_use]
    pub fn allows(&self, transmission: Transmission, state: ItemState) -> bool {
        match (transmission, &self.payout) {
            (Transmission::PayOut, Payout::Open | Payout::TakenBack) => state.is_paid(),
            (Transmission::TakeBack, Payout::PaidOut(_)) => true,
            (Transmission::PayOut, Payout::PaidOut(_))
            | (Transmission::TakeBack, Payout::Open | Payout::TakenBack) => false,
        }
    }

    /// The transfer that stands for it.
    #[must_use]
    pub fn transfer(&self) -> Option<&str> {
        match &self.payout {
            Payout::PaidOut(transfer) => Some(transfer),
            Payout::Open | Payout::TakenBack => None,
        }
    }

    /// What the app answered. Returns whether money moved that was not noted yet: two people may
    /// have asked for the same.
    pub fn answered(&mut self, transmission: Transmission, answer: Result<String, String>) -> bool {
        let payout = match (transmission, answer) {
            (_, Err(why)) => {
                self.trouble = Some(why);
                return false;
            }
            (Transmission::PayOut, Ok(transfer)) => Payout::PaidOut(transfer),
            (Transmission::TakeBack, Ok(_)) => Payout::TakenBack,
        };
        self.trouble = None;
        let moved = self.payout != payout;
        self.payout = payout;
        moved
    }
}

impl ItemState {
    /// Whether the shopper's money for an item here is there, and not on its way back.
    #[must_use]
    pub fn is_paid(self) -> bool {
        match self {
            Self::PaymentCaptured | Self::PaymentOverpaid | Self::Delivered | Self::Closed => true,
            Self::New
            | Self::PaymentPending
            | Self::PaymentAuthorized
            | Self::PaymentAuthorizationFailed
            | Self::CancellationPending
            | Self::PaymentCancelled
            | Self::CancellationFailed
            | Self::CapturePending
            | Self::PaymentFailed
            | Self::RefundPending
            | Self::RefundSucceeded
            | Self::RefundFailed
            | Self::PaymentRefunded => false,
        }
    }
}
