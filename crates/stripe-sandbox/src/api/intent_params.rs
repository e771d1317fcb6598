//! The parameters of payment intents.

use crate::amounts;
use crate::api::intents::{CaptureMethod, Intent, Methods, Stage};
use crate::api::method_options::{self, Options};
use crate::desk::Desk;
use crate::error::ApiError;
use crate::methods;
use crate::params::{Metadata, Params};

/// The longest statement descriptor suffix.
const STATEMENT_DESCRIPTOR_SUFFIX_MAX: usize = 22;

/// Parameters Stripe has at creation and update that change nothing here.
const WITHOUT_EFFECT: &[&str] = &[
    "allowed_payment_method_types",
    "amount_details",
    "application_fee_amount",
    "confirmation_method",
    "confirmation_token",
    "customer_account",
    "error_on_requires_action",
    "hooks",
    "mandate",
    "mandate_data",
    "off_session",
    "on_behalf_of",
    "payment_details",
    "payment_method_configuration",
    "radar_options",
    "transfer_data",
    "use_stripe_sdk",
];

/// Reads everything a new payment intent is made of.
pub(crate) fn read_new(desk: &mut Desk<'_>, params: &mut Params) -> Result<Intent, ApiError> {
    let amount = params.integer("amount")?.ok_or_else(|| ApiError::missing("amount"))?;
    let currency = amounts::currency(&params.required("currency")?)?;
    let amount = amounts::payment_amount(amount, &currency)?;
    let capture_method = read_capture_method(params)?.unwrap_or(CaptureMethod::AutomaticAsync);
    let methods = read_methods(params)?.unwrap_or(Methods::Automatic { redirects: true });
    let excluded = params.list("excluded_payment_method_types")?.unwrap_or_default();
    let id = desk.ids.next("pi");
    let mut intent = Intent {
        client_secret: format!("{id}_secret_{}", desk.ids.secret("client_secret")),
        id,
        created: desk.second(),
        stage: Stage::RequiresPaymentMethod,
        amount,
        currency,
        amount_received: 0,
        capture_method,
        methods,
        excluded,
        options: Options::new(),
        payment_method: None,
        latest_charge: None,
        last_payment_error: None,
        customer: None,
        description: None,
        metadata: Metadata::new(),
        receipt_email: None,
        setup_future_usage: None,
        shipping: None,
        statement_descriptor: None,
        statement_descriptor_suffix: None,
        transfer_group: None,
    };
    read_common(desk, params, &mut intent)?;
    Ok(intent)
}

/// Reads an update. True when something was changed that only an unpaid intent may change.
pub(crate) fn read_changes(
    desk: &Desk<'_>,
    params: &mut Params,
    intent: &mut Intent,
) -> Result<bool, ApiError> {
    let mut sensitive = false;
    let amount = params.integer("amount")?;
    if let Some(currency) = params.filled("currency")? {
        intent.currency = amounts::currency(&currency)?;
        sensitive = true;
    }
    if let Some(amount) = amount {
        sensitive = true;
        intent.amount = amount;
    }
    if sensitive {
        amounts::payment_amount(intent.amount, &intent.currency)?;
    }
    if let Some(capture_method) = read_capture_method(params)? {
        intent.capture_method = capture_method;
        sensitive = true;
    }
    if let Some(methods) = read_methods(params)? {
        intent.methods = methods;
        sensitive = true;
    }
    if let Some(excluded) = params.list("excluded_payment_method_types")? {
        intent.excluded = excluded;
        sensitive = true;
    }
    read_common(desk, params, intent)?;
    Ok(sensitive)
}

/// Reads what a confirmation may change beside the payment method.
pub(crate) fn read_confirmation(params: &mut Params, intent: &mut Intent) -> Result<(), ApiError> {
    params.accept(WITHOUT_EFFECT);
    params.accept(&["client_secret"]);
    if let Some(capture_method) = read_capture_method(params)? {
        intent.capture_method = capture_method;
    }
    if let Some(methods) = read_methods(params)? {
        intent.methods = methods;
    }
    method_options::read(params, &mut intent.options)?;
    params.metadata(&mut intent.metadata)?;
    read_contact(params, intent)
}

/// A group that is set once stays.
fn group(known: &mut Option<String>, given: Option<String>) -> Result<(), ApiError> {
    match (&known, given) {
        (_, None) => Ok(()),
        (None, given) => {
            *known = given;
            Ok(())
        }
        (Some(known), Some(_)) => {
            let message = format!("The intent is in the group `{known}` already, which stays so.");
            Err(ApiError::invalid(message).param("transfer_group"))
        }
    }
}

