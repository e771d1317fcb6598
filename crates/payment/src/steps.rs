//! The steps that the cells of the state machine are made of: each changes the payment, settles the
//! call it belongs to, and says what the shop is told.

use crate::machine::{NotAllowed, Settlement, Transition};
use crate::record::{Capture, CaptureOrigin, CaptureState};
use crate::{
    AttemptState, Call, Event, Items, Message, Money, Payment, Purpose, ResultKind, Status,
};

type Applied = Result<Transition, NotAllowed>;

impl Payment {
    pub(crate) fn not_allowed(self, event: &Event) -> Applied {
        Err(NotAllowed { status: self.status, event: event.name() })
    }

    pub(crate) fn unchanged(self) -> Transition {
        Transition { payment: self, tell: Vec::new(), settled: None }
    }

    /// Nothing moved, but an operator of the shop wants to see it.
    pub(crate) fn noted(self, note: &str) -> Transition {
        let status = self.shop_status();
        let tell = vec![Message::Updated { from: status, to: status, note: Some(note.to_owned()) }];
        Transition { payment: self, tell, settled: None }
    }

    pub(crate) fn settle(&mut self, succeeded: bool, reason: Option<String>) -> Option<Settlement> {
        let call = self.0.open_call.take()?;
        Some(Settlement { call: call.id, succeeded, reason })
    }

    pub(crate) fn open_purpose(&self) -> Option<Purpose> {
        self.open_call.as_ref().map(|call| call.purpose.clone())
    }

    pub(crate) fn open_capture(&self) -> Option<(Items, Money)> {
        match self.open_purpose()? {
            Purpose::Capture { items, amount, .. } => Some((items, amount)),
            Purpose::Create
            | Purpose::Update(_)
            | Purpose::Cancel { .. }
            | Purpose::Refund { .. }
            | Purpose::Transfer(_)
            | Purpose::Reverse(_) => None,
        }
    }

    pub(crate) fn open_cancel(&self) -> Option<Items> {
        match self.open_purpose()? {
            Purpose::Cancel { items } => Some(items),
            Purpose::Create
            | Purpose::Update(_)
            | Purpose::Capture { .. }
            | Purpose::Refund { .. }
            | Purpose::Transfer(_)
            | Purpose::Reverse(_) => None,
        }
    }

    /// Our change of the amount was refused; another open call is none of its business.
    pub(crate) fn update_refused(mut self, reason: String) -> Transition {
        if !matches!(self.open_purpose(), Some(Purpose::Update(_))) {
            return self.unchanged();
        }
        let settled = self.settle(false, Some(reason));
        Transition { payment: self, tell: Vec::new(), settled }
    }

    pub(crate) fn created(mut self, reference: crate::PspReference) -> Transition {
        if self.reference().is_some() {
            return self.unchanged();
        }
        self.0.attempt_mut().reference = Some(reference);
        let own = matches!(self.open_purpose(), Some(Purpose::Create));
        let settled = own.then(|| self.settle(true, None)).flatten();
        Transition { payment: self, tell: vec![Message::Created], settled }
    }

    pub(crate) fn creation_refused(mut self, reason: String) -> Transition {
        if !matches!(self.open_purpose(), Some(Purpose::Create)) {
            return self.unchanged();
        }
        self.0.attempt_mut().state = AttemptState::Refused;
        let settled = self.settle(false, Some(reason));
        Transition { payment: self, tell: Vec::new(), settled }
    }

    pub(crate) fn amount_updated(mut self) -> Transition {
        let Some(Purpose::Update(checkout)) = self.open_purpose() else { return self.unchanged() };
        // Nothing is held or captured of an unpaid attempt; its currency may change as well.
        let zero = Money::zero(checkout.total.currency());
        self.0.authorized = zero;
        self.0.capturable = zero;
        self.0.captured = zero;
        if self.received.currency() != zero.currency() {
            self.0.received = zero;
        }
        // What a pre-order is to be confirmed for is linked in a step of its own, which can be
        // refused.
        self.0.checkout = if self.is_pre_order() { checkout.as_cart() } else { *checkout };
        let settled = self.settle(true, None);
        Transition { payment: self, tell: Vec::new(), settled }
    }

