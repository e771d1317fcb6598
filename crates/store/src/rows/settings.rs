//! A tenant's settings, and its credentials in the form that is encrypted.

use std::borrow::Cow;

use app::customer_token_key::CustomerTokenKey;
use app::offered::{CaptureMode, CheckoutStrategy, OfferedMethod, Terms};
use app::ports::StoreError;
use app::tenant::{
    Access, BusinessModel, Credentials, KeyPair, Language, Settings, WebhookEndpoint,
};
use jiff::Timestamp;
use payment::Account;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{from_json, to_json};
use crate::error::corrupt;

/// Room for the plain text of credentials: it is not copied while it is written, so that
/// wiping it wipes the only copy. Larger ones work as well.
const PLAIN_BYTES: usize = 4096;

#[derive(Serialize, Deserialize)]
struct SettingsRow {
    business_model: String,
    payment_page_title: Option<String>,
    brand_favicon: Option<String>,
    pay_button_color: Option<String>,
    statement_descriptor_suffix: Option<String>,
    #[serde(default)]
    onboarding_language: String,
    onboarding_links: Vec<String>,
    payment_methods: Vec<MethodRow>,
    shop_origins: Vec<String>,
    /// In PEM; absent in rows from before there were any.
    #[serde(default)]
    customer_token_keys: Vec<String>,
    /// Absent in rows of before it could be configured.
    #[serde(default)]
    shared_command_channel: bool,
}

pub(crate) fn settings_to_json(settings: &Settings) -> Result<String, StoreError> {
    let settings = settings.clone();
    let row = SettingsRow {
        business_model: settings.business_model.name().to_owned(),
        payment_page_title: settings.payment_page_title,
        brand_favicon: settings.brand_favicon,
        pay_button_color: settings.pay_button_color,
        statement_descriptor_suffix: settings.statement_descriptor_suffix,
        onboarding_language: settings.onboarding_language.code().to_owned(),
        onboarding_links: settings.onboarding_links,
        payment_methods: settings.payment_methods.into_iter().map(method_to_row).collect(),
        shop_origins: settings.shop_origins,
        customer_token_keys: keys_to_row(&settings.customer_token_keys),
        shared_command_channel: settings.shared_command_channel,
    };
    to_json("tenant", &row)
}

pub(crate) fn settings_from_json(text: &str) -> Result<Settings, StoreError> {
    let row: SettingsRow = from_json("tenant", text)?;
    let business_model = BusinessModel::from_name(&row.business_model)
        .ok_or_else(|| corrupt("tenant", format!("business model {:?}", row.business_model)))?;
    let payment_methods =
        row.payment_methods.into_iter().map(method_from_row).collect::<Result<_, _>>()?;
    Ok(Settings {
        business_model,
        payment_page_title: row.payment_page_title,
        brand_favicon: row.brand_favicon,
        pay_button_color: row.pay_button_color,
        statement_descriptor_suffix: row.statement_descriptor_suffix,
        // Settings from before there was a choice were English.
        onboarding_language: Language::from_code(&row.onboarding_language).unwrap_or_default(),
        onboarding_links: row.onboarding_links,
        payment_methods,
        shop_origins: row.shop_origins,
        customer_token_keys: keys_from_row(&row.customer_token_keys)?,
        shared_command_channel: row.shared_command_channel,
    })
}

fn keys_to_row(keys: &[CustomerTokenKey]) -> Vec<String> {
    keys.iter().map(|key| key.pem().to_owned()).collect()
}

fn keys_from_row(row: &[String]) -> Result<Vec<CustomerTokenKey>, StoreError> {
    let keys = row.iter().map(|pem| CustomerTokenKey::from_pem(pem));
    keys.map(|key| key.map_err(|problem| corrupt("tenant", problem))).collect()
}

/// Before methods could say more than their names, a row was a name.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum MethodRow {
    Name(String),
    Whole { name: String, strategy: String, kinds: Vec<String>, capture: String },
}

fn method_to_row(method: OfferedMethod) -> MethodRow {
    let OfferedMethod { name, strategy, terms } = method;
    MethodRow::Whole {
        name,
        strategy: strategy.name().to_owned(),
        kinds: terms.kinds,
        capture: terms.capture.name().to_owned(),
    }
}

