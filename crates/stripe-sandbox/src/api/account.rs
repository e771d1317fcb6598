//! The account a key belongs to.

use serde_json::{Value, json};

use crate::desk::Desk;
use crate::error::ApiError;
use crate::params::Params;

/// Every account here is German and keeps its books in euros.
pub(crate) const DEFAULT_CURRENCY: &str = "eur";
const COUNTRY: &str = "DE";

pub(crate) fn retrieve(desk: &Desk<'_>, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    Ok(json!({
        "id": desk.account,
        "object": "account",
        "business_profile": { "mcc": null, "name": "Sandbox", "url": null },
        "business_type": "company",
        "capabilities": { "card_payments": "active", "transfers": "active" },
        "charges_enabled": true,
        "country": COUNTRY,
        "default_currency": DEFAULT_CURRENCY,
        "details_submitted": true,
        "email": null,
        "metadata": {},
        "payouts_enabled": true,
        "settings": {
            "dashboard": { "display_name": "Sandbox", "timezone": "Etc/UTC" },
            "payments": { "statement_descriptor": "SANDBOX" },
        },
        "type": "standard",
    }))
}
