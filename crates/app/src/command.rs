//! Carries out a command of the shop that came in. Every command ends in exactly one result.

use payment::{Decision, Message, Payment, Purpose, RefundId, ResultKind, Transition};
use protocol::MessageName;

use crate::context::Context;
use crate::learn::{Learned, Moved};
use crate::limits::{CALL_PATIENCE, CONFLICTS_MAX, UNKNOWN_ORDER_WAIT, retry_delay};
use crate::messages;
use crate::ports::{Commit, CommitOutcome, InboxClaim, InboxOutcome, Stored};
use crate::problem::Problem;
use crate::receive_command::{ReadCommand, read_command};
use crate::tenant::TenantStatus;

/// One look at the order's payment.
enum Step {
    Done,
    Again { asked: bool },
}

impl Context {
    /// Carries out a command and ends its inbox row.
    ///
    /// # Errors
    /// [`Problem`]: the row is still there and leased.
    pub(crate) async fn carry_out_command(&self, claim: &InboxClaim) -> Result<(), Problem> {
        let name = MessageName::from_name(&claim.item.name)
            .ok_or_else(|| Problem::Broken(format!("{} is no command", claim.item.name)))?;
        let read = read_command(name, &claim.item.body)
            .map_err(|invalid| Problem::Broken(invalid.to_string()))?;
        if self.is_disconnected(claim, &read).await? {
            return self.carry_out_nothing(claim, &read).await;
        }
        let mut asked = false;
        for _ in 0..CONFLICTS_MAX {
            match self.step_command(claim, &read, asked).await? {
                Step::Done => return Ok(()),
                Step::Again { asked: now_asked } => asked = now_asked,
            }
        }
        Err(Problem::Later("the payment changes too quickly".into()))
    }

    /// No money moves for a disconnected tenant: the command fails. But what was done before is told
    /// again, because the failure would deny it (rules R6 and R12).
    async fn carry_out_nothing(
        &self,
        claim: &InboxClaim,
        read: &ReadCommand,
    ) -> Result<(), Problem> {
        let tenant = &claim.item.tenant;
        if let Some(stored) = self.store.latest_payment_of_order(tenant, &read.order).await?
            && let Decision::Answer(transition, why) = self.decide(claim, read, &stored.value, true)
            && repeats(&transition, &stored.value)
        {
            return match self.answer(claim, &stored, *transition, why, true).await? {
                Step::Done => Ok(()),
                Step::Again { .. } => {
                    Err(Problem::Later("the payment was changed meanwhile".into()))
                }
            };
        }
        self.fail(claim, read, "the tenant is disconnected").await
    }

    /// Whether the command fails because its tenant is disconnected. One whose call was made already
    /// does not: the outcome of that is its result, and nobody knows yet that it failed. Nor does
    /// one that is perhaps another app's.
    async fn is_disconnected(
        &self,
        claim: &InboxClaim,
        read: &ReadCommand,
    ) -> Result<bool, Problem> {
        let id = &claim.item.tenant;
        let tenant = self.store.tenant(id).await?.map(|tenant| tenant.value);
        if tenant.as_ref().is_some_and(|tenant| tenant.status == TenantStatus::Connected) {
            return Ok(false);
        }
        if self.store.payment_of_open_command(id, claim.item.id).await?.is_some() {
            return Ok(false);
        }
        let shared = tenant.is_some_and(|tenant| tenant.settings.shared_command_channel);
        Ok(!shared || self.store.latest_payment_of_order(id, &read.order).await?.is_some())
    }

    /// The payment that a command means: the newest of its order, unless its call is open already.
    /// Then it goes on with the payment of that, although the order may have been begun anew at
    /// another account since (rule R1).
    async fn payment_of_command(
        &self,
        claim: &InboxClaim,
        read: &ReadCommand,
    ) -> Result<Option<Stored>, Problem> {
        let tenant = &claim.item.tenant;
        let begun = self.store.payment_of_open_command(tenant, claim.item.id).await?;
        match begun {
            Some(stored) => Ok(Some(stored)),
            None => Ok(self.store.latest_payment_of_order(tenant, &read.order).await?),
        }
    }

