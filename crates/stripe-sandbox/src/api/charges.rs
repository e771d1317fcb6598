//! Charges: one attempt to take the money, and what became of it.

use serde_json::{Value, json};

use crate::api::lists;
use crate::api::payment_methods::PaymentMethod;
use crate::desk::Desk;
use crate::error::ApiError;
use crate::methods::Decline;
use crate::params::{Metadata, Params};

/// Where an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChargeStatus {
    /// A debit whose outcome is not known yet.
    Pending,
    /// Authorized or captured.
    Succeeded,
    Failed(Decline),
}

/// One charge.
#[derive(Debug, Clone)]
pub(crate) struct Charge {
    pub(crate) id: String,
    pub(crate) payment_intent: String,
    pub(crate) status: ChargeStatus,
    /// What was authorized.
    pub(crate) amount: i64,
    /// What was taken of it so far.
    pub(crate) amount_captured: i64,
    /// What of the authorization was given back without ever being taken.
    pub(crate) amount_released: i64,
    /// What was taken and given back by refunds that did not fail.
    pub(crate) amount_refunded: i64,
    /// How often it was captured.
    pub(crate) captures: u32,
    /// Whether capturing is over, for good.
    pub(crate) captured: bool,
    pub(crate) created: i64,
    pub(crate) currency: String,
    pub(crate) customer: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) method: PaymentMethod,
    /// The last second it can be captured in, while it is only authorized.
    pub(crate) capture_before: Option<i64>,
    /// Whether it may be captured more than once.
    pub(crate) multicapture: bool,
    /// Whether the shopper passed 3-D Secure for it.
    pub(crate) authenticated: bool,
    pub(crate) transaction: Option<String>,
    pub(crate) dispute: Option<String>,
    pub(crate) receipt_email: Option<String>,
    pub(crate) shipping: Option<Value>,
    pub(crate) statement_descriptor_suffix: Option<String>,
    pub(crate) transfer_group: Option<String>,
}

impl Charge {
    /// What can still be captured.
    pub(crate) fn amount_capturable(&self) -> i64 {
        match self.status {
            ChargeStatus::Succeeded if !self.captured => {
                self.amount - self.amount_captured - self.amount_released
            }
            ChargeStatus::Succeeded | ChargeStatus::Pending | ChargeStatus::Failed(_) => 0,
        }
    }

    /// What can still be refunded.
    pub(crate) fn amount_refundable(&self) -> i64 {
        self.amount_captured - self.amount_refunded
    }

    pub(crate) fn render(&self, livemode: bool) -> Value {
        let (status, decline) = match self.status {
            ChargeStatus::Pending => ("pending", None),
            ChargeStatus::Succeeded => ("succeeded", None),
            ChargeStatus::Failed(decline) => ("failed", Some(decline)),
        };
        // Stripe counts what a partial capture or a void released as refunded, too.
        let refunded = self.amount_released + self.amount_refunded;
        json!({
            "id": self.id,
            "object": "charge",
            "amount": self.amount,
            "amount_captured": self.amount_captured,
            "amount_refunded": refunded,
            "application": null,
            "application_fee": null,
            "application_fee_amount": null,
            "balance_transaction": self.transaction,
            "billing_details": self.method.billing_details,
            "calculated_statement_descriptor": "SANDBOX",
            "captured": self.captured,
            "created": self.created,
            "currency": self.currency,
            "customer": self.customer,
            "description": self.description,
            "disputed": self.dispute.is_some(),
            "failure_balance_transaction": null,
            "failure_code": decline.map(|decline| decline.code),
            "failure_message": decline.map(|decline| decline.message),
            "fraud_details": {},
            "livemode": livemode,
            "metadata": self.metadata,
            "on_behalf_of": null,
            "outcome": outcome(self.status),
            "paid": self.status == ChargeStatus::Succeeded,
            "payment_intent": self.payment_intent,
            "payment_method": self.method.id,
            "payment_method_details": self.method_details(),
            "receipt_email": self.receipt_email,
            "receipt_number": null,
            "receipt_url": null,
            "refunded": refunded == self.amount,
            "review": null,
            "shipping": self.shipping,
            "source_transfer": null,
            "statement_descriptor": null,
            "statement_descriptor_suffix": self.statement_descriptor_suffix,
            "status": status,
            "transfer_data": null,
            "transfer_group": self.transfer_group,
        })
    }

    fn method_details(&self) -> Value {
        let kind = self.method.kind.name;
        let mut details = self.method.details();
        if let (Some(fields), "card") = (details.as_object_mut(), kind) {
            let multicapture = if self.multicapture { "available" } else { "unavailable" };
            let secure = self.authenticated.then(|| {
                json!({ "authentication_flow": "challenge", "result": "authenticated", "version": "2.2.0" })
            });
            let more = json!({
                "amount_authorized": self.amount,
                "authorization_code": null,
                "capture_before": self.capture_before,
                "extended_authorization": { "status": "disabled" },
                "incremental_authorization": { "status": "unavailable" },
                "installments": null,
                "mandate": null,
                "multicapture": { "status": multicapture },
                "overcapture": { "maximum_amount_capturable": self.amount, "status": "unavailable" },
                "three_d_secure": secure,
            });
            if let Value::Object(more) = more {
                fields.extend(more);
            }
        }
        json!({ "type": kind, kind: details })
    }
}

/// The `outcome` hash: whether the bank or nobody stood in the way.
fn outcome(status: ChargeStatus) -> Value {
    match status {
        ChargeStatus::Pending | ChargeStatus::Succeeded => json!({
            "network_status": "approved_by_network",
            "reason": null,
            "risk_level": "normal",
            "seller_message": "Payment complete.",
            "type": "authorized",
        }),
        ChargeStatus::Failed(decline) => json!({
            "network_status": "declined_by_network",
            "reason": decline.decline_code,
            "risk_level": "normal",
            "seller_message": "The bank returned a decline.",
            "type": "issuer_declined",
        }),
    }
}

pub(crate) fn retrieve(desk: &Desk<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    match desk.objects.show(id, desk.livemode, desk.second()) {
        Some(charge) if id.starts_with("ch_") || id.starts_with("py_") => Ok(charge),
        Some(_) | None => Err(ApiError::not_found("charge", id, "id")),
    }
}

pub(crate) fn list(desk: &Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let intent = params.filled("payment_intent")?;
    let customer = params.filled("customer")?;
    let group = params.filled("transfer_group")?;
    let page = lists::Page::read(&mut params)?;
    params.finish()?;
    let matching = desk.objects.charges.newest_first().filter(|charge| {
        intent.as_ref().is_none_or(|intent| *intent == charge.payment_intent)
            && (customer.is_none() || customer == charge.customer)
            && (group.is_none() || group == charge.transfer_group)
            && page.created.includes(charge.created)
    });
    page.cut("/v1/charges", matching, |charge| &charge.id, |charge| charge.render(desk.livemode))
}
