//! Stripe's objects, as far as they are read. Fields that are not named here are ignored.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Pairs that we, or people, hung on an object.
pub(crate) type Metadata = BTreeMap<String, String>;

#[derive(Debug, Deserialize)]
pub(crate) struct PaymentIntent {
    pub id: String,
    pub status: String,
    pub amount: i64,
    pub currency: String,
    #[serde(default)]
    pub amount_capturable: i64,
    #[serde(default)]
    pub amount_received: i64,
    pub cancellation_reason: Option<String>,
    pub latest_charge: Option<Expandable<Charge>>,
    pub last_payment_error: Option<ErrorBody>,
    pub next_action: Option<NextAction>,
    pub metadata: Option<Metadata>,
}

/// A reference that `expand[]` turns into the object itself.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Expandable<T> {
    Object(Box<T>),
    Reference(String),
}

#[derive(Debug, Deserialize)]
pub(crate) struct NextAction {
    pub display_bank_transfer_instructions: Option<BankTransferInstructions>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct BankTransferInstructions {
    pub amount_remaining: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Charge {
    pub id: Option<String>,
    pub status: Option<String>,
    #[serde(default)]
    pub captured: bool,
    pub payment_method_details: Option<Value>,
    /// Only in old API versions.
    pub refunds: Option<List<Refund>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Refund {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    pub status: Option<String>,
    pub failure_reason: Option<String>,
    pub metadata: Option<Metadata>,
}

/// Money of a bank transfer that moved into or out of what Stripe keeps for a customer.
#[derive(Debug, Deserialize)]
pub(crate) struct CashBalanceTransaction {
    pub currency: String,
    pub ending_balance: i64,
    /// Set where the money went to a payment intent.
    pub applied_to_payment: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dispute {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    pub reason: String,
    pub status: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct List<T> {
    pub data: Vec<T>,
    #[serde(default)]
    pub has_more: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WebhookEndpoint {
    pub id: String,
    pub url: String,
    #[serde(default)]
    pub status: String,
    #[serde(default)]
    pub enabled_events: Vec<String>,
    pub api_version: Option<String>,
    /// Told only in the answer to the creation.
    pub secret: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Account {
    pub id: String,
}

/// A charge, asked for what it brought to the balance.
#[derive(Debug, Deserialize)]
pub(crate) struct SettledCharge {
    /// Not there before the money was captured, and for a while afterwards.
    pub balance_transaction: Option<Expandable<BalanceTransaction>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct BalanceTransaction {
    pub currency: String,
}

/// An account below the platform's.
#[derive(Debug, Deserialize)]
pub(crate) struct ConnectedAccount {
    pub id: String,
    #[serde(default)]
    pub details_submitted: bool,
    #[serde(default)]
    pub charges_enabled: bool,
    #[serde(default)]
    pub payouts_enabled: bool,
    #[serde(default)]
    pub capabilities: BTreeMap<String, String>,
    pub requirements: Option<Requirements>,
    pub metadata: Option<Metadata>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Requirements {
    pub disabled_reason: Option<String>,
    pub current_deadline: Option<i64>,
    pub past_due: Option<Vec<String>>,
    pub currently_due: Option<Vec<String>>,
    pub eventually_due: Option<Vec<String>>,
    pub pending_verification: Option<Vec<String>>,
}

/// What has a link and nothing else that is read.
#[derive(Debug, Deserialize)]
pub(crate) struct Link {
    pub url: String,
}

/// A transfer, or the reversal of one: what is read is the same.
#[derive(Debug, Deserialize)]
pub(crate) struct Move {
    pub id: String,
    pub metadata: Option<Metadata>,
}

/// A transfer, asked for how much of it was taken back.
#[derive(Debug, Deserialize)]
pub(crate) struct Transfer {
    pub amount: i64,
    pub currency: String,
    #[serde(default)]
    pub amount_reversed: i64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Balance {
    pub livemode: bool,
}

/// The envelope of every answer that is a no.
#[derive(Debug, Deserialize)]
pub(crate) struct ErrorEnvelope {
    pub error: ErrorBody,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ErrorBody {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub code: Option<String>,
    pub decline_code: Option<String>,
    pub param: Option<String>,
    pub message: Option<String>,
    pub payment_intent: Option<Value>,
    pub payment_method: Option<PaymentMethod>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct PaymentMethod {
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub livemode: bool,
    pub account: Option<String>,
    pub data: EventData,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EventData {
    pub object: Value,
}
