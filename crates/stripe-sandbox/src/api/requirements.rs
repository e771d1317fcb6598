//! What Stripe still wants to know of a connected account, and what follows from it.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::accounts::Account;
use crate::api::capabilities::Status;

/// What an account has to tell before anything else.
const DUE_AT_FIRST: &[&str] =
    &["business_profile.url", "external_account", "tos_acceptance.date", "tos_acceptance.ip"];

/// What is asked for when more is wanted, or verified.
const DOCUMENT: &str = "individual.verification.document";

/// What will be asked for one day.
const LATER: &str = "individual.id_number";

/// How long there is to hand in what was asked for.
const DEADLINE_AFTER: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The `requirements` hash.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Requirements {
    pub(crate) currently_due: Vec<String>,
    pub(crate) past_due: Vec<String>,
    pub(crate) eventually_due: Vec<String>,
    pub(crate) pending_verification: Vec<String>,
    /// The second after which what is currently due is past due.
    pub(crate) current_deadline: Option<i64>,
    pub(crate) disabled_reason: Option<String>,
}

impl Requirements {
    /// Those of a new account.
    pub(crate) fn at_first() -> Self {
        Self {
            currently_due: names(DUE_AT_FIRST),
            past_due: names(DUE_AT_FIRST),
            eventually_due: names(DUE_AT_FIRST),
            disabled_reason: Some("requirements.past_due".to_owned()),
            ..Self::default()
        }
    }

    pub(crate) fn render(&self) -> Value {
        json!({
            "alternatives": [],
            "current_deadline": self.current_deadline,
            "currently_due": self.currently_due,
            "disabled_reason": self.disabled_reason,
            "errors": [],
            "eventually_due": self.eventually_due,
            "past_due": self.past_due,
            "pending_verification": self.pending_verification,
        })
    }
}

/// How a visit to the onboarding page ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Everything was told and believed.
    Complete,
    /// Everything was told; Stripe looks at it for a minute.
    Verify,
    /// All is well, and more will be asked one day.
    AskLater,
    /// All is well until a deadline, by which more is wanted.
    AskForMore,
    /// What was asked for did not come in time.
    Restrict,
    /// Stripe does not want the account.
    Reject,
    /// The merchant went away without an answer.
    Leave,
}

impl Outcome {
    /// Every outcome with its name in forms and JSON.
    pub(crate) const ALL: [(Self, &'static str); 7] = [
        (Self::Complete, "complete"),
        (Self::Verify, "verify"),
        (Self::AskLater, "ask_later"),
        (Self::AskForMore, "ask_for_more"),
        (Self::Restrict, "restrict"),
        (Self::Reject, "reject"),
        (Self::Leave, "leave"),
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(outcome, _)| *outcome)
    }

    /// What an account is after it.
    pub(crate) fn apply(self, account: &mut Account, second: i64) {
        let document = vec![DOCUMENT.to_owned()];
        let none = Requirements::default();
        let (requirements, enabled, capabilities) = match self {
            Self::Leave => return,
            Self::Complete => (none, true, Status::Active),
            Self::Verify => {
                (Requirements { pending_verification: document, ..none }, true, Status::Pending)
            }
            Self::AskLater => {
                (Requirements { eventually_due: names(&[LATER]), ..none }, true, Status::Active)
            }
            Self::AskForMore => (
                Requirements {
                    currently_due: document.clone(),
                    eventually_due: document,
                    current_deadline: Some(second + DEADLINE_AFTER.as_secs()),
                    ..none
                },
                true,
                Status::Active,
            ),
            Self::Restrict => (past_due(document), false, Status::Inactive),
            Self::Reject => (rejected("rejected.other"), false, Status::Inactive),
        };
        account.requirements = requirements;
        account.details_submitted = true;
        account.enable(enabled, capabilities);
    }
}

/// What was due by a deadline did not come.
pub(crate) fn miss_deadline(account: &mut Account) {
    account.requirements = past_due(std::mem::take(&mut account.requirements.currently_due));
    account.enable(false, Status::Inactive);
}

/// The account is refused for good.
pub(crate) fn reject(account: &mut Account, disabled_reason: &str) {
    account.requirements = rejected(disabled_reason);
    account.enable(false, Status::Inactive);
}

fn past_due(due: Vec<String>) -> Requirements {
    Requirements {
        currently_due: due.clone(),
        eventually_due: due.clone(),
        past_due: due,
        disabled_reason: Some("requirements.past_due".to_owned()),
        ..Requirements::default()
    }
}

fn rejected(disabled_reason: &str) -> Requirements {
    Requirements { disabled_reason: Some(disabled_reason.to_owned()), ..Requirements::default() }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
