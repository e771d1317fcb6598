//! Carries out an event of the PSP that came in: finds its payment and applies what it says.

use payment::{Event, Payment, Purpose, RefundFact, RefundId};

use crate::context::Context;
use crate::late_refunds;
use crate::learn::{Learned, Moved};
use crate::limits::{CONFLICTS_MAX, UNKNOWN_PAYMENT_WAIT};
use crate::ports::{
    CommitOutcome, InboxClaim, InboxOutcome, InboxSettlement, IntentState, PspEvent, PspFact,
    Stored,
};
use crate::problem::Problem;

impl Context {
    /// Carries out an event and ends its inbox row.
    ///
    /// # Errors
    /// [`Problem`]: the row is still there and leased.
    pub(crate) async fn apply_event(&self, claim: &InboxClaim) -> Result<(), Problem> {
        let event = self
            .psp
            .read_event(&claim.item.body)
            .map_err(|rejected| Problem::Broken(rejected.to_string()))?;
        if event.fact == Some(PspFact::Account) {
            return self.apply_account_event(claim, &event).await;
        }
        for _ in 0..CONFLICTS_MAX {
            let Some(stored) = self.payment_of(claim, &event).await? else {
                return self.end_without_payment(claim, &event).await;
            };
            if waits_for_cancel(&stored.value, &event) {
                return Err(Problem::Later("a cancel of the payment is under way".into()));
            }
            let Some(learned) = self.learned_from(&stored, &event).await? else {
                let note = format!("{}: nothing to do", event.kind);
                return self.end(claim, InboxOutcome::Done(note)).await;
            };
            let now = self.entropy.now();
            let moved = Moved::start(stored.value.clone()).learn(&learned, now);
            let note = match moved.ignored.as_slice() {
                [] => format!("{}: applied", event.kind),
                [first, ..] => format!("{}: ignored: {first}", event.kind),
            };
            count(if moved.ignored.is_empty() { "applied" } else { "ignored" });
            let owing = self.plan_what_is_owed(&moved.payment);
            let moved = Moved { payment: owing.clone().unwrap_or(moved.payment), ..moved };
            let settlement = self.settlement(claim, InboxOutcome::Done(note));
            match (self.write(&stored, moved, Some(settlement)).await?, owing) {
                (CommitOutcome::Committed, Some(value)) => {
                    report(&stored.value, &event);
                    let journaled = Stored { value, version: stored.version + 1 };
                    return self.carry_out(journaled).await.map(|_| ());
                }
                (CommitOutcome::Committed, None) => {
                    report(&stored.value, &event);
                    return Ok(());
                }
                (CommitOutcome::Duplicate, _) => return Ok(()),
                (CommitOutcome::Conflict, _) => {}
            }
        }
        Err(Problem::Later("the payment changes too quickly".into()))
    }

    /// What comes in after a cancel is given back (rule R9). The call is journaled with the event
    /// that brought the money: whatever happens then, it is open, and found as such.
    pub(crate) fn plan_what_is_owed(&self, payment: &Payment) -> Option<Payment> {
        let purpose = payment.owed(|| RefundId::new(self.entropy.new_id()))?;
        self.plan(payment.clone(), purpose, None)
    }

    /// The payment that an event is about, by the PSP's name of the attempt or by our metadata.
    async fn payment_of(
        &self,
        claim: &InboxClaim,
        event: &PspEvent,
    ) -> Result<Option<Stored>, Problem> {
        let tenant = &claim.item.tenant;
        if let Some(reference) = &event.subject.reference
            && let Some(stored) = self.store.payment_by_reference(tenant, reference).await?
        {
            return Ok(Some(stored));
        }
        match event.subject.payment {
            Some(id) if self.is_ours(claim, event).await? => {
                Ok(self.store.payment(tenant, id).await?)
            }
            Some(_) | None => Ok(None),
        }
    }

