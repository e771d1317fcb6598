//! The specification of the state machine: every status × every event, and every status × every
//! command, with the status that follows and the messages that are told. A change of either file
//! is a change of the product.

use std::fmt::Write;

use crate::cells::*;
use crate::common::*;
use payment::*;
use uuid::Uuid;

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
    let mut matrix = String::new();
    for status in Status::ALL {
        writeln!(matrix, "## {status}").unwrap();
        for (name, command) in &commands() {
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
        Purpose::Create
        | Purpose::Update(_)
        | Purpose::Cancel { .. }
        | Purpose::Transfer(_)
        | Purpose::Reverse(_) => purpose.name().to_owned(),
    }
}

#[test]
fn a_second_call_is_never_planned_beside_an_open_one() {
    let payment = in_status(Status::Authorized).plan(call(capture_purpose(&[1], 600))).unwrap();
    let other = Call { id: CallId::new(Uuid::from_u128(4)), ..call(capture_purpose(&[2], 400)) };
    assert!(payment.plan(other).is_none());
}
