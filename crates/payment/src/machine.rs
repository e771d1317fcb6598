//! The state machine: what a fact from the PSP does to a payment, and what the shop is told.
//!
//! One match on the status, one function per status over the events, no wildcard: a new status or
//! event does not compile until every cell is decided. `tests/matrix.rs` prints all of them.

use jiff::Timestamp;
use thiserror::Error;

use crate::record::{Capture, CaptureOrigin, CaptureState};
use crate::{
    AttemptState, Call, CallId, Event, IdempotencyKey, Items, Message, Money, Payment, Purpose,
    ResultKind, Status,
};

/// What came of applying a fact or answering a command: everything in it is written in one
/// transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The payment as it is now.
    pub payment: Payment,
    /// What the shop is told, in this order.
    pub tell: Vec<Message>,
    /// The call whose outcome is known now, if this settled one.
    pub settled: Option<Settlement>,
}

/// The outcome of a journaled call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The call.
    pub call: CallId,
    /// Whether it did what it was made for.
    pub succeeded: bool,
    /// The PSP's reason, where it did not.
    pub reason: Option<String>,
}

/// A fact that cannot hold for a payment in this status; it is recorded and changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a payment that is {status} cannot be {event}")]
pub struct NotAllowed {
    /// Where the payment stands.
    pub status: Status,
    /// The fact's name.
    pub event: &'static str,
}

type Applied = Result<Transition, NotAllowed>;

impl Payment {
    /// Applies a fact.
    ///
    /// A fact that is known already changes nothing and tells nothing.
    ///
    /// # Errors
    /// [`NotAllowed`] where the fact cannot hold, for instance an authorization of a payment that
    /// is captured: an event that comes late.
    pub fn apply(self, event: Event) -> Result<Transition, NotAllowed> {
        let before = self.shop_status();
        let note = event.note();
        let known = self.clone();
        let mut transition = match self.status {
            Status::New => self.on_new(event),
            Status::AuthorizationFailed => self.on_authorization_failed(event),
            Status::Authorized => self.on_authorized(event),
            Status::PartiallyCaptured => self.on_partially_captured(event),
            Status::CaptureRequested => self.on_capture_requested(event),
            Status::Captured => self.on_captured(event),
            Status::CaptureFailed => self.on_capture_failed(event),
            Status::CancelRequested => self.on_cancel_requested(event),
            Status::Canceled => self.on_canceled(event),
            Status::CancellationFailed => self.on_cancellation_failed(event),
        }?;
        let after = transition.payment.shop_status();
        let news = note.is_some() && transition.payment != known;
        let told = transition.tell.iter().any(|message| matches!(message, Message::Updated { .. }));
        if (before != after || news) && !told {
            transition.tell.push(Message::Updated { from: before, to: after, note });
        }
        Ok(transition)
    }

    /// Journals a call: from now on it is the payment's one open call.
    ///
    /// Returns `None` where another call is open; its outcome comes first (rule R10).
    pub fn plan(mut self, call: Call) -> Option<Self> {
        if self.open_call.is_some() {
            return None;
        }
        if let Purpose::Refund { refund, items, amount } = &call.purpose {
            self.add_requested_refund(*refund, items.clone(), *amount);
        }
        self.0.open_call = Some(call);
        Some(self)
    }

    /// Gives the open call a new idempotency key, after the PSP has proven that nothing happened
    /// under the old one (rule R15).
    pub fn rekey(mut self, key: IdempotencyKey, now: Timestamp) -> Self {
        if let Some(call) = &mut self.0.open_call {
            call.key = key;
            call.planned_at = now;
        }
        self
    }

    /// Notes how the shopper pays and whether the attempt can be captured in several steps.
    pub fn with_details(mut self, method: Option<String>, multicapture: Option<bool>) -> Self {
        if method.is_some() {
            self.0.method = method;
        }
        if multicapture.is_some() {
            self.0.attempt_mut().multicapture = multicapture;
        }
        self
    }

    /// The call that the payment owes by itself, without a command: what comes in after a cancel
    /// is given back (rule R9).
    pub fn owed(&self, refund: impl FnOnce() -> crate::RefundId) -> Option<Purpose> {
        if self.status != Status::CancelRequested || self.open_call.is_some() {
            return None;
        }
        let items = self.remaining_items();
        if !self.capturable.is_zero() {
            return Some(Purpose::Cancel { items });
        }
        let owed = self.captured.minus_or_zero(self.refunded_or_in_flight()).ok()?;
        (!owed.is_zero()).then(|| Purpose::Refund { refund: refund(), items: self.items(), amount: owed })
    }

