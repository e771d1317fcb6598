//! Which operation a method and a path mean.

use http::Method;
use serde_json::{Value, json};

use crate::api::{
    account, account_links, accounts, balance, capabilities, captures, charges, customers, events,
    expand, intents, payment_methods, refunds, reversals, transfers, webhook_endpoints,
};
use crate::auth::Grade;
use crate::desk::Desk;
use crate::error::{ApiError, ErrorKind};
use crate::params::Params;

/// What of a payment intent a publishable key gets to see.
const PUBLIC_INTENT_FIELDS: &[&str] = &[
    "id",
    "object",
    "amount",
    "amount_details",
    "automatic_payment_methods",
    "canceled_at",
    "cancellation_reason",
    "capture_method",
    "client_secret",
    "confirmation_method",
    "created",
    "currency",
    "description",
    "last_payment_error",
    "livemode",
    "next_action",
    "payment_method",
    "payment_method_types",
    "processing",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "source",
    "status",
];

/// What only a secret key may say at a confirmation: the rest decides over the shop's money, not over the shopper's.
const SECRET_CONFIRMATION: &[&str] = &[
    "automatic_payment_methods",
    "capture_method",
    "error_on_requires_action",
    "mandate",
    "metadata",
    "off_session",
    "payment_method_options",
    "payment_method_types",
    "radar_options",
];

/// Carries out one call.
pub(crate) fn perform(
    desk: &mut Desk<'_>,
    grade: Grade,
    method: &Method,
    path: &str,
    mut params: Params,
) -> Result<Value, ApiError> {
    let paths = params.list("expand")?.unwrap_or_default();
    let answer = match grade {
        Grade::Secret => dispatch(desk, method, path, params)?,
        Grade::Publishable => return publishable(desk, method, path, params),
    };
    expand::expand(answer, &paths, desk)
}

fn dispatch(
    desk: &mut Desk<'_>,
    method: &Method,
    path: &str,
    params: Params,
) -> Result<Value, ApiError> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method.as_str(), segments.as_slice()) {
        ("GET", ["v1", "account"]) => account::retrieve(desk, params),
        ("GET", ["v1", "balance"]) => balance::retrieve(desk, params),
        ("GET", ["v1", "balance_transactions"]) => balance::list_transactions(desk, params),
        ("GET", ["v1", "balance_transactions", id]) => {
            balance::retrieve_transaction(desk, id, params)
        }

        ("POST", ["v1", "payment_intents"]) => intents::create(desk, params),
        ("GET", ["v1", "payment_intents"]) => intents::list(desk, params),
        ("GET", ["v1", "payment_intents", id]) => intents::retrieve(desk, id, params),
        ("POST", ["v1", "payment_intents", id]) => intents::update(desk, id, params),
        ("POST", ["v1", "payment_intents", id, "confirm"]) => intents::confirm(desk, id, params),
        ("POST", ["v1", "payment_intents", id, "capture"]) => captures::capture(desk, id, params),
        ("POST", ["v1", "payment_intents", id, "cancel"]) => captures::cancel(desk, id, params),

        ("POST", ["v1", "payment_methods"]) => payment_methods::create(desk, params),
        ("GET", ["v1", "payment_methods", id]) => payment_methods::retrieve(desk, id, params),

        ("GET", ["v1", "charges"]) => charges::list(desk, params),
        ("GET", ["v1", "charges", id]) => charges::retrieve(desk, id, params),

        ("POST", ["v1", "refunds"]) => refunds::create(desk, params),
        ("GET", ["v1", "refunds"]) => refunds::list(desk, params),
        ("GET", ["v1", "refunds", id]) => refunds::retrieve(desk, id, params),
        ("POST", ["v1", "refunds", id]) => refunds::update(desk, id, params),
        ("POST", ["v1", "refunds", id, "cancel"]) => refunds::cancel(desk, id, params),

        ("POST", ["v1", "customers"]) => customers::create(desk, params),
        ("GET", ["v1", "customers"]) => customers::list(desk, params),
        ("GET", ["v1", "customers", "search"]) => customers::search(desk, params),
        ("GET", ["v1", "customers", id]) => customers::retrieve(desk, id, params),
        ("POST", ["v1", "customers", id]) => customers::update(desk, id, params),

        ("POST", ["v1", "webhook_endpoints"]) => webhook_endpoints::create(desk, params),
        ("GET", ["v1", "webhook_endpoints"]) => webhook_endpoints::list(desk, params),
        ("GET", ["v1", "webhook_endpoints", id]) => webhook_endpoints::retrieve(desk, id, params),
        ("POST", ["v1", "webhook_endpoints", id]) => webhook_endpoints::update(desk, id, params),
        ("DELETE", ["v1", "webhook_endpoints", id]) => webhook_endpoints::delete(desk, id, params),

        (_, ["v1", "accounts" | "account_links" | "transfers", ..]) => {
            connect(desk, method, path, &segments, params)
        }

        ("GET", ["v1", "events"]) => events::list(desk, params),
        ("GET", ["v1", "events", id]) => events::retrieve(desk, id, params),

        _ => Err(unrecognized(method, path)),
    }
}

