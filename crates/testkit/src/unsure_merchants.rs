//! The merchants of a store whose database is lost now and then.

use app::merchant::Merchant;
use app::ports::{CommitOutcome, MerchantCommit, MerchantStore, Stored, Versioned};
use async_trait::async_trait;
use payment::{Account, MerchantReference, PspAccountId, PspTransferId, TenantId};

use crate::unsure_store::{Answer, UnsureStore};

#[async_trait]
impl MerchantStore for UnsureStore {
    async fn merchant(
        &self,
        tenant: &TenantId,
        platform: &Account,
        reference: &MerchantReference,
    ) -> Answer<Option<Versioned<Merchant>>> {
        self.go("merchant", self.inner.merchant(tenant, platform, reference)).await
    }

    async fn merchant_of_account(
        &self,
        tenant: &TenantId,
        account: &PspAccountId,
    ) -> Answer<Option<Versioned<Merchant>>> {
        self.go("merchant_of_account", self.inner.merchant_of_account(tenant, account)).await
    }

    async fn merchant_by_token(
        &self,
        tenant: &TenantId,
        token: &str,
    ) -> Answer<Option<Versioned<Merchant>>> {
        self.go("merchant_by_token", self.inner.merchant_by_token(tenant, token)).await
    }

    async fn open_merchants(&self, tenant: &TenantId) -> Answer<u64> {
        self.go("open_merchants", self.inner.open_merchants(tenant)).await
    }

    async fn commit_merchant(&self, commit: MerchantCommit) -> Answer<CommitOutcome> {
        self.go("commit_merchant", self.inner.commit_merchant(commit)).await
    }

    async fn payment_of_transfer(
        &self,
        tenant: &TenantId,
        transfer: &PspTransferId,
    ) -> Answer<Option<Stored>> {
        self.go("payment_of_transfer", self.inner.payment_of_transfer(tenant, transfer)).await
    }

    async fn tenant_of_merchant(&self, account: &PspAccountId) -> Answer<Option<TenantId>> {
        self.go("tenant_of_merchant", self.inner.tenant_of_merchant(account)).await
    }
}
