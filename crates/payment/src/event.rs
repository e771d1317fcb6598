//! The facts that move a payment: what the PSP says has happened, in the domain's words.
//!
//! A fact may come as the answer to a call of ours, in a webhook, or from asking; the machine
//! treats them alike, and any of them may come twice, late, or before one that happened earlier.

use crate::{Money, PspReference, PspRefundId, RefundId};

/// A fact about the current attempt of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The attempt exists at the PSP under this reference.
    Created {
        /// The PSP's name of the attempt.
        reference: PspReference,
    },
    /// The PSP refused to make the attempt; nothing exists there.
    CreationRefused {
        /// The PSP's reason, in words.
        reason: String,
    },
    /// The amount of the unpaid attempt was changed as we asked.
    AmountUpdated,
    /// The change of the amount was refused.
    AmountUpdateRefused {
        /// The PSP's reason, in words.
        reason: String,
    },
    /// The PSP accepted the payment and settles it later (bank debits), or works on a capture.
    Processing,
    /// A part of the money came in; more is expected (bank transfers).
    PartiallyFunded {
        /// What came in so far.
        received: Money,
    },
    /// More money came in than was asked for (bank transfers). The PSP keeps the rest for the payer.
    Overfunded {
        /// What is left with the PSP after the payment took its part.
        left: Money,
    },
    /// The money is held and can be captured.
    Authorized {
        /// How much can be captured now.
        capturable: Money,
        /// Whether it can be captured in several steps; `None` where the source does not say.
        multicapture: Option<bool>,
    },
    /// Paying failed.
    Failed {
        /// The PSP's reason, in words.
        reason: String,
        /// Whether the shopper may try again on the same attempt.
        retriable: bool,
    },
    /// Money of this attempt is ours.
    Captured {
        /// All that was captured so far, this time included.
        total: Money,
        /// What can still be captured: zero once the attempt is closed.
        capturable: Money,
    },
    /// Our capture call was refused, and nothing was captured by it.
    CaptureRefused {
        /// The PSP's reason, in words.
        reason: String,
    },
    /// The attempt is canceled: nothing (more) can be captured.
    Canceled {
        /// The PSP's reason, where it gives one.
        reason: Option<String>,
    },
    /// Our cancel call was refused.
    CancelRefused {
        /// The PSP's reason, in words.
        reason: String,
        /// Refused only because the money is on its way: it can be given back when it is there.
        processing: bool,
    },
    /// A refund changed.
    Refund(RefundFact),
    /// Our refund call was refused, and nothing was given back by it.
    RefundRefused {
        /// The refund of our books that the call was for.
        refund: RefundId,
        /// The PSP's reason, in words.
        reason: String,
    },
    /// A dispute was opened or changed. No status of ours follows it; people want to know.
    Disputed {
        /// What happened to the dispute, in words.
        note: String,
    },
    /// Something happened to the money of an attempt that a later one replaced. It moves nothing of
    /// this one; people want to know (rule R2).
    Superseded {
        /// What happened, in words.
        note: String,
    },
}

impl Event {
    /// A short name for history, logs and the specification.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::CreationRefused { .. } => "creation_refused",
            Self::AmountUpdated => "amount_updated",
            Self::AmountUpdateRefused { .. } => "amount_update_refused",
            Self::Processing => "processing",
            Self::PartiallyFunded { .. } => "partially_funded",
            Self::Overfunded { .. } => "overfunded",
            Self::Authorized { .. } => "authorized",
            Self::Failed { .. } => "failed",
            Self::Captured { .. } => "captured",
            Self::CaptureRefused { .. } => "capture_refused",
            Self::Canceled { .. } => "canceled",
            Self::CancelRefused { .. } => "cancel_refused",
            Self::Refund(_) => "refund",
            Self::RefundRefused { .. } => "refund_refused",
            Self::Disputed { .. } => "disputed",
            Self::Superseded { .. } => "superseded",
        }
    }

    /// What a person should read about it, where the name does not say it all.
    pub fn note(&self) -> Option<String> {
        match self {
            Self::CreationRefused { reason }
            | Self::AmountUpdateRefused { reason }
            | Self::CaptureRefused { reason }
            | Self::CancelRefused { reason, .. }
            | Self::RefundRefused { reason, .. }
            | Self::Failed { reason, .. } => Some(reason.clone()),
            Self::Canceled { reason } => reason.clone(),
            Self::Refund(fact) => fact.reason.clone(),
            Self::Disputed { note } | Self::Superseded { note } => Some(note.clone()),
            Self::Overfunded { left } => Some(format!(
                "{left} more than was asked for came in; the payment provider keeps it on the \
                 customer's balance"
            )),
            Self::PartiallyFunded { received } => Some(format!("{received} received so far")),
            Self::Created { .. }
            | Self::AmountUpdated
            | Self::Processing
            | Self::Authorized { .. }
            | Self::Captured { .. } => None,
        }
    }
}

/// What the PSP says of one refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundFact {
    /// The PSP's name of the refund.
    pub reference: PspRefundId,
    /// Our name of it, where the PSP has kept it; none for a refund made in the PSP's dashboard.
    pub refund: Option<RefundId>,
    /// How much is given back.
    pub amount: Money,
    /// How far it is.
    pub state: RefundState,
    /// Why it failed, where it did.
    pub reason: Option<String>,
}

/// How far a refund is. The order is the order of its life: a late message never moves it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundState {
    /// Journaled; the PSP has not said yet whether it has it.
    Requested,
    /// The PSP has it and works on it.
    Pending,
    /// The money was given back.
    Succeeded,
    /// It was not, or it came back: up to 30 days after it succeeded.
    Failed,
    /// It was called off.
    Canceled,
}

impl RefundState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Requested, Self::Pending, Self::Succeeded, Self::Failed, Self::Canceled];

    /// The name under which it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// The state of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether the money may still leave: guards count these.
    pub fn in_flight(self) -> bool {
        match self {
            Self::Requested | Self::Pending => true,
            Self::Succeeded | Self::Failed | Self::Canceled => false,
        }
    }

    /// Whether it ended without giving money back.
    pub fn came_to_nothing(self) -> bool {
        match self {
            Self::Failed | Self::Canceled => true,
            Self::Requested | Self::Pending | Self::Succeeded => false,
        }
    }
}
