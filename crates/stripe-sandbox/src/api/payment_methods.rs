//! Payment methods: what the shopper pays with.

use serde_json::{Value, json};

use crate::desk::Desk;
use crate::error::{ApiError, ErrorKind};
use crate::ids;
use crate::methods::{self, Behavior, Flow, Kind, TestCard};
use crate::params::Params;

/// What a payment method shows of itself.
#[derive(Debug, Clone)]
enum Detail {
    Card { brand: &'static str, last4: String },
    Debit { last4: String },
    Other,
}

/// One payment method.
#[derive(Debug, Clone)]
pub(crate) struct PaymentMethod {
    pub(crate) id: String,
    pub(crate) kind: &'static Kind,
    pub(crate) behavior: Behavior,
    pub(crate) billing_details: Value,
    detail: Detail,
    created: i64,
    customer: Option<String>,
}

impl PaymentMethod {
    pub(crate) fn render(&self, livemode: bool) -> Value {
        json!({
            "id": self.id,
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": self.billing_details,
            "created": self.created,
            "customer": self.customer,
            "livemode": livemode,
            "metadata": {},
            "type": self.kind.name,
            self.kind.name: self.details(),
        })
    }

    /// The hash named after the kind.
    pub(crate) fn details(&self) -> Value {
        match &self.detail {
            Detail::Card { brand, last4 } => json!({
                "brand": brand,
                "checks": {
                    "address_line1_check": null,
                    "address_postal_code_check": null,
                    "cvc_check": "pass",
                },
                "country": "US",
                "exp_month": 12,
                "exp_year": 2034,
                "fingerprint": ids::fingerprint(&format!("{brand}{last4}")),
                "funding": "credit",
                "last4": last4,
                "network": brand,
                "wallet": null,
            }),
            Detail::Debit { last4 } => json!({
                "bank_code": null,
                "branch_code": null,
                "country": "DE",
                "fingerprint": ids::fingerprint(last4),
                "last4": last4,
            }),
            Detail::Other => json!({}),
        }
    }

    /// Visa's test cards can be captured several times, Mastercard's cannot.
    pub(crate) fn can_multicapture(&self) -> bool {
        matches!(&self.detail, Detail::Card { brand, .. } if *brand == "visa")
    }
}

/// Reads `payment_method` or `payment_method_data` of a call. The method is not stored yet: the call may still be
/// refused.
pub(crate) fn read(
    desk: &mut Desk<'_>,
    params: &mut Params,
) -> Result<Option<PaymentMethod>, ApiError> {
    let named = params.filled("payment_method")?;
    let data = params.nested("payment_method_data")?;
    match (named, data) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err(ApiError::invalid("Give either payment_method or payment_method_data, not both.")
                .param("payment_method_data"))
        }
        (Some(id), None) => find(desk, &id).map(Some),
        (None, Some(mut data)) => {
            let method = from_data(desk, &mut data)?;
            data.finish()?;
            Ok(Some(method))
        }
    }
}

fn find(desk: &mut Desk<'_>, id: &str) -> Result<PaymentMethod, ApiError> {
    if let Some(method) = desk.objects.payment_methods.get(id) {
        return Ok(method.clone());
    }
    match methods::test_card(id) {
        Some(card) => from_card(desk, card),
        None => Err(ApiError::no_such("PaymentMethod", id, "payment_method")),
    }
}

fn from_card(desk: &mut Desk<'_>, card: &TestCard) -> Result<PaymentMethod, ApiError> {
    let last4 = card.number.get(card.number.len().saturating_sub(4)..);
    let detail = Detail::Card { brand: card.brand, last4: last4.unwrap_or_default().to_owned() };
    make(desk, "card", card.behavior, detail, None)
}

fn make(
    desk: &mut Desk<'_>,
    kind: &str,
    behavior: Behavior,
    detail: Detail,
    billing_details: Option<Value>,
) -> Result<PaymentMethod, ApiError> {
    let kind = methods::find(kind).ok_or_else(|| unknown_kind(kind))?;
    Ok(PaymentMethod {
        id: desk.ids.next("pm"),
        kind,
        behavior,
        billing_details: billing_details.unwrap_or_else(|| {
            json!({ "address": null, "email": null, "name": null, "phone": null, "tax_id": null })
        }),
        detail,
        created: desk.second(),
        customer: None,
    })
}

fn unknown_kind(kind: &str) -> ApiError {
    ApiError::invalid(format!("Invalid payment method type: {kind}"))
        .param("payment_method_data[type]")
}

/// `payment_method_data[type]=…` with the hash of that type.
fn from_data(desk: &mut Desk<'_>, data: &mut Params) -> Result<PaymentMethod, ApiError> {
    let kind = data.required("type")?;
    let billing_details = data.json("billing_details");
    data.accept(&["allow_redisplay", "metadata", "radar_options"]);
    match kind.as_str() {
        "card" => {
            let mut hash =
                data.nested("card")?.ok_or_else(|| ApiError::missing(data.key("card")))?;
            hash.accept(&["cvc", "exp_month", "exp_year", "networks"]);
            let number = hash.required("number")?;
            let param = hash.key("number");
            hash.finish()?;
            let digits: String = number.chars().filter(char::is_ascii_digit).collect();
            let card = methods::test_card_by_number(&digits).ok_or_else(|| {
                ApiError::new(
                    402,
                    ErrorKind::Card,
                    "Your card was declined. Only test cards work here.",
                )
                .code("card_declined")
                .decline_code(Some("test_mode_live_card"))
                .param(param)
            })?;
            let mut method = from_card(desk, card)?;
            if let Some(details) = billing_details {
                method.billing_details = details;
            }
            Ok(method)
        }
        "sepa_debit" => {
            let mut hash = data
                .nested("sepa_debit")?
                .ok_or_else(|| ApiError::missing(data.key("sepa_debit")))?;
            let iban = hash.required("iban")?;
            hash.finish()?;
            let last4: Vec<char> = iban.chars().rev().take(4).collect();
            let detail = Detail::Debit { last4: last4.into_iter().rev().collect() };
            make(desk, "sepa_debit", methods::debit_behavior(&iban), detail, billing_details)
        }
        other => {
            data.accept(&[other]);
            let behavior = match methods::find(other).map(|kind| kind.flow) {
                Some(Flow::Debit) => methods::debit_behavior(""),
                Some(Flow::Card | Flow::Redirect | Flow::BankTransfer) | None => Behavior::Succeeds,
            };
            make(desk, other, behavior, Detail::Other, billing_details)
        }
    }
}

pub(crate) fn retrieve(desk: &Desk<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    match desk.objects.payment_methods.get(id) {
        Some(method) => Ok(method.render(desk.livemode)),
        None => Err(ApiError::not_found("PaymentMethod", id, "id")),
    }
}

pub(crate) fn create(desk: &mut Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let method = from_data(desk, &mut params)?;
    params.finish()?;
    let shown = method.render(desk.livemode);
    desk.objects.payment_methods.put(&method.id.clone(), method);
    Ok(shown)
}
