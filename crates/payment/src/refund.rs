//! Refunds: what a fact about one does to the payment and to the shop's knowledge.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    Items, Message, Money, Payment, Purpose, Refund, RefundFact, RefundId, RefundState, ResultKind,
    Status, Transition,
};

impl Payment {
    pub(crate) fn add_requested_refund(&mut self, id: RefundId, items: Items, amount: Money) {
        let state = RefundState::Requested;
        let succeeded_at = None;
        self.0.refunds.push(Refund { id, reference: None, items, amount, state, succeeded_at });
    }

    /// Notes the time at refunds that have succeeded since the last look: one that fails long
    /// afterwards needs a person (rule R13).
    pub fn with_refunds_dated(mut self, now: Timestamp) -> Self {
        for refund in &mut self.0.refunds {
            if refund.state == RefundState::Succeeded && refund.succeeded_at.is_none() {
                refund.succeeded_at = Some(now);
            }
        }
        self
    }

    pub(crate) fn knows_refund(&self, fact: &RefundFact) -> bool {
        self.find_refund(fact).is_some()
    }

    /// Whether our books hold the money that a refund gives back: where they do not, its capture
    /// has not been told yet.
    pub fn covers_refund(&self, fact: &RefundFact) -> bool {
        if self.captured.is_zero() {
            return false;
        }
        let sum = self.refunded_or_in_flight().plus(fact.amount);
        self.knows_refund(fact)
            || fact.state.came_to_nothing()
            || sum.is_ok_and(|sum| self.captured.covers(sum))
    }

    fn find_refund(&self, fact: &RefundFact) -> Option<usize> {
        self.refunds.iter().position(|refund| {
            refund.reference.as_ref() == Some(&fact.reference) || Some(refund.id) == fact.refund
        })
    }

    /// A refund of captured money changed, or one is seen that was made in the PSP's dashboard.
    pub(crate) fn refund_changed(mut self, fact: RefundFact) -> Transition {
        let Some(index) = self.find_refund(&fact) else { return self.adopt_refund(fact) };
        let settled = self.settle_refund_call(self.refunds[index].id, &fact);
        let refund = &mut self.0.refunds[index];
        refund.reference = Some(fact.reference);
        // States only go forward: a message that comes late does not undo a later one.
        if fact.state <= refund.state {
            return Transition { payment: self, tell: Vec::new(), settled };
        }
        refund.state = fact.state;
        let (items, amount) = (refund.items.clone(), refund.amount);
        let tell = self.tell_refund(fact.state, items, amount);
        Transition { payment: self, tell, settled }
    }

    fn tell_refund(&self, state: RefundState, items: Items, amount: Money) -> Vec<Message> {
        let kind = match state {
            RefundState::Requested | RefundState::Pending => return Vec::new(),
            RefundState::Succeeded => ResultKind::Refunded,
            RefundState::Failed | RefundState::Canceled => ResultKind::RefundFailed,
        };
        // A refund made by hand for a part names no items; it is told in words only (rule R14).
        if items.is_empty() { Vec::new() } else { vec![Message::result(kind, items, amount)] }
    }

    fn settle_refund_call(&mut self, id: RefundId, fact: &RefundFact) -> Option<crate::Settlement> {
        match self.open_purpose() {
            Some(Purpose::Refund { refund, .. }) if refund == id => {
                let failed = fact.state.came_to_nothing();
                self.settle(!failed, fact.reason.clone())
            }
            Some(_) | None => None,
        }
    }

    /// A refund that somebody made in the PSP's dashboard. The shop hears of it as a result only
    /// where its items are beyond doubt: it completes the captured amount (the items not refunded
    /// yet), or it stands for exactly one failed refund (that one's items) (rule R14).
    fn adopt_refund(mut self, fact: RefundFact) -> Transition {
        if !self.captured.covers(fact.amount) {
            return self.unchanged();
        }
        let before = self.shop_status();
        let id = fact.refund.unwrap_or_else(|| RefundId::of_foreign(&fact.reference));
        let items = self.items_of_foreign_refund(fact.amount);
        self.0.refunds.push(Refund {
            id,
            reference: Some(fact.reference),
            items: items.clone(),
            amount: fact.amount,
            state: fact.state,
            succeeded_at: None,
        });
        let mut tell = self.tell_refund(fact.state, items.clone(), fact.amount);
        if items.is_empty() {
            let note = format!("{} refunded at the payment provider", fact.amount);
            let to = self.shop_status();
            tell.push(Message::Updated { from: before, to, note: Some(note) });
        }
        Transition { payment: self, tell, settled: None }
    }

