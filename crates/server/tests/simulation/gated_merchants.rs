//! The merchants of the store behind the gate of a process.

use app::merchant::Merchant;
use app::ports::{CommitOutcome, MerchantCommit, MerchantStore, StoreError, Stored, Versioned};
use async_trait::async_trait;
use payment::{Account, MerchantReference, PspAccountId, PspTransferId, TenantId};

use crate::gated_store::GatedStore;

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl MerchantStore for GatedStore {
    async fn merchant(
        &self,
        tenant: &TenantId,
        platform: &Account,
        reference: &MerchantReference,
    ) -> Answer<Option<Versioned<Merchant>>> {
        self.use_it(self.inner.merchant(tenant, platform, reference)).await
    }

    async fn merchant_of_account(
        &self,
        tenant: &TenantId,
        account: &PspAccountId,
    ) -> Answer<Option<Versioned<Merchant>>> {
        self.use_it(self.inner.merchant_of_account(tenant, account)).await
    }

    async fn merchant_by_token(
        &self,
        tenant: &TenantId,
        token: &str,
    ) -> Answer<Option<Versioned<Merchant>>> {
        self.use_it(self.inner.merchant_by_token(tenant, token)).await
    }

    async fn open_merchants(&self, tenant: &TenantId) -> Answer<u64> {
        self.use_it(self.inner.open_merchants(tenant)).await
    }

    async fn commit_merchant(&self, commit: MerchantCommit) -> Answer<CommitOutcome> {
        let (tenant, messages) = (commit.merchant.tenant.clone(), commit.messages.clone());
        self.use_it(async {
            let outcome = self.inner.commit_merchant(commit).await?;
            if outcome == CommitOutcome::Committed {
                self.ledger.record(&tenant, &messages);
            }
            Ok(outcome)
        })
        .await
    }

    async fn payment_of_transfer(
        &self,
        tenant: &TenantId,
        transfer: &PspTransferId,
    ) -> Answer<Option<Stored>> {
        self.use_it(self.inner.payment_of_transfer(tenant, transfer)).await
    }

    async fn tenant_of_merchant(&self, account: &PspAccountId) -> Answer<Option<TenantId>> {
        self.use_it(self.inner.tenant_of_merchant(account)).await
    }
}
