//! What a marketplace needs of the store.

use async_trait::async_trait;
use jiff::Timestamp;
use payment::{Account, MerchantReference, PspAccountId, PspTransferId, TenantId};

use crate::merchant::Merchant;
use crate::ports::{
    CommitOutcome, Expected, InboxSettlement, NewMessage, StoreError, Stored, Versioned,
};

/// Merchants, and payments by what was paid out of them.
///
/// # Errors
/// [`StoreError`], from every method here.
#[async_trait]
pub trait MerchantStore: Send + Sync {
    /// A merchant of a tenant at one platform account (rule R20).
    async fn merchant(
        &self,
        tenant: &TenantId,
        platform: &Account,
        reference: &MerchantReference,
    ) -> Result<Option<Versioned<Merchant>>, StoreError>;

    /// The merchant that has this account at the PSP.
    async fn merchant_of_account(
        &self,
        tenant: &TenantId,
        account: &PspAccountId,
    ) -> Result<Option<Versioned<Merchant>>, StoreError>;

    /// The merchant whose addresses for coming back carry this token.
    async fn merchant_by_token(
        &self,
        tenant: &TenantId,
        token: &str,
    ) -> Result<Option<Versioned<Merchant>>, StoreError>;

    /// How many merchants of a tenant have an account that was not rejected.
    async fn open_merchants(&self, tenant: &TenantId) -> Result<u64, StoreError>;

    /// Writes a merchant, what is told of it, and the end of the event that told us, in one
    /// transaction.
    async fn commit_merchant(&self, commit: MerchantCommit) -> Result<CommitOutcome, StoreError>;

    /// The payment of which this transfer was made.
    async fn payment_of_transfer(
        &self,
        tenant: &TenantId,
        transfer: &PspTransferId,
    ) -> Result<Option<Stored>, StoreError>;

    /// The tenant that a merchant's account belongs to: for webhooks whose address names none. It
    /// does not start from a tenant; nothing is believed before a secret of the tenant it returns
    /// has verified the webhook.
    async fn tenant_of_merchant(
        &self,
        account: &PspAccountId,
    ) -> Result<Option<TenantId>, StoreError>;
}

/// One transaction about a merchant.
#[derive(Clone, Debug)]
pub struct MerchantCommit {
    /// The merchant as it is to be.
    pub merchant: Merchant,
    /// What has to be there.
    pub expected: Expected,
    /// When.
    pub now: Timestamp,
    /// What is told.
    pub messages: Vec<NewMessage>,
    /// The inbox row that this ends. Where its fence no longer holds, nothing is written
    /// ([`CommitOutcome::Duplicate`]).
    pub inbox: Option<InboxSettlement>,
}
