//! A merchant of a marketplace: who it is, its account at the PSP, and where its onboarding stands.

use std::fmt;

use jiff::Timestamp;
use payment::{
    Account, IdempotencyKey, MerchantId, MerchantReference, MerchantStatus, PspAccountId, TenantId,
};

/// A merchant who began an onboarding: one for each tenant, platform account and mode (rule R20).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    /// Our id; travels to the PSP as metadata, so that the account can be found again.
    pub id: MerchantId,
    /// The shop.
    pub tenant: TenantId,
    /// The account of the marketplace, below which the merchant's is.
    pub platform: Account,
    /// The shop's name of the merchant.
    pub reference: MerchantReference,
    /// What people call it.
    pub name: Option<String>,
    /// Its account, once we know that there is one. The row was there before: it is the journal of
    /// the account's creation.
    pub account: Option<PspAccountId>,
    /// Under this key the PSP makes the account at most once.
    pub key: IdempotencyKey,
    /// Since when that key is used. Keys are not repeated for ever.
    pub key_since: Timestamp,
    /// What the shop was told last.
    pub status: Option<MerchantStatus>,
    /// Where the merchant comes back to.
    pub visit: Visit,
    /// When the merchant began.
    pub created_at: Timestamp,
}

/// The last click on the onboarding button: where it came from, and what proves who comes back.
#[derive(Clone, PartialEq, Eq)]
pub struct Visit {
    /// What the addresses for coming back carry. Nobody can guess it.
    pub token: String,
    /// When the button was clicked.
    pub at: Timestamp,
    /// The portal's page after the onboarding.
    pub success: String,
    /// Its page that begins again.
    pub refresh: Option<String>,
    /// Its page for a merchant who went away before the end.
    pub cancel: Option<String>,
    /// Its page for when nothing can be done.
    pub error: Option<String>,
}

/// Without the token: who has it comes back in the merchant's place.
impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { token: _, at, success, refresh, cancel, error } = self;
        f.debug_struct("Visit")
            .field("at", at)
            .field("success", success)
            .field("refresh", refresh)
            .field("cancel", cancel)
            .field("error", error)
            .finish_non_exhaustive()
    }
}
