//! Where the shopper goes after the PSP has sent her back: contract, shop, "Payment page".

use payment::{PspReference, TenantId};

use crate::context::Context;
use crate::payment_page::{PageError, PageState, PaymentPage};

/// Where the shopper goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Onward {
    /// To the shop: it is paid. Nowhere, where the shop named no address.
    Success(Option<String>),
    /// To the shop: it is not, and will not be here. Nowhere, where the shop named no address.
    Cancel(Option<String>),
    /// To the payment page: it is not paid yet.
    Page(String),
}

impl Context {
    /// Asks how an attempt stands and says where its shopper goes. The addresses are those that
    /// were checked and stored when the payment was initialized, whatever the browser asks for.
    ///
    /// The address that the PSP returns to need not name the tenant; then it is the attempt's.
    ///
    /// # Errors
    /// [`PageError`].
    pub async fn after_payment(
        &self,
        tenant: Option<TenantId>,
        reference: &PspReference,
    ) -> Result<(PaymentPage, Onward), PageError> {
        let tenant = match tenant {
            Some(tenant) => tenant,
            None => self.store.tenant_of_reference(reference).await?.ok_or(PageError::Unknown)?,
        };
        let page = self.payment_page(&tenant, reference).await?;
        let onward = self.onward(&page, reference);
        Ok((page, onward))
    }

    fn onward(&self, page: &PaymentPage, reference: &PspReference) -> Onward {
        let redirects = &page.payment.checkout.redirects;
        match &page.state {
            PageState::Paid => Onward::Success(redirects.success.clone()),
            PageState::Canceled | PageState::Unreachable => {
                Onward::Cancel(redirects.cancel.clone())
            }
            PageState::Superseded(page) => Onward::Page(page.clone()),
            PageState::Payable(_) | PageState::Disconnected | PageState::Processing(_) => {
                Onward::Page(self.site.page_url(reference, &page.payment.tenant))
            }
        }
    }
}