    pub(crate) fn authorize(mut self, capturable: Money, multicapture: Option<bool>) -> Transition {
        // The shopper was faster than a change of the amount: the change came too late.
        let settled = self.overtaken_update();
        self.0.authorized = capturable;
        self.0.capturable = capturable;
        self.0.status = Status::Authorized;
        let items = self.remaining_items();
        let tell = vec![Message::result(ResultKind::Authorized, items, capturable)];
        let payment = self.with_details(None, multicapture);
        Transition { payment, tell, settled }
    }

    pub(crate) fn overtaken_update(&mut self) -> Option<Settlement> {
        let Some(Purpose::Update(_)) = self.open_purpose() else { return None };
        self.settle(false, Some("the payment was paid before its amount changed".into()))
    }

    pub(crate) fn authorization_failed(mut self) -> Transition {
        self.0.status = Status::AuthorizationFailed;
        let (items, total) = (self.remaining_items(), self.checkout.total);
        let tell = vec![Message::result(ResultKind::AuthorizationFailed, items, total)];
        Transition { payment: self, tell, settled: None }
    }

    /// A capture was seen before its authorization: the shop must hear of both, in order.
    pub(crate) fn authorize_then_capture(self, total: Money, capturable: Money) -> Transition {
        let held = total.plus(capturable).unwrap_or(total);
        let first = self.authorize(held, None);
        let mut second = first.payment.capture(total, capturable);
        let mut tell = first.tell;
        tell.append(&mut second.tell);
        Transition { payment: second.payment, tell, settled: first.settled.or(second.settled) }
    }

    /// The PSP says again that money is held: only what can be captured may have changed.
    pub(crate) fn hold_confirmed(
        mut self,
        capturable: Money,
        multicapture: Option<bool>,
    ) -> Transition {
        if !self.authorized.covers(capturable) {
            self.0.authorized = capturable;
        }
        // A message from before a capture must not bring back what was captured since.
        let rest = self.authorized.minus_or_zero(self.captured).unwrap_or(capturable);
        if rest.covers(capturable) {
            self.0.capturable = capturable;
        }
        self.with_details(None, multicapture).unchanged()
    }

    /// Paying failed after the PSP had begun to capture: nothing is held any more.
    pub(crate) fn hold_lost(mut self) -> Self {
        self.0.capturable = Money::zero(self.checkout.total.currency());
        self
    }

    /// The PSP accepted our capture and works on it (conformance case 35).
    pub(crate) fn capture_accepted(mut self) -> Transition {
        let Some(Call { id, purpose: Purpose::Capture { items, amount, .. }, .. }) =
            self.open_call.clone()
        else {
            return self.unchanged();
        };
        let origin = CaptureOrigin::Call(id);
        self.0.captures.push(Capture { origin, items, amount, state: CaptureState::Pending });
        self.0.status = Status::CaptureRequested;
        let settled = self.settle(true, None);
        Transition { payment: self, tell: Vec::new(), settled }
    }

    /// The PSP says how much was captured in all. What is new of it is our open call's where the
    /// amounts agree; else somebody captured at the PSP, or the method captures by itself.
    pub(crate) fn capture(mut self, total: Money, capturable: Money) -> Transition {
        let Ok(new) = total.minus_or_zero(self.captured) else { return self.unchanged() };
        if new.is_zero() {
            return self.closed_without_money(capturable);
        }
        let (own, settled) = self.take_own_capture(new);
        self.0.captured = total;
        self.0.capturable = capturable;
        if !self.authorized.covers(total) {
            self.0.authorized = total;
        }
        let tell = match own {
            Some(items) => self.own_capture_done(items, new),
            None => self.foreign_capture_done(new),
        };
        Transition { payment: self, tell, settled }
    }

