//! The state machine: what a fact from the PSP does to a payment, and what the shop is told.
//!
//! One match on the status, one function per status over the events, no wildcard: a new status or
//! event does not compile until every cell is decided. What a cell does is in `steps`;
//! `tests/matrix.rs` prints all of them.

use jiff::Timestamp;
use thiserror::Error;

use crate::{Call, CallId, Event, IdempotencyKey, Message, Payment, Purpose, Status};

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
        match &call.purpose {
            Purpose::Refund { refund, items, amount } => {
                self.add_requested_refund(*refund, items.clone(), *amount);
            }
            Purpose::Transfer(new) => self.add_requested_transfer(new),
            Purpose::Reverse(new) => self.add_requested_reversal(new),
            Purpose::Create
            | Purpose::Update(_)
            | Purpose::Capture { .. }
            | Purpose::Cancel { .. } => {}
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

    /// Notes the charge that paid the current attempt.
    pub fn with_charge(mut self, charge: Option<crate::PspChargeId>) -> Self {
        if charge.is_some() {
            self.0.attempt_mut().charge = charge;
        }
        self
    }

    /// The call that the payment owes by itself, without a command: what comes in after a cancel
    /// is given back (rule R9). What the PSP would not give back is left to a person.
    pub fn owed(&self, refund: impl FnOnce() -> crate::RefundId) -> Option<Purpose> {
        if self.not_given_back().is_some() {
            return None;
        }
        self.owed_again(refund)
    }

    /// The same for somebody who asks for it once more: also what the PSP would not give back.
    pub fn owed_again(&self, refund: impl FnOnce() -> crate::RefundId) -> Option<Purpose> {
        if self.status != Status::CancelRequested || self.open_call.is_some() {
            return None;
        }
        let items = self.remaining_items();
        // Nothing has come in: either the money is still on its way and the PSP says no again, or
        // it will not come, and nobody must be able to pay any more.
        if !self.capturable.is_zero() || self.captured.is_zero() {
            return Some(Purpose::Cancel { items });
        }
        let amount = self.kept()?;
        Some(Purpose::Refund { refund: refund(), items: self.items(), amount })
    }

    fn on_new(self, event: Event) -> Applied {
        match event {
            Event::Created { reference } => Ok(self.created(reference)),
            Event::CreationRefused { reason } => Ok(self.creation_refused(reason)),
            Event::AmountUpdated => Ok(self.amount_updated()),
            Event::AmountUpdateRefused { reason } => Ok(self.update_refused(reason)),
            Event::Processing => Ok(self.noted("processing at the payment provider")),
            Event::PartiallyFunded { received } => Ok(self.partially_funded(received)),
            Event::Overfunded { left } => Ok(self.overfunded(left)),
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
            Event::Canceled { reason } if self.came_short() => Ok(self.end_short(reason)),
            Event::Canceled { reason } => Ok(self.cancel(reason)),
            Event::CancelRefused { reason, processing } => {
                Ok(self.cancel_refused(reason, processing))
            }
            Event::Disputed { note } | Event::Superseded { note } => Ok(self.noted(&note)),
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
            Event::PartiallyFunded { received } => Ok(self.partially_funded(received)),
            Event::Overfunded { left } => Ok(self.overfunded(left)),
            Event::AmountUpdated => Ok(self.amount_updated()),
            Event::AmountUpdateRefused { reason } => Ok(self.update_refused(reason)),
            Event::Canceled { reason } if self.came_short() => Ok(self.end_short(reason)),
            Event::Canceled { reason } => Ok(self.cancel(reason)),
            Event::CancelRefused { reason, processing } => {
                Ok(self.cancel_refused(reason, processing))
            }
            Event::Created { .. } | Event::Failed { .. } => Ok(self.unchanged()),
            Event::Disputed { note } | Event::Superseded { note } => Ok(self.noted(&note)),
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
            Event::Canceled { reason } => Ok(self.cancel(reason)),
            Event::CancelRefused { reason, processing } => {
                Ok(self.cancel_refused(reason, processing))
            }
            Event::AmountUpdateRefused { reason } => Ok(self.update_refused(reason)),
            Event::Created { .. } => Ok(self.unchanged()),
            Event::Disputed { note } | Event::Superseded { note } => Ok(self.noted(&note)),
            Event::CreationRefused { .. }
            | Event::AmountUpdated
            | Event::PartiallyFunded { .. }
            | Event::Overfunded { .. }
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
            Event::Canceled { reason } => Ok(self.release(reason)),
            Event::CancelRefused { reason, processing } => {
                Ok(self.cancel_refused(reason, processing))
            }
            Event::Refund(fact) => Ok(self.refund_changed(fact)),
            Event::RefundRefused { refund, reason } => Ok(self.refund_refused(refund, reason)),
            Event::Created { .. } => Ok(self.unchanged()),
            Event::Disputed { note } | Event::Superseded { note } => Ok(self.noted(&note)),
            Event::CreationRefused { .. }
            | Event::AmountUpdated
            | Event::AmountUpdateRefused { .. }
            | Event::PartiallyFunded { .. }
            | Event::Overfunded { .. } => self.not_allowed(&event),
        }
    }

    fn on_capture_requested(self, event: Event) -> Applied {
        match event {
            Event::Captured { total, capturable } => Ok(self.capture(total, capturable)),
            Event::CaptureRefused { reason } => Ok(self.capture_refused(reason)),
            Event::Failed { reason, .. } => Ok(self.hold_lost().capture_refused(reason)),
            Event::Canceled { reason } if self.captured.is_zero() => Ok(self.cancel(reason)),
            Event::Canceled { reason } => Ok(self.release(reason)),
            Event::Refund(fact) if !self.captured.is_zero() => Ok(self.refund_changed(fact)),
            Event::RefundRefused { refund, reason } => Ok(self.refund_refused(refund, reason)),
            // An authorization that comes now is the old one, told late.
            Event::Authorized { .. } | Event::Created { .. } | Event::Processing => {
                Ok(self.unchanged())
            }
            Event::Disputed { note } | Event::Superseded { note } => Ok(self.noted(&note)),
            Event::CreationRefused { .. }
            | Event::AmountUpdated
            | Event::AmountUpdateRefused { .. }
            | Event::PartiallyFunded { .. }
            | Event::Overfunded { .. }
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
            Event::Overfunded { left } => Ok(self.overfunded(left)),
            Event::Refund(fact) => Ok(self.refund_changed(fact)),
            Event::RefundRefused { refund, reason } => Ok(self.refund_refused(refund, reason)),
            Event::AmountUpdateRefused { reason } => Ok(self.update_refused(reason)),
            Event::Created { .. } => Ok(self.unchanged()),
            Event::Disputed { note } | Event::Superseded { note } => Ok(self.noted(&note)),
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
            Event::Canceled { reason } if self.captured.is_zero() => Ok(self.cancel(reason)),
            Event::Canceled { reason } => Ok(self.release(reason)),
            Event::CancelRefused { reason, processing } => {
                Ok(self.cancel_refused(reason, processing))
            }
            Event::Refund(fact) if !self.captured.is_zero() => Ok(self.refund_changed(fact)),
            Event::RefundRefused { refund, reason } => Ok(self.refund_refused(refund, reason)),
            Event::Created { .. } | Event::Failed { .. } => Ok(self.unchanged()),
            Event::Disputed { note } | Event::Superseded { note } => Ok(self.noted(&note)),
            Event::CreationRefused { .. }
            | Event::AmountUpdated
            | Event::AmountUpdateRefused { .. }
            | Event::PartiallyFunded { .. }
            | Event::Overfunded { .. }
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
            Event::Canceled { reason } => Ok(self.cancel(reason)),
            Event::CancelRefused { reason, processing } => {
                Ok(self.cancel_refused(reason, processing))
            }
            Event::Refund(fact) => Ok(self.refund_after_cancel(fact)),
            Event::RefundRefused { refund, reason } => Ok(self.refund_refused(refund, reason)),
            Event::Overfunded { left } => Ok(self.overfunded(left)),
            Event::Created { .. } | Event::Processing | Event::PartiallyFunded { .. } => {
                Ok(self.unchanged())
            }
            Event::Disputed { note } | Event::Superseded { note } => Ok(self.noted(&note)),
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
            Event::Disputed { note } | Event::Superseded { note } => Ok(self.noted(&note)),
            Event::CreationRefused { .. }
            | Event::AmountUpdated
            | Event::Processing
            | Event::PartiallyFunded { .. }
            | Event::Overfunded { .. }
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
            Event::Overfunded { left } => Ok(self.overfunded(left)),
            Event::CaptureRefused { reason } => Ok(self.capture_refused(reason)),
            Event::Processing => Ok(self.capture_accepted()),
            Event::Canceled { reason } if self.captured.is_zero() => Ok(self.cancel(reason)),
            Event::Canceled { reason } => Ok(self.release(reason)),
            Event::CancelRefused { reason, processing } => {
                Ok(self.cancel_refused(reason, processing))
            }
            Event::Refund(fact) if !self.captured.is_zero() => Ok(self.refund_changed(fact)),
            Event::RefundRefused { refund, reason } => Ok(self.refund_refused(refund, reason)),
            Event::Created { .. } | Event::Failed { .. } | Event::PartiallyFunded { .. } => {
                Ok(self.unchanged())
            }
            Event::Disputed { note } | Event::Superseded { note } => Ok(self.noted(&note)),
            Event::CreationRefused { .. }
            | Event::AmountUpdated
            | Event::AmountUpdateRefused { .. }
            | Event::Refund(_) => self.not_allowed(&event),
        }
    }
}
