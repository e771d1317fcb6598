//! Initializes a payment: the shop's checkout asks for it, and gets the address of the payment
//! page back. Asked again for the same order, it gets the same payment.

use jiff::SignedDuration;
use payment::{
    AttemptId, Checkout, Initialization, InitializeRefused, Payment, PaymentId, PspReference,
    Purpose, Status, TenantId,
};
use protocol::order::InitializePaymentRequest;
use thiserror::Error;

use crate::calls::Ended;
use crate::checkout::{self, InvalidField};
use crate::context::Context;
use crate::learn::{Moved, entry};
use crate::limits::{CALL_PATIENCE, CONFLICTS_MAX, INITIALIZE_POLL};
use crate::ports::{Commit, CommitOutcome, Expected, PaymentChange, Refusal, StoreError, Stored};
use crate::problem::Problem;
use crate::redirects;
use crate::tenant::{NotConnected, Tenant};

/// What the shop's checkout is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initialized {
    /// The PSP's name of the attempt; the shop calls it transaction id.
    pub transaction_id: PspReference,
    /// The payment page.
    pub redirect_url: String,
}

/// Why a payment could not be initialized.
#[derive(Debug, Error)]
pub enum InitializeError {
    /// The tenant may not move money.
    #[error(transparent)]
    Tenant(#[from] NotConnected),
    /// A field is missing or wrong.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// Money is held or taken for another amount.
    #[error(transparent)]
    Fixed(#[from] InitializeRefused),
    /// The PSP refuses the request itself (conformance case 6).
    #[error("{0}")]
    Unprocessable(String),
    /// The PSP did not do it, or did not answer; calling again goes on where this stopped.
    #[error("{0}")]
    Failed(String),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Problem> for InitializeError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Later(reason) => {
                Self::Failed(format!("{reason}; initialize the payment again"))
            }
            Problem::Broken(reason) => Self::Failed(reason),
            Problem::Store(error) => Self::Store(error),
        }
    }
}

/// One look at the payment: either it is done, or something was moved on and the next
/// look decides.
enum Step {
    Done(Box<Payment>),
    Refused(Refusal),
    /// The PSP refused a change because the payment has moved on there; we know how far.
    Overtaken(Refusal),
    Again,
}

impl Context {
    /// Initializes the payment of an order.
    ///
    /// # Errors
    /// [`InitializeError`]. What was begun stays journaled: the next call goes on with it.
    pub async fn initialize(
        &self,
        tenant: &TenantId,
        request: InitializePaymentRequest,
    ) -> Result<Initialized, InitializeError> {
        let tenant = self.connected(tenant).await?;
        let checkout = checkout::read(request)?;
        redirects::check(&checkout.redirects, tenant.account.mode, &tenant.settings.shop_origins)?;
        self.psp
            .check_amount(checkout.total)
            .map_err(|problem| InvalidField::new("orderData.grandTotal", problem))?;
        let id = PaymentId::new(self.entropy.new_id());
        let payment = self.settle_on_payment(&tenant, &checkout, id).await?;
        self.initialized(&payment)
    }

    /// The one payment of this checkout: found and brought up to date, or made under this id. A
    /// pre-order, whose order would tell, is found by the id.
    pub(crate) async fn settle_on_payment(
        &self,
        tenant: &Tenant,
        checkout: &Checkout,
        id: PaymentId,
    ) -> Result<Payment, InitializeError> {
        let mut overtaken = false;
        for _ in 0..CONFLICTS_MAX {
            match self.step(tenant, checkout, id).await? {
                Step::Done(payment) => return Ok(*payment),
                Step::Refused(refusal) => return Err(refused(refusal)),
                // Money that is on its way has no status of ours that would refuse the change.
                Step::Overtaken(refusal) if overtaken => {
                    return Err(InitializeError::Failed(refusal.message));
                }
                Step::Overtaken(_) => overtaken = true,
                Step::Again => {}
            }
        }
        Err(InitializeError::Failed("the payment is busy; initialize it again".into()))
    }

    fn initialized(&self, payment: &Payment) -> Result<Initialized, InitializeError> {
        let Some(reference) = payment.reference() else {
            return Err(InitializeError::Failed("the payment is being made; try again".into()));
        };
        let redirect_url = self.site.page_url(reference, &payment.tenant);
        Ok(Initialized { transaction_id: reference.clone(), redirect_url })
    }

    async fn step(
        &self,
        tenant: &Tenant,
        checkout: &Checkout,
        id: PaymentId,
    ) -> Result<Step, InitializeError> {
        let found = match &checkout.order_reference {
            Some(order) => {
                let mut payments = self.store.payments_of_order(&tenant.id, order).await?;
                match payments.iter().position(|stored| stored.value.account == tenant.account) {
                    Some(index) => Some(payments.swap_remove(index)),
                    None => return self.begin_at_account(tenant, checkout, id, payments).await,
                }
            }
            None => self.store.payment(&tenant.id, id).await?,
        };
        let Some(stored) = found else { return self.begin(tenant, checkout, id).await };
        let attempt = AttemptId::new(self.entropy.new_id());
        match stored.value.clone().initialize(checkout.clone(), attempt)? {
            Initialization::Finish => {
                self.finish_other_call(stored).await?;
                Ok(Step::Again)
            }
            Initialization::Same(payment) => self.keep(stored, *payment).await,
            Initialization::Update(purpose) => match self.journal(stored, purpose).await? {
                Some(journaled) => self.make_call(journaled).await,
                None => Ok(Step::Again),
            },
            Initialization::Again(payment) => self.begin_again(&stored, *payment).await,
        }
    }

