//! The onboarding of merchants: the call of a merchant's portal, and the messages about it
//! (contract, shop, sections 1 and 2).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message::{APP_IDENTIFIER_MAX, TooLong, within};
use crate::{php, schema};

/// Where a merchant's portal begins an onboarding, below the app's base address.
pub const ONBOARDING_PATH: &str = "/private/merchants/onboarding";
/// The longest onboarding address the shop stores, in characters.
pub const ONBOARDING_URL_MAX: usize = 255;

/// The body of an onboarding call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(transform = schema::as_php_writes_it)]
pub struct OnboardingRequest {
    /// The merchant.
    #[serde(deserialize_with = "php::object")]
    pub merchant: Option<OnboardingMerchant>,
    /// Where the merchant comes back to.
    #[serde(deserialize_with = "php::text")]
    pub success_url: Option<String>,
    /// Where the merchant gets a new link when the last one is too old.
    #[serde(deserialize_with = "php::text")]
    pub refresh_url: Option<String>,
    /// Where the merchant comes back to without having handed everything in.
    #[serde(deserialize_with = "php::text")]
    pub cancel_url: Option<String>,
    /// Where the merchant comes back to when nothing can be done.
    #[serde(deserialize_with = "php::text")]
    pub error_url: Option<String>,
}

/// The merchant of an onboarding call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(transform = schema::as_php_writes_it)]
pub struct OnboardingMerchant {
    /// The shop's name of the merchant.
    #[serde(deserialize_with = "php::text")]
    pub merchant_reference: Option<String>,
    /// What people call it.
    #[serde(deserialize_with = "php::text")]
    pub name: Option<String>,
}

/// The answer to an onboarding call: where to send the merchant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OnboardingAnswer {
    /// How the portal uses the address: it sends the browser there.
    pub strategy: &'static str,
    /// The address; single use where it leads to an onboarding.
    pub url: String,
}

impl OnboardingAnswer {
    /// Sends the merchant to `url`.
    pub fn redirect(url: String) -> Self {
        Self { strategy: "redirect", url }
    }
}

/// ReadyForMerchantAppOnboarding: merchants may begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReadyForMerchantAppOnboarding {
    #[serde(rename = "type")]
    kind: &'static str,
    app_name: &'static str,
    app_identifier: String,
    onboarding: OnboardingAddress,
    additional_links: Vec<AdditionalLink>,
    merchant_onboarding_states: Vec<OnboardingState>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
struct OnboardingAddress {
    url: String,
    strategy: &'static str,
}

/// A link that a merchant sees beside the onboarding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AdditionalLink {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub url: String,
    /// How the browser opens it.
    pub attributes: LinkAttributes,
}

/// How the browser opens a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LinkAttributes {
    /// In which window.
    pub target: &'static str,
}

/// What a merchant reads in one status of the onboarding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OnboardingState {
    /// The status.
    pub name: &'static str,
    /// Its texts.
    pub attributes: StateTexts,
}

/// The texts of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StateTexts {
    /// The status in a word or two.
    pub status_text: &'static str,
    /// What it means for the merchant.
    pub display_text: &'static str,
    /// What the button says.
    pub button_text: &'static str,
    /// What the button does.
    pub button_info: &'static str,
}

impl ReadyForMerchantAppOnboarding {
    /// Onboarding at the app whose base address is `base_url`, given without a slash at its end.
    ///
    /// # Errors
    /// [`TooLong`] for an address or an identifier that the shop cannot store.
    pub fn new(
        app_identifier: &str,
        app_name: &'static str,
        base_url: &str,
        additional_links: Vec<AdditionalLink>,
        merchant_onboarding_states: Vec<OnboardingState>,
    ) -> Result<Self, TooLong> {
        let url = format!("{base_url}{ONBOARDING_PATH}");
        within("appIdentifier", app_identifier, APP_IDENTIFIER_MAX)?;
        within("onboarding.url", &url, ONBOARDING_URL_MAX)?;
        Ok(Self {
            kind: KIND,
            app_name,
            app_identifier: app_identifier.to_owned(),
            onboarding: OnboardingAddress { url, strategy: "api" },
            additional_links,
            merchant_onboarding_states,
        })
    }
}

