//! What the address of the page names. Nothing else of a query is read: where the shopper goes
//! afterwards was stored when the payment was initialized.

use payment::{PspReference, TenantId};
use url::form_urlencoded;

use crate::tenant;

/// The longest transaction id that is looked for, in bytes.
const TRANSACTION_MAX: usize = 255;

/// A payment, as an address names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) transaction: Option<PspReference>,
    pub(crate) tenant: Option<TenantId>,
}

impl Address {
    /// Reads a query; of a name that comes twice the first value counts.
    pub(crate) fn read(query: Option<&str>) -> Self {
        let value = |wanted: &str| {
            let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
            pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
        };
        let transaction = value("transactionId").filter(|id| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            !id.is_empty() && id.len() <= TRANSACTION_MAX && id.bytes().all(known)
        });
        Self {
            transaction: transaction.map(PspReference::new),
            tenant: value("tenantIdentifier").as_deref().and_then(tenant::identifier),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_payment_and_its_tenant() {
        let address = Address::read(Some(
            "payment_intent=pi_2&transactionId=pi_1&tenantIdentifier=a%20b&transactionId=pi_3",
        ));
        assert_eq!(address.transaction, Some(PspReference::new("pi_1")));
        assert_eq!(address.tenant, Some(TenantId::new("a b")));
    }

    #[test]
    fn what_names_nothing_is_missing() {
        assert_eq!(Address::read(None), Address::default());
        let odd = format!("transactionId={}", "a".repeat(TRANSACTION_MAX + 1));
        for query in ["", "&&", "transactionId=&tenantIdentifier=+", "transactionId=../x", &odd] {
            assert_eq!(Address::read(Some(query)), Address::default(), "{query}");
        }
    }
}