fn method_from_row(row: MethodRow) -> Result<OfferedMethod, StoreError> {
    match row {
        MethodRow::Name(name) => Ok(OfferedMethod::named(&name)),
        MethodRow::Whole { name, strategy, kinds, capture } => {
            let strategy = CheckoutStrategy::from_name(&strategy)
                .ok_or_else(|| corrupt("tenant", format!("checkout strategy {strategy:?}")))?;
            let capture = CaptureMode::from_name(&capture)
                .ok_or_else(|| corrupt("tenant", format!("capture mode {capture:?}")))?;
            Ok(OfferedMethod { name, strategy, terms: Terms { kinds, capture } })
        }
    }
}

/// Borrows where it can, so that secrets are not copied around.
#[derive(Serialize, Deserialize)]
struct CredentialsRow<'a> {
    /// None of the two: the operator's platform leads to the account.
    #[serde(borrow, default)]
    secret_key: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    publishable_key: Option<Cow<'a, str>>,
    /// Microseconds; absent in rows from before there was another way.
    #[serde(default)]
    access_since: i64,
    #[serde(borrow)]
    endpoint: Option<EndpointRow<'a>>,
    #[serde(borrow, default)]
    merchant_endpoint: Option<EndpointRow<'a>>,
    #[serde(borrow)]
    webhook_secrets: Vec<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
struct EndpointRow<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    url: Cow<'a, str>,
    #[serde(borrow)]
    secret: Cow<'a, str>,
    given_up: bool,
}

impl<'a> EndpointRow<'a> {
    fn of(endpoint: &'a WebhookEndpoint) -> Self {
        Self {
            id: Cow::Borrowed(&endpoint.id),
            url: Cow::Borrowed(&endpoint.url),
            secret: Cow::Borrowed(endpoint.secret.expose_secret()),
            given_up: endpoint.given_up,
        }
    }

    fn read(self) -> WebhookEndpoint {
        WebhookEndpoint {
            id: self.id.into_owned(),
            url: self.url.into_owned(),
            secret: secret(self.secret),
            given_up: self.given_up,
        }
    }
}

pub(crate) fn credentials_to_json(
    credentials: &Credentials,
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let pair = credentials.own_keys();
    let row = CredentialsRow {
        secret_key: pair.map(|pair| Cow::Borrowed(pair.secret.expose_secret())),
        publishable_key: pair.map(|pair| Cow::Borrowed(pair.publishable.as_str())),
        access_since: credentials.access_since.as_microsecond(),
        endpoint: credentials.endpoint.as_ref().map(EndpointRow::of),
        merchant_endpoint: credentials.merchant_endpoint.as_ref().map(EndpointRow::of),
        webhook_secrets: credentials
            .webhook_secrets
            .iter()
            .map(|secret| Cow::Borrowed(secret.expose_secret()))
            .collect(),
    };
    let mut plain = Zeroizing::new(Vec::with_capacity(PLAIN_BYTES));
    serde_json::to_writer(&mut *plain, &row).map_err(|error| corrupt("credential", error))?;
    Ok(plain)
}

pub(crate) fn credentials_from_json(
    account: Account,
    plain: &[u8],
) -> Result<Credentials, StoreError> {
    // The parser's own message may quote what it could not read, so only the position is told.
    let row: CredentialsRow<'_> = serde_json::from_slice(plain).map_err(|error| {
        corrupt("credential", format!("not the expected JSON at column {}", error.column()))
    })?;
    let access = match (row.secret_key, row.publishable_key) {
        (Some(key), Some(publishable)) => {
            Access::Own(KeyPair { secret: secret(key), publishable: publishable.into_owned() })
        }
        (None, None) => Access::Platform,
        (Some(_), None) | (None, Some(_)) => {
            return Err(corrupt("credential", "one key of a pair"));
        }
    };
    let access_since = Timestamp::from_microsecond(row.access_since)
        .map_err(|error| corrupt("credential", error))?;
    Ok(Credentials {
        account,
        access,
        access_since,
        endpoint: row.endpoint.map(EndpointRow::read),
        merchant_endpoint: row.merchant_endpoint.map(EndpointRow::read),
        webhook_secrets: row.webhook_secrets.into_iter().map(secret).collect(),
    })
}

fn secret(text: Cow<'_, str>) -> SecretString {
    SecretString::from(text.into_owned())
}
