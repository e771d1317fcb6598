//! Writes what has happened to a payment, with what the shop is told of it, in one transaction.

use payment::{CommandId, Payment, Purpose, RefundId};

use crate::context::Context;
use crate::learn::{Learned, Moved};
use crate::ports::{
    Commit, CommitOutcome, Expected, InboxSettlement, PaymentChange, StoreError, Stored,
};
use crate::{late_refunds, messages};

impl Context {
    /// Writes what has happened to a payment, and what the shop is told of it.
    pub(crate) async fn write(
        &self,
        before: &Stored,
        moved: Moved,
        inbox: Option<InboxSettlement>,
    ) -> Result<CommitOutcome, StoreError> {
        let now = self.entropy.now();
        let tenant = before.value.tenant.clone();
        let untouched = moved.payment == before.value && moved.tell.is_empty();
        let came_back = late_refunds::came_back(&before.value, &moved.payment, now);
        let kept = late_refunds::kept(&before.value, &moved.payment);
        let messages = messages::of_payment(self, &moved).await?;
        let change = PaymentChange {
            payment: moved.payment,
            expected: Expected::Version(before.version),
            settled: moved.settled,
            history: moved.history,
        };
        let payment = (!untouched).then_some(change);
        if payment.is_none() && inbox.is_none() {
            return Ok(CommitOutcome::Committed);
        }
        let commit = Commit { tenant, now, payment, messages, inbox, ends: moved.ends };
        let outcome = self.store.commit(commit).await?;
        if outcome == CommitOutcome::Committed {
            late_refunds::report(&before.value, &came_back);
            if let Some(amount) = kept {
                late_refunds::report_kept(&before.value, amount);
            }
        }
        Ok(outcome)
    }

    /// Applies what the PSP has answered. Where it finds that money is in after a cancel, the refund
    /// is journaled with it: no event may come any more (rule R9). What is held or on its way is left
    /// to the event that tells of it, so that a PSP that says no is not asked without end.
    pub(crate) fn learn(&self, payment: &Payment, learned: &Learned) -> Moved {
        let moved = Moved::start(payment.clone()).learn(learned, self.entropy.now());
        match moved.payment.owed(|| RefundId::new(self.entropy.new_id())) {
            Some(refund @ Purpose::Refund { .. }) => {
                let planned = self.plan(moved.payment.clone(), refund, None);
                Moved { payment: planned.unwrap_or(moved.payment), ..moved }
            }
            Some(_) | None => moved,
        }
    }

    /// Journals a call; `None` where somebody else was faster.
    pub(crate) async fn journal(
        &self,
        stored: Stored,
        purpose: Purpose,
    ) -> Result<Option<Stored>, StoreError> {
        let Some(planned) = self.plan(stored.value.clone(), purpose, None) else {
            return Ok(None);
        };
        match self.write(&stored, Moved::start(planned.clone()), None).await? {
            CommitOutcome::Committed => {
                Ok(Some(Stored { value: planned, version: stored.version + 1 }))
            }
            CommitOutcome::Conflict | CommitOutcome::Duplicate => Ok(None),
        }
    }

    /// The payment with a new call open on it; `None` where another call is.
    pub(crate) fn plan(
        &self,
        payment: Payment,
        purpose: Purpose,
        command: Option<CommandId>,
    ) -> Option<Payment> {
        let id = self.entropy.new_id();
        // An attempt's creation repeats under the attempt's own id, so that whoever finds the
        // payment without a reference asks for the very same attempt (rule R2).
        let key = match &purpose {
            Purpose::Create => payment.attempt().id.to_string(),
            Purpose::Update(_)
            | Purpose::Capture { .. }
            | Purpose::Cancel { .. }
            | Purpose::Refund { .. }
            | Purpose::Transfer(_)
            | Purpose::Reverse(_) => id.to_string(),
        };
        payment.plan(payment::Call {
            id: payment::CallId::new(id),
            key: payment::IdempotencyKey::new(key),
            purpose,
            command,
            planned_at: self.entropy.now(),
        })
    }
}