    fn items_of_foreign_refund(&self, amount: Money) -> Items {
        let given_back = self.refunded_items(|state| !state.came_to_nothing());
        // What was refunded in a second try is no longer missing.
        let missing: BTreeSet<_> = self
            .refunds
            .iter()
            .filter(|refund| refund.state.came_to_nothing() && refund.amount == amount)
            .filter(|refund| refund.items.is_disjoint(&given_back))
            .map(|refund| &refund.items)
            .collect();
        if let (1, Some(only)) = (missing.len(), missing.first()) {
            return (*only).clone();
        }
        let completes =
            self.refunded_or_in_flight().plus(amount).is_ok_and(|sum| sum.covers(self.captured));
        if !completes {
            return Items::new();
        }
        self.captured_items().difference(&given_back).copied().collect()
    }

    /// The items of refunds in the states that `counts` names.
    pub(crate) fn refunded_items(&self, counts: impl Fn(RefundState) -> bool) -> Items {
        self.refunds
            .iter()
            .filter(|refund| counts(refund.state))
            .flat_map(|refund| refund.items.iter().copied())
            .collect()
    }

    /// Our refund call was refused: the refund failed, the payment stays as it was (case 44).
    pub(crate) fn refund_refused(mut self, id: RefundId, reason: String) -> Transition {
        let Some(refund) = self.0.refunds.iter_mut().find(|refund| refund.id == id) else {
            return self.unchanged();
        };
        if refund.state != RefundState::Requested {
            return self.unchanged();
        }
        refund.state = RefundState::Failed;
        let (items, amount) = (refund.items.clone(), refund.amount);
        let asked_for = self.open_call.as_ref().is_some_and(|call| call.command.is_some());
        let settled = self.settle(false, Some(reason.clone()));
        // The money of a canceled order: the shop waits for its cancel (rule R9).
        if self.status == Status::CancelRequested && !asked_for {
            let note = format!("{amount} could not be given back: {reason}");
            return Transition { settled, ..self.noted(&note) };
        }
        let tell = vec![Message::result(ResultKind::RefundFailed, items, amount)];
        Transition { payment: self, tell, settled }
    }

    /// What was captured and is neither given back nor on its way back, if anything is.
    pub(crate) fn kept(&self) -> Option<Money> {
        let kept = self.captured.minus_or_zero(self.refunded_or_in_flight()).ok()?;
        (!kept.is_zero()).then_some(kept)
    }

    /// What came in after a cancel and the PSP would not give back: a refund of ours of this very
    /// amount came to nothing. It is not asked for again by itself. The reason seldom passes, and where
    /// the PSP tells of each try, every no would bring the next one (rule R9). Another amount is
    /// another matter: it may have been too much because of a refund that we had not heard of.
    pub fn not_given_back(&self) -> Option<Money> {
        if self.status != Status::CancelRequested {
            return None;
        }
        let kept = self.kept()?;
        let tried = |refund: &Refund| {
            refund.is_ours() && refund.state.came_to_nothing() && refund.amount == kept
        };
        self.refunds.iter().any(tried).then_some(kept)
    }

    /// A refund of money that came in after a cancel: the shop hears of the cancel (rule R9). Where
    /// it fails, before that or after it, a person has to give the money back.
    pub(crate) fn refund_after_cancel(self, fact: RefundFact) -> Transition {
        let (over, failed) = (self.status == Status::Canceled, fact.state.came_to_nothing());
        let (known, amount) = (self.refunds.clone(), fact.amount);
        let reason = fact.reason.clone().unwrap_or_else(|| fact.state.name().to_owned());
        let mut done = self.refund_changed(fact);
        done.tell.clear();
        if failed && done.payment.refunds != known {
            let note = if over {
                format!("the refund of {amount} came back after the payment was canceled")
            } else {
                format!("{amount} could not be given back: {reason}")
            };
            return Transition { settled: done.settled, ..done.payment.noted(&note) };
        }
        let payment = &mut done.payment;
        let given_back = !payment.captured.is_zero() && payment.refunded().covers(payment.captured);
        if payment.status == Status::CancelRequested && given_back {
            let items = payment.items();
            payment.0.status = Status::Canceled;
            // Of an order that was told at its confirmation that it has no money, no more is told.
            if !items.is_subset(&payment.canceled_items) {
                let (kind, total) = (ResultKind::Canceled, payment.checkout.total);
                done.tell.push(Message::result(kind, items.clone(), total));
            }
            payment.0.canceled_items.extend(items);
        }
        done
    }
}