    async fn step_command(
        &self,
        claim: &InboxClaim,
        read: &ReadCommand,
        asked: bool,
    ) -> Result<Step, Problem> {
        let Some(stored) = self.payment_of_command(claim, read).await? else {
            return self.unknown_order(claim, read).await;
        };
        match self.decide(claim, read, &stored.value, asked) {
            Decision::Resume => {
                self.carry_out(stored).await?;
                Ok(Step::Done)
            }
            Decision::Call(purpose) => self.call(claim, stored, purpose, asked).await,
            Decision::Answer(transition, why) => {
                self.answer(claim, &stored, *transition, why, asked).await
            }
            Decision::Ask => self.ask(stored).await,
            Decision::Wait(why) => self.wait(claim, stored, why, asked).await,
        }
    }

    /// Journals the command's call, and makes it. The row must still be leased: a webhook may have
    /// settled an earlier call of this very command since it was claimed, and ended it with that.
    async fn call(
        &self,
        claim: &InboxClaim,
        stored: Stored,
        purpose: Purpose,
        asked: bool,
    ) -> Result<Step, Problem> {
        let Some(planned) = self.plan(stored.value.clone(), purpose, Some(claim.item.id)) else {
            return Ok(Step::Again { asked });
        };
        let held = self.settlement(claim, InboxOutcome::Held);
        match self.write(&stored, Moved::start(planned.clone()), Some(held)).await? {
            CommitOutcome::Committed => {
                self.carry_out(Stored { value: planned, version: stored.version + 1 }).await?;
                Ok(Step::Done)
            }
            CommitOutcome::Conflict => Ok(Step::Again { asked }),
            CommitOutcome::Duplicate => Ok(Step::Done),
        }
    }

    fn decide(
        &self,
        claim: &InboxClaim,
        read: &ReadCommand,
        payment: &Payment,
        asked: bool,
    ) -> Decision {
        let payment = payment.clone();
        if payment.checkout.total.currency() != read.currency {
            let why = "the currency is not that of the payment";
            return payment.decline(&read.command, read.currency, why);
        }
        let refund = RefundId::new(self.entropy.new_id());
        payment.decide(&read.command, claim.item.id, asked, refund)
    }

    /// A command that needs no call is answered in one transaction with the end of its row.
    async fn answer(
        &self,
        claim: &InboxClaim,
        stored: &Stored,
        transition: Transition,
        why: &str,
        asked: bool,
    ) -> Result<Step, Problem> {
        let mut moved = Moved::start(stored.value.clone());
        let what = claim.item.name.clone();
        let now = self.entropy.now();
        moved.follow(&stored.value, transition, &what, Some(why.to_owned()), now);
        let settlement = self.settlement(claim, InboxOutcome::Done(why.to_owned()));
        match self.write(stored, moved, Some(settlement)).await? {
            CommitOutcome::Committed | CommitOutcome::Duplicate => Ok(Step::Done),
            CommitOutcome::Conflict => Ok(Step::Again { asked }),
        }
    }

    /// Asks the PSP how the attempt stands: a webhook may be behind. An answer that could not be
    /// written, because somebody else was faster, is asked for again.
    async fn ask(&self, stored: Stored) -> Result<Step, Problem> {
        if let Some(reference) = stored.value.reference() {
            let credentials = self.credentials_of(&stored.value).await?;
            let asked = self.psp.retrieve(&credentials, reference).await;
            let view = asked.map_err(Problem::from_psp)?;
            let moved = self.learn(&stored.value, &Learned::from(&view));
            match self.write(&stored, moved, None).await? {
                CommitOutcome::Committed => {}
                CommitOutcome::Conflict | CommitOutcome::Duplicate => {
                    return Ok(Step::Again { asked: false });
                }
            }
        }
        Ok(Step::Again { asked: true })
    }

