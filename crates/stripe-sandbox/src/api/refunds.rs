//! Refunds: money given back after it was taken.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::amounts;
use crate::api::attempts::later;
use crate::api::charges::{Charge, ChargeStatus};
use crate::api::intents;
use crate::api::ledger::{self, Movement};
use crate::api::lists;
use crate::desk::Desk;
use crate::error::ApiError;
use crate::methods::Behavior;
use crate::objects::TimerAction;
use crate::params::{Metadata, Params};

/// How long after its creation a test card's refund changes its mind.
const REFUND_SETTLES_AFTER: SignedDuration = SignedDuration::from_secs(60);

const REASONS: &[&str] = &["duplicate", "fraudulent", "requested_by_customer"];

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefundStatus {
    Pending,
    Succeeded,
    Failed,
}

impl RefundStatus {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

/// One refund.
#[derive(Debug, Clone)]
pub(crate) struct Refund {
    id: String,
    pub(crate) status: RefundStatus,
    pub(crate) amount: i64,
    currency: String,
    pub(crate) charge: String,
    pub(crate) payment_intent: String,
    created: i64,
    metadata: Metadata,
    reason: Option<&'static str>,
    transaction: String,
    failure_transaction: Option<String>,
}

impl Refund {
    pub(crate) fn render(&self) -> Value {
        let mut refund = json!({
            "id": self.id,
            "object": "refund",
            "amount": self.amount,
            "balance_transaction": self.transaction,
            "charge": self.charge,
            "created": self.created,
            "currency": self.currency,
            "metadata": self.metadata,
            "payment_intent": self.payment_intent,
            "reason": self.reason,
            "receipt_number": null,
            "source_transfer_reversal": null,
            "status": self.status.name(),
            "transfer_reversal": null,
        });
        // Stripe leaves these out until there is something to say.
        if let Some(fields) = refund.as_object_mut() {
            if self.status == RefundStatus::Pending {
                fields.insert("pending_reason".to_owned(), json!("processing"));
            }
            if let Some(transaction) = &self.failure_transaction {
                fields.insert("failure_reason".to_owned(), json!("unknown"));
                fields.insert("failure_balance_transaction".to_owned(), json!(transaction));
            }
        }
        refund
    }
}

pub(crate) fn create(desk: &mut Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let intent = params.filled("payment_intent")?;
    let charge = params.filled("charge")?;
    let amount = params.integer("amount")?;
    let reason = params.choice("reason", REASONS)?;
    let mut metadata = Metadata::new();
    params.metadata(&mut metadata)?;
    params.accept(&["instructions_email", "origin", "refund_application_fee", "reverse_transfer"]);
    params.finish()?;
    let mut charge = charge_to_refund(desk, intent, charge)?;
    let amount = checked_amount(&charge, amount)?;
    let status = match charge.method.behavior {
        Behavior::RefundPends => RefundStatus::Pending,
        Behavior::Succeeds
        | Behavior::Declines(_)
        | Behavior::Authenticates(_)
        | Behavior::RefundFails
        | Behavior::Disputed
        | Behavior::Settles { .. } => RefundStatus::Succeeded,
    };
    let id = desk.ids.next("re");
    let refund = Refund {
        transaction: ledger::book(desk, Movement::Refund, -amount, &charge.currency, &id),
        id,
        status,
        amount,
        currency: charge.currency.clone(),
        charge: charge.id.clone(),
        payment_intent: charge.payment_intent.clone(),
        created: desk.second(),
        metadata,
        reason,
        failure_transaction: None,
    };
    schedule_change(desk, &refund.id, charge.method.behavior);
    charge.amount_refunded += amount;
    let charge_shown = charge.render(desk.livemode);
    desk.objects.charges.put(&charge.id.clone(), charge);
    desk.objects.refunds.put(&refund.id, refund.clone());
    desk.tell("refund.created", refund.render());
    desk.tell("charge.refunded", charge_shown);
    Ok(refund.render())
}

/// Two test cards' refunds change after a while.
fn schedule_change(desk: &mut Desk<'_>, refund: &str, behavior: Behavior) {
    let succeeds = match behavior {
        Behavior::RefundPends => true,
        Behavior::RefundFails => false,
        Behavior::Succeeds
        | Behavior::Declines(_)
        | Behavior::Authenticates(_)
        | Behavior::Disputed
        | Behavior::Settles { .. } => return,
    };
    let action = TimerAction::SettleRefund { refund: refund.to_owned(), succeeds };
    let at = later(desk.now, REFUND_SETTLES_AFTER);
    desk.objects.schedule(at, action);
}

/// A pending refund succeeds, or one that was thought well comes back.
pub(crate) fn settle(desk: &mut Desk<'_>, id: &str, succeeds: bool) {
    let Some(mut refund) = desk.objects.refunds.get(id).cloned() else {
        return;
    };
    if succeeds {
        refund.status = RefundStatus::Succeeded;
        desk.objects.refunds.put(id, refund.clone());
        desk.tell("refund.updated", refund.render());
        return;
    }
    refund.status = RefundStatus::Failed;
    refund.failure_transaction =
        Some(ledger::book(desk, Movement::RefundFailure, refund.amount, &refund.currency, id));
    if let Some(mut charge) = desk.objects.charges.get(&refund.charge).cloned() {
        charge.amount_refunded -= refund.amount;
        desk.objects.charges.put(&refund.charge, charge);
    }
    desk.objects.refunds.put(id, refund.clone());
    desk.tell("refund.updated", refund.render());
    desk.tell("refund.failed", refund.render());
}

fn charge_to_refund(
    desk: &Desk<'_>,
    intent: Option<String>,
    charge: Option<String>,
) -> Result<Charge, ApiError> {
    if let Some(id) = charge {
        let charge = desk
            .objects
            .charges
            .get(&id)
            .ok_or_else(|| ApiError::no_such("charge", &id, "charge"))?;
        if charge.amount_captured == 0 {
            return Err(ApiError::invalid(format!(
                "Charge {id} has not been captured: cancel its PaymentIntent to release the funds."
            ))
            .param("charge")
            .executed());
        }
        return Ok(charge.clone());
    }
    let Some(id) = intent else {
        return Err(ApiError::missing("payment_intent"));
    };
    let intent = desk
        .objects
        .intents
        .get(&id)
        .ok_or_else(|| ApiError::no_such("payment_intent", &id, "payment_intent"))?;
    let charge =
        intent.latest_charge.as_deref().and_then(|charge| desk.objects.charges.get(charge)).filter(
            |charge| charge.status == ChargeStatus::Succeeded && charge.amount_captured > 0,
        );
    match charge {
        Some(charge) => Ok(charge.clone()),
        None => Err(intents::unexpected_state(desk, intent, "refunded")),
    }
}

fn checked_amount(charge: &Charge, asked: Option<i64>) -> Result<i64, ApiError> {
    let refundable = charge.amount_refundable();
    if charge.dispute.is_some() {
        return Err(ApiError::invalid(format!(
            "Charge {} has been charged back and cannot be refunded.",
            charge.id
        ))
        .code("charge_disputed")
        .executed());
    }
    if refundable == 0 {
        return Err(ApiError::invalid(format!("Charge {} has already been refunded.", charge.id))
            .code("charge_already_refunded")
            .executed());
    }
    let amount = match asked {
        None => return Ok(refundable),
        Some(amount) => amounts::positive(amount, "amount")?,
    };
    if amount > refundable {
        return Err(ApiError::invalid(format!(
            "Refund amount ({amount}) is greater than unrefunded amount on charge ({refundable})"
        ))
        .param("amount")
        .executed());
    }
    Ok(amount)
}

fn find(desk: &Desk<'_>, id: &str) -> Result<Refund, ApiError> {
    desk.objects.refunds.get(id).cloned().ok_or_else(|| ApiError::not_found("refund", id, "id"))
}

pub(crate) fn retrieve(desk: &Desk<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    Ok(find(desk, id)?.render())
}

pub(crate) fn update(desk: &mut Desk<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    let mut refund = find(desk, id)?;
    params.metadata(&mut refund.metadata)?;
    params.finish()?;
    desk.objects.refunds.put(id, refund.clone());
    desk.tell("refund.updated", refund.render());
    Ok(refund.render())
}

/// Stripe only cancels a refund that requires action from the shopper; no method here makes such a one.
pub(crate) fn cancel(desk: &Desk<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    let refund = find(desk, id)?;
    Err(ApiError::invalid(format!(
        "This refund cannot be canceled, because its status is {}.",
        refund.status.name()
    ))
    .executed())
}

pub(crate) fn list(desk: &Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let intent = params.filled("payment_intent")?;
    let charge = params.filled("charge")?;
    let page = lists::Page::read(&mut params)?;
    params.finish()?;
    let matching = desk.objects.refunds.newest_first().filter(|refund| {
        intent.as_ref().is_none_or(|intent| *intent == refund.payment_intent)
            && charge.as_ref().is_none_or(|charge| *charge == refund.charge)
            && page.created.includes(refund.created)
    });
    page.cut("/v1/refunds", matching, |refund| &refund.id, Refund::render)
}
