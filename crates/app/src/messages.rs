//! Turns what the domain tells into the messages of the shop's protocol, with their bytes, ids and
//! attributes fixed: they are written in the transaction that caused them.

use jiff::Timestamp;
use payment::{Items, Message, Money, OrderReference, Payment, ResultKind, ShopStatus, TenantId};
use protocol::attributes::wire_timestamp;
use protocol::message::{Details, PaymentCreated, PaymentResult, PaymentUpdated, TooLong, body};
use protocol::{MessageName, OutgoingAttributes};
use serde::Serialize;

use crate::context::Context;
use crate::learn::Moved;
use crate::ports::{After, HistoryEntry, MessageId, NewMessage, StoreError};

/// The messages of what happened to a payment, in the order in which they are told.
pub(crate) async fn of_payment(
    context: &Context,
    moved: &Moved,
) -> Result<Vec<NewMessage>, StoreError> {
    let payment = &moved.payment;
    let news = moved.tell.iter().any(|told| !matches!(told, Message::Result { .. }));
    let history = if news {
        let mut history = context.store.history(&payment.tenant, payment.id).await?;
        history.extend(moved.history.iter().cloned());
        history
    } else {
        Vec::new()
    };
    let now = context.entropy.now();
    let told = moved.tell.iter().filter_map(|message| match message {
        Message::Created => created(context, payment, &history, now),
        Message::Updated { from, to, note } => {
            updated(context, payment, &history, (*from, *to, note.as_deref()), now)
        }
        Message::Result { kind, items, amount } => {
            let order = order_of(payment)?;
            Some(result(context, &payment.tenant, order, *kind, items, *amount))
        }
    });
    Ok(told.collect())
}

/// The order that a message is about. A pre-order has none: what happens to it is told when an order
/// is linked to it (conformance case 14).
fn order_of(payment: &Payment) -> Option<&str> {
    payment.checkout.order_reference.as_ref().map(OrderReference::as_str)
}

/// A result. It holds back what comes after it for its order until the shop has it.
pub(crate) fn result(
    context: &Context,
    tenant: &TenantId,
    order: &str,
    kind: ResultKind,
    items: &Items,
    amount: Money,
) -> NewMessage {
    let payload = PaymentResult {
        order_reference: order.to_owned(),
        order_item_ids: items.iter().map(|item| item.0).collect(),
        amount: amount.minor(),
        currency_iso_code: amount.currency().code().to_owned(),
    };
    let now = context.entropy.now();
    message(context, tenant, name_of(kind), order, &payload, now, Blocks::Yes)
}

fn name_of(kind: ResultKind) -> MessageName {
    match kind {
        ResultKind::Authorized => MessageName::PaymentAuthorized,
        ResultKind::AuthorizationFailed => MessageName::PaymentAuthorizationFailed,
        ResultKind::Captured => MessageName::PaymentCaptured,
        ResultKind::CaptureFailed => MessageName::PaymentCaptureFailed,
        ResultKind::Refunded => MessageName::PaymentRefunded,
        ResultKind::RefundFailed => MessageName::PaymentRefundFailed,
        ResultKind::Canceled => MessageName::PaymentCanceled,
        ResultKind::CancellationFailed => MessageName::PaymentCancellationFailed,
        ResultKind::Overpaid => MessageName::PaymentOverpaid,
        ResultKind::Underpaid => MessageName::PaymentUnderpaid,
    }
}

fn created(
    context: &Context,
    payment: &Payment,
    history: &[HistoryEntry],
    now: Timestamp,
) -> Option<NewMessage> {
    let reference = payment.reference()?.as_str();
    let details = details(payment, history);
    let payload = fits(payment, PaymentCreated::new(order_of(payment), reference, details))?;
    let (name, key) = (MessageName::PaymentCreated, payment.order_key());
    Some(message(context, &payment.tenant, name, &key, &payload, now, Blocks::No))
}

fn updated(
    context: &Context,
    payment: &Payment,
    history: &[HistoryEntry],
    (from, to, note): (ShopStatus, ShopStatus, Option<&str>),
    now: Timestamp,
) -> Option<NewMessage> {
    let order = order_of(payment)?;
    let reference = payment.reference()?.as_str();
    let mut details = details(payment, history);
    if from != to {
        details.set("sourceStatus", from.name());
        details.set("targetStatus", to.name());
    }
    if let Some(note) = note {
        details.set("note", note);
    }
    let payload = fits(payment, PaymentUpdated::new(order, reference, details))?;
    let name = MessageName::PaymentUpdated;
    Some(message(context, &payment.tenant, name, order, &payload, now, Blocks::No))
}

/// The shop stores these references in columns of a fixed length. Longer ones would make it throw
/// at every poll; the news is left out, the results are not touched by it.
fn fits<T>(payment: &Payment, payload: Result<T, TooLong>) -> Option<T> {
    payload
        .inspect_err(|error| {
            tracing::warn!(payment = %payment.id, %error, "news about the payment is left out");
        })
        .ok()
}

/// What an operator of the shop sees: the method, where the payment stands, and its history.
fn details(payment: &Payment, history: &[HistoryEntry]) -> Details {
    let mut details = Details::default();
    if let Some(method) = &payment.method {
        details.set("paymentMethod", method);
    }
    details.set("status", payment.shop_status().name());
    details.set("captured", payment.captured.to_string());
    details.set("refunded", payment.refunded().to_string());
    for entry in history {
        let name = format!("External status \"{}\"", entry.to);
        details.set(name, wire_timestamp(entry.at));
    }
    details
}

/// Whether a message that is set aside holds back what comes after it (rule R21).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocks {
    /// Results do: the shop's order process depends on their order.
    Yes,
    /// News does not.
    No,
}

/// A message with its bytes, made now.
pub(crate) fn message(
    context: &Context,
    tenant: &TenantId,
    name: MessageName,
    order_key: &str,
    payload: &impl Serialize,
    timestamp: Timestamp,
    blocks: Blocks,
) -> NewMessage {
    let id = MessageId(context.entropy.new_id());
    let correlation_id = id.0.to_string();
    let attributes = OutgoingAttributes {
        name,
        timestamp,
        correlation_id: &correlation_id,
        tenant: tenant.as_str(),
        app_identifier: &context.site.app_identifier,
    };
    NewMessage {
        id,
        channel: name.channel().name(),
        order_key: order_key.to_owned(),
        name: name.name(),
        attributes: attributes.to_pairs(),
        // Payloads are trees of strings and numbers: writing them as JSON cannot fail.
        body: body(payload).unwrap_or_default(),
        blocks: blocks == Blocks::Yes,
        after: After::Nothing,
    }
}
