//! Giving up what nobody needs any more, so that the database does not grow for ever.

use jiff::{SignedDuration, Timestamp};

use crate::limits::{PRUNE_ROWS, SENDER_IDS_KEPT};
use crate::ports::{PruneBefore, Pruned, StoreError, Upkeep};

/// How long what has ended is kept. What has not ended is kept as long as it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Webhooks and commands: by their ids the same one again is recognized, so never shorter than
    /// [`SENDER_IDS_KEPT`] (rule R24).
    pub inbox: SignedDuration,
    /// Messages that the shop has.
    pub outbox: SignedDuration,
    /// Settled calls to the payment provider.
    pub calls: SignedDuration,
    /// The histories of payments.
    pub history: SignedDuration,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        let (inbox, outbox) = (SENDER_IDS_KEPT, SENDER_IDS_KEPT);
        Self { inbox, outbox, calls: days(400), history: days(400) }
    }
}

impl Retention {
    /// What may be given up at this time.
    pub fn before(&self, now: Timestamp) -> PruneBefore {
        let ago = |age: SignedDuration| now.saturating_sub(age).unwrap_or(Timestamp::MIN);
        PruneBefore {
            inbox: ago(self.inbox.max(SENDER_IDS_KEPT)),
            outbox: ago(self.outbox),
            calls: ago(self.calls),
            history: ago(self.history),
        }
    }
}

/// Gives up what may be, step by step: whoever else writes waits for one small step at most.
/// Ends after `steps`, or when nothing is left.
///
/// # Errors
/// The store cannot be used; what was given up until then is gone.
pub async fn prune(
    store: &(impl Upkeep + ?Sized),
    before: &PruneBefore,
    steps: u32,
) -> Result<Pruned, StoreError> {
    let mut all = Pruned::default();
    for _ in 0..steps {
        let step = store.prune(before, PRUNE_ROWS).await?;
        all = all.plus(step);
        if step.most() < u64::from(PRUNE_ROWS) {
            break;
        }
    }
    Ok(all)
}
