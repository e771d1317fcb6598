//! Capabilities: what a connected account may do.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::accounts::{self, Account};
use crate::api::requirements::Requirements;
use crate::desk::Desk;
use crate::error::ApiError;
use crate::params::Params;

/// The capability that lets an account receive transfers.
pub(crate) const TRANSFERS: &str = "transfers";

/// The capabilities whose names do not end in `_payments`.
const OTHERS: &[&str] = &[
    "app_distribution",
    "card_issuing",
    "tax_reporting_us_1099_k",
    "tax_reporting_us_1099_misc",
    TRANSFERS,
    "treasury",
];

/// Where a requested capability stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Active,
    Inactive,
    Pending,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Pending => "pending",
        }
    }
}

/// A capability that was requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Capability {
    pub(crate) status: Status,
    pub(crate) requested_at: i64,
}

/// Those requested, by name.
pub(crate) type Capabilities = BTreeMap<String, Capability>;

/// Whether Stripe has a capability of this name.
pub(crate) fn exists(name: &str) -> bool {
    name.ends_with("_payments") || OTHERS.contains(&name)
}

/// Reads `capabilities[name][requested]`.
pub(crate) fn read(
    params: &mut Params,
    account: &mut Account,
    second: i64,
) -> Result<(), ApiError> {
    let Some(mut hash) = params.nested("capabilities")? else {
        return Ok(());
    };
    for name in hash.names() {
        if !exists(&name) {
            return Err(ApiError::unknown(hash.key(&name)));
        }
        if let Some(mut one) = hash.nested(&name)? {
            let requested = one.boolean("requested")?;
            one.finish()?;
            set_requested(account, &name, requested, second);
        }
    }
    Ok(())
}

/// A capability asked for is active at once where nothing stands against it.
pub(crate) fn set_requested(
    account: &mut Account,
    name: &str,
    requested: Option<bool>,
    second: i64,
) {
    match requested {
        Some(true) if !account.capabilities.contains_key(name) => {
            let status = if account.is_in_order() { Status::Active } else { Status::Inactive };
            let capability = Capability { status, requested_at: second };
            account.capabilities.insert(name.to_owned(), capability);
        }
        Some(false) => {
            account.capabilities.remove(name);
        }
        Some(true) | None => {}
    }
}

pub(crate) fn render(account: &Account, name: &str) -> Value {
    let capability = account.capabilities.get(name);
    let requirements =
        capability.map_or_else(Requirements::default, |_| account.requirements.clone());
    json!({
        "id": name,
        "object": "capability",
        "account": account.id,
        "future_requirements": Requirements::default().render(),
        "requested": capability.is_some(),
        "requested_at": capability.map(|capability| capability.requested_at),
        "requirements": requirements.render(),
        "status": capability.map_or("unrequested", |capability| capability.status.name()),
    })
}

pub(crate) fn list(desk: &mut Desk<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    let account = accounts::find(desk, id)?;
    let data: Vec<Value> = account.capabilities.keys().map(|name| render(&account, name)).collect();
    let url = format!("/v1/accounts/{id}/capabilities");
    Ok(json!({ "object": "list", "url": url, "has_more": false, "data": data }))
}

pub(crate) fn retrieve(
    desk: &mut Desk<'_>,
    id: &str,
    name: &str,
    params: Params,
) -> Result<Value, ApiError> {
    params.finish()?;
    let account = accounts::find(desk, id)?;
    check(name)?;
    Ok(render(&account, name))
}

pub(crate) fn update(
    desk: &mut Desk<'_>,
    id: &str,
    name: &str,
    mut params: Params,
) -> Result<Value, ApiError> {
    let mut account = accounts::find(desk, id)?;
    check(name)?;
    let requested = params.boolean("requested")?;
    params.finish()?;
    set_requested(&mut account, name, requested, desk.second());
    let shown = render(&account, name);
    desk.at(id, |desk| accounts::put_and_tell(desk, account));
    Ok(shown)
}

fn check(name: &str) -> Result<(), ApiError> {
    if exists(name) { Ok(()) } else { Err(ApiError::not_found("capability", name, "capability")) }
}
