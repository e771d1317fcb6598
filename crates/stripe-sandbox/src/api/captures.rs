//! After an authorization: capture it, in one go or in several, or void it.

use serde_json::Value;

use crate::amounts;
use crate::api::attempts::{self, current_charge};
use crate::api::charges::Charge;
use crate::api::intents::{self, Intent, Stage};
use crate::api::ledger::{self, Movement};
use crate::desk::Desk;
use crate::error::ApiError;
use crate::params::Params;

/// Stripe's limit on captures of one payment intent.
const CAPTURES_MAX: u32 = 50;

const CANCELLATION_REASONS: &[&str] =
    &["abandoned", "duplicate", "fraudulent", "requested_by_customer"];

pub(crate) fn capture(
    desk: &mut Desk<'_>,
    id: &str,
    mut params: Params,
) -> Result<Value, ApiError> {
    let mut intent = intents::find(desk, id)?;
    let amount = params.integer("amount_to_capture")?;
    let is_final = params.boolean("final_capture")?;
    params.metadata(&mut intent.metadata)?;
    params.accept(&[
        "amount_details",
        "application_fee_amount",
        "hooks",
        "payment_details",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer_data",
    ]);
    params.finish()?;
    let (Stage::RequiresCapture, Some(mut charge)) = (&intent.stage, current_charge(desk, &intent))
    else {
        return Err(intents::unexpected_state(desk, &intent, "captured"));
    };
    let amount = checked_amount(&charge, amount, is_final)?;
    if is_final == Some(false) && !charge.multicapture {
        return Err(ApiError::invalid(
            "final_capture can only be false where multicapture is available for this PaymentIntent.",
        )
        .param("final_capture"));
    }
    if amount > 0 && charge.captures >= CAPTURES_MAX {
        return Err(ApiError::invalid(format!(
            "A PaymentIntent can be captured at most {CAPTURES_MAX} times."
        ))
        .executed());
    }
    let rest = charge.amount_capturable() - amount;
    take(desk, &mut intent, &mut charge, amount);
    if is_final == Some(false) && rest > 0 {
        tell_of_partial_capture(desk, &intent, &charge);
    } else {
        finish(desk, &mut intent, &mut charge);
        attempts::dispute_if_meant_to(desk, &mut charge);
    }
    Ok(intents::show(desk, &intent))
}

fn checked_amount(
    charge: &Charge,
    asked: Option<i64>,
    is_final: Option<bool>,
) -> Result<i64, ApiError> {
    let capturable = charge.amount_capturable();
    let amount = match asked {
        None => return Ok(capturable),
        // The way to let the rest go once several captures are done.
        Some(0) if charge.captures > 0 && is_final != Some(false) => return Ok(0),
        Some(amount) => amounts::positive(amount, "amount_to_capture")?,
    };
    if amount > capturable {
        return Err(ApiError::invalid(format!(
            "The requested capture amount {amount} is greater than the amount you can capture, {capturable}."
        ))
        .code("amount_too_large")
        .param("amount_to_capture"));
    }
    Ok(amount)
}

fn take(desk: &mut Desk<'_>, intent: &mut Intent, charge: &mut Charge, amount: i64) {
    if amount > 0 {
        let transaction =
            ledger::book(desk, Movement::Charge, amount, &charge.currency, &charge.id);
        charge.transaction = Some(transaction);
        charge.captures += 1;
    }
    charge.amount_captured += amount;
    intent.amount_received += amount;
}

/// More is to come: the authorization stays open for the rest.
fn tell_of_partial_capture(desk: &mut Desk<'_>, intent: &Intent, charge: &Charge) {
    desk.objects.charges.put(&charge.id, charge.clone());
    let shown = charge.render(desk.livemode);
    desk.tell("charge.updated", shown);
    intents::put_and_tell(desk, intent, "payment_intent.amount_capturable_updated");
}

/// Nothing more is taken; what is left of the authorization is given back.
fn finish(desk: &mut Desk<'_>, intent: &mut Intent, charge: &mut Charge) {
    charge.amount_released = charge.amount - charge.amount_captured;
    charge.captured = true;
    intent.stage = Stage::Succeeded;
    desk.objects.charges.put(&charge.id, charge.clone());
    let shown = charge.render(desk.livemode);
    desk.tell("charge.captured", shown);
    intents::put_and_tell(desk, intent, "payment_intent.succeeded");
}

pub(crate) fn cancel(desk: &mut Desk<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    let mut intent = intents::find(desk, id)?;
    let reason = params.choice("cancellation_reason", CANCELLATION_REASONS)?;
    params.finish()?;
    match intent.stage {
        Stage::RequiresPaymentMethod
        | Stage::RequiresConfirmation
        | Stage::RequiresAction(_)
        | Stage::RequiresCapture => {}
        Stage::Processing | Stage::Succeeded | Stage::Canceled { .. } => {
            return Err(intents::unexpected_state(desk, &intent, "canceled"));
        }
    }
    // What was captured in part cannot be undone this way: the rest is let go by a last capture of nothing.
    if current_charge(desk, &intent).is_some_and(|charge| charge.amount_captured > 0) {
        return Err(intents::unexpected_state(desk, &intent, "canceled"));
    }
    void(desk, &mut intent, reason, "charge.refunded");
    Ok(intents::show(desk, &intent))
}

/// Ends an intent without money. A held charge is given back, which Stripe tells as `charge.refunded` with
/// `captured` false, or as `charge.expired` when time ran out.
fn void(
    desk: &mut Desk<'_>,
    intent: &mut Intent,
    reason: Option<&str>,
    charge_event: &'static str,
) {
    let held = match intent.stage {
        Stage::RequiresCapture => current_charge(desk, intent),
        Stage::RequiresPaymentMethod
        | Stage::RequiresConfirmation
        | Stage::RequiresAction(_)
        | Stage::Processing
        | Stage::Succeeded
        | Stage::Canceled { .. } => None,
    };
    if let Some(mut charge) = held {
        charge.amount_released = charge.amount;
        let shown = charge.render(desk.livemode);
        desk.objects.charges.put(&charge.id.clone(), charge);
        desk.tell(charge_event, shown);
    }
    intent.stage = Stage::Canceled { at: desk.second(), reason: reason.map(str::to_owned) };
    intents::put_and_tell(desk, intent, "payment_intent.canceled");
}

/// The authorization ends by itself: canceled, or closed with what was captured of it.
pub(crate) fn expire(desk: &mut Desk<'_>, mut intent: Intent, mut charge: Charge) {
    if charge.amount_captured > 0 {
        finish(desk, &mut intent, &mut charge);
    } else {
        void(desk, &mut intent, Some("automatic"), "charge.expired");
    }
}
