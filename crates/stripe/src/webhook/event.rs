//! What a webhook says (contract/stripe.md section 2, the table of events).

use app::ports::{EventSubject, PspEvent, PspFact, WebhookRejected};
use payment::{
    AttemptId, DisputeState, OrderReference, PaymentId, PspAccountId, PspChargeId, PspDisputeId,
    PspReference, TenantId,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::amount::from_stripe;
use crate::metadata;
use crate::objects::{CashBalanceTransaction, Charge, Dispute, Event, Metadata, PaymentIntent};
use crate::translate::{
    Unreadable, decline_reason, intent_view, method_label, mode_of, multicapture, plain_words,
    refund_fact, retriable,
};

type Fact = Result<Option<PspFact>, Unreadable>;

/// Reads the body of a webhook. An object of somebody else that cannot be read says nothing; one
/// that names an installation of ours is an error, because money may depend on it.
pub(crate) fn read(body: &[u8]) -> Result<PspEvent, WebhookRejected> {
    let event: Event = serde_json::from_slice(body)
        .map_err(|error| WebhookRejected::Malformed(error.to_string()))?;
    let subject = subject(&event.data.object);
    let fact = match fact(&event.kind, event.data.object) {
        Ok(fact) => fact,
        Err(error) if subject.installation.is_some() => {
            return Err(WebhookRejected::Malformed(error.to_string()));
        }
        Err(error) => {
            tracing::warn!(event = event.id, kind = event.kind, %error, "an event is not readable");
            None
        }
    };
    Ok(PspEvent {
        id: event.id,
        kind: event.kind,
        mode: mode_of(event.livemode),
        account: event.account.map(PspAccountId::new),
        subject,
        fact,
    })
}

fn fact(kind: &str, object: Value) -> Fact {
    match kind {
        "payment_intent.amount_capturable_updated"
        | "payment_intent.canceled"
        | "payment_intent.partially_funded"
        | "payment_intent.processing"
        | "payment_intent.requires_action"
        | "payment_intent.succeeded" => Ok(Some(PspFact::Intent(intent_view(&parse(object)?)?))),
        "payment_intent.payment_failed" => failed(&parse(object)?),
        "charge.succeeded" | "charge.captured" | "charge.updated" => {
            Ok(charge_details(&parse(object)?))
        }
        "charge.refunded" => embedded_refund(&parse(object)?),
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
            Ok(Some(PspFact::Refund(refund_fact(&parse(object)?)?)))
        }
        "account.application.deauthorized" | "account.updated" | "capability.updated" => {
            Ok(Some(PspFact::Account))
        }
        "customer_cash_balance_transaction.created" => left_with_customer(&parse(object)?),
        _ => match kind.strip_prefix("charge.dispute.") {
            Some(change) => disputed(change, &parse(object)?),
            // Also `payment_intent.created`: our own call told us.
            None => Ok(None),
        },
    }
}

fn parse<T: DeserializeOwned>(object: Value) -> Result<T, Unreadable> {
    Ok(serde_json::from_value(object)?)
}

fn failed(intent: &PaymentIntent) -> Fact {
    Ok(Some(PspFact::Failed {
        view: intent_view(intent)?,
        reason: decline_reason(intent.last_payment_error.as_ref()),
        retriable: retriable(intent),
    }))
}

fn charge_details(charge: &Charge) -> Option<PspFact> {
    let (method, multicapture) = (method_label(charge), multicapture(charge));
    let paid = charge.status.as_deref() == Some("succeeded");
    let id = charge.id.as_deref().filter(|_| paid).map(PspChargeId::new);
    (method.is_some() || multicapture.is_some() || id.is_some()).then_some(PspFact::Charge {
        method,
        multicapture,
        charge: id,
    })
}

/// Endpoints made by hand may render an old API version, in which the charge lists its refunds,
/// the newest first. A charge that was never captured was voided: that is no refund.
fn embedded_refund(charge: &Charge) -> Fact {
    let newest = charge.refunds.as_ref().and_then(|refunds| refunds.data.first());
    match newest {
        Some(refund) if charge.captured => Ok(Some(PspFact::Refund(refund_fact(refund)?))),
        Some(_) | None => Ok(None),
    }
}

/// A payment intent takes no more of a bank transfer than it asks for. What is left of it stays on
/// the customer's cash balance, which is told after the payment intent took its part
/// (docs.stripe.com/api/cash_balance_transactions/object).
fn left_with_customer(transaction: &CashBalanceTransaction) -> Fact {
    if transaction.applied_to_payment.is_none() || transaction.ending_balance <= 0 {
        return Ok(None);
    }
    let left = from_stripe(transaction.ending_balance, &transaction.currency)?;
    Ok(Some(PspFact::Overfunded { left }))
}

fn disputed(change: &str, dispute: &Dispute) -> Fact {
    let (what, state) = match change {
        "created" => ("dispute opened", DisputeState::Opened),
        "updated" => ("dispute changed", DisputeState::Opened),
        "closed" => ("dispute closed", DisputeState::Opened),
        "funds_withdrawn" => ("disputed money withdrawn", DisputeState::Withdrawn),
        "funds_reinstated" => ("disputed money given back", DisputeState::Reinstated),
        _ => return Ok(None),
    };
    let amount = from_stripe(dispute.amount, &dispute.currency)?;
    let (reason, status) = (plain_words(&dispute.reason), plain_words(&dispute.status));
    let note = format!("{what}: {amount}, {reason}, {status}");
    let reference = PspDisputeId::new(dispute.id.as_str());
    Ok(Some(PspFact::Disputed { note, dispute: payment::Dispute { reference, amount, state } }))
}

/// Whom the object names: itself or its payment intent, and our metadata where it has them. A
/// charge carries a copy of the metadata of its payment intent.
fn subject(object: &Value) -> EventSubject {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let reference = match text("object") {
        Some("payment_intent") => text("id"),
        Some("customer_cash_balance_transaction") => {
            object.pointer("/applied_to_payment/payment_intent").and_then(Value::as_str)
        }
        // Expanded, it is an object; webhooks only ever have its id.
        _ => text("payment_intent"),
    };
    let pairs: Option<Metadata> =
        object.get("metadata").and_then(|pairs| serde_json::from_value(pairs.clone()).ok());
    let pair = |key: &str| metadata::value(pairs.as_ref(), key);
    EventSubject {
        reference: reference.map(PspReference::new),
        tenant: pair(metadata::TENANT).map(TenantId::new),
        installation: pair(metadata::INSTALLATION_ID).and_then(|id| Uuid::parse_str(id).ok()),
        payment: pair(metadata::PAYMENT_ID).and_then(|id| PaymentId::parse(id).ok()),
        attempt: pair(metadata::ATTEMPT_ID).and_then(|id| AttemptId::parse(id).ok()),
        order: pair(metadata::ORDER).map(OrderReference::new),
    }
}
