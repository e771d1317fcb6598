//! A tenant: one shop, its configuration and its credentials at the PSP.

use std::collections::BTreeMap;

use jiff::Timestamp;
use payment::{Account, Checkout, Mode, TenantId};
use secrecy::SecretString;
use thiserror::Error;
use uuid::Uuid;

use crate::context::Context;
use crate::customer_token_key::CustomerTokenKey;
use crate::offered::{self, OfferedMethod, Terms};
use crate::ports::StoreError;

/// A shop that was configured at least once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its identifier, as it comes in `X-Tenant-Identifier`.
    pub id: TenantId,
    /// Whether it may move money.
    pub status: TenantStatus,
    /// The PSP account and mode that new payments go to.
    pub account: Account,
    /// The settings that are no secrets.
    pub settings: Settings,
    /// The payment methods its shop was told of, by name, with when it was told last.
    pub methods: BTreeMap<String, PaymentMethod>,
}

/// Whether a tenant may move money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantStatus {
    /// The keys were checked and the webhook endpoint exists.
    Connected,
    /// Disconnected by the shop; its data stay.
    Disconnected,
}

impl TenantStatus {
    /// The word of the shop's protocol, also the one that is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connected => "CONNECTED",
            Self::Disconnected => "DISCONNECTED",
        }
    }

    /// The status of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Connected, Self::Disconnected].into_iter().find(|status| status.name() == name)
    }
}

/// Why no money may move for a tenant.
#[derive(Debug, Error)]
pub enum NotConnected {
    /// It was never configured.
    #[error("X-Tenant-Identifier: the tenant is not known; configure the app for it first")]
    Unknown,
    /// It is disconnected.
    #[error("Tenant is disconnected.")]
    Disconnected,
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Context {
    /// A tenant for which money may move.
    pub(crate) async fn connected(&self, id: &TenantId) -> Result<Tenant, NotConnected> {
        let tenant = self.store.tenant(id).await?.ok_or(NotConnected::Unknown)?.value;
        match tenant.status {
            TenantStatus::Connected => Ok(tenant),
            TenantStatus::Disconnected => Err(NotConnected::Disconnected),
        }
    }
}

/// How the money of a tenant flows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BusinessModel {
    /// The tenant is the merchant.
    #[default]
    Direct,
    /// The tenant pays merchants out.
    Marketplace,
}

impl BusinessModel {
    /// The word of the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Marketplace => "marketplace",
        }
    }

    /// The model of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Direct, Self::Marketplace].into_iter().find(|model| model.name() == name)
    }
}

/// A language that the app has texts in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    /// The code of the configuration (ISO 639-1).
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The language of that code, if there are texts in it.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::English, Self::German].into_iter().find(|language| language.code() == code)
    }
}

/// The settings of a tenant that are no secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// How its money flows.
    pub business_model: BusinessModel,
    /// Title of the payment page.
    pub payment_page_title: Option<String>,
    /// Address of the payment page's icon (https).
    pub brand_favicon: Option<String>,
    /// Colour of the pay button, as `#rrggbb`.
    pub pay_button_color: Option<String>,
    /// What is added to the descriptor on the shopper's statement.
    pub statement_descriptor_suffix: Option<String>,
    /// The language of what merchants who onboard read.
    pub onboarding_language: Language,
    /// Links shown to merchants who onboard.
    pub onboarding_links: Vec<String>,
    /// The payment methods that the shop offers; never empty.
    pub payment_methods: Vec<OfferedMethod>,
    /// Origins that may frame the payment page, be redirected to, and call from a browser.
    pub shop_origins: Vec<String>,
    /// What the shop's tokens for its customers' browsers are verified with. None: it signs none.
    pub customer_token_keys: Vec<CustomerTokenKey>,
    /// Whether another payment app reads the same commands: one about an order that is not known
    /// is then none of ours (rule R11).
    pub shared_command_channel: bool,
}

impl Settings {
    /// How an order is paid.
    pub fn terms_of(&self, checkout: &Checkout) -> Terms {
        offered::terms(&self.payment_methods, checkout.payment_method.as_deref())
    }
}

/// A payment method as the shop was told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentMethod {
    /// The message's body when it was told last: a change of it is told again.
    pub told: String,
    /// The timestamp of that message. The next one's is later: the shop ignores any other.
    pub told_at: Timestamp,
    /// Whether the shop has it now.
    pub active: bool,
}

/// What the app needs to act for a tenant at one PSP account. Kept, encrypted, as long as there
/// are payments of that account, also after the tenant moved to another one.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The account they belong to.
    pub account: Account,
    /// How the app gets into it.
    pub access: Access,
    /// Since when it gets into this account that way. An idempotency key from before may mean
    /// nothing there: such a call is asked for, never repeated.
    pub access_since: Timestamp,
    /// The webhook endpoint that the app registered, once it has.
    pub endpoint: Option<WebhookEndpoint>,
    /// The one for the accounts of merchants, where the tenant is a marketplace.
    pub merchant_endpoint: Option<WebhookEndpoint>,
    /// Secrets of endpoints that somebody made by hand.
    pub webhook_secrets: Vec<SecretString>,
}

/// What a call to the PSP is made with.
#[derive(Clone, Debug)]
pub struct CallMeans {
    /// The credentials of the account that it goes to.
    pub credentials: Credentials,
    /// The tenant's settings as they are now.
    pub settings: Settings,
}

/// How the app gets into an account.
#[derive(Clone, Debug)]
pub enum Access {
    /// With the tenant's own keys.
    Own(KeyPair),
    /// With the operator's platform keys, naming the account in each call.
    Platform,
}

impl Access {
    /// Whether the operator's keys lead there.
    pub fn is_platform(&self) -> bool {
        match self {
            Self::Own(_) => false,
            Self::Platform => true,
        }
    }
}

/// Two keys of one account and mode.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// The key that calls are made with.
    pub secret: SecretString,
    /// The key that the payment page is given. Not a secret.
    pub publishable: String,
}

/// A webhook endpoint that the app registered at the PSP.
#[derive(Clone, Debug)]
pub struct WebhookEndpoint {
    /// The PSP's name of it.
    pub id: String,
    /// Where it points.
    pub url: String,
    /// What its deliveries are signed with.
    pub secret: SecretString,
    /// Whether it was given up when the tenant was disconnected. Its secret still tells who is who.
    pub given_up: bool,
}

impl Credentials {
    /// The webhook endpoints that the app registered.
    pub fn endpoints(&self) -> impl Iterator<Item = &WebhookEndpoint> {
        self.endpoint.iter().chain(&self.merchant_endpoint)
    }

    /// The tenant's own keys, where it has some at this account.
    pub fn own_keys(&self) -> Option<&KeyPair> {
        match &self.access {
            Access::Own(pair) => Some(pair),
            Access::Platform => None,
        }
    }

    /// The mode of the account.
    pub fn mode(&self) -> Mode {
        self.account.mode
    }
}

/// An installation of paybridge: its id travels to the PSP as metadata, so that two installations
/// on one account tell their payments apart (rule R4).
pub type InstallationId = Uuid;
