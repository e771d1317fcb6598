//! The account a key belongs to.

use serde_json::{Value, json};

use crate::api::requirements::Requirements;
use crate::desk::Desk;
use crate::error::ApiError;
use crate::params::Params;

/// Every account with keys of its own is German and keeps its books in euros.
pub(crate) const DEFAULT_CURRENCY: &str = "eur";
const COUNTRY: &str = "DE";

/// The currency an account keeps its books in.
pub(crate) fn default_currency(desk: &Desk<'_>) -> String {
    let settled = desk.settings.settlement.as_ref().map(|settlement| settlement.currency.clone());
    let made = desk.objects.profile.as_ref().map(|account| account.default_currency.clone());
    settled.or(made).unwrap_or_else(|| DEFAULT_CURRENCY.to_owned())
}

pub(crate) fn retrieve(desk: &Desk<'_>, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    Ok(show(desk))
}

/// The account of this desk: as a platform made it, or one with keys of its own, which nothing is asked of any more.
pub(crate) fn show(desk: &Desk<'_>) -> Value {
    if let Some(account) = &desk.objects.profile {
        return account.render(&default_currency(desk));
    }
    json!({
        "id": desk.account,
        "object": "account",
        "business_profile": { "mcc": null, "name": "Sandbox", "url": null },
        "business_type": "company",
        "capabilities": { "card_payments": "active", "transfers": "active" },
        "charges_enabled": true,
        "country": COUNTRY,
        "default_currency": default_currency(desk),
        "details_submitted": true,
        "email": null,
        "metadata": {},
        "payouts_enabled": true,
        "requirements": Requirements::default().render(),
        "settings": {
            "dashboard": { "display_name": "Sandbox", "timezone": "Etc/UTC" },
            "payments": { "statement_descriptor": "SANDBOX" },
        },
        "type": "standard",
    })
}
