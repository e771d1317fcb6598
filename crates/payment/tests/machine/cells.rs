//! The rows and columns of the state machine's matrices.

use payment::*;

use crate::common::*;

pub fn refund(state: RefundState, amount: i64) -> Event {
    Event::Refund(RefundFact {
        reference: PspRefundId::new("re_1"),
        refund: None,
        amount: eur(amount),
        state,
        reason: None,
    })
}

pub fn events() -> Vec<(&'static str, Event)> {
    let reason = || "no".to_owned();
    vec![
        ("created", created()),
        ("creation refused", Event::CreationRefused { reason: reason() }),
        ("amount updated", Event::AmountUpdated),
        ("amount update refused", Event::AmountUpdateRefused { reason: reason() }),
        ("processing", Event::Processing),
        ("partially funded 300", Event::PartiallyFunded { received: eur(300) }),
        ("overfunded by 200", Event::Overfunded { left: eur(200) }),
        ("authorized 1000", authorized()),
        ("declined", Event::Failed { reason: reason(), retriable: true }),
        ("failed for good", Event::Failed { reason: reason(), retriable: false }),
        ("captured 1000", captured(1000, 0)),
        ("captured 1200", captured(1200, 0)),
        ("captured 600, 400 left", captured(600, 400)),
        ("captured 600, closed", captured(600, 0)),
        ("capture refused", Event::CaptureRefused { reason: reason() }),
        ("canceled", Event::Canceled { reason: Some("automatic".into()) }),
        ("cancel refused", Event::CancelRefused { reason: reason(), processing: false }),
        ("cancel refused, processing", Event::CancelRefused { reason: reason(), processing: true }),
        ("refund of 1000 by hand", refund(RefundState::Succeeded, 1000)),
        ("refund of 200 by hand", refund(RefundState::Succeeded, 200)),
        ("refund refused", Event::RefundRefused { refund: refund_id(9), reason: reason() }),
        ("disputed", Event::Disputed { note: "opened".into() }),
        ("superseded", Event::Superseded { note: "it came back".into() }),
    ]
}

/// Whether a cancel of the attempt can be under way.
fn cancelable(status: Status) -> bool {
    match status {
        Status::New
        | Status::AuthorizationFailed
        | Status::Authorized
        | Status::PartiallyCaptured
        | Status::CaptureFailed
        | Status::CancelRequested
        | Status::CancellationFailed => true,
        Status::CaptureRequested | Status::Captured | Status::Canceled => false,
    }
}

/// What is under way when an event comes: nothing, or the call that could be.
pub fn open_calls(status: Status) -> Vec<(&'static str, Option<Purpose>)> {
    let mut calls = vec![("", None)];
    let payment = in_status(status);
    if !payment.capturable.is_zero() {
        let rest = payment.capturable.minor();
        let ids: Vec<_> = payment.remaining_items().iter().map(|item| item.0).collect();
        calls.push((" while capturing", Some(capture_purpose(&ids, rest))));
    }
    let cancel = || Purpose::Cancel { items: in_status(status).remaining_items() };
    if cancelable(status) {
        calls.push((" while canceling", Some(cancel())));
    }
    calls
}

/// The commands that the matrix asks for, of an order of 10.00 EUR with the items 1 and 2.
pub fn commands() -> Vec<(&'static str, Command)> {
    let capture = |ids: &[i64], amount| Command::Capture { items: items(ids), amount: eur(amount) };
    let refund = |ids: &[i64], amount| Command::Refund { items: items(ids), amount: eur(amount) };
    vec![
        ("capture all", capture(&[1, 2], 1000)),
        ("capture item 1", capture(&[1], 600)),
        ("capture item 2", capture(&[2], 400)),
        ("capture too much", capture(&[1, 2], 1001)),
        ("cancel all", Command::Cancel { items: items(&[1, 2]) }),
        ("cancel item 2", Command::Cancel { items: items(&[2]) }),
        ("refund all", refund(&[1, 2], 1000)),
        ("refund item 1", refund(&[1], 600)),
        ("refund too much", refund(&[1, 2], 1001)),
    ]
}

/// Messages as a person reads them.
pub fn told(messages: &[Message]) -> String {
    let told: Vec<_> = messages
        .iter()
        .map(|message| match message {
            Message::Created => "PaymentCreated".to_owned(),
            Message::Updated { from, to, note } => {
                let note = note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
                format!("PaymentUpdated({from} → {to}{note})")
            }
            Message::Result { kind, items, amount } => {
                let ids: Vec<_> = items.iter().map(|item| item.0.to_string()).collect();
                format!("Payment{kind:?}([{}] {amount})", ids.join(","))
            }
        })
        .collect();
    if told.is_empty() { "-".to_owned() } else { told.join(", ") }
}
