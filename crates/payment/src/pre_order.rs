//! A payment that was made before its order: what confirming it for an order leads to, and calling
//! it off (rules R9 and R17, conformance cases 13 to 18).
//!
//! It is a payment like any other, whose order is not known yet. What happens to its money moves it
//! at once, so that our books say what the PSP says; what that means for the order is told when the
//! order is linked, in the order in which it must have happened.

use thiserror::Error;

use crate::{
    AttemptState, Checkout, Message, Money, OrderReference, Payment, Purpose, ResultKind, Status,
    Transition,
};

/// What to do about the confirmation of a pre-order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// A call of ours is not settled: finish it, then decide again.
    Finish,
    /// It was confirmed for this order before.
    Same,
    /// Nobody has paid: journal this call, which tells the PSP the order and its total, and make
    /// it; then decide again.
    Update(Purpose),
    /// Write this: the order is linked.
    Link(Box<Transition>),
    /// Write this: the order is linked and told that it has no money, because what came in is not
    /// its total. What came in is owed back (rule R17).
    GiveBack(Box<Transition>, ConfirmRefused),
}

/// What became of telling the PSP the order, since it was asked to be confirmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Told {
    /// The PSP was not told yet.
    #[default]
    NotYet,
    /// It knows.
    Known,
    /// It refused to change the attempt, because that is being paid. What it said of it was applied.
    Overtaken,
}

/// Why a pre-order cannot be confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfirmRefused {
    /// It belongs to another order.
    #[error(
        "preOrderPaymentData.transactionId: the payment belongs to order {order} already; make a \
         new payment for this order"
    )]
    OtherOrder {
        /// The order that it belongs to.
        order: OrderReference,
    },
    /// Nothing can come in for it any more.
    #[error(
        "preOrderPaymentData.transactionId: the payment is {status} and cannot be paid any more; \
         make a new one"
    )]
    Over {
        /// Where it stands.
        status: Status,
    },
    /// What is held or taken, or about to be, is not what the order costs.
    #[error(
        "orderData.grandTotal: the payment is over {found} and the order costs {asked}; the money is \
         given back and the order has no payment; make a new one"
    )]
    Short {
        /// What the shopper was asked for.
        found: Money,
        /// What the order costs.
        asked: Money,
    },
}

/// What to do about calling a pre-order off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOff {
    /// A call of ours is not settled: finish it, then decide again.
    Finish,
    /// It is called off already; what is owed may still be open.
    Done,
    /// Write this: from now on no order can have it, and what came in is owed back (rule R9).
    Now(Box<Transition>),
}

/// Why a pre-order cannot be called off.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CallOffRefused {
    /// It has an order, whose own commands decide about it.
    #[error(
        "preOrderPaymentData.transactionId: the payment belongs to order {order}; cancel it with \
         CancelPayment"
    )]
    HasOrder {
        /// The order.
        order: OrderReference,
    },
}

impl Payment {
    /// Decides the confirmation of a pre-order for `order`, as `checkout` describes it.
    ///
    /// # Errors
    /// [`ConfirmRefused`].
    pub fn confirm(
        self,
        order: &OrderReference,
        checkout: Checkout,
        told: Told,
    ) -> Result<Confirmation, ConfirmRefused> {
        let over = ends(self.status) || self.attempt().state != AttemptState::Open;
        match &self.checkout.order_reference {
            Some(other) if other != order => {
                return Err(ConfirmRefused::OtherOrder { order: other.clone() });
            }
            Some(_) | None if over => return Err(ConfirmRefused::Over { status: self.status }),
            Some(_) => return Ok(Confirmation::Same),
            None if self.open_call.is_some() => return Ok(Confirmation::Finish),
            None => {}
        }
        let checkout = Checkout {
            order_reference: Some(order.clone()),
            // Where the page sends the shopper was said when the payment was made.
            redirects: self.checkout.redirects.clone(),
            ..checkout
        };
        Ok(self.confirm_unlinked(checkout, told))
    }

