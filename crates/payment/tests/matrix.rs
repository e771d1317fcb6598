//! The specification of the state machine: every status × every event, and every status × every
//! command, with the status that follows and the messages that are told. A change of either file
//! is a change of the product.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fmt::Write;

use common::*;
use payment::*;
use uuid::Uuid;

fn refund(state: RefundState, amount: i64) -> Event {
    Event::Refund(RefundFact {
        reference: PspRefundId::new("re_1"),
        refund: None,
        amount: eur(amount),
        state,
        reason: None,
    })
}

fn events() -> Vec<(&'static str, Event)> {
    let reason = || "no".to_owned();
    vec![
        ("created", created()),
        ("creation refused", Event::CreationRefused { reason: reason() }),
        ("amount updated", Event::AmountUpdated),
        ("amount update refused", Event::AmountUpdateRefused { reason: reason() }),
        ("processing", Event::Processing),
        ("partially funded 300", Event::PartiallyFunded { received: eur(300) }),
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
    ]
}

/// What is under way when an event comes: nothing, or the call that could be.
fn open_calls(status: Status) -> Vec<(&'static str, Option<Purpose>)> {
    let mut calls = vec![("", None)];
    let payment = in_status(status);
    if !payment.capturable.is_zero() {
        let rest = payment.capturable.minor();
        let ids: Vec<_> = payment.remaining_items().iter().map(|item| item.0).collect();
        calls.push((" while capturing", Some(capture_purpose(&ids, rest))));
    }
    let cancel = || Purpose::Cancel { items: in_status(status).remaining_items() };
    if matches!(status, Status::New | Status::Authorized | Status::PartiallyCaptured) {
        calls.push((" while canceling", Some(cancel())));
    }
    calls
}

#[test]
fn status_times_event() {
    let mut matrix = String::new();
    for status in Status::ALL {
        for (under_way, purpose) in open_calls(status) {
            writeln!(matrix, "## {status}{under_way}").unwrap();
            for (name, event) in events() {
                let payment = in_status(status);
                let payment = match purpose.clone() {
                    Some(purpose) => payment.plan(call(purpose)).unwrap(),
                    None => payment,
                };
                let before = payment.clone();
                let cell = match payment.apply(event) {
                    Err(not_allowed) => format!("ignored: {not_allowed}"),
                    Ok(next) if next.payment == before && next.tell.is_empty() => "known".into(),
                    Ok(next) => format!(
                        "{}; {}{}",
                        next.payment.shop_status(),
                        told(&next.tell),
                        match next.settled {
                            Some(Settlement { succeeded: true, .. }) => "; call succeeded",
                            Some(Settlement { succeeded: false, .. }) => "; call failed",
                            None => "",
                        }
                    ),
                };
                writeln!(matrix, "{name:28} {cell}").unwrap();
            }
            writeln!(matrix).unwrap();
        }
    }
    insta::assert_snapshot!("status_times_event", matrix);
}

#[test]
fn status_times_command() {
    let capture = |ids: &[i64], amount| Command::Capture { items: items(ids), amount: eur(amount) };
    let refund = |ids: &[i64], amount| Command::Refund { items: items(ids), amount: eur(amount) };
    let commands = [
        ("capture all", capture(&[1, 2], 1000)),
        ("capture item 1", capture(&[1], 600)),
        ("capture item 2", capture(&[2], 400)),
        ("capture too much", capture(&[1, 2], 1001)),
        ("cancel all", Command::Cancel { items: items(&[1, 2]) }),
        ("cancel item 2", Command::Cancel { items: items(&[2]) }),
        ("refund all", refund(&[1, 2], 1000)),
        ("refund item 1", refund(&[1], 600)),
        ("refund too much", refund(&[1, 2], 1001)),
    ];
    let mut matrix = String::new();
    for status in Status::ALL {
        writeln!(matrix, "## {status}").unwrap();
        for (name, command) in &commands {
            for asked in [false, true] {
                let decision =
                    in_status(status).decide(command, command_id(7), asked, refund_id(8));
                let cell = match decision {
                    Decision::Ask => "ask the provider, then:".to_owned(),
                    Decision::Resume => "resume".to_owned(),
                    Decision::Wait(why) => format!("wait: {why}"),
                    Decision::Call(purpose) => format!("call: {}", describe(&purpose)),
                    Decision::Answer(next, why) => {
                        format!("{}; {} ({why})", next.payment.shop_status(), told(&next.tell))
                    }
                };
                let again = cell.starts_with("ask");
                if again || asked {
                    writeln!(matrix, "{:28} {cell}", if asked { "" } else { name }).unwrap();
                } else {
                    writeln!(matrix, "{name:28} {cell}").unwrap();
                    break;
                }
            }
        }
        writeln!(matrix).unwrap();
    }
    insta::assert_snapshot!("status_times_command", matrix);
}

fn describe(purpose: &Purpose) -> String {
    match purpose {
        Purpose::Capture { amount, last, .. } if *last => {
            format!("capture {amount}, release the rest")
        }
        Purpose::Capture { amount, .. } => format!("capture {amount}, keep the rest"),
        Purpose::Refund { amount, .. } => format!("refund {amount}"),
        Purpose::Create | Purpose::Update(_) | Purpose::Cancel { .. } => purpose.name().to_owned(),
    }
}

#[test]
fn a_second_call_is_never_planned_beside_an_open_one() {
    let payment = in_status(Status::Authorized).plan(call(capture_purpose(&[1], 600))).unwrap();
    let other = Call { id: CallId::new(Uuid::from_u128(4)), ..call(capture_purpose(&[2], 400)) };
    assert!(payment.plan(other).is_none());
}

/// Messages as a person reads them.
fn told(messages: &[Message]) -> String {
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
