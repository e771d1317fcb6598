//! `POST /configure`: the app catalog saves a tenant's configuration.

use app::configure::{ConfigureError, Configured};
use app::offered::OfferedMethod;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use protocol::configure::{Configuration, MethodConfiguration, Unreadable};
use schemars::JsonSchema;
use serde::Serialize;

use crate::body::{self, Encoding};
use crate::error::Failure;
use crate::state::WebState;
use crate::tenant::Tenant;

/// The configuration as it is now.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ConfigureAnswer")]
pub(crate) struct Answer {
    /// The tenant.
    tenant_identifier: String,
    configuration: Shown,
}

/// Every key of the configuration, in the contract's order; secrets are masked already.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ShownConfiguration")]
struct Shown {
    business_model: &'static str,
    environment: &'static str,
    account_id: String,
    publishable_key: String,
    /// Null where the operator's platform is used.
    secret_key: Option<String>,
    webhook_secrets: Vec<String>,
    payment_page_title: Option<String>,
    brand_favicon: Option<String>,
    pay_button_color: Option<String>,
    statement_descriptor_suffix: Option<String>,
    onboarding_language: &'static str,
    onboarding_links: Vec<String>,
    payment_methods: Vec<ShownMethod>,
    shop_origins: Vec<String>,
    customer_token_keys: Vec<String>,
    shared_command_channel: bool,
}

/// A payment method as it may have been sent: one with nothing special about it is its name.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
enum ShownMethod {
    Name(String),
    Whole(MethodConfiguration),
}

fn shown(method: &OfferedMethod) -> ShownMethod {
    if *method == OfferedMethod::named(&method.name) {
        ShownMethod::Name(method.name.clone())
    } else {
        ShownMethod::Whole(method.configuration())
    }
}

pub(crate) async fn handle(
    State(state): State<WebState>,
    Tenant(tenant): Tenant,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Answer>, Failure> {
    Encoding::of(&headers, &[Encoding::Json])?;
    let body = body::read(body).await?;
    let configuration = Configuration::from_body(&body).map_err(unreadable)?;
    let configured = state.context.configure(&tenant, &configuration).await.map_err(failure)?;
    Ok(Json(answer(configured)))
}

fn answer(configured: Configured) -> Answer {
    let Configured { tenant, publishable_key, secret_key, webhook_secrets } = configured;
    let settings = tenant.settings;
    Answer {
        tenant_identifier: tenant.id.as_str().to_owned(),
        configuration: Shown {
            business_model: settings.business_model.name(),
            environment: tenant.account.mode.name(),
            account_id: tenant.account.id.as_str().to_owned(),
            publishable_key,
            secret_key,
            webhook_secrets,
            payment_page_title: settings.payment_page_title,
            brand_favicon: settings.brand_favicon,
            pay_button_color: settings.pay_button_color,
            statement_descriptor_suffix: settings.statement_descriptor_suffix,
            onboarding_language: settings.onboarding_language.code(),
            onboarding_links: settings.onboarding_links,
            payment_methods: settings.payment_methods.iter().map(shown).collect(),
            shop_origins: settings.shop_origins,
            customer_token_keys: settings
                .customer_token_keys
                .iter()
                .map(|key| key.pem().to_owned())
                .collect(),
            shared_command_channel: settings.shared_command_channel,
        },
    }
}

/// The first message of a body of another form is the contract's, the second says what is wrong.
fn unreadable(error: Unreadable) -> Failure {
    match error {
        Unreadable::Envelope(invalid) => {
            let form = "send {\"data\":{\"type\":\"configuration\",\"attributes\":{\"configuration\":\
                        \"{…}\"}}}, the configuration as the text of a JSON object";
            Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "Wrong request format.")
                .and(format!("{invalid}; {form}"))
        }
        Unreadable::Fields(fields) => each_field(fields.iter().map(ToString::to_string)),
    }
}

fn failure(error: ConfigureError) -> Failure {
    match error {
        ConfigureError::Invalid(fields) => each_field(fields.iter().map(ToString::to_string)),
        ConfigureError::Failed(_) => Failure::new(StatusCode::BAD_REQUEST, error.to_string()),
        ConfigureError::Store(error) => Failure::store(&error),
    }
}

/// One message for each field, so that a form can show each at its place.
fn each_field(fields: impl Iterator<Item = String>) -> Failure {
    Failure::of_many(StatusCode::UNPROCESSABLE_ENTITY, fields.collect())
}