    fn confirm_unlinked(self, checkout: Checkout, told: Told) -> Confirmation {
        let unpaid = self.capturable.is_zero() && self.captured.is_zero();
        // Of a payment that is on its way only the amount is known that the shopper was asked for.
        let found = if unpaid { self.checkout.total } else { self.at_hand() };
        let up_to_date = match told {
            Told::NotYet => false,
            // The cart may have changed once more since.
            Told::Known => checkout.as_cart() == self.checkout,
            Told::Overtaken => true,
        };
        if unpaid && !up_to_date {
            return Confirmation::Update(Purpose::Update(Box::new(checkout)));
        }
        if found.covers(checkout.total) {
            return Confirmation::Link(Box::new(self.link(checkout)));
        }
        let refused = ConfirmRefused::Short { found, asked: checkout.total };
        Confirmation::GiveBack(Box::new(self.link_short(checkout, found)), refused)
    }

    /// Links the order. What has happened to the money is applied anew, to the payment of an order:
    /// so the shop hears of it as if it happened now.
    fn link(mut self, checkout: Checkout) -> Transition {
        let before = self.shop_status();
        let (status, captured, capturable) = (self.status, self.captured, self.capturable);
        let zero = Money::zero(checkout.total.currency());
        self.0.checkout = checkout;
        self.0.status = Status::New;
        self.0.authorized = zero;
        self.0.capturable = zero;
        self.0.captured = zero;
        self.0.captures.clear();
        let mut linked = if !captured.is_zero() {
            self.authorize_then_capture(captured, capturable)
        } else if !capturable.is_zero() {
            self.authorize(capturable, None)
        } else if status == Status::AuthorizationFailed {
            self.authorization_failed()
        } else {
            self.unchanged()
        };
        let to = linked.payment.shop_status();
        let note = Some("linked to its order".to_owned());
        linked.tell.insert(0, Message::Updated { from: before, to, note });
        linked
    }

    /// Links an order that costs more than came in. It is told at once that it has no money; what
    /// came in goes back, and nothing of that concerns the order any more.
    fn link_short(mut self, checkout: Checkout, found: Money) -> Transition {
        let before = self.shop_status();
        let total = checkout.total;
        self.0.checkout = checkout;
        let items = self.items();
        self.0.canceled_items = items.clone();
        let mut linked = self.called_off();
        let to = linked.payment.shop_status();
        let note = Some(format!("the payment is over {found} and the order costs {total}"));
        linked.tell = vec![
            Message::Updated { from: before, to, note },
            Message::result(ResultKind::AuthorizationFailed, items, total),
        ];
        linked
    }

    /// Decides to call a pre-order off: the shopper changed her mind, or left her cart.
    ///
    /// # Errors
    /// [`CallOffRefused`] where it has an order.
    pub fn call_off(self) -> Result<CallOff, CallOffRefused> {
        match &self.checkout.order_reference {
            Some(_) if ends(self.status) => Ok(CallOff::Done),
            Some(order) => Err(CallOffRefused::HasOrder { order: order.clone() }),
            None if self.open_call.is_some() => Ok(CallOff::Finish),
            None if ends(self.status) => Ok(CallOff::Done),
            None => Ok(CallOff::Now(Box::new(self.called_off()))),
        }
    }

    /// From now on everything that comes in is given back. Where nothing is left to give back, and
    /// nothing more can come, it is over.
    fn called_off(mut self) -> Transition {
        self.0.status = Status::CancelRequested;
        let given_back = !self.captured.is_zero() && self.refunded().covers(self.captured);
        if self.reference().is_none() || given_back && self.capturable.is_zero() {
            self.close_attempt(None);
        }
        self.unchanged()
    }
}

/// Whether nothing can be taken any more: what is there, or comes, is given back.
fn ends(status: Status) -> bool {
    match status {
        Status::CancelRequested | Status::Canceled => true,
        Status::New
        | Status::AuthorizationFailed
        | Status::Authorized
        | Status::PartiallyCaptured
        | Status::CaptureRequested
        | Status::Captured
        | Status::CaptureFailed
        | Status::CancellationFailed => false,
    }
}