    fn on_new(self, event: Event) -> Applied {
        match event {
            Event::Created { reference } => Ok(self.created(reference)),
            Event::CreationRefused { reason } => Ok(self.creation_refused(reason)),
            Event::AmountUpdated => Ok(self.amount_updated()),
            Event::AmountUpdateRefused { reason } => Ok(self.update_refused(reason)),
            Event::Processing => Ok(self.noted("processing at the payment provider")),
            Event::PartiallyFunded { received } => {
                Ok(self.noted(&format!("{received} received so far")))
            }
            Event::Authorized { capturable, multicapture } => {
                Ok(self.authorize(capturable, multicapture))
            }
            Event::Failed { reason, retriable: true } => {
                Ok(self.noted(&format!("declined: {reason}")))
            }
            Event::Failed { reason: _, retriable: false } => Ok(self.authorization_failed()),
            Event::Captured { total, capturable } => {
                Ok(self.authorize_then_capture(total, capturable))
            }
            Event::Canceled { .. } => Ok(self.cancel()),
            Event::CancelRefused { reason, processing } => {
                Ok(self.cancel_refused(reason, processing))
            }
            Event::Disputed { note } => Ok(self.noted(&note)),
            Event::CaptureRefused { .. } | Event::Refund(_) | Event::RefundRefused { .. } => {
                self.not_allowed(&event)
            }
        }
    }

    fn on_authorization_failed(self, event: Event) -> Applied {
        match event {
            // The attempt can be paid again until it is canceled.
            Event::Authorized { capturable, multicapture } => {
                Ok(self.authorize(capturable, multicapture))
            }
            Event::Captured { total, capturable } => {
                Ok(self.authorize_then_capture(total, capturable))
            }
            Event::Processing => Ok(self.noted("processing at the payment provider")),
            Event::PartiallyFunded { received } => {
                Ok(self.noted(&format!("{received} received so far")))
            }
            Event::AmountUpdated => Ok(self.amount_updated()),
            Event::AmountUpdateRefused { reason } => Ok(self.update_refused(reason)),
            Event::Canceled { .. } => Ok(self.cancel()),
            Event::CancelRefused { reason, processing } => {
                Ok(self.cancel_refused(reason, processing))
            }
            Event::Created { .. } | Event::Failed { .. } => Ok(self.unchanged()),
            Event::Disputed { note } => Ok(self.noted(&note)),
            Event::CreationRefused { .. }
            | Event::CaptureRefused { .. }
            | Event::Refund(_)
            | Event::RefundRefused { .. } => self.not_allowed(&event),
        }
    }

    fn on_authorized(self, event: Event) -> Applied {
        match event {
            Event::Authorized { capturable, multicapture } => {
                Ok(self.hold_confirmed(capturable, multicapture))
            }
            Event::Processing => Ok(self.capture_accepted()),
            // A decline from before the authorization, told late. A capture that fails says so in
            // its answer.
            Event::Failed { .. } => Ok(self.unchanged()),
            Event::Captured { total, capturable } => Ok(self.capture(total, capturable)),
            Event::CaptureRefused { reason } => Ok(self.capture_refused(reason)),
            Event::Canceled { .. } => Ok(self.cancel()),
            Event::CancelRefused { reason, processing } => {
                Ok(self.cancel_refused(reason, processing))
            }
            Event::AmountUpdateRefused { reason } => Ok(self.update_refused(reason)),
            Event::Created { .. } => Ok(self.unchanged()),
            Event::Disputed { note } => Ok(self.noted(&note)),
            Event::CreationRefused { .. }
            | Event::AmountUpdated
            | Event::PartiallyFunded { .. }
            | Event::Refund(_)
            | Event::RefundRefused { .. } => self.not_allowed(&event),
        }
    }

