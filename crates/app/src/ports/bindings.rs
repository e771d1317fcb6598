//! Which tenant has which account under the operator's platform: the operator's word, kept beside
//! the tenants.

use async_trait::async_trait;
use jiff::Timestamp;
use payment::{Account, Mode, PspAccountId, TenantId};

use super::store::StoreError;

/// Binds accounts to tenants. An account belongs to one tenant, in both of its modes (rule R5).
#[async_trait]
pub trait Bindings: Send + Sync {
    /// What is bound to a tenant.
    ///
    /// # Errors
    /// [`StoreError`]; so for all methods here.
    async fn bindings(&self, tenant: &TenantId) -> Result<Vec<BoundAccount>, StoreError>;

    /// Binds an account. The tenant need not be configured yet.
    async fn bind_account(&self, binding: &NewBinding) -> Result<BindOutcome, StoreError>;

    /// Takes the binding of a mode away. Payments at the account go on to their end; new ones do not
    /// begin there, so a tenant that is connected there keeps it.
    async fn unbind_account(
        &self,
        tenant: &TenantId,
        mode: Mode,
        rehearsed: bool,
    ) -> Result<UnbindOutcome, StoreError>;
}

/// An account that is bound to a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundAccount {
    /// The account.
    pub account: Account,
    /// Since when.
    pub bound_at: Timestamp,
}

/// A binding that is asked for.
#[derive(Clone, Debug)]
pub struct NewBinding {
    /// The shop.
    pub tenant: TenantId,
    /// Its account.
    pub account: Account,
    /// Now.
    pub now: Timestamp,
    /// Whether it is only tried: everything is looked at and then undone.
    pub rehearsed: bool,
}

/// What came of binding an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindOutcome {
    /// It is bound now; after a rehearsal, it would be.
    Bound,
    /// It was before.
    Already,
    /// The tenant has another one in this mode; nothing was changed.
    HasAnother(PspAccountId),
    /// It belongs to another tenant, bound or as one of its merchants'; nothing was changed.
    OfAnother(TenantId),
}

/// What came of taking a binding away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnbindOutcome {
    /// This one is gone; after a rehearsal, it would be.
    Unbound(PspAccountId),
    /// There was none.
    None,
    /// The tenant is connected there; nothing was changed.
    InUse(PspAccountId),
}
