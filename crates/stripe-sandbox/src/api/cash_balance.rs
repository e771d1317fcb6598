//! Bank transfers go through the customer's cash balance: what comes in, what the payment intent
//! takes of it, and what stays there because it was too much.

use serde_json::{Value, json};

use crate::api::intents::Intent;
use crate::desk::Desk;

/// Tells of a transfer of which the intent takes a part. Nothing is kept from one intent to the
/// next: every intent's customer begins with an empty balance.
pub(crate) fn tell_of_transfer(desk: &mut Desk<'_>, intent: &Intent, amount: i64, taken: i64) {
    let funded = json!({ "bank_transfer": { "type": "eu_bank_transfer", "reference": null } });
    tell(desk, intent, ("funded", funded), amount, amount);
    let applied = json!({ "payment_intent": intent.id });
    tell(desk, intent, ("applied_to_payment", applied), -taken, amount - taken);
    if amount > taken {
        let balance = json!({
            "object": "cash_balance",
            "available": { intent.currency.clone(): amount - taken },
            "customer": intent.customer,
            "livemode": desk.livemode,
            "settings": { "reconciliation_mode": "automatic", "using_merchant_default": true },
        });
        desk.tell("cash_balance.funds_available", balance);
    }
}

fn tell(
    desk: &mut Desk<'_>,
    intent: &Intent,
    (kind, details): (&str, Value),
    net: i64,
    ending: i64,
) {
    let object = json!({
        "id": desk.ids.next("ccsbtxn"),
        "object": "customer_cash_balance_transaction",
        "created": desk.second(),
        "currency": intent.currency,
        "customer": intent.customer,
        "ending_balance": ending,
        "livemode": desk.livemode,
        "net_amount": net,
        "type": kind,
        kind: details,
    });
    desk.tell("customer_cash_balance_transaction.created", object);
}
