//! The port on merchants: which statement each of its methods runs.

use app::merchant::Merchant;
use app::ports::{CommitOutcome, MerchantCommit, MerchantStore, StoreError, Stored, Versioned};
use async_trait::async_trait;
use payment::{Account, MerchantReference, PspAccountId, PspTransferId, TenantId};

use super::{DatabaseStore, across_tenants, merchant, payment as payments};

#[async_trait]
impl MerchantStore for DatabaseStore {
    async fn merchant(
        &self,
        tenant: &TenantId,
        platform: &Account,
        reference: &MerchantReference,
    ) -> Result<Option<Versioned<Merchant>>, StoreError> {
        let (tenant, platform, reference) = (tenant.clone(), platform.clone(), reference.clone());
        self.driver.read(move |db| merchant::by_reference(db, &tenant, &platform, &reference)).await
    }

    async fn merchant_of_account(
        &self,
        tenant: &TenantId,
        account: &PspAccountId,
    ) -> Result<Option<Versioned<Merchant>>, StoreError> {
        let (tenant, account) = (tenant.clone(), account.clone());
        self.driver.read(move |db| merchant::by_account(db, &tenant, &account)).await
    }

    async fn merchant_by_token(
        &self,
        tenant: &TenantId,
        token: &str,
    ) -> Result<Option<Versioned<Merchant>>, StoreError> {
        let (tenant, token) = (tenant.clone(), token.to_owned());
        self.driver.read(move |db| merchant::by_token(db, &tenant, &token)).await
    }

    async fn open_merchants(&self, tenant: &TenantId) -> Result<u64, StoreError> {
        let tenant = tenant.clone();
        self.driver.read(move |db| merchant::open(db, &tenant)).await
    }

    async fn commit_merchant(&self, commit: MerchantCommit) -> Result<CommitOutcome, StoreError> {
        self.commit_with(commit.messages.len(), move |db| merchant::commit(db, &commit)).await
    }

    async fn payment_of_transfer(
        &self,
        tenant: &TenantId,
        transfer: &PspTransferId,
    ) -> Result<Option<Stored>, StoreError> {
        let (tenant, transfer) = (tenant.clone(), transfer.clone());
        self.driver.read(move |db| payments::of_transfer(db, &tenant, &transfer)).await
    }

    async fn tenant_of_merchant(
        &self,
        account: &PspAccountId,
    ) -> Result<Option<TenantId>, StoreError> {
        let account = account.clone();
        self.driver.read_one(move |db| across_tenants::tenant_of_merchant(db, &account)).await
    }
}
