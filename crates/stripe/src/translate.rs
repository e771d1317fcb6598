//! From Stripe's objects to the domain.

use app::ports::{IntentState, IntentView, RefundView};
use payment::{
    Mode, Money, PspChargeId, PspReference, PspRefundId, RefundFact, RefundId, RefundState,
};
use serde_json::Value;
use thiserror::Error;

use crate::amount::{AmountError, from_stripe};
use crate::metadata;
use crate::objects::{Charge, ErrorBody, Expandable, PaymentIntent, Refund};

/// Why an object of Stripe could not be understood.
#[derive(Debug, Error)]
pub(crate) enum Unreadable {
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error("{0}")]
    Amount(#[from] AmountError),
    #[error("the status {status:?} of {id} is not known in this API version")]
    Status { id: String, status: String },
}

/// Methods that tell days later whether the money came: a failure of theirs finds no shopper who
/// could try again (contract/stripe.md section 2).
const DELAYED_METHODS: [&str; 13] = [
    "acss_debit",
    "au_becs_debit",
    "bacs_debit",
    "boleto",
    "customer_balance",
    "konbini",
    "multibanco",
    "nz_bank_account",
    "oxxo",
    "pay_by_bank",
    "sepa_debit",
    "sofort",
    "us_bank_account",
];

pub(crate) fn intent_view(intent: &PaymentIntent) -> Result<IntentView, Unreadable> {
    let charge = match &intent.latest_charge {
        Some(Expandable::Object(charge)) => Some(charge.as_ref()),
        Some(Expandable::Reference(_)) | None => None,
    };
    Ok(IntentView {
        reference: PspReference::new(intent.id.as_str()),
        state: intent_state(intent)?,
        amount: from_stripe(intent.amount, &intent.currency)?,
        method: charge.and_then(method_label),
        multicapture: charge.and_then(multicapture),
        charge: paid_by(intent),
    })
}

/// The charge that paid the intent. Before that, its latest charge is a try that was declined.
fn paid_by(intent: &PaymentIntent) -> Option<PspChargeId> {
    let paid = matches!(intent.status.as_str(), "requires_capture" | "succeeded");
    let id = match intent.latest_charge.as_ref().filter(|_| paid)? {
        Expandable::Object(charge) => charge.id.clone()?,
        Expandable::Reference(id) => id.clone(),
    };
    Some(PspChargeId::new(id))
}

fn intent_state(intent: &PaymentIntent) -> Result<IntentState, Unreadable> {
    let money = |amount: i64| from_stripe(amount, &intent.currency);
    match intent.status.as_str() {
        "requires_payment_method" | "requires_confirmation" => Ok(IntentState::AwaitingPayment),
        "requires_action" => Ok(match received_by_transfer(intent)? {
            Some(received) => IntentState::PartiallyFunded { received },
            None => IntentState::AwaitingPayment,
        }),
        "processing" => Ok(IntentState::Processing),
        "requires_capture" => Ok(IntentState::Authorized {
            capturable: money(intent.amount_capturable)?,
            captured: money(intent.amount_received)?,
        }),
        "succeeded" => Ok(IntentState::Captured { total: money(intent.amount_received)? }),
        "canceled" => Ok(IntentState::Canceled {
            reason: intent.cancellation_reason.as_deref().map(cancellation_reason),
            captured: money(intent.amount_received)?,
        }),
        status => Err(Unreadable::Status { id: intent.id.clone(), status: status.to_owned() }),
    }
}

/// What has come in by bank transfer, once something has: Stripe tells only what is still missing.
fn received_by_transfer(intent: &PaymentIntent) -> Result<Option<Money>, AmountError> {
    let remaining = intent
        .next_action
        .as_ref()
        .and_then(|action| action.display_bank_transfer_instructions.as_ref())
        .and_then(|instructions| instructions.amount_remaining);
    match remaining {
        Some(remaining) if (0..intent.amount).contains(&remaining) => {
            from_stripe(intent.amount - remaining, &intent.currency).map(Some)
        }
        Some(_) | None => Ok(None),
    }
}

