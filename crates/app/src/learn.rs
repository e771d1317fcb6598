//! Applies what was learned from the PSP to a payment, and writes it down.

use jiff::Timestamp;
use payment::{
    CommandId, Event, Message, NotAllowed, Payment, Purpose, Settlement, Status, Transition,
};

use crate::context::Context;
use crate::messages;
use crate::ports::{
    Commit, CommitOutcome, Expected, HistoryEntry, InboxSettlement, IntentView, PaymentChange,
    StoreError, Stored,
};

/// Facts in the order in which they happened, with what is known about the money's source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Learned {
    pub facts: Vec<Event>,
    pub method: Option<String>,
    pub multicapture: Option<bool>,
}

impl From<&IntentView> for Learned {
    fn from(view: &IntentView) -> Self {
        Self { facts: view.facts(), method: view.method.clone(), multicapture: view.multicapture }
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
        moved.payment = moved.payment.with_details(learned.method.clone(), learned.multicapture);
        for fact in &learned.facts {
            moved = moved.apply(fact.clone(), now);
        }
        moved
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
        self.payment = payment;
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
        self.store.commit(Commit { tenant, now, payment, messages, inbox, ends: moved.ends }).await
    }

    /// Journals a call and reads the payment again; `None` where somebody else was faster.
    pub(crate) async fn journal(
        &self,
        stored: Stored,
        purpose: Purpose,
        command: Option<CommandId>,
    ) -> Result<Option<Stored>, StoreError> {
        let now = self.entropy.now();
        let Some(planned) = self.plan(stored.value.clone(), purpose, command) else {
            return Ok(None);
        };
        let moved = Moved::start(planned);
        match self.write(&stored, moved.clone(), None).await? {
            CommitOutcome::Committed => {
                tracing::debug!(payment = %stored.value.id, at = %now, "call journaled");
                Ok(Some(Stored { value: moved.payment, version: stored.version + 1 }))
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
            | Purpose::Refund { .. } => id.to_string(),
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
