//! What keeps a store in shape.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::ports::StoreError;

/// The state of the database and its schema, and giving up what nobody needs any more.
///
/// # Errors
/// [`StoreError`], from every method here.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// How many migrations that this program knows the database lacks: none, as long as nobody
    /// puts an older database in its place.
    async fn missing_migrations(&self) -> Result<usize, StoreError>;

    /// Whether it can be used. Where it could not be written last, something is written: nothing else
    /// shows that it can be again.
    async fn check(&self) -> Result<(), StoreError>;

    /// Makes due at once whatever is due later than anything is ever put off ([`DUE_MAX`]): it was
    /// written while the clock was ahead. Returns how many rows.
    ///
    /// [`DUE_MAX`]: crate::limits::DUE_MAX
    async fn bring_back(&self, now: Timestamp, channels: &[String]) -> Result<u64, StoreError>;

    /// How much could be given up.
    async fn prunable(&self, before: &PruneBefore) -> Result<Pruned, StoreError>;

    /// Gives up at most `limit` rows of each kind, the oldest first. Returns how many; where none
    /// of them reaches the limit, nothing is left.
    ///
    /// Never given up, however old (rule R24): calls that are not settled, work that waits or is
    /// parked, messages that are not delivered or were parked, and what is known of money.
    async fn prune(&self, before: &PruneBefore, limit: u32) -> Result<Pruned, StoreError>;
}

/// What is given up: what came to be, and ended, before these times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PruneBefore {
    /// Webhooks and commands that were done with, or were not ours.
    pub inbox: Timestamp,
    /// Messages that the shop has.
    pub outbox: Timestamp,
    /// Calls to the payment provider whose outcome is in the payment.
    pub calls: Timestamp,
    /// What was learned of payments, as people read it.
    pub history: Timestamp,
}

/// How many rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Webhooks and commands.
    pub inbox: u64,
    /// Messages.
    pub outbox: u64,
    /// Calls.
    pub calls: u64,
    /// Lines of histories.
    pub history: u64,
}

impl Pruned {
    /// All of them.
    pub fn total(self) -> u64 {
        self.inbox + self.outbox + self.calls + self.history
    }

    /// The most of one kind.
    pub fn most(self) -> u64 {
        self.inbox.max(self.outbox).max(self.calls).max(self.history)
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            inbox: self.inbox + other.inbox,
            outbox: self.outbox + other.outbox,
            calls: self.calls + other.calls,
            history: self.history + other.history,
        }
    }
}