/// What kind of app a merchant is onboarded to.
const KIND: &str = "payment";

/// MerchantAppOnboardingStatusChanged: a merchant's onboarding went on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MerchantAppOnboardingStatusChanged {
    merchant_reference: String,
    app_identifier: String,
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
}

impl MerchantAppOnboardingStatusChanged {
    /// The status of a merchant now.
    ///
    /// # Errors
    /// [`TooLong`] for an app identifier that the shop cannot store.
    pub fn new(
        merchant_reference: &str,
        app_identifier: &str,
        status: &'static str,
    ) -> Result<Self, TooLong> {
        within("appIdentifier", app_identifier, APP_IDENTIFIER_MAX)?;
        let (merchant_reference, app_identifier) =
            (merchant_reference.to_owned(), app_identifier.to_owned());
        Ok(Self { merchant_reference, app_identifier, kind: KIND, status })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_status_names_merchant_app_and_status() {
        let changed =
            MerchantAppOnboardingStatusChanged::new("MER1", "paybridge", "restricted soon");
        let body = crate::message::body(&changed.unwrap()).unwrap();
        insta::assert_snapshot!(body, @r#"{"merchantReference":"MER1","appIdentifier":"paybridge","type":"payment","status":"restricted soon"}"#);
    }

    #[test]
    fn merchants_are_invited_with_an_address_links_and_texts() {
        let link = AdditionalLink {
            label: "shop.example".to_owned(),
            url: "https://shop.example/merchants".to_owned(),
            attributes: LinkAttributes { target: "_blank" },
        };
        let state = OnboardingState {
            name: "incomplete",
            attributes: StateTexts {
                status_text: "Incomplete",
                display_text: "Something is missing.",
                button_text: "Go on",
                button_info: "You go on at Stripe.",
            },
        };
        let base = "https://app.example";
        let (links, states) = (vec![link], vec![state]);
        let ready = ReadyForMerchantAppOnboarding::new("paybridge", "Stripe", base, links, states);
        insta::assert_snapshot!(serde_json::to_string_pretty(&ready.unwrap()).unwrap(), @r#"
        {
          "type": "payment",
          "appName": "Stripe",
          "appIdentifier": "paybridge",
          "onboarding": {
            "url": "https://app.example/private/merchants/onboarding",
            "strategy": "api"
          },
          "additionalLinks": [
            {
              "label": "shop.example",
              "url": "https://shop.example/merchants",
              "attributes": {
                "target": "_blank"
              }
            }
          ],
          "merchantOnboardingStates": [
            {
              "name": "incomplete",
              "attributes": {
                "statusText": "Incomplete",
                "displayText": "Something is missing.",
                "buttonText": "Go on",
                "buttonInfo": "You go on at Stripe."
              }
            }
          ]
        }
        "#);
        let long = format!("https://{}", "a".repeat(ONBOARDING_URL_MAX));
        let ready = ReadyForMerchantAppOnboarding::new("p", "Stripe", &long, vec![], vec![]);
        insta::assert_snapshot!(ready.unwrap_err(), @"onboarding.url is longer than the 255 characters the shop stores");
    }

    #[test]
    fn a_portal_may_leave_anything_out() {
        let read = |body: &str| crate::from_json::<OnboardingRequest>(body.as_bytes()).unwrap();
        assert_eq!(read("{}"), OnboardingRequest::default());
        assert_eq!(read(r#"{"merchant":[],"successUrl":null}"#), OnboardingRequest::default());
        let merchant = read(r#"{"merchant":{"merchantReference":"MER1","name":null,"x":1}}"#);
        let merchant = merchant.merchant.unwrap();
        assert_eq!(merchant.merchant_reference.as_deref(), Some("MER1"));
    }
}
