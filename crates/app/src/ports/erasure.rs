//! Taking people out of the books: what is asked for, and what came of it.

use jiff::Timestamp;
use payment::{OrderReference, Status, TenantId};

use crate::ports::Unfinished;

/// Whose data are to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErasureSubject {
    /// A customer, by the shop's reference or by e-mail address.
    Customer(String),
    /// Whoever ordered this.
    Order(OrderReference),
    /// The tenant as a whole, its keys and tokens included.
    Tenant,
}

/// A wish to erase.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// The shop.
    pub tenant: TenantId,
    /// Whose data.
    pub subject: ErasureSubject,
    /// Now.
    pub now: Timestamp,
    /// Whether it is only tried: everything is looked at and then undone.
    pub rehearsed: bool,
}

/// What came of it. Where anything is not settled, nothing is erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErasureOutcome {
    /// It is gone; after a rehearsal, it would be.
    Erased(Erased),
    /// These payments are not settled: what becomes of them may still need the data.
    Unsettled(Vec<UnsettledPayment>),
    /// The tenant is connected: it has to be disconnected first.
    Connected,
    /// The tenant has work under way, or set aside.
    Unfinished {
        /// Under way.
        work: Unfinished,
        /// Inbox rows that are set aside.
        parked: u64,
    },
}

/// What was erased. Orders, items, amounts, times and the PSP's ids stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Payments that know no customer any more, by their order, or their own id before there is
    /// one.
    pub payments: Vec<String>,
    /// Webhooks and commands that lost their body.
    pub bodies: u64,
    /// Credentials that were destroyed, with the keys that they were sealed with.
    pub credentials: u64,
}

/// A payment that keeps its data for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsettledPayment {
    /// Its order, or its own id.
    pub order: String,
    /// Why.
    pub reason: UnsettledReason,
}

/// Why a payment is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnsettledReason {
    /// Money may still move, by its status.
    Open(Status),
    /// The outcome of a call to the PSP is not known.
    Call,
    /// A refund or a payout is under way.
    UnderWay,
    /// A webhook or a command about it waits, or is set aside.
    Inbox,
}
