//! The parts of the ports that only marketplaces use, for the fakes: the tests of the web do not
//! come so far.

use app::merchant::Merchant;
use app::ports::*;
use app::tenant::Credentials;
use async_trait::async_trait;
use jiff::Timestamp;
use payment::*;

use super::down_store::{DownStore, down};
use super::fake_psp::{FakePsp, unasked};

#[async_trait]
impl MarketplacePsp for FakePsp {
    async fn create_account(
        &self,
        _: &Credentials,
        _: &CreateAccount<'_>,
        _: &IdempotencyKey,
    ) -> Result<AccountView, PspError> {
        unasked()
    }

    async fn find_account(
        &self,
        _: &Credentials,
        _: MerchantId,
        _: Timestamp,
    ) -> Result<Option<AccountView>, PspError> {
        unasked()
    }

    async fn retrieve_account(
        &self,
        _: &Credentials,
        _: &PspAccountId,
    ) -> Result<AccountView, PspError> {
        unasked()
    }

    async fn onboarding_link(
        &self,
        _: &Credentials,
        _: &PspAccountId,
        _: &str,
        _: &str,
    ) -> Result<String, PspError> {
        unasked()
    }

    async fn dashboard_link(
        &self,
        _: &Credentials,
        _: &PspAccountId,
    ) -> Result<Option<String>, PspError> {
        unasked()
    }

    async fn group_payment(
        &self,
        _: &Credentials,
        _: &PspReference,
        _: &OrderReference,
        _: &IdempotencyKey,
    ) -> Result<(), PspError> {
        unasked()
    }

    async fn settlement_currency(
        &self,
        _: &Credentials,
        _: &PspChargeId,
    ) -> Result<Option<Currency>, PspError> {
        unasked()
    }

    async fn transfer(
        &self,
        _: &Credentials,
        _: &OrderReference,
        _: &NewTransfer,
        _: &IdempotencyKey,
    ) -> Result<PspTransferId, PspError> {
        unasked()
    }

    async fn reverse(
        &self,
        _: &Credentials,
        _: &PspTransferId,
        _: ReversalId,
        _: Money,
        _: &IdempotencyKey,
    ) -> Result<PspReversalId, PspError> {
        unasked()
    }

    async fn find_transfer(
        &self,
        _: &Credentials,
        _: &OrderReference,
        _: TransferId,
    ) -> Result<Option<PspTransferId>, PspError> {
        unasked()
    }

    async fn find_reversal(
        &self,
        _: &Credentials,
        _: &PspTransferId,
        _: ReversalId,
    ) -> Result<Option<PspReversalId>, PspError> {
        unasked()
    }
}

#[async_trait]
impl MerchantStore for DownStore {
    async fn merchant(
        &self,
        _: &TenantId,
        _: &Account,
        _: &MerchantReference,
    ) -> Result<Option<Versioned<Merchant>>, StoreError> {
        down()
    }

    async fn merchant_of_account(
        &self,
        _: &TenantId,
        _: &PspAccountId,
    ) -> Result<Option<Versioned<Merchant>>, StoreError> {
        down()
    }

    async fn merchant_by_token(
        &self,
        _: &TenantId,
        _: &str,
    ) -> Result<Option<Versioned<Merchant>>, StoreError> {
        down()
    }

    async fn open_merchants(&self, _: &TenantId) -> Result<u64, StoreError> {
        down()
    }

    async fn commit_merchant(&self, _: MerchantCommit) -> Result<CommitOutcome, StoreError> {
        down()
    }

    async fn payment_of_transfer(
        &self,
        _: &TenantId,
        _: &PspTransferId,
    ) -> Result<Option<Stored>, StoreError> {
        down()
    }

    async fn tenant_of_merchant(&self, _: &PspAccountId) -> Result<Option<TenantId>, StoreError> {
        down()
    }
}
