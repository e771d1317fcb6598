//! Asking the PSP what has happened and how things stand, to find what we were never told.

use async_trait::async_trait;
use jiff::Timestamp;
use payment::{Money, PspAccountId, PspReference, PspTransferId, RefundFact};

use crate::ports::PspError;
use crate::tenant::Credentials;

/// Questions that change nothing at the PSP.
///
/// # Errors
/// [`PspError`], from every method here.
#[async_trait]
pub trait AuditPsp: Send + Sync {
    /// A page of the events that an endpoint of ours would have been sent, the newest first.
    async fn list_events(
        &self,
        credentials: &Credentials,
        query: &EventQuery<'_>,
    ) -> Result<EventPage, PspError>;

    /// All refunds of an attempt.
    async fn list_refunds(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
    ) -> Result<Vec<RefundFact>, PspError>;

    /// Asks how a transfer stands.
    async fn retrieve_transfer(
        &self,
        credentials: &Credentials,
        transfer: &PspTransferId,
    ) -> Result<TransferView, PspError>;
}

/// Which events are asked for. Times count in whole seconds of the PSP's clock.
#[derive(Clone, Copy, Debug)]
pub struct EventQuery<'a> {
    /// Those of this merchant's account, instead of the account's own.
    pub merchant: Option<&'a PspAccountId>,
    /// Those that happened then or later.
    pub from: Timestamp,
    /// Those that happened before.
    pub until: Option<Timestamp>,
    /// The page after this event.
    pub after: Option<&'a str>,
}

/// A page of events, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventPage {
    /// What was listed.
    pub events: Vec<ListedEvent>,
    /// The event after which the next page begins, where there is one.
    pub next: Option<String>,
}

/// An event of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedEvent {
    /// When it happened, by the PSP's clock.
    pub at: Timestamp,
    /// What a webhook of it would have carried.
    pub body: Vec<u8>,
}

/// A transfer at the PSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferView {
    /// What was passed on, gross.
    pub amount: Money,
    /// What was taken back of it.
    pub reversed: Money,
}
