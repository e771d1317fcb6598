//! What the shopper, or time, does to a payment intent that waits: she authenticates, comes back from her bank, sends
//! money; a debit settles.

use crate::api::attempts::{self, current_charge};
use crate::api::cash_balance;
use crate::api::charges::ChargeStatus;
use crate::api::intents::{self, Action, Intent, Stage, Visit};
use crate::api::payment_methods::PaymentMethod;
use crate::desk::Desk;
use crate::methods::{AUTHENTICATION_FAILED, DEBIT_FAILED, REDIRECT_FAILED};

/// Good or bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Succeed,
    Fail,
}

/// The shopper finished, or gave up, what she was sent away for. The answer says where she goes back to; the error is
/// a sentence for whoever controls the sandbox.
pub(crate) fn finish_action(
    desk: &mut Desk<'_>,
    id: &str,
    outcome: Outcome,
) -> Result<Visit, String> {
    let intent = find(desk, id)?;
    let Stage::RequiresAction(action) = intent.stage.clone() else {
        return Err(waits_for_nothing(&intent, "an action"));
    };
    let method = method_of(desk, &intent)?;
    match (action, outcome) {
        (Action::Authenticate { then: None, visit }, Outcome::Succeed) => {
            attempts::authorize(desk, intent, &method, true);
            Ok(visit)
        }
        (Action::Authenticate { then: Some(decline), visit }, Outcome::Succeed) => {
            attempts::decline_attempt(desk, intent, &method, decline);
            Ok(visit)
        }
        (Action::Authenticate { visit, .. }, Outcome::Fail) => {
            attempts::fail_attempt(desk, intent, &method, AUTHENTICATION_FAILED, None);
            Ok(visit)
        }
        (Action::Redirect { visit }, Outcome::Succeed) => {
            attempts::authorize(desk, intent, &method, false);
            Ok(visit)
        }
        (Action::Redirect { visit }, Outcome::Fail) => {
            attempts::fail_attempt(desk, intent, &method, REDIRECT_FAILED, None);
            Ok(visit)
        }
        (Action::BankTransfer { .. }, Outcome::Succeed | Outcome::Fail) => Err(format!(
            "{id} waits for a bank transfer: send it with POST /_sandbox/payment_intents/{id}/fund"
        )),
    }
}

/// Money arrives for a bank transfer.
pub(crate) fn fund(desk: &mut Desk<'_>, id: &str, amount: i64) -> Result<(), String> {
    if !(1..=crate::amounts::AMOUNT_MAX).contains(&amount) {
        return Err(format!(
            "amount must be between 1 and {}, not {amount}",
            crate::amounts::AMOUNT_MAX
        ));
    }
    let mut intent = find(desk, id)?;
    let Stage::RequiresAction(Action::BankTransfer { funded, visit }) = intent.stage.clone() else {
        return Err(waits_for_nothing(&intent, "a bank transfer"));
    };
    let taken = amount.min(intent.amount - funded);
    let funded = funded + taken;
    cash_balance::tell_of_transfer(desk, &intent, amount, taken);
    intent.stage = Stage::RequiresAction(Action::BankTransfer { funded, visit });
    if funded < intent.amount {
        intents::put_and_tell(desk, &intent, "payment_intent.partially_funded");
        return Ok(());
    }
    let method = method_of(desk, &intent)?;
    attempts::authorize(desk, intent, &method, false);
    Ok(())
}

/// A debit settles, for better or worse.
pub(crate) fn settle(desk: &mut Desk<'_>, id: &str, outcome: Outcome) -> Result<(), String> {
    let mut intent = find(desk, id)?;
    let (Stage::Processing, Some(mut charge)) = (&intent.stage, current_charge(desk, &intent))
    else {
        return Err(waits_for_nothing(&intent, "a debit to settle"));
    };
    match outcome {
        Outcome::Succeed => {
            attempts::take_all(desk, &mut intent, &mut charge);
            let shown = charge.render(desk.livemode);
            desk.tell("charge.succeeded", shown);
            intents::put_and_tell(desk, &intent, "payment_intent.succeeded");
        }
        Outcome::Fail => {
            charge.status = ChargeStatus::Failed(DEBIT_FAILED);
            let shown = charge.render(desk.livemode);
            let method = charge.method.clone();
            let charge_id = charge.id.clone();
            desk.objects.charges.put(&charge_id, charge);
            desk.tell("charge.failed", shown);
            attempts::fail_attempt(desk, intent, &method, DEBIT_FAILED, Some(charge_id));
        }
    }
    Ok(())
}

fn find(desk: &Desk<'_>, id: &str) -> Result<Intent, String> {
    desk.objects.intents.get(id).cloned().ok_or_else(|| format!("There is no payment intent {id}"))
}

fn method_of(desk: &Desk<'_>, intent: &Intent) -> Result<PaymentMethod, String> {
    intent
        .payment_method
        .as_deref()
        .and_then(|id| desk.objects.payment_methods.get(id).cloned())
        .ok_or_else(|| format!("{} has no payment method", intent.id))
}

fn waits_for_nothing(intent: &Intent, what: &str) -> String {
    format!("{} does not wait for {what}: its status is {}", intent.id, intent.stage.name())
}
