//! What a command of the shop leads to: a call, an answer, or patience.
//!
//! Every command ends in exactly one result that names its items (rule R11). `tests/matrix.rs`
//! prints status × command.

use crate::{
    AttemptState, CommandId, Currency, Items, Message, Money, Payment, Purpose, RefundId,
    RefundState, ResultKind, Status, Transition,
};

/// A command of the shop about an order. Amounts are absolute: the shop's signs are dropped at
/// the border.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Take `amount` for `items`.
    Capture {
        /// The items shipped.
        items: Items,
        /// Gross, in minor units.
        amount: Money,
    },
    /// These items will never be captured.
    Cancel {
        /// The items canceled.
        items: Items,
    },
    /// Give `amount` back for `items`.
    Refund {
        /// The items returned.
        items: Items,
        /// Gross, in minor units.
        amount: Money,
    },
}

impl Command {
    /// The items that the result names.
    pub fn items(&self) -> &Items {
        match self {
            Self::Capture { items, .. } | Self::Cancel { items } | Self::Refund { items, .. } => {
                items
            }
        }
    }

    /// The result that says that this command failed, for the cases where no payment can be asked:
    /// its kind, and the amount it names. A cancel names no money of its own.
    pub fn failure(&self, currency: Currency) -> (ResultKind, Money) {
        match self {
            Self::Capture { amount, .. } => (ResultKind::CaptureFailed, *amount),
            Self::Cancel { .. } => (ResultKind::CancellationFailed, Money::zero(currency)),
            Self::Refund { amount, .. } => (ResultKind::RefundFailed, *amount),
        }
    }
}

/// What to do about a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Journal this call and make it.
    Call(Purpose),
    /// The open call is this command's own: a crash came in between. Go on under its key.
    Resume,
    /// No call is needed: write this.
    Answer(Box<Transition>, Why),
    /// Ask the PSP how the attempt stands, apply it, and decide again.
    Ask,
    /// Something else has to finish first.
    Wait(&'static str),
}

/// Why a command was answered without a call, for history and logs.
pub type Why = &'static str;

impl Payment {
    /// Decides a command.
    ///
    /// `asked` says that the PSP has just been asked and its answer applied, so that [`Decision::Ask`]
    /// comes at most once. `refund` is the id a new refund would get.
    pub fn decide(
        self,
        command: &Command,
        id: CommandId,
        asked: bool,
        refund: RefundId,
    ) -> Decision {
        match &self.open_call {
            Some(call) if call.command == Some(id) => return Decision::Resume,
            Some(_) => return Decision::Wait("a call to the payment provider is not settled yet"),
            None => {}
        }
        match command {
            Command::Capture { items, amount } => self.decide_capture(items, *amount, asked),
            Command::Cancel { items } => self.decide_cancel(items),
            Command::Refund { items, amount } => self.decide_refund(items, *amount, asked, refund),
        }
    }

    /// Declines a command that cannot be about this payment, for instance one in another currency.
    pub fn decline(self, command: &Command, currency: Currency, why: Why) -> Decision {
        let (kind, amount) = command.failure(currency);
        self.answer(kind, command.items(), amount, why)
    }

    fn decide_capture(self, items: &Items, amount: Money, asked: bool) -> Decision {
        let captured = items.is_subset(&self.captured_items()) || self.captured_by_itself();
        if captured && !items.is_empty() {
            return self.answer(ResultKind::Captured, items, amount, "captured already");
        }
        match self.status {
            // The webhook may be behind (rule R10).
            Status::New | Status::AuthorizationFailed if !asked && self.reference().is_some() => {
                Decision::Ask
            }
            Status::New | Status::AuthorizationFailed => {
                self.answer(ResultKind::CaptureFailed, items, amount, "nothing is authorized")
            }
            Status::CaptureRequested => Decision::Wait("a capture is being processed"),
            Status::CancelRequested => Decision::Wait("a cancel is being processed"),
            Status::Canceled => {
                let note = self.attempt().ended_because.clone();
                let why = "the payment is canceled";
                self.answer_with(ResultKind::CaptureFailed, items, amount, (why, note))
            }
            Status::Captured => {
                let why = "the payment is captured and what was left is released";
                self.answer(ResultKind::CaptureFailed, items, amount, why)
            }
            Status::Authorized
            | Status::PartiallyCaptured
            | Status::CaptureFailed
            | Status::CancellationFailed => self.decide_capture_of_hold(items, amount, asked),
        }
    }

    fn decide_capture_of_hold(self, items: &Items, amount: Money, asked: bool) -> Decision {
        if !items.is_disjoint(&self.canceled_items) {
            return self.answer(ResultKind::CaptureFailed, items, amount, "an item is canceled");
        }
        if amount.is_zero() || !self.capturable.covers(amount) {
            let why = "the amount is not within what is authorized";
            return self.answer(ResultKind::CaptureFailed, items, amount, why);
        }
        let partial = amount != self.capturable;
        if partial && self.attempt().multicapture.is_none() && !asked {
            return Decision::Ask;
        }
        let rest: Items = self.remaining_items().difference(items).copied().collect();
        let may_come_again =
            partial && !rest.is_empty() && self.attempt().multicapture == Some(true);
        Decision::Call(Purpose::Capture { items: items.clone(), amount, last: !may_come_again })
    }

