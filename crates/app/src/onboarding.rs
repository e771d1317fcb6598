//! Onboards a merchant: one account at the PSP for each merchant, and a fresh link for each click
//! (rule R20, case 76).

use jiff::SignedDuration;
use payment::{
    IdempotencyKey, MerchantId, MerchantReference, MerchantStatus, PspAccountId, TenantId,
};
use protocol::merchant::OnboardingRequest;
use thiserror::Error;

use crate::checkout::InvalidField;
use crate::context::Context;
use crate::limits::{CONFLICTS_MAX, KEY_LIFE, MERCHANT_REFERENCE_MAX};
use crate::merchant::{Merchant, Visit};
use crate::merchant_messages;
use crate::ports::{
    AccountView, CommitOutcome, CreateAccount, Expected, MerchantCommit, NewMessage, PspError,
    StoreError, Versioned,
};
use crate::problem::Problem;
use crate::redirects;
use crate::tenant::{BusinessModel, Credentials, Tenant, TenantStatus};

/// Where a merchant is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Onboarding {
    /// The address: of the onboarding, or of the provider's dashboard once nothing is missing.
    pub url: String,
    /// Whether the account was made by this call.
    pub first: bool,
}

/// Why a merchant could not be sent on.
#[derive(Debug, Error)]
pub enum OnboardingError {
    /// The tenant was never configured.
    #[error("X-Tenant-Identifier: the tenant is not known; configure the app for it first")]
    UnknownTenant,
    /// The tenant is disconnected.
    #[error("Tenant is disconnected.")]
    Disconnected,
    /// A field is missing or wrong.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// What the tenant has set up at the PSP, or here, does not allow it: the reason.
    #[error("{0}")]
    Forbidden(String),
    /// The PSP did not answer; the next click goes on where this one stopped.
    #[error("{0}; try again in a moment")]
    Failed(String),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Problem> for OnboardingError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Later(reason) => Self::Failed(reason),
            Problem::Broken(reason) => Self::Forbidden(reason),
            Problem::Store(error) => Self::Store(error),
        }
    }
}

type Stored = Versioned<Merchant>;

impl Context {
    /// Sends a merchant to the onboarding, making its account with the first click.
    ///
    /// `header` is the merchant that the shop's portal has logged in, where it says so.
    ///
    /// # Errors
    /// [`OnboardingError`]. What was begun stays journaled: the next click goes on with it.
    pub async fn onboard(
        &self,
        tenant: &TenantId,
        header: Option<&str>,
        request: OnboardingRequest,
    ) -> Result<Onboarding, OnboardingError> {
        let tenant = self.marketplace(tenant).await?;
        let credentials = self.store.credentials(&tenant.id, &tenant.account).await?;
        let credentials = credentials.ok_or(OnboardingError::UnknownTenant)?;
        let (reference, name) = merchant_of(header, &request)?;
        let visit = self.visit(&tenant, &request)?;
        let stored = self.begin_onboarding(&tenant, &reference, name, visit).await?;
        let (stored, view, first) = match stored.value.account.clone() {
            Some(account) => {
                let view = self.psp.retrieve_account(&credentials, &account).await;
                (stored, view.map_err(refused)?, false)
            }
            None => self.ensure_account(&credentials, stored).await?,
        };
        let merchant = self.note_status(stored, view).await?;
        let url = self.onboarding_address(&credentials, &merchant).await?;
        Ok(Onboarding { url, first })
    }

    async fn marketplace(&self, id: &TenantId) -> Result<Tenant, OnboardingError> {
        let tenant = self.store.tenant(id).await?.ok_or(OnboardingError::UnknownTenant)?.value;
        match (tenant.status, tenant.settings.business_model) {
            (TenantStatus::Disconnected, _) => Err(OnboardingError::Disconnected),
            (TenantStatus::Connected, BusinessModel::Direct) => Err(OnboardingError::Forbidden(
                "the tenant is no marketplace; configure the app with businessModel marketplace"
                    .into(),
            )),
            (TenantStatus::Connected, BusinessModel::Marketplace) => Ok(tenant),
        }
    }

