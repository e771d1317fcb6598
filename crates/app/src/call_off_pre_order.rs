//! Calls a pre-order off: because the shop says so, or because nobody has come back to its cart (rule
//! R9, conformance cases 16 and 17).
//!
//! First a commit marks it, so that no order can have it any more and whatever comes in goes back;
//! then the PSP is called. A crash in between leaves the call journaled.

use jiff::Timestamp;
use payment::{CallOff, CallOffRefused, RefundId, Status, TenantId, Transition};
use protocol::pre_order::CancelPreOrderRequest;
use thiserror::Error;

use crate::calls::Ended;
use crate::checkout::InvalidField;
use crate::context::Context;
use crate::learn::Moved;
use crate::limits::{CLAIM_MAX, CONFLICTS_MAX, PRE_ORDER_LIFE};
use crate::ports::{CommitOutcome, ForgottenPreOrder, Refusal, StoreError, Stored};
use crate::pre_order::Unknown;
use crate::problem::Problem;
use crate::tenant::NotConnected;

/// Why a pre-order was not canceled.
#[derive(Debug, Error)]
pub enum CancelError {
    /// The tenant may not move money.
    #[error(transparent)]
    Tenant(#[from] NotConnected),
    /// A field is missing or wrong.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// It has an order.
    #[error(transparent)]
    Refused(#[from] CallOffRefused),
    /// The PSP refuses the request itself.
    #[error("{0}")]
    Unprocessable(String),
    /// The PSP did not do it, or did not answer; canceling again goes on where this stopped.
    #[error("{0}")]
    Failed(String),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Problem> for CancelError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Later(reason) => Self::Failed(format!("{reason}; cancel the payment again")),
            Problem::Broken(reason) => Self::Failed(reason),
            Problem::Store(error) => Self::Store(error),
        }
    }
}

impl From<Unknown> for CancelError {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::Invalid(field) => Self::Invalid(field),
            Unknown::Store(error) => Self::Store(error),
        }
    }
}

impl Context {
    /// Cancels a pre-order that the shopper does not want any more. What is held is let go of, what
    /// was taken is given back. Canceled again, nothing happens.
    ///
    /// # Errors
    /// [`CancelError`].
    pub async fn cancel_pre_order(
        &self,
        tenant: &TenantId,
        request: CancelPreOrderRequest,
    ) -> Result<(), CancelError> {
        let tenant = self.connected(tenant).await?;
        for _ in 0..CONFLICTS_MAX {
            let (stored, reference) =
                self.by_transaction(&tenant.id, request.transaction()).await?;
            if stored.value.reference() != Some(&reference) {
                // A later attempt took its place after it was over.
                return Ok(());
            }
            let journaled = match stored.value.clone().call_off()? {
                CallOff::Finish => {
                    self.finish_other_call(stored).await?;
                    continue;
                }
                CallOff::Done if stored.value.status == Status::Canceled => return Ok(()),
                CallOff::Done => Some(self.plan_owed_again(stored).await?),
                CallOff::Now(transition) => {
                    self.write_owing(&stored, *transition, "called off").await?
                }
            };
            if let Some(journaled) = journaled {
                return outcome(self.carry_out(journaled).await?);
            }
        }
        Err(CancelError::Failed("the payment is busy; cancel it again".into()))
    }

    /// Calls off the pre-orders that nothing has happened to for [`PRE_ORDER_LIFE`]. Returns how
    /// many.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn call_off_forgotten_pre_orders(&self) -> Result<usize, StoreError> {
        let before = self.entropy.now().saturating_sub(PRE_ORDER_LIFE).unwrap_or(Timestamp::MIN);
        let forgotten = self.store.forgotten_pre_orders(before, CLAIM_MAX).await?;
        let mut called_off = 0;
        for pre_order in &forgotten {
            match self.call_off_forgotten(pre_order).await {
                Ok(done) => called_off += usize::from(done),
                Err(Problem::Store(error)) => return Err(error),
                Err(problem) => tracing::warn!(
                    tenant = %pre_order.tenant, payment = %pre_order.payment, %problem,
                    "a pre-order that was left is called off, but its money is not back yet; it is \
                     tried again"
                ),
            }
        }
        Ok(called_off)
    }

    /// Only as it was found: whatever has happened to it since was somebody who wants it.
    async fn call_off_forgotten(&self, found: &ForgottenPreOrder) -> Result<bool, Problem> {
        let stored = self.store.payment(&found.tenant, found.payment).await?;
        let Some(stored) = stored.filter(|stored| stored.version == found.version) else {
            return Ok(false);
        };
        let Ok(CallOff::Now(transition)) = stored.value.clone().call_off() else {
            return Ok(false);
        };
        let Some(journaled) = self.write_owing(&stored, *transition, "left").await? else {
            return Ok(false);
        };
        self.carry_out(journaled).await?;
        Ok(true)
    }

    /// Writes a transition after which everything goes back, with the first call for that journaled
    /// in the same commit. `None` where somebody else was faster.
    pub(crate) async fn write_owing(
        &self,
        stored: &Stored,
        transition: Transition,
        what: &str,
    ) -> Result<Option<Stored>, StoreError> {
        let mut moved = Moved::start(stored.value.clone());
        moved.follow(&stored.value, transition, what, None, self.entropy.now());
        if let Some(owing) = self.plan_what_is_owed(&moved.payment) {
            moved.payment = owing;
        }
        let value = moved.payment.clone();
        match self.write(stored, moved, None).await? {
            CommitOutcome::Committed => {
                let version = stored.version + i64::from(value != stored.value);
                Ok(Some(Stored { value, version }))
            }
            CommitOutcome::Conflict | CommitOutcome::Duplicate => Ok(None),
        }
    }

    /// Journals what is owed to somebody who asks for it once more.
    async fn plan_owed_again(&self, stored: Stored) -> Result<Stored, Problem> {
        let again = stored.value.owed_again(|| RefundId::new(self.entropy.new_id()));
        let planned = again.and_then(|purpose| self.plan(stored.value.clone(), purpose, None));
        let Some(owing) = planned else { return Ok(stored) };
        match self.write(&stored, Moved::start(owing.clone()), None).await? {
            CommitOutcome::Committed => Ok(Stored { value: owing, version: stored.version + 1 }),
            CommitOutcome::Conflict | CommitOutcome::Duplicate => {
                Err(Problem::Later("the payment was changed meanwhile".into()))
            }
        }
    }

    /// Makes the call that gives everything back, for whom an answer waits that does not depend on
    /// it: what does not succeed now is journaled, and the worker goes on with it.
    pub(crate) async fn give_back_now(&self, stored: Stored) {
        let (tenant, payment) = (stored.value.tenant.clone(), stored.value.id);
        if let Err(problem) = self.carry_out(stored).await {
            tracing::warn!(
                %tenant, %payment, %problem,
                "money that no order can have is not back yet; it is tried again"
            );
        }
    }
}

/// What the shop is answered. Money that is on its way is as good as called off: it goes back when
/// it comes.
fn outcome(ended: Ended) -> Result<(), CancelError> {
    let payment = &ended.stored.value;
    match ended.refusal {
        None => Ok(()),
        Some(_) if payment.status == Status::Canceled => Ok(()),
        Some(Refusal { processing: true, .. }) => Ok(()),
        Some(Refusal { code: Some(_), message, .. }) => Err(CancelError::Unprocessable(message)),
        Some(Refusal { code: None, message, .. }) => Err(CancelError::Failed(message)),
    }
}
