//! Carries out an event about a merchant's account: asks the PSP how the account stands now, and
//! tells the shop where that is news (case 77).
//!
//! Events come in any order, and what they say may be old. So none is believed: the account is
//! fetched after the row was read, and the row is written only if nobody wrote it since. Whoever
//! fetched an older state cannot overwrite a newer one.

use payment::MerchantStatus;

use crate::context::Context;
use crate::limits::CONFLICTS_MAX;
use crate::merchant::Merchant;
use crate::ports::{
    CommitOutcome, Expected, InboxClaim, InboxOutcome, InboxSettlement, MerchantCommit, PspError,
    PspEvent, Refusal, Versioned,
};
use crate::problem::Problem;

/// What the PSP answers when it has no such account, or not any more.
const NOT_FOUND: u16 = 404;
/// What it answers when the account no longer lets the platform in.
const FORBIDDEN: u16 = 403;

impl Context {
    /// Carries out an event about an account and ends its inbox row.
    ///
    /// # Errors
    /// [`Problem`]: the row is still there and leased.
    pub(crate) async fn apply_account_event(
        &self,
        claim: &InboxClaim,
        event: &PspEvent,
    ) -> Result<(), Problem> {
        let tenant = &claim.item.tenant;
        let found = match &event.account {
            Some(account) => self.store.merchant_of_account(tenant, account).await?,
            None => None,
        };
        let Some(stored) = found else {
            return self.end(claim, InboxOutcome::Foreign).await;
        };
        let note = format!("{}: compared with the account", event.kind);
        let settlement = self.settlement(claim, InboxOutcome::Done(note));
        self.sync_merchant(stored, Some(settlement)).await?;
        Ok(())
    }

    /// Asks the PSP how a merchant's account stands, and writes that down.
    ///
    /// # Errors
    /// [`Problem`]: nothing was written.
    pub(crate) async fn sync_merchant(
        &self,
        stored: Versioned<Merchant>,
        inbox: Option<InboxSettlement>,
    ) -> Result<Merchant, Problem> {
        let mut stored = stored;
        for _ in 0..CONFLICTS_MAX {
            let status = self.ask_for_status(&stored.value).await?;
            let messages = match status {
                Some(status) => self.news_of(&stored.value, status),
                None => Vec::new(),
            };
            // Also a row that stays the same is written: whoever asked before this must not write.
            let merchant = Merchant { status, ..stored.value.clone() };
            let commit = MerchantCommit {
                merchant: merchant.clone(),
                expected: Expected::Version(stored.version),
                now: self.entropy.now(),
                messages,
                inbox: inbox.clone(),
            };
            match self.store.commit_merchant(commit).await? {
                CommitOutcome::Committed | CommitOutcome::Duplicate => return Ok(merchant),
                CommitOutcome::Conflict => stored = self.merchant_again(&stored.value).await?,
            }
        }
        Err(Problem::Later("the merchant changes too quickly".into()))
    }

    async fn ask_for_status(&self, merchant: &Merchant) -> Result<Option<MerchantStatus>, Problem> {
        let Some(account) = &merchant.account else { return Ok(merchant.status) };
        let found = self.store.credentials(&merchant.tenant, &merchant.platform).await?;
        let credentials = found.ok_or_else(|| {
            Problem::Broken(format!(
                "there are no credentials of account {} any more: configure the tenant with it",
                merchant.platform.id
            ))
        })?;
        match self.psp.retrieve_account(&credentials, account).await {
            Ok(view) => Ok(Some(view.facts.status(self.entropy.now()))),
            // Nothing can be paid out to it any more, whatever it was.
            Err(PspError::Refused(refusal)) if is_gone(&refusal) => {
                Ok(Some(MerchantStatus::Restricted))
            }
            Err(error) => Err(Problem::from_psp(error)),
        }
    }
}

fn is_gone(refusal: &Refusal) -> bool {
    matches!(refusal.status, NOT_FOUND | FORBIDDEN)
}