    fn on_partially_captured(self, event: Event) -> Applied {
        match event {
            Event::Authorized { capturable, multicapture } => {
                Ok(self.hold_confirmed(capturable, multicapture))
            }
            Event::Processing => Ok(self.capture_accepted()),
            // A decline from before the authorization, told late. A capture that fails says so in
            // its answer.
            Event::Failed { .. } => Ok(self.unchanged()),
            Event::Captured { total, capturable } => Ok(self.capture(total, capturable)),
            Event::CaptureRefused { reason } => Ok(self.capture_refused(reason)),
            Event::Canceled { .. } => Ok(self.release()),
            Event::CancelRefused { reason, processing } => {
                Ok(self.cancel_refused(reason, processing))
            }
            Event::Refund(fact) => Ok(self.refund_changed(fact)),
            Event::RefundRefused { refund, reason } => Ok(self.refund_refused(refund, reason)),
            Event::Created { .. } => Ok(self.unchanged()),
            Event::Disputed { note } => Ok(self.noted(&note)),
            Event::CreationRefused { .. }
            | Event::AmountUpdated
            | Event::AmountUpdateRefused { .. }
            | Event::PartiallyFunded { .. } => self.not_allowed(&event),
        }
    }

    fn on_capture_requested(self, event: Event) -> Applied {
        match event {
            Event::Captured { total, capturable } => Ok(self.capture(total, capturable)),
            Event::CaptureRefused { reason } => Ok(self.capture_refused(reason)),
            Event::Failed { reason, .. } => Ok(self.hold_lost().capture_refused(reason)),
            Event::Canceled { .. } if self.captured.is_zero() => Ok(self.cancel()),
            Event::Canceled { .. } => Ok(self.release()),
            Event::Refund(fact) if !self.captured.is_zero() => Ok(self.refund_changed(fact)),
            Event::RefundRefused { refund, reason } => Ok(self.refund_refused(refund, reason)),
            // An authorization that comes now is the old one, told late.
            Event::Authorized { .. } | Event::Created { .. } | Event::Processing => {
                Ok(self.unchanged())
            }
            Event::Disputed { note } => Ok(self.noted(&note)),
            Event::CreationRefused { .. }
            | Event::AmountUpdated
            | Event::AmountUpdateRefused { .. }
            | Event::PartiallyFunded { .. }
            | Event::CancelRefused { .. }
            | Event::Refund(_) => self.not_allowed(&event),
        }
    }

    fn on_captured(self, event: Event) -> Applied {
        match event {
            Event::Captured { total, capturable } => Ok(self.capture(total, capturable)),
            Event::CaptureRefused { reason } => Ok(self.capture_refused(reason)),
            Event::CancelRefused { reason, processing } => {
                Ok(self.cancel_refused(reason, processing))
            }
            Event::Refund(fact) => Ok(self.refund_changed(fact)),
            Event::RefundRefused { refund, reason } => Ok(self.refund_refused(refund, reason)),
            Event::AmountUpdateRefused { reason } => Ok(self.update_refused(reason)),
            Event::Created { .. } => Ok(self.unchanged()),
            Event::Disputed { note } => Ok(self.noted(&note)),
            Event::CreationRefused { .. }
            | Event::AmountUpdated
            | Event::Processing
            | Event::PartiallyFunded { .. }
            | Event::Authorized { .. }
            | Event::Failed { .. }
            | Event::Canceled { .. } => self.not_allowed(&event),
        }
    }

    fn on_capture_failed(self, event: Event) -> Applied {
        match event {
            // The hold may stand as before; a capture may be tried again.
            Event::Authorized { capturable, multicapture } => {
                Ok(self.hold_confirmed(capturable, multicapture))
            }
            Event::Captured { total, capturable } => Ok(self.capture(total, capturable)),
            Event::CaptureRefused { reason } => Ok(self.capture_refused(reason)),
            Event::Processing => Ok(self.capture_accepted()),
            Event::Canceled { .. } if self.captured.is_zero() => Ok(self.cancel()),
            Event::Canceled { .. } => Ok(self.release()),
            Event::CancelRefused { reason, processing } => {
                Ok(self.cancel_refused(reason, processing))
            }
            Event::Refund(fact) if !self.captured.is_zero() => Ok(self.refund_changed(fact)),
            Event::RefundRefused { refund, reason } => Ok(self.refund_refused(refund, reason)),
            Event::Created { .. } | Event::Failed { .. } => Ok(self.unchanged()),
            Event::Disputed { note } => Ok(self.noted(&note)),
            Event::CreationRefused { .. }
            | Event::AmountUpdated
            | Event::AmountUpdateRefused { .. }
            | Event::PartiallyFunded { .. }
            | Event::Refund(_) => self.not_allowed(&event),
        }
    }