    /// Finds the capture of ours that `new` money belongs to, and marks it succeeded.
    pub(crate) fn take_own_capture(&mut self, new: Money) -> (Option<Items>, Option<Settlement>) {
        let pending = self
            .0
            .captures
            .iter_mut()
            .find(|capture| capture.state == CaptureState::Pending && capture.amount == new);
        if let Some(capture) = pending {
            capture.state = CaptureState::Succeeded;
            return (Some(capture.items.clone()), None);
        }
        match self.open_call.clone() {
            Some(Call { id, purpose: Purpose::Capture { items, amount, .. }, .. })
                if amount == new =>
            {
                self.0.captures.push(Capture {
                    origin: CaptureOrigin::Call(id),
                    items: items.clone(),
                    amount,
                    state: CaptureState::Succeeded,
                });
                (Some(items), self.settle(true, None))
            }
            Some(_) | None => (None, None),
        }
    }

    /// Our capture went through. The shop takes a partial one for the whole order, so the rest is
    /// named at once: still authorized, or failed because the PSP released it (rule R7).
    pub(crate) fn own_capture_done(&mut self, items: Items, amount: Money) -> Vec<Message> {
        let mut tell = vec![Message::result(ResultKind::Captured, items, amount)];
        let open = !self.capturable.is_zero();
        self.0.status = if open { Status::PartiallyCaptured } else { Status::Captured };
        tell.extend(self.rest_of_capture());
        tell
    }

    /// The PSP says yes to our capture, and our books have its money already: an event told of it
    /// together with what somebody captured by hand, and nobody could tell the two apart. The
    /// items are ours, and the command has its result (rule R11).
    ///
    /// Returns `None` where no capture of ours is open, or the books do not have its money.
    pub fn capture_was_counted(mut self) -> Option<Transition> {
        let Call { id, purpose: Purpose::Capture { items, amount, .. }, .. } =
            self.open_call.clone()?
        else {
            return None;
        };
        let counted = |capture: &&mut Capture| {
            capture.origin == CaptureOrigin::Psp
                && capture.state == CaptureState::Succeeded
                && capture.amount.covers(amount)
        };
        let by_hand = self.0.captures.iter_mut().rev().find(counted)?;
        // One of the whole order names our items among its own.
        if by_hand.items.is_empty() {
            by_hand.amount = by_hand.amount.minus_or_zero(amount).ok()?;
            let origin = CaptureOrigin::Call(id);
            let state = CaptureState::Succeeded;
            self.0.captures.push(Capture { origin, items: items.clone(), amount, state });
        }
        let settled = self.settle(true, None);
        let tell = self.own_capture_done(items, amount);
        Some(Transition { payment: self, tell, settled })
    }

    /// What the shop must hear of the other items whenever it hears of captured ones (rule R7).
    pub(crate) fn rest_of_capture(&self) -> Option<Message> {
        let rest = self.remaining_items();
        if rest.is_empty() {
            return None;
        }
        if !self.capturable.is_zero() {
            return Some(Message::result(ResultKind::Authorized, rest, self.capturable));
        }
        let released = self.authorized.minus_or_zero(self.captured).unwrap_or(self.capturable);
        Some(Message::result(ResultKind::CaptureFailed, rest, released))
    }

    /// Somebody captured at the PSP, or the method captures by itself (rule R14).
    pub(crate) fn foreign_capture_done(&mut self, amount: Money) -> Vec<Message> {
        let total = self.checkout.total;
        let whole = self.captured.covers(total);
        let rest = self.remaining_items();
        let items = if whole { rest.clone() } else { Items::new() };
        let origin = CaptureOrigin::Psp;
        self.0.captures.push(Capture { origin, items, amount, state: CaptureState::Succeeded });
        let open = !self.capturable.is_zero();
        self.0.status = if open { Status::PartiallyCaptured } else { Status::Captured };
        if !whole {
            return vec![Message::result(ResultKind::Underpaid, self.items(), self.captured)];
        }
        let mut tell = Vec::new();
        if !rest.is_empty() {
            tell.push(Message::result(ResultKind::Captured, rest, amount));
        }
        if !total.covers(self.came_in()) {
            tell.push(Message::result(ResultKind::Overpaid, self.items(), self.came_in()));
        }
        tell
    }