fn read_common(desk: &Desk<'_>, params: &mut Params, intent: &mut Intent) -> Result<(), ApiError> {
    params.accept(WITHOUT_EFFECT);
    method_options::read(params, &mut intent.options)?;
    params.metadata(&mut intent.metadata)?;
    read_contact(params, intent)?;
    overwrite(&mut intent.description, params.text("description")?);
    group(&mut intent.transfer_group, params.filled("transfer_group")?)?;
    overwrite(&mut intent.statement_descriptor, params.text("statement_descriptor")?);
    if let Some(suffix) = params.text("statement_descriptor_suffix")? {
        check_suffix(&suffix)?;
        overwrite(&mut intent.statement_descriptor_suffix, Some(suffix));
    }
    if let Some(customer) = params.text("customer")? {
        if !customer.is_empty() && desk.objects.customers.get(&customer).is_none() {
            return Err(ApiError::no_such("customer", &customer, "customer"));
        }
        overwrite(&mut intent.customer, Some(customer));
    }
    Ok(())
}

fn read_contact(params: &mut Params, intent: &mut Intent) -> Result<(), ApiError> {
    overwrite(&mut intent.receipt_email, params.text("receipt_email")?);
    let usage = params.choice("setup_future_usage", &["off_session", "on_session"])?;
    if let Some(usage) = usage {
        intent.setup_future_usage = Some(usage.to_owned());
    }
    if let Some(mut hash) = params.nested("shipping")? {
        let shown = serde_json::json!({
            "address": hash.json("address").ok_or_else(|| ApiError::missing("shipping[address]"))?,
            "carrier": hash.filled("carrier")?,
            "name": hash.required("name")?,
            "phone": hash.filled("phone")?,
            "tracking_number": hash.filled("tracking_number")?,
        });
        hash.finish()?;
        intent.shipping = Some(shown);
    }
    Ok(())
}

/// A given text replaces, an empty one unsets.
fn overwrite(field: &mut Option<String>, given: Option<String>) {
    if let Some(text) = given {
        *field = Some(text).filter(|text| !text.is_empty());
    }
}

fn read_capture_method(params: &mut Params) -> Result<Option<CaptureMethod>, ApiError> {
    let word = params.choice("capture_method", &["automatic", "automatic_async", "manual"])?;
    Ok(word.map(|word| match word {
        "manual" => CaptureMethod::Manual,
        "automatic" => CaptureMethod::Automatic,
        _ => CaptureMethod::AutomaticAsync,
    }))
}

fn read_methods(params: &mut Params) -> Result<Option<Methods>, ApiError> {
    let automatic = params.nested("automatic_payment_methods")?;
    let listed = params.list("payment_method_types")?;
    if let Some(mut hash) = automatic {
        let enabled = hash
            .boolean("enabled")?
            .ok_or_else(|| ApiError::missing("automatic_payment_methods[enabled]"))?;
        let redirects = hash.choice("allow_redirects", &["always", "never"])?;
        hash.finish()?;
        if enabled && listed.is_some() {
            return Err(ApiError::invalid(
                "Give either automatic_payment_methods or payment_method_types, not both.",
            )
            .param("payment_method_types"));
        }
        if enabled {
            return Ok(Some(Methods::Automatic { redirects: redirects != Some("never") }));
        }
    }
    let Some(listed) = listed else {
        return Ok(None);
    };
    let mut names = Vec::with_capacity(listed.len());
    for name in listed {
        let kind = methods::find(&name).ok_or_else(|| {
            ApiError::invalid(format!("The payment method type \"{name}\" is invalid."))
                .param("payment_method_types")
        })?;
        names.push(kind.name);
    }
    Ok(Some(Methods::Listed(names)))
}

fn check_suffix(suffix: &str) -> Result<(), ApiError> {
    let fits = suffix.chars().count() <= STATEMENT_DESCRIPTOR_SUFFIX_MAX
        && !suffix.contains(['<', '>', '\\', '\'', '"', '*'])
        && suffix.is_ascii()
        && suffix.chars().any(|c| c.is_ascii_alphabetic());
    if suffix.is_empty() || fits {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "The statement descriptor suffix needs a Latin letter, at most {STATEMENT_DESCRIPTOR_SUFFIX_MAX} characters and none of <>\\'\"*."
    ))
    .param("statement_descriptor_suffix"))
}
