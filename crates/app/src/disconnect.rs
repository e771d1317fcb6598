//! Disconnects a tenant: no money moves for it any more, and its shop is told.

use payment::TenantId;
use thiserror::Error;

use crate::context::Context;
use crate::limits::CONFLICTS_MAX;
use crate::methods;
use crate::ports::{
    CommitOutcome, Expected, NewMessage, StoreError, TenantChange, TenantCommit, Versioned,
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
    /// Payments are open; ask the person (case 75, code 21000).
    #[error(
        "Open payments: {0}. Their captures, cancels and refunds would be lost; finish them first, \
         or disconnect all the same"
    )]
    OpenPayments(u64),
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
            let open = self.store.count_open_payments(id).await?;
            match confirmation {
                Confirmation::Confirmed => {}
                Confirmation::None if open == 0 => {}
                Confirmation::None => return Err(DisconnectError::OpenPayments(open)),
                Confirmation::Denied if open == 0 => {}
                Confirmation::Denied => return Err(DisconnectError::NotConfirmed),
            }
            if self.try_disconnect(stored, open == 0).await? {
                return Ok(());
            }
        }
        Err(DisconnectError::Store(StoreError::Unavailable(
            "the tenant changes too quickly".into(),
        )))
    }

    async fn try_disconnect(
        &self,
        stored: Versioned<Tenant>,
        drained: bool,
    ) -> Result<bool, DisconnectError> {
        let now = self.entropy.now();
        let mut tenant = stored.value;
        tenant.status = TenantStatus::Disconnected;
        let mut messages = methods::delete_all(self, &mut tenant, now);
        messages.push(methods::app_config_updated(self, &tenant));
        one_after_the_other(&mut messages);
        let commit = TenantCommit {
            tenant: tenant.clone(),
            expected: Expected::Version(stored.version),
            now,
            change: TenantChange::Keep,
            messages,
        };
        match self.store.commit_tenant(commit).await? {
            CommitOutcome::Conflict => return Ok(false),
            CommitOutcome::Committed | CommitOutcome::Duplicate => {}
        }
        if drained {
            self.forget_endpoints(&tenant.id).await?;
        }
        Ok(true)
    }

    /// Removes the endpoints at the PSP, those of earlier accounts too. With payments open they
    /// stay: their events tell what became of the money.
    async fn forget_endpoints(&self, tenant: &TenantId) -> Result<(), StoreError> {
        for credentials in self.store.all_credentials(tenant).await? {
            if let Some(endpoint) = &credentials.endpoint {
                self.remove_endpoint(&credentials, &endpoint.id).await;
            }
        }
        Ok(())
    }
}

/// A shop no longer polls the channels of an inactive app, so that it is inactive must be the last
/// thing it reads. They lie on two channels and a shop may delete in any order: each waits until
/// the one before is gone.
fn one_after_the_other(messages: &mut [NewMessage]) {
    let mut before = None;
    for message in messages {
        message.after = before;
        before = Some(message.id);
    }
}
