//! Commands to the app: CapturePayment, CancelPayment, RefundPayment, and their attributes.

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

/// The channel that all commands go to.
pub const CHANNEL: &str = "payment-commands";

/// Which command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandName {
    /// Take the money.
    Capture,
    /// Let the money go.
    Cancel,
    /// Give the money back.
    Refund,
}

impl CommandName {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Capture => "CapturePayment",
            Self::Cancel => "CancelPayment",
            Self::Refund => "RefundPayment",
        }
    }
}

/// The payload of a command.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload {
    /// The order.
    pub order_reference: String,
    /// The items it is about.
    pub order_item_ids: Vec<i64>,
    /// The currency of the amount.
    pub currency_iso_code: &'static str,
    /// Minor units: positive for a capture, 0 for a cancel, and negative for a refund.
    pub amount: i64,
    /// The items again, for a refund only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order_items: Vec<RefundedItem>,
}

/// An item of a refund.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundedItem {
    /// The item.
    pub order_item_id: i64,
    /// The number of its product.
    pub sku: &'static str,
}

/// The attributes of a command, as the headers of the http-channel: without `X-`.
///
/// # Errors
/// The tenant or the token cannot stand in a header.
pub fn headers(
    name: CommandName,
    tenant: &str,
    at: Timestamp,
    ids: [Uuid; 2],
) -> Result<HeaderMap, http::header::InvalidHeaderValue> {
    let [correlation, transaction] = ids.map(|id| id.hyphenated().to_string());
    // The shop's form: UTC, microseconds, no offset.
    let timestamp = at.strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string();
    let name = name.name();
    let pairs = [
        ("transfer-name", name),
        ("event", name),
        ("name", name),
        ("correlation-id", &correlation),
        ("timestamp", &timestamp),
        ("transaction-id", &transaction),
        ("tenant-identifier", tenant),
        ("actor-id", tenant),
    ];
    let mut headers = HeaderMap::new();
    for (header, value) in pairs {
        headers.insert(HeaderName::from_static(header), HeaderValue::from_str(value)?);
    }
    Ok(headers)
}
