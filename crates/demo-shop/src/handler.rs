//! What each message of the app does to the shop.

use jiff::Timestamp;
use serde_json::Value;

use crate::merchant::Merchant;
use crate::money::in_words;
use crate::process::ResultMessage;
use crate::state::State;
use crate::wire::incoming::{AppPayload, MethodPayload, Name, NewsPayload, ResultPayload, payload};
use crate::wire::merchant::{Invitation, StatusPayload};

/// So many details of a payment are kept.
const DETAILS_MAX: usize = 40;

/// What became of a message.
pub(crate) struct Handled {
    /// What matters of the message, in one line.
    pub(crate) summary: String,
    /// The order it is about.
    pub(crate) order: Option<String>,
    /// What the shop did, or why its handler threw.
    pub(crate) done: Result<String, String>,
}

impl Handled {
    fn new(summary: impl Into<String>, done: impl Into<String>) -> Self {
        Self { summary: summary.into(), order: None, done: Ok(done.into()) }
    }

    fn about(mut self, order: &str) -> Self {
        self.order = Some(order.to_owned());
        self
    }

    fn rejected(why: String) -> Self {
        Self { summary: "rejected".to_owned(), order: None, done: Err(why) }
    }
}

/// Handles a message that was said at `said`, by the app's clock.
pub(crate) fn handle(
    state: &mut State,
    name: Name,
    body: &Value,
    said: &str,
    now: Timestamp,
) -> Handled {
    let handled = match name {
        Name::Result(result) => payload(body).map(|it| hear_result(state, result, &it, now)),
        Name::PaymentCreated | Name::PaymentUpdated => payload(body).map(|it| news(state, it)),
        Name::AddPaymentMethod | Name::UpdatePaymentMethod => {
            payload(body).map(|it| add_method(state, it, said))
        }
        Name::DeletePaymentMethod => payload(body).map(|it| delete_method(state, it, said)),
        Name::AppConfigUpdated => payload(body).map(|it| app_changed(state, it)),
        Name::ReadyForMerchantAppOnboarding => payload(body).map(|it| invited(state, it)),
        Name::MerchantAppOnboardingStatusChanged => {
            payload(body).map(|it| status_changed(state, it))
        }
    };
    handled.unwrap_or_else(Handled::rejected)
}

fn hear_result(
    state: &mut State,
    result: ResultMessage,
    told: &ResultPayload,
    now: Timestamp,
) -> Handled {
    let ResultPayload { order_reference, order_item_ids, amount, currency_iso_code } = told;
    let ids: Vec<String> = order_item_ids.iter().map(i64::to_string).collect();
    let summary = format!("{} · items {}", in_words(*amount, currency_iso_code), ids.join(", "));
    let trigger = state.trigger;
    let Some(order) = state.order_mut(order_reference) else {
        let why = format!("there is no order {order_reference}");
        return Handled { summary, order: None, done: Err(why) };
    };
    let moved = order.hear(result, order_item_ids, trigger, now);
    let status = result.status().map(|status| format!(" Payment status: {}.", status.name()));
    let event = match (result.is_event(trigger), moved) {
        (false, _) => "Noted for the conditions of the order process.".to_owned(),
        (true, 0) => "No item waited for this event.".to_owned(),
        (true, 1) => "One item moved.".to_owned(),
        (true, many) => format!("{many} items moved."),
    };
    Handled::new(summary, format!("{event}{}", status.unwrap_or_default())).about(order_reference)
}

fn news(state: &mut State, told: NewsPayload) -> Handled {
    let NewsPayload { entity_reference, payment_reference, details } = told;
    let details = details.map(|text| read_details(&text)).unwrap_or_default();
    let value = |key: &str| details.iter().find(|(name, _)| name == key).map(|(_, value)| value);
    let summary = match (value("sourceStatus"), value("targetStatus"), value("note")) {
        (Some(from), Some(to), _) if from != to => format!("{from} → {to}"),
        (_, _, Some(note)) => note.clone(),
        (_, _, None) => payment_reference.clone(),
    };
    let Some(reference) = entity_reference else {
        return Handled::new(summary, "It names no order: nothing to do.");
    };
    match state.order_mut(&reference) {
        Some(order) => {
            order.payment_reference = Some(payment_reference);
            order.payment_details = details;
            Handled::new(summary, "Kept with the order, for people.").about(&reference)
        }
        None => Handled {
            done: Err(format!("there is no order {reference}")),
            ..Handled::new(summary, "")
        },
    }
}

/// The details of a payment: a JSON object in a text, whatever is in it.
fn read_details(text: &str) -> Vec<(String, String)> {
    let Ok(Value::Object(map)) = serde_json::from_str(text) else { return Vec::new() };
    let shown = |value: Value| match value {
        Value::String(text) => text,
        Value::Null => "none".to_owned(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            other.to_string()
        }
    };
    map.into_iter().take(DETAILS_MAX).map(|(name, value)| (name, shown(value))).collect()
}

fn add_method(state: &mut State, told: MethodPayload, said: &str) -> Handled {
    let name = told.name.clone();
    let is_news = state.add_method(told, said);
    let done = if is_news {
        "Offered at the checkout."
    } else {
        "Older than the last word on it: ignored."
    };
    Handled::new(name, done)
}

fn delete_method(state: &mut State, told: MethodPayload, said: &str) -> Handled {
    let name = told.name.clone();
    let is_news = state.delete_method(told, said);
    let done =
        if is_news { "No longer offered." } else { "Older than the last word on it: ignored." };
    Handled::new(name, done)
}

fn app_changed(state: &mut State, told: AppPayload) -> Handled {
    let active = if told.is_active { "active" } else { "inactive" };
    let summary = format!("{} · {active}", told.status);
    let done = match told.is_active {
        true => format!("The shop now uses {}.", told.message_channels.join(", ")),
        false => "The shop sends no more commands and reads no other channel.".to_owned(),
    };
    if !told.is_active {
        state.merchants.invitation = None;
    }
    state.app = Some(told);
    Handled::new(summary, done)
}

fn invited(state: &mut State, told: Invitation) -> Handled {
    let summary = format!("{} · {}", told.app_name, told.onboarding.strategy);
    state.merchants.invitation = Some(told);
    Handled::new(summary, "Merchants can onboard now.")
}

fn status_changed(state: &mut State, told: StatusPayload) -> Handled {
    let StatusPayload { merchant_reference, status } = told;
    let Some(merchant) = Merchant::find(&merchant_reference) else {
        return Handled::rejected(format!("there is no merchant {merchant_reference}"));
    };
    let summary = format!("{merchant_reference} · {status}");
    state.merchants.tell_status(merchant, status);
    Handled::new(summary, format!("It shows on the page of {}.", merchant.name))
}
