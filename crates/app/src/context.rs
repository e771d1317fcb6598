//! What every use case is handed.

use std::sync::Arc;

use payment::Mode;

use crate::ports::{Entropy, Psp, Store};

/// The store, the payment service provider, time and ids, and how this installation is reached.
#[derive(Clone)]
pub struct Context {
    /// Durable storage.
    pub store: Arc<dyn Store>,
    /// The payment service provider.
    pub psp: Arc<dyn Psp>,
    /// Time and ids.
    pub entropy: Arc<dyn Entropy>,
    /// How this installation is reached and what it is called.
    pub site: Arc<Site>,
}

/// How this installation is reached and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The address under which shops, shoppers and the PSP reach the app, without a slash at the
    /// end.
    pub public_url: String,
    /// The app's identifier in the shop's app catalog, at most 36 characters.
    pub app_identifier: String,
}

impl Site {
    /// Where the PSP sends the events of a tenant.
    pub fn webhook_url(&self, mode: Mode, tenant: &payment::TenantId) -> String {
        let path = match mode {
            Mode::Test => "/webhooks/test",
            Mode::Live => "/webhooks",
        };
        let tenant = encode_query(tenant.as_str());
        format!("{}{path}?tenantIdentifier={tenant}", self.public_url)
    }

    /// Where the PSP sends the events of a tenant's merchants: another endpoint than that of its
    /// payments, with a secret of its own.
    pub fn merchant_webhook_url(&self, mode: Mode, tenant: &payment::TenantId) -> String {
        format!("{}&of=merchants", self.webhook_url(mode, tenant))
    }

    /// Where a merchant comes back to from the onboarding.
    pub fn onboarding_return_url(&self, tenant: &payment::TenantId, token: &str) -> String {
        self.onboarding_url("return", tenant, token)
    }

    /// Where a merchant comes back to with a link that is used up.
    pub fn onboarding_refresh_url(&self, tenant: &payment::TenantId, token: &str) -> String {
        self.onboarding_url("refresh", tenant, token)
    }

    fn onboarding_url(&self, what: &str, tenant: &payment::TenantId, token: &str) -> String {
        let tenant = encode_query(tenant.as_str());
        format!(
            "{}/merchants/onboarding/{what}?tenantIdentifier={tenant}&token={token}",
            self.public_url
        )
    }

    /// The payment page of an attempt.
    pub fn page_url(
        &self,
        reference: &payment::PspReference,
        tenant: &payment::TenantId,
    ) -> String {
        self.address_of("/app-payment", reference, tenant)
    }

    /// Where the PSP sends the shopper back to.
    pub fn return_url(
        &self,
        reference: &payment::PspReference,
        tenant: &payment::TenantId,
    ) -> String {
        self.address_of("/app-payment/redirect", reference, tenant)
    }

    fn address_of(
        &self,
        path: &str,
        reference: &payment::PspReference,
        tenant: &payment::TenantId,
    ) -> String {
        format!(
            "{}{path}?transactionId={}&tenantIdentifier={}",
            self.public_url,
            encode_query(reference.as_str()),
            encode_query(tenant.as_str()),
        )
    }
}

/// Percent-encodes a value of a query (RFC 3986: all but the unreserved characters).
fn encode_query(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use payment::{PspReference, TenantId};

    use super::*;

    #[test]
    fn addresses_carry_the_tenant_encoded() {
        let site =
            Site { public_url: "https://pay.test".into(), app_identifier: "paybridge".into() };
        assert_eq!(
            site.webhook_url(Mode::Test, &TenantId::new("a b&c")),
            "https://pay.test/webhooks/test?tenantIdentifier=a%20b%26c"
        );
        assert_eq!(
            site.page_url(&PspReference::new("pi_1"), &TenantId::new("t")),
            "https://pay.test/app-payment?transactionId=pi_1&tenantIdentifier=t"
        );
        assert_eq!(
            site.return_url(&PspReference::new("pi_1"), &TenantId::new("t")),
            "https://pay.test/app-payment/redirect?transactionId=pi_1&tenantIdentifier=t"
        );
    }
}