    /// Whether our metadata is on the object: this tenant's, made by this installation (rule R4).
    async fn is_ours(&self, claim: &InboxClaim, event: &PspEvent) -> Result<bool, Problem> {
        let installation = self.store.installation().await?;
        Ok(event.subject.installation == Some(installation)
            && event.subject.tenant.as_ref() == Some(&claim.item.tenant))
    }

    /// No payment is known for the event. One of ours is waited for; any other is foreign.
    async fn end_without_payment(
        &self,
        claim: &InboxClaim,
        event: &PspEvent,
    ) -> Result<(), Problem> {
        if !self.is_ours(claim, event).await? {
            count("foreign");
            return self.end(claim, InboxOutcome::Foreign).await;
        }
        let now = self.entropy.now();
        if now.duration_since(claim.item.received_at) > UNKNOWN_PAYMENT_WAIT {
            let reason = format!(
                "{}: names a payment of ours that is not in the database; was a backup restored?",
                event.kind
            );
            return self.end(claim, InboxOutcome::Parked(reason)).await;
        }
        self.end(claim, self.put_off(claim, "the payment is not known yet".to_owned())).await
    }

    /// What an event says about the payment; `None` where it says nothing.
    async fn learned_from(
        &self,
        stored: &Stored,
        event: &PspEvent,
    ) -> Result<Option<Learned>, Problem> {
        if !about_current_attempt(&stored.value, event) {
            return self.learned_of_superseded(&stored.value, event).await;
        }
        let learned = match &event.fact {
            None | Some(PspFact::Account) => return Ok(None),
            Some(PspFact::Intent(view)) => Learned::from(view),
            Some(PspFact::Failed { view, reason, retriable }) => {
                let mut learned = Learned::from(view);
                let (reason, retriable) = (reason.clone(), *retriable);
                learned.facts.push(Event::Failed { reason, retriable });
                learned
            }
            Some(PspFact::Charge { method, multicapture, charge }) => Learned {
                method: method.clone(),
                multicapture: *multicapture,
                charge: charge.clone(),
                ..Learned::default()
            },
            Some(PspFact::Refund(fact)) => {
                let mut learned = self.money_before_refund(&stored.value, fact).await?;
                learned.facts.push(Event::Refund(fact.clone()));
                learned
            }
            Some(PspFact::Overfunded { left }) => {
                Learned { facts: vec![Event::Overfunded { left: *left }], ..Learned::default() }
            }
            Some(PspFact::Disputed { note, dispute }) => Learned {
                facts: vec![Event::Disputed { note: note.clone() }],
                dispute: Some(dispute.clone()),
                ..Learned::default()
            },
        };
        Ok(Some(learned))
    }

    /// What still happens to the money of an attempt that a later one replaced. That one was over
    /// at the PSP before the later one began, so nothing comes in for it any more; but what was
    /// given back may come back, and a bank may dispute it (rule R2). The PSP tells it in more than
    /// one event, and it is news once.
    async fn learned_of_superseded(
        &self,
        payment: &Payment,
        event: &PspEvent,
    ) -> Result<Option<Learned>, Problem> {
        let Some(note) = news_of_superseded(event) else { return Ok(None) };
        let history = self.store.history(&payment.tenant, payment.id).await?;
        if history.iter().any(|entry| entry.note.as_ref() == Some(&note)) {
            return Ok(None);
        }
        let facts = vec![Event::Superseded { note }];
        Ok(Some(Learned { facts, ..Learned::default() }))
    }

    /// A refund of money whose capture we have not heard of: the capture's event is behind. Ask,
    /// so that the shop hears of both in order.
    async fn money_before_refund(
        &self,
        payment: &Payment,
        fact: &RefundFact,
    ) -> Result<Learned, Problem> {
        let (false, Some(reference)) = (payment.covers_refund(fact), payment.reference()) else {
            return Ok(Learned::default());
        };
        let credentials = self.credentials_of(payment).await?;
        let view = self.psp.retrieve(&credentials, reference).await.map_err(Problem::from_psp)?;
        Ok(Learned::from(&view))
    }

