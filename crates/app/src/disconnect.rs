//! Disconnects a tenant: no money moves for it any more, and its shop is told.

use payment::TenantId;
use thiserror::Error;

use crate::context::Context;
use crate::limits::CONFLICTS_MAX;
use crate::methods;
use crate::ports::{
    After, CommitOutcome, Expected, NewMessage, StoreError, TenantChange, TenantCommit, Unfinished,
    Versioned,
};
use crate::tenant::{Tenant, TenantStatus, WebhookEndpoint};

/// What the caller said about open payments, or about merchants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// Nothing yet.
    None,
    /// Go ahead all the same.
    Confirmed,
    /// Do not.
    Denied,
}

/// Why a tenant was not disconnected.
#[derive(Debug, Error)]
pub enum DisconnectError {
    /// It was never configured.
    #[error("Tenant action failed: the tenant is not known; configure it first")]
    UnknownTenant,
    /// Something is not finished; ask the person (case 75, rule R23, code 21000).
    #[error(
        "Not finished yet: {}. Captures, cancels and refunds of open payments would be lost; \
         finish them first, or disconnect all the same", in_words(.0)
    )]
    Unfinished(Unfinished),
    /// The person said no, or nothing that means yes (code 21001).
    #[error(
        "the tenant stays connected, because disconnecting it was not confirmed; send \
         X-Confirmation-Status: true to go ahead"
    )]
    NotConfirmed,
    /// Merchants are onboarded; ask the person (code 22000).
    #[error(
        "Merchants are onboarded ({0}). They can be paid out and go on with their onboarding only \
         while the tenant is connected; disconnect all the same?"
    )]
    OpenMerchants(u64),
    /// The person said no to that, or nothing that means yes (code 22001).
    #[error(
        "the tenant stays connected, because leaving its merchants was not confirmed; send \
         X-Confirmation-Status: true, one value for each question, to go ahead"
    )]
    MerchantsNotConfirmed,
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn in_words(unfinished: &Unfinished) -> String {
    [
        (unfinished.payments, "open payments"),
        (unfinished.calls + unfinished.inbox, "work that is not done"),
        (unfinished.messages, "messages that the shop has not read"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{what} ({count})"))
    .collect::<Vec<_>>()
    .join(", ")
}

impl Context {
    /// Disconnects a tenant. One that is disconnected already stays so. `answers` are those to the
    /// questions that have to be asked, in their order: open payments, then merchants.
    ///
    /// # Errors
    /// [`DisconnectError`]; the tenant stays connected then.
    pub async fn disconnect(
        &self,
        id: &TenantId,
        answers: &[Confirmation],
    ) -> Result<(), DisconnectError> {
        for _ in 0..CONFLICTS_MAX {
            let stored = self.store.tenant(id).await?.ok_or(DisconnectError::UnknownTenant)?;
            if stored.value.status == TenantStatus::Disconnected {
                return Ok(());
            }
            let unfinished = self.store.unfinished(id).await?;
            let merchants = self.store.open_merchants(id).await?;
            let mut answers = answers.iter().copied();
            let mut next = || answers.next().unwrap_or(Confirmation::None);
            if unfinished != Unfinished::default() {
                match next() {
                    Confirmation::Confirmed => {}
                    Confirmation::None => return Err(DisconnectError::Unfinished(unfinished)),
                    Confirmation::Denied => return Err(DisconnectError::NotConfirmed),
                }
            }
            if merchants > 0 {
                match next() {
                    Confirmation::Confirmed => {}
                    Confirmation::None => return Err(DisconnectError::OpenMerchants(merchants)),
                    Confirmation::Denied => return Err(DisconnectError::MerchantsNotConfirmed),
                }
            }
            if self.try_disconnect(stored).await? {
                // Work may have come in since it was looked for; messages of the disconnect itself
                // are none.
                let since = self.store.unfinished(id).await?;
                if unfinished.is_drained() && (Unfinished { messages: 0, ..since }).is_drained() {
                    self.give_up_endpoints(id).await?;
                }
                return Ok(());
            }
        }
        Err(DisconnectError::Store(StoreError::Unavailable(
            "the tenant changes too quickly".into(),
        )))
    }

    async fn try_disconnect(&self, stored: Versioned<Tenant>) -> Result<bool, StoreError> {
        let now = self.entropy.now();
        let mut tenant = stored.value;
        tenant.status = TenantStatus::Disconnected;
        let mut messages = methods::delete_all(self, &mut tenant, now);
        // A shop no longer polls the channels of an inactive app: this is the last thing it reads.
        let inactive = methods::app_config_updated(self, &tenant);
        messages.push(NewMessage { after: After::Everything, ..inactive });
        let commit = TenantCommit {
            tenant,
            expected: Expected::Version(stored.version),
            now,
            change: TenantChange::Keep,
            messages,
        };
        match self.store.commit_tenant(commit).await? {
            CommitOutcome::Conflict => Ok(false),
            CommitOutcome::Committed | CommitOutcome::Duplicate => Ok(true),
        }
    }

    /// Removes the endpoints of tenants that were disconnected with work under way, once that is
    /// done (rule R23): until then their events still tell what became of the money.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn finish_disconnects(&self) -> Result<(), StoreError> {
        for tenant in self.store.disconnected_tenants().await? {
            if self.store.unfinished(&tenant).await?.is_drained() {
                self.give_up_endpoints(&tenant).await?;
            }
        }
        Ok(())
    }

    /// Removes the endpoints at the PSP, those of earlier accounts too. Each is given up first: a
    /// configure call that comes in between makes its own, and never relies on one that goes.
    async fn give_up_endpoints(&self, id: &TenantId) -> Result<(), StoreError> {
        for mut credentials in self.store.all_credentials(id).await? {
            let ours = credentials.endpoint.iter_mut().chain(&mut credentials.merchant_endpoint);
            let given_up = |endpoint: &mut WebhookEndpoint| {
                let before = std::mem::replace(&mut endpoint.given_up, true);
                (!before).then(|| endpoint.id.clone())
            };
            let ids_at_psp: Vec<String> = ours.filter_map(given_up).collect();
            if ids_at_psp.is_empty() {
                continue;
            }
            let Some(stored) = self.store.tenant(id).await? else { return Ok(()) };
            if stored.value.status == TenantStatus::Connected {
                return Ok(());
            }
            let commit = TenantCommit {
                tenant: stored.value,
                expected: Expected::Version(stored.version),
                now: self.entropy.now(),
                change: TenantChange::Credentials(Box::new(credentials.clone())),
                messages: Vec::new(),
            };
            match self.store.commit_tenant(commit).await? {
                CommitOutcome::Committed => {
                    for id_at_psp in ids_at_psp {
                        self.remove_endpoint(&credentials, &id_at_psp).await;
                    }
                }
                CommitOutcome::Conflict | CommitOutcome::Duplicate => return Ok(()),
            }
        }
        Ok(())
    }
}
