//! Makes a payment before its order: the shop's front end lets the shopper pay with what this
//! answers, and the order is linked when it is placed (conformance cases 8 to 10).

use payment::{Payment, PaymentId, PspAccountId, PspReference, Status, TenantId};
use protocol::order::InitializePaymentRequest;
use secrecy::SecretString;

use crate::checkout::{self, InvalidField};
use crate::context::Context;
use crate::initialize::InitializeError;
use crate::ports::{StoreError, Stored};
use crate::problem::Problem;
use crate::redirects;
use crate::tenant::Tenant;

/// What a front end needs to let the shopper pay.
#[derive(Clone, Debug)]
pub struct ClientData {
    /// The PSP's name of the attempt.
    pub transaction_id: PspReference,
    /// Opens the attempt to whoever has it. It goes into the answer and nowhere else.
    pub client_secret: SecretString,
    /// The key for the PSP's script. Not a secret.
    pub publishable_key: String,
    /// The account that the script works in, where the key is that of the operator's platform.
    pub account_id: Option<PspAccountId>,
}

impl Context {
    /// Makes the payment of a cart, or finds the one that was made for it before and brings it up
    /// to date. A cart whose payment is not known, has its order, or is being called off, gets a new
    /// one: nobody should be unable to pay because of what an old session remembers.
    ///
    /// # Errors
    /// [`InitializeError`]. What was begun stays journaled: it is finished, and called off if no
    /// order comes.
    pub async fn pre_order(
        &self,
        tenant: &TenantId,
        request: InitializePaymentRequest,
    ) -> Result<ClientData, InitializeError> {
        let tenant = self.connected(tenant).await?;
        let data = request.pre_order_payment_data.clone();
        let checkout = checkout::read_cart(request)?;
        redirects::check(&checkout.redirects, tenant.account.mode, &tenant.settings.shop_origins)?;
        self.psp
            .check_amount(checkout.total)
            .map_err(|problem| InvalidField::new("orderData.grandTotal", problem))?;
        let known = match data.and_then(|data| data.transaction_id) {
            Some(transaction) => self.payment_of_cart(&tenant, &transaction).await?,
            None => None,
        };
        let id = known.unwrap_or_else(|| PaymentId::new(self.entropy.new_id()));
        let payment = self.settle_on_payment(&tenant, &checkout, id).await?;
        self.client_data(&payment).await
    }

    async fn payment_of_cart(
        &self,
        tenant: &Tenant,
        transaction: &str,
    ) -> Result<Option<PaymentId>, StoreError> {
        let reference = PspReference::new(transaction.trim());
        let found = self.store.payment_by_reference(&tenant.id, &reference).await?;
        let of_cart = |stored: &Stored| {
            let payment = &stored.value;
            payment.is_pre_order()
                && payment.account == tenant.account
                && payment.status != Status::CancelRequested
        };
        Ok(found.filter(of_cart).map(|stored| stored.value.id))
    }

    /// What opens the payment to its shopper. It is stored nowhere, so the PSP is asked.
    async fn client_data(&self, payment: &Payment) -> Result<ClientData, InitializeError> {
        let Some(reference) = payment.reference() else {
            return Err(InitializeError::Failed("the payment is being made; try again".into()));
        };
        let credentials = self.credentials_of(payment).await?;
        let asked = self.psp.retrieve_for_shopper(&credentials, reference).await;
        let keys = self.browser_keys(&credentials)?;
        Ok(ClientData {
            transaction_id: reference.clone(),
            client_secret: asked.map_err(Problem::from_psp)?.client_secret,
            publishable_key: keys.publishable,
            account_id: keys.account,
        })
    }

    /// The pre-order, or what was one, with this attempt: the newest one counts.
    pub(crate) async fn by_transaction(
        &self,
        tenant: &TenantId,
        transaction: Option<&str>,
    ) -> Result<(Stored, PspReference), Unknown> {
        let field = "preOrderPaymentData.transactionId";
        let Some(transaction) = transaction else {
            let problem = "is missing; send the one that the pre-order payment call answered";
            return Err(Unknown::Invalid(InvalidField::new(field, problem)));
        };
        let reference = PspReference::new(transaction);
        match self.store.payment_by_reference(tenant, &reference).await? {
            Some(stored) => Ok((stored, reference)),
            None => {
                let problem = "is not known; send the one that the pre-order payment call answered";
                Err(Unknown::Invalid(InvalidField::new(field, problem)))
            }
        }
    }
}

/// Why a payment was not found.
pub(crate) enum Unknown {
    Invalid(InvalidField),
    Store(StoreError),
}

impl From<StoreError> for Unknown {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