fn cancellation_reason(word: &str) -> String {
    match word {
        "requested_by_customer" => "canceled on request".to_owned(),
        "automatic" | "expired" => "the authorization expired".to_owned(),
        other => plain_words(other),
    }
}

/// The details of the method, unless it was declined: the next try may use another one.
fn paid_with(charge: &Charge) -> Option<&Value> {
    let declined = charge.status.as_deref() == Some("failed");
    charge.payment_method_details.as_ref().filter(|_| !declined)
}

/// How the shopper paid, for people: `card visa 4242`, `sepa debit 3000`, `ideal`.
pub(crate) fn method_label(charge: &Charge) -> Option<String> {
    let details = paid_with(charge)?;
    let kind = details.get("type")?.as_str()?;
    let of_kind =
        |field: &str| details.get(kind).and_then(|of| of.get(field)).and_then(Value::as_str);
    let words = [Some(kind), of_kind("brand"), of_kind("last4")];
    let words: Vec<String> = words.into_iter().flatten().map(plain_words).collect();
    Some(words.join(" "))
}

/// Whether the charge can be captured in several steps: only cards ever can.
pub(crate) fn multicapture(charge: &Charge) -> Option<bool> {
    let details = paid_with(charge)?;
    let status = details.pointer("/card/multicapture/status").and_then(Value::as_str);
    Some(status == Some("available"))
}

pub(crate) fn refund_fact(refund: &Refund) -> Result<RefundFact, Unreadable> {
    // Stripe documents the status as nullable; what has none yet is on its way.
    let state = match refund.status.as_deref() {
        None | Some("pending" | "requires_action") => RefundState::Pending,
        Some("succeeded") => RefundState::Succeeded,
        Some("failed") => RefundState::Failed,
        Some("canceled") => RefundState::Canceled,
        Some(status) => {
            let (id, status) = (refund.id.clone(), status.to_owned());
            return Err(Unreadable::Status { id, status });
        }
    };
    Ok(RefundFact {
        reference: PspRefundId::new(refund.id.as_str()),
        refund: our_refund(refund),
        amount: from_stripe(refund.amount, &refund.currency)?,
        state,
        reason: refund.failure_reason.as_deref().map(plain_words),
    })
}

pub(crate) fn refund_view(refund: &Refund) -> Result<RefundView, Unreadable> {
    Ok(RefundView { fact: refund_fact(refund)? })
}

fn our_refund(refund: &Refund) -> Option<RefundId> {
    let id = metadata::value(refund.metadata.as_ref(), metadata::REFUND_ID)?;
    RefundId::parse(id).ok()
}

/// Why paying failed, for people.
pub(crate) fn decline_reason(error: Option<&ErrorBody>) -> String {
    let Some(error) = error else { return "paying failed".to_owned() };
    let code = error.decline_code.as_deref().or(error.code.as_deref());
    match (error.message.as_deref(), code) {
        (Some(message), Some(code)) => format!("{message} ({code})"),
        (Some(message), None) => message.to_owned(),
        (None, Some(code)) => plain_words(code),
        (None, None) => "paying failed".to_owned(),
    }
}

/// Whether the shopper is still there to try again.
pub(crate) fn retriable(intent: &PaymentIntent) -> bool {
    let method = intent
        .last_payment_error
        .as_ref()
        .and_then(|error| error.payment_method.as_ref())
        .and_then(|method| method.kind.as_deref());
    let delayed = method.is_some_and(|method| DELAYED_METHODS.contains(&method));
    !delayed && intent.status != "canceled"
}

/// A word of Stripe as people write it.
pub(crate) fn plain_words(word: &str) -> String {
    word.replace('_', " ")
}

pub(crate) fn mode_of(livemode: bool) -> Mode {
    if livemode { Mode::Live } else { Mode::Test }
}