    /// Ends or postpones an inbox row.
    pub(crate) async fn end(
        &self,
        claim: &InboxClaim,
        outcome: InboxOutcome,
    ) -> Result<(), Problem> {
        self.store.settle_inbox(self.settlement(claim, outcome)).await?;
        Ok(())
    }

    pub(crate) fn settlement(&self, claim: &InboxClaim, outcome: InboxOutcome) -> InboxSettlement {
        InboxSettlement {
            tenant: claim.item.tenant.clone(),
            id: claim.item.id,
            fence: claim.fence,
            now: self.entropy.now(),
            outcome,
        }
    }
}

/// Whether what the PSP says of money that may come waits for the answer to a cancel. That may be an
/// old no, "it is being processed", which is repeated under its key for long: written over the event
/// that the money came, or that it never will, it would leave nobody to make the cancel again, or to
/// give the money back (rule R9).
fn waits_for_cancel(payment: &Payment, event: &PspEvent) -> bool {
    let canceling = payment
        .open_call
        .as_ref()
        .is_some_and(|call| matches!(call.purpose, Purpose::Cancel { .. }));
    let nothing_in = payment.capturable.is_zero() && payment.captured.is_zero();
    canceling && nothing_in && about_current_attempt(payment, event) && says_of_money(event)
}

fn says_of_money(event: &PspEvent) -> bool {
    match &event.fact {
        Some(PspFact::Failed { .. }) => true,
        Some(PspFact::Intent(view)) => !matches!(view.state, IntentState::Canceled { .. }),
        Some(
            PspFact::Account
            | PspFact::Charge { .. }
            | PspFact::Refund(_)
            | PspFact::Overfunded { .. }
            | PspFact::Disputed { .. },
        )
        | None => false,
    }
}

/// Events touch their own attempt only (rule R2): what an attempt that is over still says changes
/// nothing of the one that counts.
fn about_current_attempt(payment: &Payment, event: &PspEvent) -> bool {
    let attempt = payment.attempt();
    match (&attempt.reference, &event.subject.reference) {
        (Some(ours), Some(theirs)) => ours == theirs,
        (None, _) => event.subject.attempt == Some(attempt.id),
        (Some(_), None) => event.subject.attempt.is_none_or(|theirs| theirs == attempt.id),
    }
}

fn news_of_superseded(event: &PspEvent) -> Option<String> {
    match event.fact.as_ref()? {
        PspFact::Refund(fact) if fact.state.came_to_nothing() => {
            let (refund, amount) = (&fact.reference, fact.amount);
            Some(format!("the refund {refund} of {amount} of an earlier attempt failed"))
        }
        PspFact::Disputed { note, .. } => Some(format!("of an earlier attempt: {note}")),
        PspFact::Refund(_)
        | PspFact::Intent(_)
        | PspFact::Failed { .. }
        | PspFact::Charge { .. }
        | PspFact::Overfunded { .. }
        | PspFact::Account => None,
    }
}

/// What an operator counts or acts on, told once the event is committed.
fn report(payment: &Payment, event: &PspEvent) {
    match &event.fact {
        Some(PspFact::Disputed { .. }) => {
            let kind = event.kind.clone();
            metrics::counter!("paybridge_disputes_total", "event" => kind).increment(1);
        }
        Some(PspFact::Refund(fact))
            if fact.state.came_to_nothing() && !about_current_attempt(payment, event) =>
        {
            late_refunds::alert(payment, Some(&fact.reference), fact.amount);
        }
        Some(
            PspFact::Refund(_)
            | PspFact::Intent(_)
            | PspFact::Failed { .. }
            | PspFact::Charge { .. }
            | PspFact::Overfunded { .. }
            | PspFact::Account,
        )
        | None => {}
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("paybridge_events_total", "outcome" => outcome).increment(1);
}
