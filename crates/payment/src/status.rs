//! Where a payment stands: in our books, and as the shop knows it.

use std::fmt;

/// Where a payment stands in our books. Amounts say the rest: how much was captured or refunded
/// is never read from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Nothing is authorized yet; the shopper may be paying right now.
    New,
    /// The attempt ended without an authorization.
    AuthorizationFailed,
    /// The whole amount is held for us and nothing of it is captured.
    Authorized,
    /// A part is captured and the rest can still be.
    PartiallyCaptured,
    /// The PSP accepted a capture and works on it.
    CaptureRequested,
    /// Captured, and no more can be.
    Captured,
    /// The last capture failed. What can still be captured is in the amounts.
    CaptureFailed,
    /// The shop canceled, the PSP cannot yet; what comes in is given back (rule R9).
    CancelRequested,
    /// Nothing is held and nothing was captured.
    Canceled,
    /// The last cancel was refused.
    CancellationFailed,
}

impl Status {
    /// Every status, in the order of a payment's life.
    pub const ALL: [Self; 10] = [
        Self::New,
        Self::AuthorizationFailed,
        Self::Authorized,
        Self::PartiallyCaptured,
        Self::CaptureRequested,
        Self::Captured,
        Self::CaptureFailed,
        Self::CancelRequested,
        Self::Canceled,
        Self::CancellationFailed,
    ];

    /// The name under which it is stored and shown to operators.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::AuthorizationFailed => "authorization_failed",
            Self::Authorized => "authorized",
            Self::PartiallyCaptured => "partially_captured",
            Self::CaptureRequested => "capture_requested",
            Self::Captured => "captured",
            Self::CaptureFailed => "capture_failed",
            Self::CancelRequested => "cancel_requested",
            Self::Canceled => "canceled",
            Self::CancellationFailed => "cancellation_failed",
        }
    }

    /// The status of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The status as the shop knows it: one flat word, computed from the status and the amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShopStatus {
    /// A status that both sides call the same; a partly captured payment is `authorized` to the
    /// shop, because it can be captured again.
    Plain(Status),
    /// Some of the captured money was given back.
    PartiallyRefunded,
    /// All of the captured money was given back.
    Refunded,
    /// More came in than the order asked for.
    Overpaid,
    /// The payment ended with less than the order asked for.
    Underpaid,
}

impl ShopStatus {
    /// The word the shop reads.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain(Status::PartiallyCaptured) => Status::Authorized.name(),
            Self::Plain(status) => status.name(),
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
            Self::Overpaid => "overpaid",
            Self::Underpaid => "underpaid",
        }
    }
}

impl fmt::Display for ShopStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
