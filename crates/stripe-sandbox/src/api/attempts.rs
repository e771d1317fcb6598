//! One attempt to pay: from the confirmation to its outcome.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::api::charges::{Charge, ChargeStatus};
use crate::api::disputes;
use crate::api::intents::{self, Action, Intent, Methods, Stage, Visit};
use crate::api::ledger::{self, Movement};
use crate::api::payment_methods::PaymentMethod;
use crate::desk::Desk;
use crate::error::{ApiError, ErrorKind};
use crate::methods::{AUTHENTICATION_FAILED, Behavior, Decline, Flow, REDIRECT_FAILED};
use crate::objects::TimerAction;

/// Refuses a method the intent was not made for.
pub(crate) fn check_method(
    desk: &Desk<'_>,
    intent: &Intent,
    method: &PaymentMethod,
) -> Result<(), ApiError> {
    let kind = method.kind;
    if intent.method_names().contains(&kind.name) {
        return Ok(());
    }
    if kind.flow == Flow::BankTransfer && intent.customer.is_none() {
        return Err(ApiError::missing("customer"));
    }
    let error = ApiError::invalid(format!(
        "The PaymentMethod provided ({}) is not allowed for this PaymentIntent. Its payment_method_types are: {}.",
        kind.name,
        intent.method_names().join(", ")
    ))
    .code("payment_intent_incompatible_payment_method")
    .param("payment_method");
    // An intent that is still being made cannot be shown yet.
    Err(match desk.objects.intents.get(&intent.id) {
        Some(stored) => error.payment_intent(intents::show(desk, stored)),
        None => error,
    })
}

/// With methods chosen by Stripe, some of them send the shopper away: there has to be a way back.
pub(crate) fn check_return_url(intent: &Intent, return_url: Option<&str>) -> Result<(), ApiError> {
    match (return_url, &intent.methods) {
        (Some(text), _) => match url::Url::parse(text) {
            Ok(_) => Ok(()),
            Err(_) => Err(ApiError::invalid("Not a valid URL").code("url_invalid").param("return_url")),
        },
        (None, Methods::Automatic { redirects: true }) => Err(ApiError::invalid(
            "This PaymentIntent accepts payment methods that redirect the customer: provide a return_url, or set \
             automatic_payment_methods[allow_redirects] to never.",
        )
        .param("return_url")),
        (None, Methods::Automatic { redirects: false } | Methods::Listed(_)) => Ok(()),
    }
}

/// Makes this the method of the intent.
pub(crate) fn attach(desk: &mut Desk<'_>, intent: &mut Intent, method: &PaymentMethod) {
    desk.objects.payment_methods.put(&method.id, method.clone());
    intent.payment_method = Some(method.id.clone());
    intent.stage = Stage::RequiresConfirmation;
}

/// The page the shopper visits if the attempt asks for one. Stripe leaves it to Stripe.js to show 3-D Secure where it
/// is asked to, and where there is no way back from a redirect.
pub(crate) fn visit(
    desk: &Desk<'_>,
    intent: &Intent,
    method: &PaymentMethod,
    return_url: Option<String>,
    use_stripe_sdk: bool,
) -> Visit {
    Visit {
        url: format!("{}/_sandbox/authenticate/{}", desk.base_url.trim_end_matches('/'), intent.id),
        in_page: method.kind.flow != Flow::Redirect && (use_stripe_sdk || return_url.is_none()),
        return_url,
    }
}