    /// Where the merchant comes back to: only addresses that were checked are stored.
    fn visit(&self, tenant: &Tenant, request: &OnboardingRequest) -> Result<Visit, InvalidField> {
        let (mode, origins) = (tenant.account.mode, &tenant.settings.shop_origins);
        let checked = |field: &'static str, given: &Option<String>| match given {
            Some(url) if !url.is_empty() => match redirects::check_one(url, mode, origins) {
                Ok(()) => Ok(Some(url.clone())),
                Err(problem) => Err(InvalidField::new(field, problem)),
            },
            Some(_) | None => Ok(None),
        };
        let success = checked("successUrl", &request.success_url)?;
        let missing = || InvalidField::new("successUrl", "is missing; send where to come back to");
        Ok(Visit {
            token: self.entropy.new_secret().simple().to_string(),
            at: self.entropy.now(),
            success: success.ok_or_else(missing)?,
            refresh: checked("refreshUrl", &request.refresh_url)?,
            cancel: checked("cancelUrl", &request.cancel_url)?,
            error: checked("errorUrl", &request.error_url)?,
        })
    }

    /// The merchant's row, with this visit in it: it is there before the PSP is asked for an
    /// account, so that of two clicks at once both ask under the same key.
    async fn begin_onboarding(
        &self,
        tenant: &Tenant,
        reference: &MerchantReference,
        name: Option<String>,
        visit: Visit,
    ) -> Result<Stored, OnboardingError> {
        for _ in 0..CONFLICTS_MAX {
            let found = self.store.merchant(&tenant.id, &tenant.account, reference).await?;
            let (merchant, expected) = match found {
                // Addresses that an earlier click handed out stay good.
                Some(Versioned { value, version }) => {
                    let token = value.visit.token.clone();
                    let visit = Visit { token, ..visit.clone() };
                    (Merchant { visit, ..value }, Expected::Version(version))
                }
                None => {
                    let new = self.new_merchant(tenant, reference, name.clone(), visit.clone());
                    (new, Expected::Absent)
                }
            };
            if let Some(stored) = self.write_merchant(merchant, expected, Vec::new()).await? {
                return Ok(stored);
            }
        }
        Err(OnboardingError::Failed("the merchant is being onboarded by others".into()))
    }

    fn new_merchant(
        &self,
        tenant: &Tenant,
        reference: &MerchantReference,
        name: Option<String>,
        visit: Visit,
    ) -> Merchant {
        let (id, now) = (self.entropy.new_id(), self.entropy.now());
        Merchant {
            id: MerchantId::new(id),
            tenant: tenant.id.clone(),
            platform: tenant.account.clone(),
            reference: reference.clone(),
            name,
            account: None,
            key: IdempotencyKey::new(id.to_string()),
            key_since: now,
            status: None,
            visit,
            created_at: now,
        }
    }

    /// `None` where somebody else was faster.
    pub(crate) async fn write_merchant(
        &self,
        merchant: Merchant,
        expected: Expected,
        messages: Vec<NewMessage>,
    ) -> Result<Option<Stored>, StoreError> {
        let now = self.entropy.now();
        let commit =
            MerchantCommit { merchant: merchant.clone(), expected, now, messages, inbox: None };
        match self.store.commit_merchant(commit).await? {
            CommitOutcome::Committed => {
                let version = match expected {
                    Expected::Absent => 1,
                    Expected::Version(version) => version + 1,
                };
                Ok(Some(Versioned { value: merchant, version }))
            }
            CommitOutcome::Conflict | CommitOutcome::Duplicate => Ok(None),
        }
    }

    /// Makes the account, or finds the one that an earlier click has made. Tells whether it was
    /// this click that brought it into our books.
    async fn ensure_account(
        &self,
        credentials: &Credentials,
        stored: Stored,
    ) -> Result<(Stored, AccountView, bool), OnboardingError> {
        let view = self.make_account(credentials, &stored).await?;
        let mut stored = stored;
        for _ in 0..CONFLICTS_MAX {
            if let Some(known) = &stored.value.account {
                let view = self.psp.retrieve_account(credentials, known).await.map_err(refused)?;
                return Ok((stored, view, false));
            }
            let merchant = Merchant { account: Some(view.id.clone()), ..stored.value.clone() };
            let expected = Expected::Version(stored.version);
            if let Some(written) = self.write_merchant(merchant, expected, Vec::new()).await? {
                return Ok((written, view, true));
            }
            stored = self.merchant_again(&stored.value).await?;
        }
        Err(OnboardingError::Failed("the merchant is being onboarded by others".into()))
    }

    async fn make_account(
        &self,
        credentials: &Credentials,
        stored: &Stored,
    ) -> Result<AccountView, OnboardingError> {
        let merchant = &stored.value;
        let request = CreateAccount {
            tenant: &merchant.tenant,
            installation: self.store.installation().await?,
            merchant: merchant.id,
            reference: &merchant.reference,
            name: merchant.name.as_deref(),
        };
        let age = self.entropy.now().duration_since(merchant.key_since);
        let made = if age > KEY_LIFE {
            Err(PspError::KeySpent("the key is too old to be repeated".into()))
        } else {
            self.psp.create_account(credentials, &request, &merchant.key).await
        };
        match made {
            Ok(view) => Ok(view),
            Err(PspError::KeySpent(_)) => self.find_or_rekey(credentials, stored).await,
            // Nothing was made. What was wrong may be put right, and then asked for anew.
            Err(PspError::Refused(refusal)) => {
                self.rekey_merchant(stored).await?;
                Err(OnboardingError::Forbidden(refusal.message))
            }
            Err(error @ (PspError::NotSent(_) | PspError::Unknown(_))) => {
                Err(OnboardingError::Failed(error.to_string()))
            }
        }
    }

    /// The account is there, or it provably is not and is asked for under a new key (rule R15).
    async fn find_or_rekey(
        &self,
        credentials: &Credentials,
        stored: &Stored,
    ) -> Result<AccountView, OnboardingError> {
        let merchant = &stored.value;
        let since = merchant.created_at;
        let found = self.psp.find_account(credentials, merchant.id, since).await;
        if let Some(view) = found.map_err(refused)? {
            return Ok(view);
        }
        self.rekey_merchant(stored).await?;
        Err(OnboardingError::Failed("the merchant's account is made under a new key".into()))
    }

    /// Where somebody else was faster, theirs counts.
    async fn rekey_merchant(&self, stored: &Stored) -> Result<(), StoreError> {
        let merchant = Merchant {
            key: IdempotencyKey::new(self.entropy.new_id().to_string()),
            key_since: self.entropy.now(),
            ..stored.value.clone()
        };
        self.write_merchant(merchant, Expected::Version(stored.version), Vec::new()).await?;
        Ok(())
    }

    pub(crate) async fn merchant_again(&self, merchant: &Merchant) -> Result<Stored, StoreError> {
        let Merchant { tenant, platform, reference, .. } = merchant;
        let found = self.store.merchant(tenant, platform, reference).await?;
        found.ok_or_else(|| StoreError::Corrupt {
            table: "merchant",
            detail: format!("merchant {} is gone", merchant.id),
        })
    }

    /// Writes down what was just learned of the account. Where somebody wrote meanwhile, that one
    /// may know better: ask again.
    async fn note_status(
        &self,
        stored: Stored,
        view: AccountView,
    ) -> Result<Merchant, OnboardingError> {
        let status = view.facts.status(self.entropy.now());
        let messages = self.news_of(&stored.value, status);
        let merchant = Merchant { status: Some(status), ..stored.value.clone() };
        let expected = Expected::Version(stored.version);
        match self.write_merchant(merchant, expected, messages).await? {
            Some(written) => Ok(written.value),
            None => {
                let stored = self.merchant_again(&stored.value).await?;
                Ok(self.sync_merchant(stored, None).await?)
            }
        }
    }

    /// What the shop is told where the status is another one than it knows (case 77).
    pub(crate) fn news_of(&self, merchant: &Merchant, status: MerchantStatus) -> Vec<NewMessage> {
        if merchant.status == Some(status) {
            return Vec::new();
        }
        vec![merchant_messages::status_changed(self, merchant, status)]
    }

    /// A merchant who has something to hand in goes to the onboarding, any other one to the
    /// dashboard, if the account has one.
    pub(crate) async fn onboarding_address(
        &self,
        credentials: &Credentials,
        merchant: &Merchant,
    ) -> Result<String, OnboardingError> {
        let account = account_of(merchant)?;
        if !merchant.status.is_none_or(MerchantStatus::needs_onboarding) {
            let link = self.psp.dashboard_link(credentials, account).await;
            if let Some(link) = link.map_err(refused)? {
                return Ok(link);
            }
        }
        let return_url = self.site.onboarding_return_url(&merchant.tenant, &merchant.visit.token);
        let refresh_url = self.site.onboarding_refresh_url(&merchant.tenant, &merchant.visit.token);
        let link = self.psp.onboarding_link(credentials, account, &return_url, &refresh_url);
        link.await.map_err(refused)
    }
}

