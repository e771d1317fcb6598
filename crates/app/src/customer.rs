//! Who pays: an express checkout takes name and addresses from the shopper's wallet, by way of the
//! payment that she has approved there.

use payment::{Address, TenantId};
use protocol::customer::{Customer, CustomerAddress, CustomerRequest};
use thiserror::Error;

use crate::checkout::InvalidField;
use crate::context::Context;
use crate::ports::{Payer, StoreError};
use crate::pre_order::Unknown;
use crate::problem::Problem;
use crate::tenant::NotConnected;

/// Why nobody can be named.
#[derive(Debug, Error)]
pub enum CustomerError {
    /// The tenant may not move money.
    #[error(transparent)]
    Tenant(#[from] NotConnected),
    /// A field is missing or wrong.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The PSP did not answer, or knows nobody.
    #[error("{0}")]
    Failed(String),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Problem> for CustomerError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Later(reason) => Self::Failed(format!("{reason}; ask again")),
            Problem::Broken(reason) => Self::Failed(reason),
            Problem::Store(error) => Self::Store(error),
        }
    }
}

impl Context {
    /// The customer of a payment, as the PSP knows her; what it does not know is as the shop said.
    ///
    /// # Errors
    /// [`CustomerError`].
    pub async fn customer(
        &self,
        tenant: &TenantId,
        request: CustomerRequest,
    ) -> Result<Customer, CustomerError> {
        let tenant = self.connected(tenant).await?;
        let data = request.customer_payment_service_provider_data;
        let transaction = data.and_then(|data| data.transaction_id);
        let transaction = transaction.as_deref().map(str::trim).filter(|id| !id.is_empty());
        let known = request.customer.filter(|customer| *customer != Customer::default());
        match (transaction, known) {
            (Some(transaction), known) => {
                let payer = self.payer_of(&tenant.id, transaction).await?;
                let customer = merged(payer, known.unwrap_or_default());
                if customer == Customer::default() {
                    let unknown = "the payment provider does not know yet who pays; ask again once \
                                   the shopper has approved the payment";
                    return Err(CustomerError::Failed(unknown.into()));
                }
                Ok(customer)
            }
            (None, Some(known)) => Ok(known),
            (None, None) => {
                let problem = "is missing, and so is customer; send one of them";
                let field = "customerPaymentServiceProviderData.transactionId";
                Err(InvalidField::new(field, problem).into())
            }
        }
    }

    async fn payer_of(&self, tenant: &TenantId, transaction: &str) -> Result<Payer, CustomerError> {
        let (stored, reference) = self.by_transaction(tenant, Some(transaction)).await.map_err(
            |unknown| match unknown {
                Unknown::Invalid(InvalidField { problem, .. }) => {
                    let field = "customerPaymentServiceProviderData.transactionId";
                    CustomerError::Invalid(InvalidField::new(field, problem))
                }
                Unknown::Store(error) => CustomerError::Store(error),
            },
        )?;
        let credentials = self.credentials_of(&stored.value).await?;
        let asked = self.psp.payer(&credentials, &reference).await;
        Ok(asked.map_err(Problem::from_psp)?)
    }
}

fn merged(payer: Payer, known: Customer) -> Customer {
    let billing = address(&payer.billing);
    let (first_name, last_name) = names(&payer.billing.name);
    let shipping = payer.shipping.as_ref().and_then(address);
    Customer {
        first_name: first_name.or(known.first_name),
        last_name: last_name.or(known.last_name),
        email: payer.email.or(known.email),
        phone: payer.billing.phone.or(known.phone),
        company: known.company,
        billing_address: billing.or(known.billing_address),
        shipping_address: shipping.or(known.shipping_address),
    }
}

/// An address without a street is none.
fn address(address: &Address) -> Option<CustomerAddress> {
    if address.line1.is_empty() {
        return None;
    }
    let (first_name, last_name) = names(&address.name);
    Some(CustomerAddress {
        first_name,
        last_name,
        address1: Some(address.line1.clone()),
        address2: address.line2.clone(),
        address3: None,
        zip_code: address.zip.clone(),
        city: address.city.clone(),
        state: address.state.clone(),
        country: address.country.clone(),
        iso2_code: address.country.clone(),
        company: None,
        phone: address.phone.clone(),
    })
}

/// A wallet knows one name. Its last word is taken for the last name; a single word is that.
fn names(name: &str) -> (Option<String>, Option<String>) {
    let words: Vec<&str> = name.split_whitespace().collect();
    match words.split_last() {
        None => (None, None),
        Some((last, [])) => (None, Some((*last).to_owned())),
        Some((last, first)) => (Some(first.join(" ")), Some((*last).to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_split_before_its_last_word() {
        let of = |name: &str| {
            let (first, last) = names(name);
            (first.unwrap_or_default(), last.unwrap_or_default())
        };
        let pair = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        assert_eq!(of("Ada Lovelace"), pair("Ada", "Lovelace"));
        assert_eq!(of(" Anna  Maria Müller "), pair("Anna Maria", "Müller"));
        assert_eq!(of("Cher"), pair("", "Cher"));
        assert_eq!(of(" "), pair("", ""));
    }
}