/// The part of the API a marketplace needs.
fn connect(
    desk: &mut Desk<'_>,
    method: &Method,
    path: &str,
    segments: &[&str],
    params: Params,
) -> Result<Value, ApiError> {
    match (method.as_str(), segments) {
        ("POST", ["v1", "accounts"]) => accounts::create(desk, params),
        ("GET", ["v1", "accounts"]) => accounts::list(desk, params),
        ("GET", ["v1", "accounts", id]) => accounts::retrieve(desk, id, params),
        ("POST", ["v1", "accounts", id]) => accounts::update(desk, id, params),
        ("DELETE", ["v1", "accounts", id]) => accounts::delete(desk, id, params),
        ("POST", ["v1", "accounts", id, "reject"]) => accounts::reject(desk, id, params),
        ("POST", ["v1", "accounts", id, "login_links"]) => accounts::login_link(desk, id, params),
        ("GET", ["v1", "accounts", id, "capabilities"]) => capabilities::list(desk, id, params),
        ("GET", ["v1", "accounts", id, "capabilities", name]) => {
            capabilities::retrieve(desk, id, name, params)
        }
        ("POST", ["v1", "accounts", id, "capabilities", name]) => {
            capabilities::update(desk, id, name, params)
        }
        ("POST", ["v1", "account_links"]) => account_links::create(desk, params),

        ("POST", ["v1", "transfers"]) => transfers::create(desk, params),
        ("GET", ["v1", "transfers"]) => transfers::list(desk, params),
        ("GET", ["v1", "transfers", id]) => transfers::retrieve(desk, id, params),
        ("POST", ["v1", "transfers", id]) => transfers::update(desk, id, params),
        ("POST", ["v1", "transfers", id, "reversals"]) => reversals::create(desk, id, params),
        ("GET", ["v1", "transfers", id, "reversals"]) => reversals::list(desk, id, params),
        ("GET", ["v1", "transfers", id, "reversals", reversal]) => {
            reversals::retrieve(desk, id, reversal, params)
        }
        ("POST", ["v1", "transfers", id, "reversals", reversal]) => {
            reversals::update(desk, id, reversal, params)
        }
        _ => Err(unrecognized(method, path)),
    }
}

fn unrecognized(method: &Method, path: &str) -> ApiError {
    ApiError::new(
        404,
        ErrorKind::InvalidRequest,
        format!("Unrecognized request URL ({method}: {path})."),
    )
}

/// A browser may look at and confirm one payment intent whose secret it holds, and nothing else.
fn publishable(
    desk: &mut Desk<'_>,
    method: &Method,
    path: &str,
    params: Params,
) -> Result<Value, ApiError> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (id, confirms) = match (method.as_str(), segments.as_slice()) {
        ("GET", ["v1", "payment_intents", id]) => (*id, false),
        ("POST", ["v1", "payment_intents", id, "confirm"]) => (*id, true),
        _ => {
            return Err(secret_key_required(
                "This call cannot be made with a publishable API key: use a secret key.".to_owned(),
            ));
        }
    };
    let secret = params.peek_text("client_secret").unwrap_or_default();
    let intent = intents::find(desk, id)?;
    // The same answer as for an intent that is not there: a wrong secret learns nothing.
    if intent.client_secret != secret {
        return Err(ApiError::not_found("payment_intent", id, "intent"));
    }
    let shown = if confirms {
        refuse_secret_parameters(&params)?;
        intents::confirm(desk, id, params).map_err(ApiError::for_publishable_key)?
    } else {
        intents::retrieve(desk, id, params)?
    };
    Ok(public_intent(&shown))
}

fn refuse_secret_parameters(params: &Params) -> Result<(), ApiError> {
    match params.names().into_iter().find(|name| SECRET_CONFIRMATION.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(secret_key_required(format!(
            "{name} cannot be set with a publishable API key: use a secret key."
        ))
        .param(name)),
    }
}

fn secret_key_required(message: String) -> ApiError {
    ApiError::new(401, ErrorKind::InvalidRequest, message).code("secret_key_required")
}

/// The fields of an intent a browser may see.
pub(crate) fn public_intent(intent: &Value) -> Value {
    PUBLIC_INTENT_FIELDS
        .iter()
        .map(|name| ((*name).to_owned(), intent.get(*name).cloned().unwrap_or(json!(null))))
        .collect()
}