fn account_of(merchant: &Merchant) -> Result<&PspAccountId, OnboardingError> {
    let missing = || OnboardingError::Failed("the merchant's account is being made".into());
    merchant.account.as_ref().ok_or_else(missing)
}

/// The PSP's no names what the tenant, or its platform at the PSP, has to put right.
fn refused(error: PspError) -> OnboardingError {
    match error {
        PspError::Refused(refusal) => OnboardingError::Forbidden(refusal.message),
        PspError::NotSent(_) | PspError::Unknown(_) | PspError::KeySpent(_) => {
            OnboardingError::Failed(error.to_string())
        }
    }
}

/// The merchant of a call. A merchant who is logged in onboards no other one.
fn merchant_of(
    header: Option<&str>,
    request: &OnboardingRequest,
) -> Result<(MerchantReference, Option<String>), InvalidField> {
    let field = "merchant.merchantReference";
    let given = request.merchant.clone().unwrap_or_default();
    let body = given.merchant_reference.as_deref().filter(|text| !text.is_empty());
    let header = header.filter(|text| !text.is_empty());
    let reference = match (header, body) {
        (Some(header), Some(body)) if header != body => {
            let problem = "is not the merchant of X-Merchant-Reference; send the same one";
            return Err(InvalidField::new(field, problem));
        }
        (Some(reference), _) | (None, Some(reference)) => reference,
        (None, None) => {
            return Err(InvalidField::new(field, "is missing; send the merchant's reference"));
        }
    };
    if reference.chars().count() > MERCHANT_REFERENCE_MAX {
        let problem = format!("is longer than {MERCHANT_REFERENCE_MAX} characters");
        return Err(InvalidField::new(field, problem));
    }
    Ok((MerchantReference::new(reference), given.name.filter(|name| !name.is_empty())))
}

/// How long after the last click the addresses for coming back still hand out links.
pub const VISIT_LIFE: SignedDuration = SignedDuration::from_hours(24);
