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
use crate::tenant::{Tenant, TenantStatus};

/// What the caller said about open payments.
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
    /// Disconnects a tenant. One that is disconnected already stays so.
    ///
    /// # Errors
    /// [`DisconnectError`]; the tenant stays connected then.
    pub async fn disconnect(
        &self,
        id: &TenantId,
        confirmation: Confirmation,
    ) -> Result<(), DisconnectError> {
        for _ in 0..CONFLICTS_MAX {
            let stored = self.store.tenant(id).await?.ok_or(DisconnectError::UnknownTenant)?;
            if stored.value.status == TenantStatus::Disconnected {
                return Ok(());
            }
            let unfinished = self.store.unfinished(id).await?;
            let finished = unfinished == Unfinished::default();
            match confirmation {
                Confirmation::Confirmed => {}
                Confirmation::None | Confirmation::Denied if finished => {}
                Confirmation::None => return Err(DisconnectError::Unfinished(unfinished)),
                Confirmation::Denied => return Err(DisconnectError::NotConfirmed),
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
            let Some(endpoint) = &mut credentials.endpoint else { continue };
            if std::mem::replace(&mut endpoint.given_up, true) {
                continue;
            }
            let id_at_psp = endpoint.id.clone();
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
                CommitOutcome::Committed => self.remove_endpoint(&credentials, &id_at_psp).await,
                CommitOutcome::Conflict | CommitOutcome::Duplicate => return Ok(()),
            }
        }
        Ok(())
    }
}
