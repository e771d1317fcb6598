//! What an initialize call leads to where the order has a payment already (rule R2, case 11).

use thiserror::Error;

use crate::{Attempt, AttemptId, AttemptState, Checkout, Payment, Purpose, Status};

/// What to do about an initialize call for a known order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Initialization {
    /// An earlier call of ours is not settled: finish it, then decide again.
    Finish,
    /// The same payment again; the order's description may have been brought up to date.
    Same(Box<Payment>),
    /// Journal this call and make it: the attempt exists, and its amount or method changes.
    Update(Purpose),
    /// The last attempt is over: this payment has a new one, to be made at the PSP.
    Again(Box<Payment>),
}

/// Why an initialize call cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InitializeRefused {
    /// Money is held or taken for another amount.
    #[error(
        "orderData.grandTotal: the payment of this order is {status} over {amount} already and \
         cannot be changed; capture, cancel or refund it instead"
    )]
    AmountFixed {
        /// Where the payment stands.
        status: Status,
        /// Its amount.
        amount: crate::Money,
    },
}

impl Payment {
    /// Decides an initialize call. `attempt` is the id a new attempt would get.
    ///
    /// # Errors
    /// [`InitializeRefused`] where money is held or taken for another amount.
    pub fn initialize(
        self,
        checkout: Checkout,
        attempt: AttemptId,
    ) -> Result<Initialization, InitializeRefused> {
        if self.open_call.is_some() {
            return Ok(Initialization::Finish);
        }
        let same_amount = self.checkout.total == checkout.total;
        // Another method may be paid otherwise.
        let same = same_amount && self.checkout.payment_method == checkout.payment_method;
        match self.status {
            Status::New | Status::AuthorizationFailed
                if self.attempt().state == AttemptState::Refused =>
            {
                Ok(self.new_attempt(checkout, attempt))
            }
            Status::New | Status::AuthorizationFailed if !same => {
                Ok(Initialization::Update(Purpose::Update(Box::new(checkout))))
            }
            Status::New | Status::AuthorizationFailed => Ok(self.same(Some(checkout))),
            Status::Canceled => Ok(self.new_attempt(checkout, attempt)),
            Status::Authorized
            | Status::PartiallyCaptured
            | Status::CaptureRequested
            | Status::Captured
            | Status::CaptureFailed
            | Status::CancelRequested
            | Status::CancellationFailed => {
                if same_amount {
                    Ok(self.same(None))
                } else {
                    let (status, amount) = (self.status, self.checkout.total);
                    Err(InitializeRefused::AmountFixed { status, amount })
                }
            }
        }
    }

    fn same(mut self, checkout: Option<Checkout>) -> Initialization {
        if let Some(checkout) = checkout {
            self.0.checkout = checkout;
        }
        Initialization::Same(Box::new(self))
    }

    /// Starts over: what the old attempt held is gone, what it refunded stays in the books.
    fn new_attempt(mut self, checkout: Checkout, attempt: AttemptId) -> Initialization {
        let zero = crate::Money::zero(checkout.total.currency());
        self.0.checkout = checkout;
        self.0.status = Status::New;
        self.0.attempts.push(Attempt::new(attempt));
        self.0.authorized = zero;
        self.0.capturable = zero;
        self.0.captured = zero;
        self.0.received = zero;
        self.0.captures.clear();
        self.0.canceled_items.clear();
        self.0.refunds.clear();
        self.0.disputes.clear();
        Initialization::Again(Box::new(self))
    }
}