    fn on_cancel_requested(self, event: Event) -> Applied {
        match event {
            // The money arrived after all; `owed` names the call that gives it back.
            Event::Authorized { capturable, multicapture } => {
                Ok(self.hold_confirmed(capturable, multicapture))
            }
            Event::Captured { total, .. } => Ok(self.captured_after_cancel(total)),
            Event::Failed { .. } => Ok(self.unchanged()),
            Event::Canceled { .. } => Ok(self.cancel()),
            Event::CancelRefused { reason, processing } => {
                Ok(self.cancel_refused(reason, processing))
            }
            Event::Refund(fact) => Ok(self.refund_after_cancel(fact)),
            Event::RefundRefused { refund, reason } => Ok(self.refund_refused(refund, reason)),
            Event::Created { .. } | Event::Processing | Event::PartiallyFunded { .. } => {
                Ok(self.unchanged())
            }
            Event::Disputed { note } => Ok(self.noted(&note)),
            Event::CreationRefused { .. }
            | Event::AmountUpdated
            | Event::AmountUpdateRefused { .. }
            | Event::CaptureRefused { .. } => self.not_allowed(&event),
        }
    }

    fn on_canceled(self, event: Event) -> Applied {
        match event {
            // The PSP refuses to cancel what is canceled; to us that is a success.
            Event::CancelRefused { .. } | Event::Canceled { .. } => Ok(self.canceled_again()),
            Event::Refund(fact) if self.knows_refund(&fact) => Ok(self.refund_after_cancel(fact)),
            Event::CaptureRefused { reason } => Ok(self.capture_refused(reason)),
            Event::AmountUpdateRefused { reason } => Ok(self.update_refused(reason)),
            Event::Created { reference } => Ok(self.created(reference)),
            Event::Disputed { note } => Ok(self.noted(&note)),
            Event::CreationRefused { .. }
            | Event::AmountUpdated
            | Event::Processing
            | Event::PartiallyFunded { .. }
            | Event::Authorized { .. }
            | Event::Failed { .. }
            | Event::Captured { .. }
            | Event::Refund(_)
            | Event::RefundRefused { .. } => self.not_allowed(&event),
        }
    }

    fn on_cancellation_failed(self, event: Event) -> Applied {
        match event {
            Event::Authorized { capturable, multicapture } if self.authorized.is_zero() => {
                Ok(self.authorize(capturable, multicapture))
            }
            Event::Authorized { capturable, multicapture } => {
                Ok(self.hold_confirmed(capturable, multicapture))
            }
            Event::Captured { total, capturable } if self.authorized.is_zero() => {
                Ok(self.authorize_then_capture(total, capturable))
            }
            Event::Captured { total, capturable } => Ok(self.capture(total, capturable)),
            Event::CaptureRefused { reason } => Ok(self.capture_refused(reason)),
            Event::Processing => Ok(self.capture_accepted()),
            Event::Canceled { .. } if self.captured.is_zero() => Ok(self.cancel()),
            Event::Canceled { .. } => Ok(self.release()),
            Event::CancelRefused { reason, processing } => {
                Ok(self.cancel_refused(reason, processing))
            }
            Event::Refund(fact) if !self.captured.is_zero() => Ok(self.refund_changed(fact)),
            Event::RefundRefused { refund, reason } => Ok(self.refund_refused(refund, reason)),
            Event::Created { .. } | Event::Failed { .. } | Event::PartiallyFunded { .. } => {
                Ok(self.unchanged())
            }
            Event::Disputed { note } => Ok(self.noted(&note)),
            Event::CreationRefused { .. }
            | Event::AmountUpdated
            | Event::AmountUpdateRefused { .. }
            | Event::Refund(_) => self.not_allowed(&event),
        }
    }
}

/// The steps that the cells are made of.
impl Payment {
    fn not_allowed(self, event: &Event) -> Applied {
        Err(NotAllowed { status: self.status, event: event.name() })
    }

    pub(crate) fn unchanged(self) -> Transition {
        Transition { payment: self, tell: Vec::new(), settled: None }
    }

