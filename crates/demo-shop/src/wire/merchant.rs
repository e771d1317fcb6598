//! The onboarding of merchants: the call of a merchant's portal, and the messages about it.

use serde::{Deserialize, Serialize};

/// The body of an onboarding call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Onboarding<'a> {
    merchant: OnboardingMerchant<'a>,
    success_url: String,
    refresh_url: String,
    cancel_url: String,
    error_url: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OnboardingMerchant<'a> {
    merchant_reference: &'a str,
    name: &'a str,
}

impl<'a> Onboarding<'a> {
    /// The call for a merchant who comes back below `back`.
    #[must_use]
    pub fn of(reference: &'a str, name: &'a str, back: &str) -> Self {
        Self {
            merchant: OnboardingMerchant { merchant_reference: reference, name },
            success_url: format!("{back}/success"),
            refresh_url: format!("{back}/refresh"),
            cancel_url: format!("{back}/cancel"),
            error_url: format!("{back}/error"),
        }
    }
}

/// What the shop reads of the answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Onboarded {
    /// How the address is to be used.
    #[serde(default)]
    pub strategy: Option<String>,
    /// Where the merchant goes on.
    #[serde(default)]
    pub url: Option<String>,
}

/// The payload of ReadyForMerchantAppOnboarding.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// What merchants know the app by.
    pub app_name: String,
    /// Where the onboarding begins.
    pub onboarding: OnboardingAddress,
    /// What else merchants may want to read.
    #[serde(default)]
    pub additional_links: Vec<Link>,
    /// What they read in each status.
    #[serde(default)]
    pub merchant_onboarding_states: Vec<OnboardingState>,
}

/// Where the onboarding begins.
#[derive(Clone, Debug, Deserialize)]
pub struct OnboardingAddress {
    /// The address.
    pub url: String,
    /// Whether it is called, or opened in the browser.
    pub strategy: String,
}

/// A link.
#[derive(Clone, Debug, Deserialize)]
pub struct Link {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub url: String,
}

/// What a merchant reads in a status.
#[derive(Clone, Debug, Deserialize)]
pub struct OnboardingState {
    /// The status.
    pub name: String,
    /// The words.
    pub attributes: StateTexts,
}

/// The words of a status.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateTexts {
    /// The status in a word or two.
    pub status_text: String,
    /// What it means.
    pub display_text: String,
    /// What the button says.
    pub button_text: String,
    /// What the button does.
    pub button_info: String,
}

/// The payload of MerchantAppOnboardingStatusChanged.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusPayload {
    /// Whose.
    pub merchant_reference: String,
    /// The status.
    pub status: String,
}
