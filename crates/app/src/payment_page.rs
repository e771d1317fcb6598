//! What the payment page shows: how an attempt stands, for the shopper who opens its address.
//!
//! Our books answer where they know that it is paid or over. Otherwise the PSP is asked, which
//! also has to tell the one thing that is stored nowhere: what opens the attempt to the shopper.

use payment::{Payment, PspAccountId, PspReference, Status, TenantId};
use secrecy::SecretString;
use thiserror::Error;

use crate::context::Context;
use crate::credentials::BrowserKeys;
use crate::learn::{Learned, Moved};
use crate::limits::SHOPPER_PATIENCE;
use crate::ports::{
    IntentState, IntentView, PspError, ShopperStep, ShopperView, StoreError, Stored,
};
use crate::problem::Problem;
use crate::tenant::{Settings, Tenant, TenantStatus};

/// A payment as its shopper sees it.
#[derive(Clone, Debug)]
pub struct PaymentPage {
    /// The payment.
    pub payment: Payment,
    /// What the tenant has set for the page.
    pub settings: Settings,
    /// How the attempt stands.
    pub state: PageState,
}

/// How an attempt stands for its shopper.
#[derive(Clone, Debug)]
pub enum PageState {
    /// It can be paid.
    Payable(Box<Opened>),
    /// It could be paid, but the tenant is disconnected: nobody would hear of the money.
    Disconnected,
    /// The money is on its way; nothing is left for the shopper to do.
    Processing(Box<Opened>),
    /// It is paid: opened again, nothing is charged a second time (conformance case 66).
    Paid,
    /// It cannot be paid any more.
    Canceled,
    /// A later attempt took its place; this is the page of that one.
    Superseded(String),
    /// The PSP could not be asked.
    Unreachable,
}

/// What the page needs to speak to the PSP in the shopper's place.
#[derive(Clone, Debug)]
pub struct Opened {
    /// How the attempt stands at the PSP.
    pub view: IntentView,
    /// Opens the attempt. It appears on the page and nowhere else.
    pub client_secret: SecretString,
    /// What the shopper does next.
    pub step: ShopperStep,
    /// The key that the page is given. Not a secret.
    pub publishable_key: String,
    /// The account that the page works in, where the key is that of the operator's platform.
    pub account_id: Option<PspAccountId>,
}

/// Why there is no page.
#[derive(Debug, Error)]
pub enum PageError {
    /// The tenant has no such payment.
    #[error("There is no such payment")]
    Unknown,
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Context {
    /// What the page of an attempt shows.
    ///
    /// # Errors
    /// [`PageError`]. A PSP that does not answer is no error, but [`PageState::Unreachable`].
    pub async fn payment_page(
        &self,
        tenant: &TenantId,
        reference: &PspReference,
    ) -> Result<PaymentPage, PageError> {
        let tenant = self.store.tenant(tenant).await?.ok_or(PageError::Unknown)?.value;
        let found = self.store.payment_by_reference(&tenant.id, reference).await?;
        let stored = found.ok_or(PageError::Unknown)?;
        let payment = stored.value.clone();
        let state = self.page_state(&tenant, stored, reference).await;
        Ok(PaymentPage { payment, settings: tenant.settings, state })
    }

    async fn page_state(
        &self,
        tenant: &Tenant,
        stored: Stored,
        reference: &PspReference,
    ) -> PageState {
        let payment = &stored.value;
        match payment.status {
            Status::Authorized
            | Status::PartiallyCaptured
            | Status::CaptureRequested
            | Status::Captured
            | Status::CaptureFailed => return PageState::Paid,
            Status::CancelRequested | Status::Canceled => return PageState::Canceled,
            Status::New | Status::AuthorizationFailed | Status::CancellationFailed => {}
        }
        match payment.reference() {
            Some(current) if current != reference => {
                return PageState::Superseded(self.site.page_url(current, &payment.tenant));
            }
            Some(_) => {}
            // An earlier attempt is over and the next one is being made.
            None => return PageState::Unreachable,
        }
        match self.ask_for_shopper(payment, reference).await {
            Ok(opened) => {
                self.note(&stored, &opened.view).await;
                state_of(tenant.status, opened)
            }
            Err(problem) => {
                tracing::warn!(%problem, "the payment page cannot ask the payment provider");
                PageState::Unreachable
            }
        }
    }

    /// Asks the PSP, for no longer than somebody waits for a page.
    async fn ask_for_shopper(
        &self,
        payment: &Payment,
        reference: &PspReference,
    ) -> Result<Opened, Problem> {
        let credentials = self.credentials_of(payment).await?;
        let asked = self.psp.retrieve_for_shopper(&credentials, reference);
        let patience = SHOPPER_PATIENCE.unsigned_abs();
        let answer = tokio::time::timeout(patience, asked).await.unwrap_or_else(|_| {
            Err(PspError::Unknown("no answer while a shopper waits".to_owned()))
        });
        let ShopperView { view, client_secret, step } = answer.map_err(Problem::from_psp)?;
        let BrowserKeys { publishable: publishable_key, account: account_id } =
            self.browser_keys(&credentials)?;
        Ok(Opened { view, client_secret, step, publishable_key, account_id })
    }

    /// Writes down what the shopper brought about, before the event of it comes. Whoever is faster
    /// tells the shop, the other one finds it known; where it cannot be written, the event tells it.
    async fn note(&self, stored: &Stored, view: &IntentView) {
        let is_settled = match view.state {
            IntentState::Authorized { .. }
            | IntentState::Captured { .. }
            | IntentState::Canceled { .. } => true,
            IntentState::AwaitingPayment
            | IntentState::Processing
            | IntentState::PartiallyFunded { .. } => false,
        };
        // The outcome of an open call is weighed by whoever made it.
        if !is_settled || stored.value.open_call.is_some() {
            return;
        }
        let now = self.entropy.now();
        let moved = Moved::start(stored.value.clone()).learn(&Learned::from(view), now);
        if let Err(error) = Box::pin(self.write(stored, moved, None)).await
            && !error.is_told()
        {
            tracing::warn!(%error, "what a shopper brought about waits for its event");
        }
    }
}

fn state_of(tenant: TenantStatus, opened: Opened) -> PageState {
    match &opened.view.state {
        IntentState::AwaitingPayment | IntentState::PartiallyFunded { .. } => match tenant {
            TenantStatus::Connected => PageState::Payable(Box::new(opened)),
            TenantStatus::Disconnected => PageState::Disconnected,
        },
        IntentState::Processing => PageState::Processing(Box::new(opened)),
        IntentState::Authorized { .. } | IntentState::Captured { .. } => PageState::Paid,
        IntentState::Canceled { captured, .. } if captured.is_zero() => PageState::Canceled,
        IntentState::Canceled { .. } => PageState::Paid,
    }
}
