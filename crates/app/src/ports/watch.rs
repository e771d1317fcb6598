//! What the store keeps of looking after accounts at the PSP: how far their events are known, when
//! the books were last compared with them, and which payments to compare.

use async_trait::async_trait;
use jiff::Timestamp;
use payment::{Account, PaymentId, PspAccountId, TenantId};

use crate::ports::{Lease, StoreError, Stored};

/// Accounts that are looked after. There is one from the moment at which credentials of it, or a
/// merchant with it, are written.
///
/// # Errors
/// [`StoreError`], from every method here.
#[async_trait]
pub trait WatchStore: Send + Sync {
    /// Leases accounts that are due, the longest waiting first. All are due after a start.
    async fn claim_watches(&self, lease: &Lease) -> Result<Vec<Watch>, StoreError>;

    /// Notes how far an account was looked after. What was noted never goes back, so that of two
    /// workers at once neither undoes what the other has done.
    async fn move_watch(&self, watch: &Watch, due_at: Timestamp) -> Result<(), StoreError>;

    /// All accounts in the order of tenant and account, those after this one, at most `limit`.
    async fn watches(&self, after: Option<&Watch>, limit: u32) -> Result<Vec<Watch>, StoreError>;

    /// Payments to compare with the PSP, in the order of their ids.
    async fn payments_to_compare(&self, query: &CompareQuery) -> Result<Vec<Stored>, StoreError>;
}

/// An account at the PSP that is looked after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The shop.
    pub tenant: TenantId,
    /// The account.
    pub account: Account,
    /// The marketplace's account, whose credentials lead there, where this is a merchant's.
    pub platform: Option<PspAccountId>,
    /// Events from before this time are in the inbox: the cursor in the PSP's list of events.
    pub events_until: Timestamp,
    /// When the books were last compared with the account.
    pub compared_at: Timestamp,
}

/// Which payments are to be compared.
#[derive(Clone, Debug)]
pub struct CompareQuery {
    /// The shop.
    pub tenant: TenantId,
    /// Only those made after this one.
    pub after: Option<PaymentId>,
    /// Those that have changed since.
    pub since: Timestamp,
    /// Those that are open and have changed since; earlier than `since`.
    pub open_since: Timestamp,
    /// At most so many.
    pub limit: u32,
}
