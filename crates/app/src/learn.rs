//! Applies what was learned from the PSP to a payment. Pure: [`write`](crate::write) writes it down.

use jiff::Timestamp;
use payment::{
    CommandId, Dispute, Event, Message, NotAllowed, Payment, PayoutFact, PspChargeId, Settlement,
    Status, Transition,
};

use crate::ports::{HistoryEntry, IntentView};

/// Facts in the order in which they happened, with what is known about the money's source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Learned {
    pub facts: Vec<Event>,
    pub method: Option<String>,
    pub multicapture: Option<bool>,
    pub charge: Option<PspChargeId>,
    /// Where the money of a dispute is.
    pub dispute: Option<Dispute>,
    /// What came of passing money on, or of taking it back.
    pub payout: Option<PayoutFact>,
}

impl From<&IntentView> for Learned {
    fn from(view: &IntentView) -> Self {
        Self {
            facts: view.facts(),
            method: view.method.clone(),
            multicapture: view.multicapture,
            charge: view.charge.clone(),
            ..Self::default()
        }
    }
}

/// A payment after what was learned, and what has to be written with it.
#[derive(Clone, Debug)]
pub(crate) struct Moved {
    pub payment: Payment,
    pub tell: Vec<Message>,
    pub settled: Option<Settlement>,
    pub history: Vec<HistoryEntry>,
    /// The command whose call was settled, if it was a command's.
    pub ends: Option<CommandId>,
    /// Facts that cannot hold any more, for the note.
    pub ignored: Vec<NotAllowed>,
}

impl Moved {
    /// Nothing has happened yet.
    pub fn start(payment: Payment) -> Self {
        Self {
            payment,
            tell: Vec::new(),
            settled: None,
            history: Vec::new(),
            ends: None,
            ignored: Vec::new(),
        }
    }

    /// Applies all facts in order. One that cannot hold is noted and changes nothing.
    pub fn learn(self, learned: &Learned, now: Timestamp) -> Self {
        let mut moved = self;
        moved.payment = moved
            .payment
            .with_details(learned.method.clone(), learned.multicapture)
            .with_charge(learned.charge.clone())
            .with_dispute(learned.dispute.clone());
        for fact in &learned.facts {
            moved = moved.apply(fact.clone(), now);
        }
        match &learned.payout {
            Some(fact) => moved.settle_payout(fact.clone(), now),
            None => moved,
        }
    }

    /// Writes down what came of a call that passes money on or takes it back.
    fn settle_payout(mut self, fact: PayoutFact, now: Timestamp) -> Self {
        let before = self.payment.clone();
        let (what, note) = (fact.name(), payout_note(&before, &fact));
        self.follow(&before, before.clone().settle_payout(fact), what, note, now);
        self
    }

    /// Applies one fact.
    pub fn apply(mut self, fact: Event, now: Timestamp) -> Self {
        let before = self.payment.clone();
        let (what, note) = (fact.name(), fact.note());
        match before.clone().apply(fact) {
            Err(not_allowed) => self.ignored.push(not_allowed),
            Ok(transition) => self.follow(&before, transition, what, note, now),
        }
        self
    }

    /// A capture that the PSP has just confirmed is settled, although its money was in our books.
    pub fn counted(mut self, now: Timestamp) -> Self {
        let before = self.payment.clone();
        if let Some(transition) = before.clone().capture_was_counted() {
            self.follow(&before, transition, "captured", None, now);
        }
        self
    }

    /// Takes a transition in: its messages, its settlement and a line of history.
    pub fn follow(
        &mut self,
        before: &Payment,
        transition: Transition,
        what: &str,
        note: Option<String>,
        now: Timestamp,
    ) {
        let Transition { payment, tell, settled } = transition;
        if settled.is_some() {
            self.ends = before.open_call.as_ref().and_then(|call| call.command);
            self.settled = settled;
        }
        if payment != *before || !tell.is_empty() {
            self.history.push(entry(before.status, &payment, what, note, now));
        }
        self.tell.extend(tell);
        self.payment = payment.with_refunds_dated(now);
    }
}

/// A line of history.
pub(crate) fn entry(
    from: Status,
    after: &Payment,
    what: &str,
    note: Option<String>,
    now: Timestamp,
) -> HistoryEntry {
    HistoryEntry { at: now, what: what.to_owned(), from, to: after.status, note }
}

/// What a person reads about a payout in the history of its payment.
fn payout_note(payment: &Payment, fact: &PayoutFact) -> Option<String> {
    let reversals = || payment.transfers.iter().flat_map(|transfer| &transfer.reversals);
    match fact {
        PayoutFact::Transferred { id, reference } => {
            let transfer = payment.transfer(*id)?;
            Some(format!("{reference}: {} to {}", transfer.amount, transfer.merchant))
        }
        PayoutFact::Reversed { id, reference } => {
            let reversal = reversals().find(|reversal| reversal.id == *id)?;
            Some(format!("{reference}: {} taken back", reversal.amount))
        }
        PayoutFact::TransferRefused { reason, .. } | PayoutFact::ReversalRefused { reason, .. } => {
            Some(reason.clone())
        }
    }
}
