//! Confirms a pre-order: its order is placed, and the payment is linked to it (rule R17, conformance
//! cases 13 to 15 and 18).

use payment::{
    Checkout, ConfirmRefused, Confirmation, IdempotencyKey, OrderReference, Payment, Purpose,
    TenantId, Told, Transition,
};
use protocol::pre_order::ConfirmPreOrderRequest;
use thiserror::Error;

use crate::calls::Ended;
use crate::checkout::{self, InvalidField};
use crate::context::Context;
use crate::initialize::command_under_way;
use crate::learn::Moved;
use crate::limits::{CONFLICTS_MAX, DESCRIBE_PATIENCE};
use crate::ports::{CommitOutcome, Refusal, StoreError, Stored};
use crate::pre_order::Unknown;
use crate::problem::Problem;
use crate::tenant::{BusinessModel, NotConnected, Tenant};

/// Why a pre-order was not confirmed.
#[derive(Debug, Error)]
pub enum ConfirmError {
    /// The tenant may not move money.
    #[error(transparent)]
    Tenant(#[from] NotConnected),
    /// A field is missing or wrong.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The payment is not one for this order.
    #[error(transparent)]
    Refused(#[from] ConfirmRefused),
    /// The PSP did not do it, or did not answer; confirming again goes on where this stopped.
    #[error("{0}")]
    Failed(String),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Problem> for ConfirmError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Later(reason) => Self::Failed(format!("{reason}; confirm the payment again")),
            Problem::Broken(reason) => Self::Failed(reason),
            Problem::Store(error) => Self::Store(error),
        }
    }
}

impl From<Unknown> for ConfirmError {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::Invalid(field) => Self::Invalid(field),
            Unknown::Store(error) => Self::Store(error),
        }
    }
}

/// An order that was placed.
struct Placed {
    order: OrderReference,
    checkout: Checkout,
}

/// What the PSP is told of an order beside its total.
#[derive(Clone, Copy)]
enum Telling {
    /// All that an order says, of a payment that was paid before.
    Description,
    /// The order that a marketplace's payouts of it will name, of one that may still be paid. It
    /// can be set only once, so a confirmation must not depend on it.
    Group,
}

enum Step {
    Confirmed,
    /// Look again; what the PSP was told may have changed.
    Again(Told),
}

impl Context {
    /// Links the payment to its order. Confirmed again for the same order, nothing happens.
    ///
    /// # Errors
    /// [`ConfirmError`].
    pub async fn confirm_pre_order(
        &self,
        tenant: &TenantId,
        request: ConfirmPreOrderRequest,
    ) -> Result<(), ConfirmError> {
        let tenant = self.connected(tenant).await?;
        let transaction = request.transaction().map(str::to_owned);
        let (order, checkout) = checkout::read_confirmation(request)?;
        self.psp
            .check_amount(checkout.total)
            .map_err(|problem| InvalidField::new("orderData.grandTotal", problem))?;
        let placed = Placed { order, checkout };
        let mut told = Told::default();
        for _ in 0..CONFLICTS_MAX {
            let (stored, reference) =
                self.by_transaction(&tenant.id, transaction.as_deref()).await?;
            if stored.value.reference() != Some(&reference) {
                let problem = "belongs to an attempt that was replaced; send the one that the \
                               pre-order payment call answered last";
                return Err(on_transaction(problem).into());
            }
            match self.confirm_step(&tenant, stored, &placed, told).await? {
                Step::Confirmed => return Ok(()),
                Step::Again(now) => told = now,
            }
        }
        Err(ConfirmError::Failed("the payment is busy; confirm it again".into()))
    }

    async fn confirm_step(
        &self,
        tenant: &Tenant,
        stored: Stored,
        placed: &Placed,
        told: Told,
    ) -> Result<Step, ConfirmError> {
        let payment = stored.value.clone();
        match payment.confirm(&placed.order, placed.checkout.clone(), told)? {
            Confirmation::Same => Ok(Step::Confirmed),
            Confirmation::Finish => {
                self.finish_other_call(stored).await?;
                Ok(Step::Again(told))
            }
            Confirmation::Update(purpose) => {
                self.check_order(tenant, &stored, &placed.order).await?;
                self.update_first(stored, purpose).await
            }
            Confirmation::Link(transition) => {
                self.check_order(tenant, &stored, &placed.order).await?;
                self.link(tenant, stored, *transition, told).await
            }
            Confirmation::GiveBack(transition, refused) => {
                self.check_order(tenant, &stored, &placed.order).await?;
                match self.write_owing(&stored, *transition, "confirmed, short").await? {
                    Some(journaled) => {
                        self.give_back_now(journaled).await;
                        Err(refused.into())
                    }
                    None => Ok(Step::Again(told)),
                }
            }
        }
    }

