//! A merchant's onboarding: where it stands, computed from what the PSP says of the account.

use jiff::Timestamp;

/// Where the onboarding of a merchant stands, in the words of the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MerchantStatus {
    /// The merchant has not handed in everything that is needed to begin.
    Incomplete,
    /// The provider checks what was handed in.
    Pending,
    /// Money can be paid out; more will be asked for as the volume grows.
    Enabled,
    /// Money can be paid out, and nothing more is needed.
    Completed,
    /// Something is missing: money may not be paid out.
    Restricted,
    /// Something is missing and will stop payouts at a date that lies ahead.
    RestrictedSoon,
    /// The provider does not want this merchant.
    Rejected,
}

impl MerchantStatus {
    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::Incomplete,
        Self::Pending,
        Self::Enabled,
        Self::Completed,
        Self::Restricted,
        Self::RestrictedSoon,
        Self::Rejected,
    ];

    /// The word of the shop's protocol, also the one that is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Pending => "pending",
            Self::Enabled => "enabled",
            Self::Completed => "completed",
            Self::Restricted => "restricted",
            Self::RestrictedSoon => "restricted soon",
            Self::Rejected => "rejected",
        }
    }

    /// The status of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether the merchant has something to hand in: the link leads to the onboarding then, and
    /// to the provider's dashboard otherwise.
    pub fn needs_onboarding(self) -> bool {
        match self {
            Self::Incomplete | Self::Restricted | Self::RestrictedSoon => true,
            Self::Pending | Self::Enabled | Self::Completed | Self::Rejected => false,
        }
    }
}

/// What the PSP says of a merchant's account (contract/stripe.md section 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountFacts {
    /// The provider closed it for good.
    pub rejected: bool,
    /// The provider closed it until something is handed in or checked.
    pub disabled: bool,
    /// The merchant went through the onboarding once.
    pub details_submitted: bool,
    /// It can be paid.
    pub charges_enabled: bool,
    /// It can be paid out to its bank.
    pub payouts_enabled: bool,
    /// It can take transfers.
    pub transfers_active: bool,
    /// Something should have been handed in.
    pub past_due: bool,
    /// Something is to be handed in.
    pub currently_due: bool,
    /// Until when.
    pub current_deadline: Option<Timestamp>,
    /// Something will be asked for later.
    pub eventually_due: bool,
    /// The provider checks something.
    pub pending_verification: bool,
}

impl AccountFacts {
    /// The status: the first rule that holds.
    pub fn status(&self, now: Timestamp) -> MerchantStatus {
        if self.rejected {
            MerchantStatus::Rejected
        } else if !self.details_submitted {
            MerchantStatus::Incomplete
        } else if self.past_due || self.disabled || !self.charges_enabled || !self.payouts_enabled {
            MerchantStatus::Restricted
        } else if self.currently_due {
            match self.current_deadline {
                Some(deadline) if deadline > now => MerchantStatus::RestrictedSoon,
                Some(_) | None => MerchantStatus::Restricted,
            }
        } else if self.pending_verification || !self.transfers_active {
            MerchantStatus::Pending
        } else if self.eventually_due {
            MerchantStatus::Enabled
        } else {
            MerchantStatus::Completed
        }
    }
}
