//! `payment_method_options`: settings of a payment intent that hold for one kind of method only.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::methods::{self, Flow, Kind};
use crate::params::Params;

/// The options of one kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct MethodOptions {
    /// Authorize now, capture later.
    pub(crate) manual: bool,
    /// Ask for the right to capture several times.
    pub(crate) multicapture: bool,
    shown: Map<String, Value>,
}

/// The options of a payment intent, by kind.
pub(crate) type Options = BTreeMap<&'static str, MethodOptions>;

/// Card options that Stripe has and that change nothing here.
const CARD_WITHOUT_EFFECT: &[&str] = &[
    "cvc_token",
    "installments",
    "mandate_options",
    "moto",
    "network",
    "request_extended_authorization",
    "request_incremental_authorization",
    "request_overcapture",
    "request_three_d_secure",
    "require_cvc_recollection",
    "setup_credential_usage",
    "statement_descriptor_suffix_kana",
    "statement_descriptor_suffix_kanji",
    "stored_credential_usage",
    "three_d_secure",
];

/// What the other kinds take without effect.
const WITHOUT_EFFECT: &[&str] = &[
    "app_id",
    "bank_transfer",
    "client",
    "code",
    "company_details",
    "express_checkout_element_session_id",
    "funding_type",
    "mandate_options",
    "on_demand",
    "persistent_token",
    "preferred_language",
    "preferred_locale",
    "reference",
    "risk_correlation_id",
    "subscriptions",
    "target_date",
    "tos_shown_and_accepted",
    "verification_method",
];

/// Reads the hash and lays it over the options that are there.
pub(crate) fn read(params: &mut Params, options: &mut Options) -> Result<(), ApiError> {
    let Some(mut hash) = params.nested("payment_method_options")? else {
        return Ok(());
    };
    for name in hash.names() {
        let Some(kind) = methods::find(&name) else {
            continue;
        };
        if let Some(of_kind) = hash.nested(&name)? {
            let entry = options.entry(kind.name).or_default();
            read_kind(kind, of_kind, entry)?;
        } else {
            options.remove(kind.name);
        }
    }
    hash.finish()
}

fn read_kind(kind: &Kind, mut hash: Params, options: &mut MethodOptions) -> Result<(), ApiError> {
    if kind.authorization_days.is_some() {
        // An empty value takes the setting back.
        match hash.text("capture_method")?.as_deref() {
            None => {}
            Some("") => {
                options.manual = false;
                options.shown.remove("capture_method");
            }
            Some("manual") => {
                options.manual = true;
                options.shown.insert("capture_method".to_owned(), json!("manual"));
            }
            Some(_) => {
                let param = hash.key("capture_method");
                return Err(
                    ApiError::invalid(format!("Invalid {param}: must be manual")).param(param)
                );
            }
        }
    }
    if let Some(usage) =
        hash.choice("setup_future_usage", &["none", "off_session", "on_session"])?
    {
        options.shown.insert("setup_future_usage".to_owned(), json!(usage));
    }
    let without_effect = if kind.flow == Flow::Card {
        if let Some(word) = hash.choice("request_multicapture", &["if_available", "never"])? {
            options.multicapture = word == "if_available";
            options.shown.insert("request_multicapture".to_owned(), json!(word));
        }
        CARD_WITHOUT_EFFECT
    } else {
        WITHOUT_EFFECT
    };
    for name in without_effect {
        if let Some(value) = hash.json(name) {
            options.shown.insert((*name).to_owned(), value);
        }
    }
    hash.finish()
}

pub(crate) fn render(options: &Options) -> Value {
    Value::Object(
        options
            .iter()
            .map(|(kind, options)| ((*kind).to_owned(), Value::Object(options.shown.clone())))
            .collect(),
    )
}