    /// An order that has no payment at the tenant's account. It may have some at earlier accounts:
    /// from now on the shop's commands mean the new one (rule R1), so that a command that is being
    /// carried out for an old one has its outcome first.
    async fn begin_at_account(
        &self,
        tenant: &Tenant,
        checkout: &Checkout,
        id: PaymentId,
        earlier: Vec<Stored>,
    ) -> Result<Step, InitializeError> {
        if let Some(earlier) = command_under_way(earlier) {
            self.finish_other_call(earlier).await?;
            return Ok(Step::Again);
        }
        self.begin(tenant, checkout, id).await
    }

    /// A new order: payment, attempt and call are committed before the PSP is asked, so that of
    /// two calls at once one wins and the other finds it (rule R2).
    async fn begin(
        &self,
        tenant: &Tenant,
        checkout: &Checkout,
        id: PaymentId,
    ) -> Result<Step, InitializeError> {
        let payment = Payment::new(
            id,
            tenant.id.clone(),
            tenant.account.clone(),
            checkout.clone(),
            AttemptId::new(self.entropy.new_id()),
            self.entropy.now(),
        );
        let from = payment.status;
        self.create(payment, Expected::Absent, (from, "new")).await
    }

    async fn begin_again(
        &self,
        stored: &Stored,
        payment: Payment,
    ) -> Result<Step, InitializeError> {
        let (from, expected) = (stored.value.status, Expected::Version(stored.version));
        self.create(payment, expected, (from, "new attempt")).await
    }

    async fn create(
        &self,
        payment: Payment,
        expected: Expected,
        (from, what): (Status, &str),
    ) -> Result<Step, InitializeError> {
        let Some(payment) = self.plan(payment, Purpose::Create, None) else {
            return Ok(Step::Again);
        };
        let now = self.entropy.now();
        let history = vec![entry(from, &payment, what, None, now)];
        let change = PaymentChange { payment: payment.clone(), expected, settled: None, history };
        let commit = Commit {
            tenant: payment.tenant.clone(),
            now,
            payment: Some(change),
            messages: Vec::new(),
            inbox: None,
            ends: None,
        };
        match self.store.commit(commit).await? {
            CommitOutcome::Committed => {
                let version = match expected {
                    Expected::Absent => 1,
                    Expected::Version(version) => version + 1,
                };
                self.make_call(Stored { value: payment, version }).await
            }
            CommitOutcome::Conflict | CommitOutcome::Duplicate => Ok(Step::Again),
        }
    }

    /// Another call has the payment: wait for it a moment, then go on with it under its key.
    pub(crate) async fn finish_other_call(&self, stored: Stored) -> Result<(), Problem> {
        let Some(call) = &stored.value.open_call else { return Ok(()) };
        let waited = self.entropy.now().duration_since(call.planned_at);
        // Planned while the clock was ahead: nobody waits until it is as late as that again.
        let mut waited = waited.max(SignedDuration::ZERO);
        let id = call.id;
        let mut stored = stored;
        while waited < CALL_PATIENCE {
            tokio::time::sleep(INITIALIZE_POLL.unsigned_abs()).await;
            waited += INITIALIZE_POLL.max(SignedDuration::from_millis(1));
            stored = self.read_again(&stored).await?;
            if stored.value.open_call.as_ref().map(|open| open.id) != Some(id) {
                return Ok(());
            }
        }
        // A refusal is an answer to what that call asked for, perhaps a capture: the next look
        // decides what it means for this one.
        self.carry_out(stored).await?;
        Ok(())
    }

    async fn make_call(&self, stored: Stored) -> Result<Step, InitializeError> {
        let updating = matches!(
            stored.value.open_call.as_ref().map(|call| &call.purpose),
            Some(Purpose::Update(_))
        );
        match self.carry_out(stored).await? {
            Ended { refusal: None, .. } if updating => Ok(Step::Again),
            Ended { stored, refusal: None } => Ok(Step::Done(Box::new(stored.value))),
            // A change that came too late: the payment has moved on, and its state decides.
            Ended { refusal: Some(refusal), .. } if refusal.unexpected_state => {
                Ok(Step::Overtaken(refusal))
            }
            Ended { refusal: Some(refusal), .. } => Ok(Step::Refused(refusal)),
        }
    }

    /// The same payment again. What the shop says of the order now is kept.
    async fn keep(&self, stored: Stored, payment: Payment) -> Result<Step, InitializeError> {
        if payment == stored.value {
            return Ok(Step::Done(Box::new(payment)));
        }
        let moved = Moved::start(payment.clone());
        match self.write(&stored, moved, None).await? {
            CommitOutcome::Committed => Ok(Step::Done(Box::new(payment))),
            CommitOutcome::Conflict | CommitOutcome::Duplicate => Ok(Step::Again),
        }
    }
}

/// The newest of an order's payments, if a command is being carried out for it.
pub(crate) fn command_under_way(newest_first: Vec<Stored>) -> Option<Stored> {
    let under_way = |stored: &Stored| {
        stored.value.open_call.as_ref().is_some_and(|call| call.command.is_some())
    };
    newest_first.into_iter().next().filter(under_way)
}

/// A refusal with a code says what is wrong with the request (case 6); one without does not
/// (case 7).
fn refused(refusal: Refusal) -> InitializeError {
    match refusal.code {
        Some(_) => InitializeError::Unprocessable(refusal.message),
        None => InitializeError::Failed(refusal.message),
    }
}