    /// Nothing moved, but an operator of the shop wants to see it.
    fn noted(self, note: &str) -> Transition {
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

    fn open_capture(&self) -> Option<(Items, Money)> {
        match self.open_purpose()? {
            Purpose::Capture { items, amount, .. } => Some((items, amount)),
            Purpose::Create
            | Purpose::Update(_)
            | Purpose::Cancel { .. }
            | Purpose::Refund { .. } => None,
        }
    }

    fn open_cancel(&self) -> Option<Items> {
        match self.open_purpose()? {
            Purpose::Cancel { items } => Some(items),
            Purpose::Create
            | Purpose::Update(_)
            | Purpose::Capture { .. }
            | Purpose::Refund { .. } => None,
        }
    }

    /// Our change of the amount was refused; another open call is none of its business.
    fn update_refused(mut self, reason: String) -> Transition {
        if !matches!(self.open_purpose(), Some(Purpose::Update(_))) {
            return self.unchanged();
        }
        let settled = self.settle(false, Some(reason));
        Transition { payment: self, tell: Vec::new(), settled }
    }

    fn created(mut self, reference: crate::PspReference) -> Transition {
        if self.reference().is_some() {
            return self.unchanged();
        }
        self.0.attempt_mut().reference = Some(reference);
        let own = matches!(self.open_purpose(), Some(Purpose::Create));
        let settled = own.then(|| self.settle(true, None)).flatten();
        Transition { payment: self, tell: vec![Message::Created], settled }
    }

    fn creation_refused(mut self, reason: String) -> Transition {
        if !matches!(self.open_purpose(), Some(Purpose::Create)) {
            return self.unchanged();
        }
        self.0.attempt_mut().state = AttemptState::Refused;
        let settled = self.settle(false, Some(reason));
        Transition { payment: self, tell: Vec::new(), settled }
    }

    fn amount_updated(mut self) -> Transition {
        let Some(Purpose::Update(checkout)) = self.open_purpose() else { return self.unchanged() };
        // Nothing is held or captured of an unpaid attempt; its currency may change as well.
        let zero = Money::zero(checkout.total.currency());
        self.0.authorized = zero;
        self.0.capturable = zero;
        self.0.captured = zero;
        self.0.checkout = *checkout;
        let settled = self.settle(true, None);
        Transition { payment: self, tell: Vec::new(), settled }
    }

    fn authorize(mut self, capturable: Money, multicapture: Option<bool>) -> Transition {
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

    fn overtaken_update(&mut self) -> Option<Settlement> {
        let Some(Purpose::Update(_)) = self.open_purpose() else { return None };
        self.settle(false, Some("the payment was paid before its amount changed".into()))
    }

    fn authorization_failed(mut self) -> Transition {
        self.0.status = Status::AuthorizationFailed;
        let (items, total) = (self.remaining_items(), self.checkout.total);
        let tell = vec![Message::result(ResultKind::AuthorizationFailed, items, total)];
        Transition { payment: self, tell, settled: None }
    }

    /// A capture was seen before its authorization: the shop must hear of both, in order.
    fn authorize_then_capture(self, total: Money, capturable: Money) -> Transition {
        let held = total.plus(capturable).unwrap_or(total);
        let first = self.authorize(held, None);
        let mut second = first.payment.capture(total, capturable);
        let mut tell = first.tell;
        tell.append(&mut second.tell);
        Transition { payment: second.payment, tell, settled: first.settled.or(second.settled) }
    }

    /// The PSP says again that money is held: only what can be captured may have changed.
    fn hold_confirmed(mut self, capturable: Money, multicapture: Option<bool>) -> Transition {
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
    fn hold_lost(mut self) -> Self {
        self.0.capturable = Money::zero(self.checkout.total.currency());
        self
    }

    /// The PSP accepted our capture and works on it (conformance case 35).
    fn capture_accepted(mut self) -> Transition {
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
    fn capture(mut self, total: Money, capturable: Money) -> Transition {
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
    fn take_own_capture(&mut self, new: Money) -> (Option<Items>, Option<Settlement>) {
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
    fn own_capture_done(&mut self, items: Items, amount: Money) -> Vec<Message> {
        let mut tell = vec![Message::result(ResultKind::Captured, items, amount)];
        let rest = self.remaining_items();
        let open = !self.capturable.is_zero();
        self.0.status = if open { Status::PartiallyCaptured } else { Status::Captured };
        if !rest.is_empty() {
            tell.push(if open {
                Message::result(ResultKind::Authorized, rest, self.capturable)
            } else {
                let released =
                    self.authorized.minus_or_zero(self.captured).unwrap_or(self.capturable);
                Message::result(ResultKind::CaptureFailed, rest, released)
            });
        }
        tell
    }

    /// Somebody captured at the PSP, or the method captures by itself (rule R14).
    fn foreign_capture_done(&mut self, amount: Money) -> Vec<Message> {
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
        if !total.covers(self.captured) {
            tell.push(Message::result(ResultKind::Overpaid, self.items(), self.captured));
        }
        tell
    }

    /// The PSP closed the attempt, and no money came with it: what was left was released.
    fn closed_without_money(self, capturable: Money) -> Transition {
        match self.status {
            Status::PartiallyCaptured if capturable.is_zero() => self.release(),
            Status::New
            | Status::AuthorizationFailed
            | Status::Authorized
            | Status::PartiallyCaptured
            | Status::CaptureRequested
            | Status::Captured
            | Status::CaptureFailed
            | Status::CancelRequested
            | Status::Canceled
            | Status::CancellationFailed => self.unchanged(),
        }
    }

    /// Our capture came to nothing. If all its items turn out to be captured, it is a repeat.
    fn capture_refused(mut self, reason: String) -> Transition {
        let Some((items, amount)) = self.take_failed_capture() else { return self.unchanged() };
        let captured = self.captured_items();
        if items.iter().all(|item| captured.contains(item)) {
            let settled = self.settle(false, Some(reason));
            let tell = vec![Message::result(ResultKind::Captured, items, amount)];
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

    fn take_failed_capture(&mut self) -> Option<(Items, Money)> {
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
    fn cancel(mut self) -> Transition {
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
        self.0.status = Status::Canceled;
        self.0.attempt_mut().state = AttemptState::Closed;
        if !items.is_empty() {
            tell.push(Message::result(ResultKind::Canceled, items, self.checkout.total));
        }
        Transition { payment: self, tell, settled }
    }

    /// What was left of a partly captured payment is released.
    fn release(mut self) -> Transition {
        let released = self.capturable;
        let (kind, rest) = match self.open_cancel() {
            Some(items) => (ResultKind::Canceled, items),
            None => (ResultKind::CaptureFailed, self.remaining_items()),
        };
        self.fail_pending_captures();
        // A refund of what was captured goes on.
        let refunding = matches!(self.open_purpose(), Some(Purpose::Refund { .. }));
        let settled = if refunding { None } else { self.settle_by_cancel() };
        if kind == ResultKind::Canceled {
            self.0.canceled_items.extend(rest.iter().copied());
        }
        self.0.capturable = Money::zero(self.checkout.total.currency());
        self.0.status = Status::Captured;
        let tell =
            if rest.is_empty() { Vec::new() } else { vec![Message::result(kind, rest, released)] };
        Transition { payment: self, tell, settled }
    }

    fn fail_pending_captures(&mut self) {
        for capture in &mut self.0.captures {
            if capture.state == CaptureState::Pending {
                capture.state = CaptureState::Failed;
            }
        }
    }

    fn settle_by_cancel(&mut self) -> Option<Settlement> {
        let wanted = self.open_cancel().is_some();
        let reason = (!wanted).then(|| "the payment was canceled".to_owned());
        self.settle(wanted, reason)
    }

    fn canceled_again(mut self) -> Transition {
        let Some(items) = self.open_cancel() else { return self.unchanged() };
        let settled = self.settle(true, None);
        let tell = vec![Message::result(ResultKind::Canceled, items, self.checkout.total)];
        Transition { payment: self, tell, settled }
    }

    fn cancel_refused(mut self, reason: String, processing: bool) -> Transition {
        let Some(items) = self.open_cancel() else { return self.unchanged() };
        let settled = self.settle(false, Some(reason));
        if processing {
            self.0.status = Status::CancelRequested;
            return Transition { payment: self, tell: Vec::new(), settled };
        }
        if self.status != Status::Captured {
            self.0.status = Status::CancellationFailed;
        }
        let mut tell =
            vec![Message::result(ResultKind::CancellationFailed, items.clone(), self.checkout.total)];
        tell.extend(self.still_authorized(&items));
        Transition { payment: self, tell, settled }
    }

    fn captured_after_cancel(mut self, total: Money) -> Transition {
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
