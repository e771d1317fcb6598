//! Messages from the app, as a shop reads them from a channel.
//!
//! What a shop does with a message that is not as it should be depends on what is wrong
//! (contract, shop, traps 5 and 9), and none of it is kind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::process::ResultMessage;

/// The channels that a shop reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Whether an app is active, and on which channels.
    AppEvents,
    /// Payment methods that come, change and go.
    PaymentMethodCommands,
    /// What became of payments.
    PaymentEvents,
    /// News about the merchants of a marketplace.
    MerchantAppEvents,
}

impl Channel {
    /// All of them, in the order in which they are read.
    pub const ALL: [Self; 4] = [
        Self::PaymentMethodCommands,
        Self::PaymentEvents,
        Self::MerchantAppEvents,
        Self::AppEvents,
    ];

    /// The name in its address.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AppEvents => "app-events",
            Self::PaymentMethodCommands => "payment-method-commands",
            Self::PaymentEvents => "payment-events",
            Self::MerchantAppEvents => "merchant-app-events",
        }
    }
}

/// One message in the answer to a poll. Reading fails for the whole answer where the body is no
/// text or the attributes are no flat map: a shop then reads none of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Entry {
    /// Its id.
    pub message_id: String,
    /// Its payload, as text.
    pub message_body: String,
    /// Its attributes.
    pub message_attributes: BTreeMap<String, String>,
}

impl Entry {
    /// The name that says how to decode it.
    #[must_use]
    pub fn name(&self) -> &str {
        let attributes = &self.message_attributes;
        let name = attributes.get("transferName").or_else(|| attributes.get("name"));
        name.map_or("", String::as_str)
    }

    /// When it was said, in the app's words.
    #[must_use]
    pub fn timestamp(&self) -> &str {
        self.message_attributes.get("timestamp").map_or("", String::as_str)
    }
}

/// The names that the shop knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// What became of a payment.
    Result(ResultMessage),
    /// A payment was made at the provider.
    PaymentCreated,
    /// Something changed about it.
    PaymentUpdated,
    /// A payment method comes.
    AddPaymentMethod,
    /// A payment method changes.
    UpdatePaymentMethod,
    /// A payment method goes.
    DeletePaymentMethod,
    /// The app became active, or inactive.
    AppConfigUpdated,
    /// Merchants can onboard.
    ReadyForMerchantAppOnboarding,
    /// A merchant's onboarding went on.
    MerchantAppOnboardingStatusChanged,
}

impl Name {
    /// The name a message carries, if the shop knows it.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let others = [
            ("PaymentCreated", Self::PaymentCreated),
            ("PaymentUpdated", Self::PaymentUpdated),
            ("AddPaymentMethod", Self::AddPaymentMethod),
            ("UpdatePaymentMethod", Self::UpdatePaymentMethod),
            ("DeletePaymentMethod", Self::DeletePaymentMethod),
            ("AppConfigUpdated", Self::AppConfigUpdated),
            ("ReadyForMerchantAppOnboarding", Self::ReadyForMerchantAppOnboarding),
            ("MerchantAppOnboardingStatusChanged", Self::MerchantAppOnboardingStatusChanged),
        ];
        let results = ResultMessage::ALL.map(|result| (result.name(), Self::Result(result)));
        others.into_iter().chain(results).find(|(name, _)| *name == text).map(|(_, name)| name)
    }

    /// The channel that the shop maps it to.
    #[must_use]
    pub fn channel(self) -> Channel {
        match self {
            Self::Result(_) | Self::PaymentCreated | Self::PaymentUpdated => Channel::PaymentEvents,
            Self::AddPaymentMethod | Self::UpdatePaymentMethod | Self::DeletePaymentMethod => {
                Channel::PaymentMethodCommands
            }
            Self::AppConfigUpdated => Channel::AppEvents,
            Self::ReadyForMerchantAppOnboarding | Self::MerchantAppOnboardingStatusChanged => {
                Channel::MerchantAppEvents
            }
        }
    }
}

/// The payload of a result.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultPayload {
    /// The order.
    pub order_reference: String,
    /// The items that it moves.
    pub order_item_ids: Vec<i64>,
    /// Minor units.
    pub amount: i64,
    /// Their currency.
    pub currency_iso_code: String,
}

/// The payload of PaymentCreated and PaymentUpdated.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewsPayload {
    /// The order.
    pub entity_reference: Option<String>,
    /// The payment, in the provider's words.
    pub payment_reference: String,
    /// What a person may want to know, as the text of a JSON object.
    #[serde(default)]
    pub details: Option<String>,
}

/// The payload of AddPaymentMethod, UpdatePaymentMethod and DeletePaymentMethod.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodPayload {
    /// Its name.
    pub name: String,
    /// Who provides it.
    pub provider_name: String,
    /// Where its calls go.
    #[serde(default)]
    pub payment_method_app_configuration: Option<MethodConfiguration>,
}

/// Where the calls of a payment method go.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodConfiguration {
    /// What every path is put behind.
    pub base_url: String,
    /// The paths, by their names.
    pub endpoints: Vec<Endpoint>,
}

/// One path of a payment method.
#[derive(Clone, Debug, Deserialize)]
pub struct Endpoint {
    /// What for.
    pub name: String,
    /// Where.
    pub path: String,
}

/// The payload of AppConfigUpdated.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppPayload {
    /// Which app.
    pub app_identifier: String,
    /// Its status.
    pub status: String,
    /// Whether it works for this shop.
    pub is_active: bool,
    /// The channels to use.
    #[serde(default)]
    pub message_channels: Vec<String>,
}

/// What the shop reads of the answer to an initialize call. A shop takes a missing address for a
/// success; this one says so to the shopper.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Initialized {
    /// Whether the shopper can pay.
    pub is_successful: bool,
    /// Where.
    pub redirect_url: Option<String>,
}

/// The deletion of messages.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deletion<'a> {
    /// Which.
    pub message_ids: [&'a str; 1],
}

/// Reads a payload.
///
/// # Errors
/// What the shop's handler would have thrown.
pub fn payload<T: for<'de> Deserialize<'de>>(body: &Value) -> Result<T, String> {
    T::deserialize(body).map_err(|error| error.to_string())
}
