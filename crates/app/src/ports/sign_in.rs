//! Who calls: what the way in needs to know before a use case is asked.

use async_trait::async_trait;
use jiff::Timestamp;
use payment::TenantId;
use thiserror::Error;
use uuid::Uuid;

use super::StoreError;

/// Tells who a bearer token belongs to.
#[async_trait]
pub trait SignIn: Send + Sync {
    /// The caller whose token this is: the text after `Bearer`, without it `None`.
    ///
    /// # Errors
    /// [`SignInError`]; nothing of the request may be carried out then.
    async fn caller(&self, token: Option<&str>) -> Result<Caller, SignInError>;
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The operator of this installation, or the app catalog that he runs: configures and
    /// disconnects any tenant, and moves no money.
    Operator,
    /// A shop's back end.
    Tenant(TenantId),
    /// The browser of a shop's customer.
    Customer(TenantId),
    /// Whoever reaches the app, because nobody is asked for a token. On loopback only.
    Anyone,
}

impl Caller {
    /// Whether the caller may act for a tenant.
    pub fn acts_for(&self, tenant: &TenantId) -> bool {
        match self {
            Self::Operator | Self::Anyone => true,
            Self::Tenant(own) | Self::Customer(own) => own == tenant,
        }
    }

    /// The tenant that the token names.
    pub fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::Operator | Self::Anyone => None,
            Self::Tenant(tenant) | Self::Customer(tenant) => Some(tenant),
        }
    }
}

/// Why it is not known who calls, by what the caller does next.
#[derive(Debug, Error)]
pub enum SignInError {
    /// There is no token: send one.
    #[error(
        "Authorization in header is required: send \"Authorization: Bearer <token>\" with the \
         tenant's token"
    )]
    Missing,
    /// The token is not good: get another one.
    #[error("Authorization: {0}")]
    Invalid(String),
    /// It cannot be checked now: call again.
    #[error("Authorization cannot be checked now: {0}")]
    Unavailable(String),
    /// The same, because the store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The fixed tokens of tenants whose shops have no identity provider. Of a token only its hash is
/// stored.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// The tenant whose token has this hash, unless it was revoked or has ended. This is the one
    /// question that proves a tenant instead of starting from it.
    ///
    /// # Errors
    /// [`StoreError`]; so for all methods here.
    async fn tenant_of_token(
        &self,
        hash: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<TenantId>, StoreError>;

    /// Adds a token. The tenant need not be configured yet: its first call may be that.
    async fn add_token(&self, token: NewToken) -> Result<(), StoreError>;

    /// A tenant's tokens, the oldest first, revoked ones included.
    async fn tokens(&self, tenant: &TenantId) -> Result<Vec<TokenRow>, StoreError>;

    /// Ends a token. Returns what it is now; `None` where the tenant has none of this id. One that
    /// was revoked before keeps its time.
    async fn revoke_token(
        &self,
        tenant: &TenantId,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Option<TokenRow>, StoreError>;
}

/// SHA-256 of a token. Tokens are 32 random bytes, so nobody finds one by its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenHash(pub [u8; 32]);

/// A token to be stored.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its id, by which it is revoked. No secret.
    pub id: Uuid,
    /// Whose it is.
    pub tenant: TenantId,
    /// The hash of it.
    pub hash: TokenHash,
    /// What it is for, in the operator's words.
    pub label: String,
    /// When.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// A token as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Its id.
    pub id: Uuid,
    /// What it is for.
    pub label: String,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl TokenRow {
    /// Whether it opens anything.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}
