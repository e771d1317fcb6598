//! The calls that pass money on to merchants and take it back, and how they are found again.

use payment::{
    IdempotencyKey, NewReversal, NewTransfer, OrderReference, Payment, PayoutFact, PspTransferId,
};

use crate::context::Context;
use crate::learn::Learned;
use crate::ports::PspError;
use crate::tenant::Credentials;

impl Context {
    pub(crate) async fn make_transfer(
        &self,
        credentials: &Credentials,
        payment: &Payment,
        new: &NewTransfer,
        key: &IdempotencyKey,
    ) -> Result<Learned, PspError> {
        let order = order_of(payment)?;
        let reference = self.psp.transfer(credentials, order, new, key).await?;
        Ok(learned(PayoutFact::Transferred { id: new.id, reference }))
    }

    pub(crate) async fn make_reversal(
        &self,
        credentials: &Credentials,
        payment: &Payment,
        new: &NewReversal,
        key: &IdempotencyKey,
    ) -> Result<Learned, PspError> {
        let transfer = reversed_transfer(payment, new)?;
        let made = self.psp.reverse(credentials, transfer, new.id, new.amount, key).await;
        Ok(learned(PayoutFact::Reversed { id: new.id, reference: made? }))
    }

    /// `None` is the proof that the transfer was not made.
    pub(crate) async fn look_for_transfer(
        &self,
        credentials: &Credentials,
        payment: &Payment,
        new: &NewTransfer,
    ) -> Result<Option<Learned>, PspError> {
        let order = order_of(payment)?;
        let found = self.psp.find_transfer(credentials, order, new.id).await?;
        Ok(found.map(|reference| learned(PayoutFact::Transferred { id: new.id, reference })))
    }

    /// `None` is the proof that the reversal was not made.
    pub(crate) async fn look_for_reversal(
        &self,
        credentials: &Credentials,
        payment: &Payment,
        new: &NewReversal,
    ) -> Result<Option<Learned>, PspError> {
        let transfer = reversed_transfer(payment, new)?;
        let found = self.psp.find_reversal(credentials, transfer, new.id).await?;
        Ok(found.map(|reference| learned(PayoutFact::Reversed { id: new.id, reference })))
    }
}

/// A payment is paid out by its order, so that it has one.
fn order_of(payment: &Payment) -> Result<&OrderReference, PspError> {
    let order = payment.checkout.order_reference.as_ref();
    order.ok_or_else(|| PspError::NotSent("the payment has no order yet".into()))
}

fn learned(fact: PayoutFact) -> Learned {
    Learned { payout: Some(fact), ..Learned::default() }
}

fn reversed_transfer<'a>(
    payment: &'a Payment,
    new: &NewReversal,
) -> Result<&'a PspTransferId, PspError> {
    let reference = payment.transfer(new.transfer).and_then(|transfer| transfer.reference.as_ref());
    reference.ok_or_else(|| PspError::NotSent("the transfer has no reference yet".into()))
}