/// Tries to pay. The answer is the intent, or the decline.
pub(crate) fn attempt(
    desk: &mut Desk<'_>,
    mut intent: Intent,
    method: PaymentMethod,
    visit: Visit,
) -> Result<Value, ApiError> {
    intent.last_payment_error = None;
    // Nobody declines a transfer that the shopper makes by herself.
    if method.kind.flow != Flow::BankTransfer
        && let Some(decline) = desk.declines.take(desk.account)
    {
        return Err(match method.kind.flow {
            Flow::Card => decline_attempt(desk, intent, &method, decline),
            Flow::Redirect | Flow::Debit | Flow::BankTransfer => {
                fail_attempt(desk, intent, &method, REDIRECT_FAILED, None)
            }
        });
    }
    match (method.kind.flow, method.behavior) {
        (Flow::Card, Behavior::Authenticates(then)) => {
            require_action(desk, intent, Action::Authenticate { then, visit })
        }
        (Flow::Card, Behavior::Declines(decline)) => {
            Err(decline_attempt(desk, intent, &method, decline))
        }
        (
            Flow::Card,
            Behavior::Succeeds
            | Behavior::RefundPends
            | Behavior::RefundFails
            | Behavior::Disputed
            | Behavior::Settles { .. },
        ) => {
            let intent = authorize(desk, intent, &method, false);
            Ok(intents::show(desk, &intent))
        }
        (Flow::Redirect, _) => require_action(desk, intent, Action::Redirect { visit }),
        (Flow::BankTransfer, _) => {
            require_action(desk, intent, Action::BankTransfer { funded: 0, visit })
        }
        (Flow::Debit, behavior) => Ok(start_debit(desk, intent, &method, behavior)),
    }
}

fn require_action(
    desk: &mut Desk<'_>,
    mut intent: Intent,
    action: Action,
) -> Result<Value, ApiError> {
    intent.stage = Stage::RequiresAction(action);
    intents::put_and_tell(desk, &intent, "payment_intent.requires_action");
    Ok(intents::show(desk, &intent))
}

/// The bank says yes: the money is taken, or held where capture is manual.
pub(crate) fn authorize(
    desk: &mut Desk<'_>,
    mut intent: Intent,
    method: &PaymentMethod,
    authenticated: bool,
) -> Intent {
    let mut charge = new_charge(desk, &intent, method, ChargeStatus::Succeeded);
    charge.authenticated = authenticated;
    intent.latest_charge = Some(charge.id.clone());
    if let (true, Some(days)) = (intent.is_manual(method.kind), method.kind.authorization_days) {
        hold(desk, &mut intent, &mut charge, days);
        intents::put_and_tell(desk, &intent, "payment_intent.amount_capturable_updated");
    } else {
        take_all(desk, &mut intent, &mut charge);
        let shown = charge.render(desk.livemode);
        desk.tell("charge.succeeded", shown);
        intents::put_and_tell(desk, &intent, "payment_intent.succeeded");
        dispute_if_meant_to(desk, &mut charge);
    }
    intent
}

/// Holds the money until it is captured, or until the authorization ends.
fn hold(desk: &mut Desk<'_>, intent: &mut Intent, charge: &mut Charge, days: i64) {
    let until = later(desk.now, SignedDuration::from_hours(24 * days));
    charge.capture_before = Some(until.as_second());
    let asked =
        intent.options.get(charge.method.kind.name).is_some_and(|options| options.multicapture);
    charge.multicapture = asked && desk.settings.multicapture && charge.method.can_multicapture();
    intent.stage = Stage::RequiresCapture;
    desk.objects.charges.put(&charge.id, charge.clone());
    desk.objects.schedule(
        until,
        TimerAction::ExpireAuthorization { intent: intent.id.clone(), charge: charge.id.clone() },
    );
    let shown = charge.render(desk.livemode);
    desk.tell("charge.succeeded", shown);
}

/// Takes the whole amount at once.
pub(crate) fn take_all(desk: &mut Desk<'_>, intent: &mut Intent, charge: &mut Charge) {
    charge.status = ChargeStatus::Succeeded;
    charge.amount_captured = charge.amount;
    charge.captures = 1;
    charge.captured = true;
    charge.transaction =
        Some(ledger::book(desk, Movement::Charge, charge.amount, &charge.currency, &charge.id));
    intent.amount_received = charge.amount;
    intent.stage = Stage::Succeeded;
    desk.objects.charges.put(&charge.id, charge.clone());
    desk.objects.intents.put(&intent.id, intent.clone());
}

/// One test card is made to be disputed as soon as it is captured.
pub(crate) fn dispute_if_meant_to(desk: &mut Desk<'_>, charge: &mut Charge) {
    if charge.method.behavior == Behavior::Disputed {
        disputes::open(desk, charge);
    }
}