    /// The PSP closed the attempt, and no money came with it: what was left was released.
    pub(crate) fn closed_without_money(self, capturable: Money) -> Transition {
        if self.captured.is_zero() || !capturable.is_zero() {
            return self.unchanged();
        }
        match self.status {
            Status::PartiallyCaptured
            | Status::CaptureRequested
            | Status::CaptureFailed
            | Status::CancellationFailed => self.release(None),
            Status::New
            | Status::AuthorizationFailed
            | Status::Authorized
            | Status::Captured
            | Status::CancelRequested
            | Status::Canceled => self.unchanged(),
        }
    }

    /// Our capture came to nothing. If all its items turn out to be captured, it is a repeat.
    pub(crate) fn capture_refused(mut self, reason: String) -> Transition {
        let Some((items, amount)) = self.take_failed_capture() else { return self.unchanged() };
        let captured = self.captured_items();
        if items.iter().all(|item| captured.contains(item)) {
            let settled = self.settle(false, Some(reason));
            let mut tell = vec![Message::result(ResultKind::Captured, items, amount)];
            tell.extend(self.rest_of_capture());
            return Transition { payment: self, tell, settled };
        }
        if !matches!(self.status, Status::Canceled | Status::Captured) {
            self.0.status = Status::CaptureFailed;
        }
        let mut tell = vec![Message::result(ResultKind::CaptureFailed, items.clone(), amount)];
        tell.extend(self.still_authorized(&items));
        let settled = self.settle(false, Some(reason));
        Transition { payment: self, tell, settled }
    }

    pub(crate) fn take_failed_capture(&mut self) -> Option<(Items, Money)> {
        if let Some(open) = self.open_capture() {
            return Some(open);
        }
        let pending =
            self.0.captures.iter_mut().find(|capture| capture.state == CaptureState::Pending)?;
        pending.state = CaptureState::Failed;
        Some((pending.items.clone(), pending.amount))
    }

    /// After a failure that leaves the hold in place the shop must know that these items can
    /// still be captured (rule R7).
    pub(crate) fn still_authorized(&self, items: &Items) -> Option<Message> {
        let rest = self.remaining_items();
        let items: Items = items.intersection(&rest).copied().collect();
        if self.capturable.is_zero() || items.is_empty() {
            return None;
        }
        Some(Message::result(ResultKind::Authorized, items, self.capturable))
    }

    /// The attempt is canceled and nothing was captured of it.
    pub(crate) fn cancel(mut self, reason: Option<String>) -> Transition {
        let before = self.shop_status();
        let items = self.open_cancel().unwrap_or_else(|| self.remaining_items());
        let pending = self.pending_capture().map(|c| (c.items.clone(), c.amount));
        let failed = self.open_capture().or(pending);
        let mut tell: Vec<_> = failed
            .into_iter()
            .map(|(items, amount)| Message::result(ResultKind::CaptureFailed, items, amount))
            .collect();
        self.fail_pending_captures();
        let settled = self.settle_by_cancel();
        self.0.capturable = Money::zero(self.checkout.total.currency());
        self.0.canceled_items.extend(items.iter().copied());
        self.close_attempt(reason);
        if !items.is_empty() {
            tell.push(Message::result(ResultKind::Canceled, items, self.checkout.total));
        }
        if !self.received.is_zero() {
            let note = Some(format!("{} had come in: give it back at the provider", self.received));
            tell.push(Message::Updated { from: before, to: self.shop_status(), note });
        }
        Transition { payment: self, tell, settled }
    }

    pub(crate) fn close_attempt(&mut self, reason: Option<String>) {
        self.0.status = Status::Canceled;
        let attempt = self.0.attempt_mut();
        attempt.state = AttemptState::Closed;
        attempt.ended_because = reason;
    }