    fn decide_cancel(self, items: &Items) -> Decision {
        let total = self.checkout.total;
        if items.is_subset(&self.canceled_items) && !items.is_empty() {
            return self.answer(ResultKind::Canceled, items, total, "canceled already");
        }
        if !items.is_disjoint(&self.captured_items()) || self.captured_by_itself() {
            let why = "an item is captured: refund it instead";
            return self.answer(ResultKind::CancellationFailed, items, total, why);
        }
        match self.status {
            Status::CaptureRequested => Decision::Wait("a capture is being processed"),
            Status::CancelRequested => Decision::Wait("a cancel is being processed"),
            // What an earlier capture released needs no call (rule R8).
            Status::Captured => self.cancel_items(items, "released by an earlier capture"),
            Status::Canceled => self.cancel_items(items, "canceled already"),
            Status::New
            | Status::AuthorizationFailed
            | Status::Authorized
            | Status::PartiallyCaptured
            | Status::CaptureFailed
            | Status::CancellationFailed => self.decide_cancel_of_attempt(items),
        }
    }

    fn decide_cancel_of_attempt(self, items: &Items) -> Decision {
        if !self.remaining_items().is_subset(items) {
            return self.cancel_items(items, "other items are still open");
        }
        if self.reference().is_some() {
            return Decision::Call(Purpose::Cancel { items: items.clone() });
        }
        match self.attempt().state {
            AttemptState::Refused | AttemptState::Closed => self.cancel_unborn(items),
            AttemptState::Open => Decision::Wait("the payment is being made at the provider"),
        }
    }

    /// A failed initialize left nothing at the PSP: the payment is canceled without a call.
    fn cancel_unborn(mut self, items: &Items) -> Decision {
        self.0.status = Status::Canceled;
        self.cancel_items(items, "the payment provider never had the payment")
    }

    /// Notes that these items will not be captured. The shop takes the message for the whole
    /// order, so what is still authorized is named after it (rule R8).
    fn cancel_items(mut self, items: &Items, why: &'static str) -> Decision {
        self.0.canceled_items.extend(items.iter().copied());
        let rest = self.remaining_items();
        let mut tell =
            vec![Message::result(ResultKind::Canceled, items.clone(), self.checkout.total)];
        tell.extend(self.still_authorized(&rest));
        Decision::Answer(Box::new(Transition { payment: self, tell, settled: None }), why)
    }

    fn decide_refund(
        self,
        items: &Items,
        amount: Money,
        asked: bool,
        refund: RefundId,
    ) -> Decision {
        let refunded = self.refunded_items(|state| state == RefundState::Succeeded);
        let in_flight = self.refunded_items(RefundState::in_flight);
        if items.is_subset(&refunded) && !items.is_empty() {
            return self.answer(ResultKind::Refunded, items, amount, "refunded already");
        }
        if items.is_subset(&in_flight) && !items.is_empty() {
            let unchanged = Box::new(self.unchanged());
            return Decision::Answer(unchanged, "the refund in flight will answer");
        }
        let free: Items = items
            .iter()
            .filter(|id| !refunded.contains(id) && !in_flight.contains(id))
            .copied()
            .collect();
        if free.is_empty() && !items.is_empty() {
            // Those in flight are answered by their own refund.
            let again: Items = items.intersection(&refunded).copied().collect();
            return self.answer(ResultKind::Refunded, &again, amount, "refunded already");
        }
        if free.len() < items.len() {
            let why = "some items are refunded already or being refunded";
            return self.answer(ResultKind::RefundFailed, &free, amount, why);
        }
        let left = self.captured.minus_or_zero(self.refunded_or_in_flight());
        let allowed = left.is_ok_and(|left| left.covers(amount)) && !amount.is_zero();
        if allowed {
            return Decision::Call(Purpose::Refund { refund, items: items.clone(), amount });
        }
        // The capture may have happened without our knowing yet.
        if self.captured.is_zero() && !asked && self.reference().is_some() {
            return Decision::Ask;
        }
        let why = "the amount is more than what is captured and not yet refunded";
        self.answer(ResultKind::RefundFailed, items, amount, why)
    }

    /// Answers a command that needs no call. A capture that was made before is followed by what
    /// became of the rest, a failure by what can still be captured (rule R7).
    fn answer(self, kind: ResultKind, items: &Items, amount: Money, why: Why) -> Decision {
        self.answer_with(kind, items, amount, (why, None))
    }

    /// The same, with more of the reason for the shop's operator than its kind.
    fn answer_with(
        self,
        kind: ResultKind,
        items: &Items,
        amount: Money,
        (why, more): (Why, Option<String>),
    ) -> Decision {
        let mut tell = vec![Message::result(kind, items.clone(), amount)];
        if kind == ResultKind::Captured {
            tell.extend(self.rest_of_capture());
        }
        if matches!(kind, ResultKind::CaptureFailed | ResultKind::CancellationFailed) {
            tell.extend(self.still_authorized(items));
        }
        if matches!(
            kind,
            ResultKind::CaptureFailed | ResultKind::CancellationFailed | ResultKind::RefundFailed
        ) {
            let status = self.shop_status();
            let note = more.map_or_else(|| why.to_owned(), |more| format!("{why}: {more}"));
            tell.push(Message::Updated { from: status, to: status, note: Some(note) });
        }
        Decision::Answer(Box::new(Transition { payment: self, tell, settled: None }), why)
    }
}
