//! What a marketplace needs of the payment service provider: accounts of merchants, and money that
//! goes to them and comes back.

use async_trait::async_trait;
use jiff::Timestamp;
use payment::{
    AccountFacts, Currency, IdempotencyKey, MerchantId, MerchantReference, Money, NewTransfer,
    OrderReference, PspAccountId, PspChargeId, PspReference, PspReversalId, PspTransferId,
    ReversalId, TenantId, TransferId,
};

use crate::ports::PspError;
use crate::tenant::{Credentials, InstallationId};

/// Calls to the PSP about merchants. Those that move money or make an account carry an idempotency
/// key, as everywhere.
///
/// # Errors
/// [`PspError`], from every method here.
#[async_trait]
pub trait MarketplacePsp: Send + Sync {
    /// Makes an account for a merchant, below the platform's.
    async fn create_account(
        &self,
        credentials: &Credentials,
        request: &CreateAccount<'_>,
        key: &IdempotencyKey,
    ) -> Result<AccountView, PspError>;

    /// Looks for the account that was made for `merchant`, among those made since `since`. `None`
    /// proves that there is none.
    async fn find_account(
        &self,
        credentials: &Credentials,
        merchant: MerchantId,
        since: Timestamp,
    ) -> Result<Option<AccountView>, PspError>;

    /// Asks how an account stands.
    async fn retrieve_account(
        &self,
        credentials: &Credentials,
        account: &PspAccountId,
    ) -> Result<AccountView, PspError>;

    /// A link to the onboarding of an account: for one use, within minutes. The merchant comes back
    /// to `return_url`, done or not, and to `refresh_url` with a link that is used up.
    async fn onboarding_link(
        &self,
        credentials: &Credentials,
        account: &PspAccountId,
        return_url: &str,
        refresh_url: &str,
    ) -> Result<String, PspError>;

    /// A link to the provider's dashboard of an account; `None` where its kind has none.
    async fn dashboard_link(
        &self,
        credentials: &Credentials,
        account: &PspAccountId,
    ) -> Result<Option<String>, PspError>;

    /// Says of an attempt which order its payouts will name, where that was not known when it was
    /// made. It can be said once.
    async fn group_payment(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
        order: &OrderReference,
        key: &IdempotencyKey,
    ) -> Result<(), PspError>;

    /// The currency in which a charge came to the platform's balance; `None` where that is not
    /// known yet.
    async fn settlement_currency(
        &self,
        credentials: &Credentials,
        charge: &PspChargeId,
    ) -> Result<Option<Currency>, PspError>;

    /// Passes money on to a merchant. Its id travels along, so that it can be found again.
    async fn transfer(
        &self,
        credentials: &Credentials,
        order: &OrderReference,
        transfer: &NewTransfer,
        key: &IdempotencyKey,
    ) -> Result<PspTransferId, PspError>;

    /// Takes money back from a merchant. `reversal` travels along.
    async fn reverse(
        &self,
        credentials: &Credentials,
        transfer: &PspTransferId,
        reversal: ReversalId,
        amount: Money,
        key: &IdempotencyKey,
    ) -> Result<PspReversalId, PspError>;

    /// Looks for the transfer that was made for `transfer`, among those of the order. `None` proves
    /// that there is none.
    async fn find_transfer(
        &self,
        credentials: &Credentials,
        order: &OrderReference,
        transfer: TransferId,
    ) -> Result<Option<PspTransferId>, PspError>;

    /// Looks for the reversal that was made for `reversal`, among those of the transfer. `None`
    /// proves that there is none.
    async fn find_reversal(
        &self,
        credentials: &Credentials,
        transfer: &PspTransferId,
        reversal: ReversalId,
    ) -> Result<Option<PspReversalId>, PspError>;
}

/// What a new account of a merchant needs to carry.
#[derive(Clone, Copy, Debug)]
pub struct CreateAccount<'a> {
    /// The shop.
    pub tenant: &'a TenantId,
    /// This installation.
    pub installation: InstallationId,
    /// Our id of the merchant.
    pub merchant: MerchantId,
    /// The shop's name of the merchant.
    pub reference: &'a MerchantReference,
    /// What people call the merchant.
    pub name: Option<&'a str>,
}

/// An account of a merchant at the PSP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// The PSP's name of it.
    pub id: PspAccountId,
    /// How it stands.
    pub facts: AccountFacts,
}

/// Why the PSP refused to move a merchant's money, by what somebody has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayoutObstacle {
    /// There is not enough money where it is to be taken from.
    InsufficientBalance,
    /// The merchant's account cannot take part.
    AccountNotReady,
    /// The charge that was named cannot be passed on, or not so much of it: the platform's balance
    /// may do instead.
    SourceUnusable,
    /// The money is there in another currency.
    Currency,
}