    /// Something else has to finish first. What has been open for long was left behind by a crash:
    /// go on with it under its key.
    async fn wait(
        &self,
        claim: &InboxClaim,
        stored: Stored,
        why: &str,
        asked: bool,
    ) -> Result<Step, Problem> {
        let now = self.entropy.now();
        let left_behind = stored
            .value
            .open_call
            .as_ref()
            .is_some_and(|call| now.duration_since(call.planned_at) > CALL_PATIENCE);
        if left_behind {
            self.carry_out(stored).await?;
            return Ok(Step::Again { asked });
        }
        self.end(claim, self.put_off(claim, why.to_owned())).await?;
        Ok(Step::Done)
    }

    /// The order may come yet; after a while it will not (rule R11).
    async fn unknown_order(&self, claim: &InboxClaim, read: &ReadCommand) -> Result<Step, Problem> {
        let now = self.entropy.now();
        let gives_up_at = claim.item.received_at + UNKNOWN_ORDER_WAIT;
        if now >= gives_up_at {
            self.give_up_unknown_order(claim, read).await?;
        } else {
            let at = (now + retry_delay(claim.leases_before())).min(gives_up_at);
            let reason = "the order is not known yet".to_owned();
            self.end(claim, InboxOutcome::PutOff { at, reason }).await?;
        }
        Ok(Step::Done)
    }

    /// Where another payment app reads the same commands, the order is that one's, and so is the
    /// result. The row stays with its reason, for whoever asks what became of the command.
    async fn give_up_unknown_order(
        &self,
        claim: &InboxClaim,
        read: &ReadCommand,
    ) -> Result<(), Problem> {
        let tenant = self.store.tenant(&claim.item.tenant).await?;
        if !tenant.is_some_and(|tenant| tenant.value.settings.shared_command_channel) {
            return self.fail(claim, read, "the order is not known").await;
        }
        tracing::info!(
            tenant = %claim.item.tenant, inbox = %claim.item.id, name = claim.item.name,
            order = %read.order,
            "left to the other payment app that shares the command channel"
        );
        let why = "the order is not known; another payment app shares the command channel";
        self.end(claim, InboxOutcome::Done(why.to_owned())).await
    }

    /// Ends a command with its failure where there is no payment to ask.
    async fn fail(&self, claim: &InboxClaim, read: &ReadCommand, why: &str) -> Result<(), Problem> {
        let tenant = &claim.item.tenant;
        let (kind, amount) = read.command.failure(read.currency);
        let (order, items) = (read.order.as_str(), read.command.items());
        let message = messages::result(self, tenant, order, kind, items, amount);
        let commit = Commit {
            tenant: tenant.clone(),
            now: self.entropy.now(),
            payment: None,
            messages: vec![message],
            inbox: Some(self.settlement(claim, InboxOutcome::Done(why.to_owned()))),
            ends: None,
        };
        self.store.commit(commit).await?;
        Ok(())
    }
}

/// Whether an answer says again how things are: it changes nothing, and nothing of it failed.
fn repeats(answer: &Transition, payment: &Payment) -> bool {
    let failed = |told: &Message| match told {
        Message::Result { kind, .. } => match kind {
            ResultKind::AuthorizationFailed
            | ResultKind::CaptureFailed
            | ResultKind::RefundFailed
            | ResultKind::CancellationFailed => true,
            ResultKind::Authorized
            | ResultKind::Captured
            | ResultKind::Refunded
            | ResultKind::Canceled
            | ResultKind::Overpaid
            | ResultKind::Underpaid => false,
        },
        Message::Created | Message::Updated { .. } => false,
    };
    answer.payment == *payment && !answer.tell.iter().any(failed)
}