    /// What was left of a partly captured payment is released. A capture that was under way comes
    /// to nothing by it, and its command is answered with its own items (rule R11).
    pub(crate) fn release(mut self, reason: Option<String>) -> Transition {
        let mut released = self.capturable;
        let pending = self.pending_capture().map(|c| (c.items.clone(), c.amount));
        let failed = self.open_capture().or(pending);
        let (kind, mut rest) = match self.open_cancel() {
            Some(items) => (ResultKind::Canceled, items),
            None => (ResultKind::CaptureFailed, self.remaining_items()),
        };
        let mut tell = Vec::new();
        if let Some((items, amount)) = failed {
            rest.retain(|item| !items.contains(item));
            released = released.minus_or_zero(amount).unwrap_or(released);
            tell.push(Message::result(ResultKind::CaptureFailed, items, amount));
        }
        self.fail_pending_captures();
        // What is done with what was captured goes on.
        let goes_on = self.open_purpose().is_some_and(|open| open.moves_captured_money());
        let settled = if goes_on { None } else { self.settle_by_cancel() };
        if kind == ResultKind::Canceled {
            self.0.canceled_items.extend(rest.iter().copied());
        }
        self.0.capturable = Money::zero(self.checkout.total.currency());
        self.0.status = Status::Captured;
        self.0.attempt_mut().ended_because = reason;
        if !rest.is_empty() {
            tell.push(Message::result(kind, rest, released));
        }
        Transition { payment: self, tell, settled }
    }

    pub(crate) fn fail_pending_captures(&mut self) {
        for capture in &mut self.0.captures {
            if capture.state == CaptureState::Pending {
                capture.state = CaptureState::Failed;
            }
        }
    }

    pub(crate) fn settle_by_cancel(&mut self) -> Option<Settlement> {
        let wanted = self.open_cancel().is_some();
        let reason = (!wanted).then(|| "the payment was canceled".to_owned());
        self.settle(wanted, reason)
    }

    pub(crate) fn canceled_again(mut self) -> Transition {
        let Some(items) = self.open_cancel() else { return self.unchanged() };
        let settled = self.settle(true, None);
        let tell = vec![Message::result(ResultKind::Canceled, items, self.checkout.total)];
        Transition { payment: self, tell, settled }
    }

    pub(crate) fn cancel_refused(mut self, reason: String, processing: bool) -> Transition {
        let Some(items) = self.open_cancel() else { return self.unchanged() };
        let settled = self.settle(false, Some(reason));
        if processing {
            self.0.status = Status::CancelRequested;
            return Transition { payment: self, tell: Vec::new(), settled };
        }
        if self.status != Status::Captured {
            self.0.status = Status::CancellationFailed;
        }
        // A cancel that no command asked for names no items, and nobody waits for its result.
        let mut tell = Vec::new();
        if !items.is_empty() {
            let (kind, total) = (ResultKind::CancellationFailed, self.checkout.total);
            tell.push(Message::result(kind, items.clone(), total));
        }
        tell.extend(self.still_authorized(&items));
        Transition { payment: self, tell, settled }
    }

    pub(crate) fn captured_after_cancel(mut self, total: Money) -> Transition {
        let Ok(new) = total.minus_or_zero(self.captured) else { return self.unchanged() };
        if new.is_zero() {
            return self.unchanged();
        }
        let reason = || Some("the payment was captured before the cancel".to_owned());
        let settled = self.open_cancel().and_then(|_| self.settle(false, reason()));
        self.0.captured = total;
        self.0.capturable = Money::zero(total.currency());
        if !self.authorized.covers(total) {
            self.0.authorized = total;
        }
        self.0.captures.push(Capture {
            origin: CaptureOrigin::Psp,
            items: self.items(),
            amount: new,
            state: CaptureState::Succeeded,
        });
        Transition { payment: self, tell: Vec::new(), settled }
    }
}