    /// A payment is linked only at the account that its tenant's orders are paid at now, so that a
    /// test payment never stands for a live order; and only to an order that has no other one (R1).
    async fn check_order(
        &self,
        tenant: &Tenant,
        stored: &Stored,
        order: &OrderReference,
    ) -> Result<(), ConfirmError> {
        if stored.value.account != tenant.account {
            let problem = "was paid at an account that the tenant has left; make a new payment";
            return Err(on_transaction(problem).into());
        }
        let payments = self.store.payments_of_order(&tenant.id, order).await?;
        let is_another = |other: &Stored| {
            other.value.account == tenant.account && other.value.id != stored.value.id
        };
        if payments.iter().any(is_another) {
            let problem = "has another payment; confirm each payment for an order of its own";
            return Err(InvalidField::new("orderData.orderReference", problem).into());
        }
        // A command for an earlier account's payment of this order has its outcome first.
        if let Some(earlier) = command_under_way(payments) {
            self.finish_other_call(earlier).await?;
        }
        Ok(())
    }

    /// Tells the PSP the order and its total before the order is linked.
    async fn update_first(&self, stored: Stored, purpose: Purpose) -> Result<Step, ConfirmError> {
        let Some(journaled) = self.journal(stored, purpose).await? else {
            return Ok(Step::Again(Told::NotYet));
        };
        match self.carry_out(journaled).await? {
            Ended { refusal: None, .. } => Ok(Step::Again(Told::Known)),
            Ended { refusal: Some(Refusal { unexpected_state: true, .. }), .. } => {
                Ok(Step::Again(Told::Overtaken))
            }
            Ended { refusal: Some(refusal), .. } => Err(ConfirmError::Failed(refusal.message)),
        }
    }

    async fn link(
        &self,
        tenant: &Tenant,
        stored: Stored,
        transition: Transition,
        told: Told,
    ) -> Result<Step, ConfirmError> {
        let mut moved = Moved::start(stored.value.clone());
        moved.follow(&stored.value, transition, "confirmed", None, self.entropy.now());
        let linked = moved.payment.clone();
        match self.write(&stored, moved, None).await? {
            CommitOutcome::Committed => {
                match (told, tenant.settings.business_model) {
                    (Told::Known, BusinessModel::Direct) => {}
                    (Told::Known, BusinessModel::Marketplace) => {
                        self.tell_briefly(&linked, Telling::Group).await;
                    }
                    (Told::NotYet | Told::Overtaken, _) => {
                        self.tell_briefly(&linked, Telling::Description).await;
                    }
                }
                Ok(Step::Confirmed)
            }
            CommitOutcome::Conflict | CommitOutcome::Duplicate => Ok(Step::Again(told)),
        }
    }

    /// Tells the PSP something about the order of a payment. People find it by that; nothing else
    /// depends on it, so it is not journaled, and the shopper does not wait for long.
    async fn tell_briefly(&self, payment: &Payment, telling: Telling) {
        let (Some(reference), Some(order)) =
            (payment.reference(), &payment.checkout.order_reference)
        else {
            return;
        };
        let told = async {
            let credentials = self.credentials_of(payment).await?;
            let key = IdempotencyKey::new(self.entropy.new_id().to_string());
            let told = match telling {
                Telling::Description => {
                    self.psp.describe_payment(&credentials, reference, &payment.checkout, &key)
                }
                Telling::Group => self.psp.group_payment(&credentials, reference, order, &key),
            };
            told.await.map_err(Problem::from_psp)
        };
        let patience = DESCRIBE_PATIENCE.unsigned_abs();
        let failed = match tokio::time::timeout(patience, told).await {
            Ok(Ok(())) => return,
            Ok(Err(problem)) => problem.to_string(),
            Err(_) => "the payment provider did not answer in time".to_owned(),
        };
        tracing::warn!(
            tenant = %payment.tenant, payment = %payment.id, order = payment.order_key(), failed,
            "the payment provider does not know the order of a payment; search there by its id"
        );
    }
}

fn on_transaction(problem: &str) -> InvalidField {
    InvalidField::new("preOrderPaymentData.transactionId", problem)
}