fn start_debit(
    desk: &mut Desk<'_>,
    mut intent: Intent,
    method: &PaymentMethod,
    behavior: Behavior,
) -> Value {
    let charge = new_charge(desk, &intent, method, ChargeStatus::Pending);
    intent.latest_charge = Some(charge.id.clone());
    intent.stage = Stage::Processing;
    desk.objects.charges.put(&charge.id, charge.clone());
    let shown = charge.render(desk.livemode);
    desk.tell("charge.pending", shown);
    intents::put_and_tell(desk, &intent, "payment_intent.processing");
    if let Behavior::Settles { after_seconds, succeeds } = behavior {
        let at = later(desk.now, SignedDuration::from_secs(after_seconds));
        let action =
            TimerAction::SettleDebit { intent: intent.id.clone(), charge: charge.id, succeeds };
        desk.objects.schedule(at, action);
    }
    intents::show(desk, &intent)
}

/// The bank says no: a failed charge, and the intent waits for another method.
pub(crate) fn decline_attempt(
    desk: &mut Desk<'_>,
    mut intent: Intent,
    method: &PaymentMethod,
    decline: Decline,
) -> ApiError {
    let charge = new_charge(desk, &intent, method, ChargeStatus::Failed(decline));
    intent.latest_charge = Some(charge.id.clone());
    desk.objects.charges.put(&charge.id, charge.clone());
    let shown = charge.render(desk.livemode);
    desk.tell("charge.failed", shown);
    fail_attempt(desk, intent, method, decline, Some(charge.id))
}

/// Puts the intent back to the start with the reason; the error is what a waiting caller is answered.
pub(crate) fn fail_attempt(
    desk: &mut Desk<'_>,
    mut intent: Intent,
    method: &PaymentMethod,
    decline: Decline,
    charge: Option<String>,
) -> ApiError {
    // A failed authentication is nothing the bank said about the card.
    let is_card = method.kind.flow == Flow::Card && decline != AUTHENTICATION_FAILED;
    let (status, kind) =
        if is_card { (402, ErrorKind::Card) } else { (400, ErrorKind::InvalidRequest) };
    let error = ApiError::new(status, kind, decline.message)
        .code(decline.code)
        .decline_code(is_card.then_some(decline.decline_code))
        .charge(charge)
        .payment_method(method.render(desk.livemode))
        .executed();
    intent.last_payment_error = Some(error.object());
    intent.payment_method = None;
    intent.stage = Stage::RequiresPaymentMethod;
    intents::put_and_tell(desk, &intent, "payment_intent.payment_failed");
    error.payment_intent(intents::show(desk, &intent))
}

fn new_charge(
    desk: &mut Desk<'_>,
    intent: &Intent,
    method: &PaymentMethod,
    status: ChargeStatus,
) -> Charge {
    Charge {
        id: desk.ids.next("ch"),
        payment_intent: intent.id.clone(),
        status,
        amount: intent.amount,
        amount_captured: 0,
        amount_released: 0,
        amount_refunded: 0,
        captures: 0,
        captured: false,
        created: desk.second(),
        currency: intent.currency.clone(),
        customer: intent.customer.clone(),
        description: intent.description.clone(),
        metadata: intent.metadata.clone(),
        method: method.clone(),
        capture_before: None,
        multicapture: false,
        authenticated: false,
        transaction: None,
        dispute: None,
        receipt_email: intent.receipt_email.clone(),
        shipping: intent.shipping.clone(),
        statement_descriptor_suffix: intent.statement_descriptor_suffix.clone(),
        transfer_group: intent.transfer_group.clone(),
    }
}

/// Time at the far end of the calendar stands still rather than failing.
pub(crate) fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// The charge of the current attempt.
pub(crate) fn current_charge(desk: &Desk<'_>, intent: &Intent) -> Option<Charge> {
    let id = intent.latest_charge.as_deref()?;
    desk.objects.charges.get(id).cloned()
}
