//! Bank transfers: what came in is remembered, so that an end short and an excess are told once,
//! whatever comes first (rule R16, case 56).

use crate::cells::told;
use crate::common::*;
use payment::*;

/// Applies the events one after the other; what each of them told.
fn heard(payment: Payment, events: Vec<Event>) -> (Payment, Vec<String>) {
    let mut heard = Vec::new();
    let payment = events.into_iter().fold(payment, |payment, event| {
        let next = payment.apply(event).unwrap();
        heard.push(told(&next.tell));
        next.payment
    });
    (payment, heard)
}

fn funded(minor: i64) -> Event {
    Event::PartiallyFunded { received: eur(minor) }
}

fn excess(minor: i64) -> Event {
    Event::Overfunded { left: eur(minor) }
}

fn expired() -> Event {
    Event::Canceled { reason: Some("expired".into()) }
}

#[test]
fn parts_are_news_and_no_result() {
    let (payment, heard) =
        heard(in_status(Status::New), vec![funded(300), funded(300), funded(800)]);
    assert_eq!(
        heard,
        [
            "PaymentUpdated(new → new: 3.00 EUR received so far)",
            "-",
            "PaymentUpdated(new → new: 8.00 EUR received so far)",
        ]
    );
    assert_eq!((payment.status, payment.received), (Status::New, eur(800)));
}

#[test]
fn an_end_short_is_underpaid() {
    let (payment, heard) = heard(in_status(Status::New), vec![funded(300), expired(), expired()]);
    assert_eq!(
        heard[1..],
        [
            "PaymentCaptureFailed([1,2] 10.00 EUR), PaymentUnderpaid([1,2] 3.00 EUR), \
             PaymentUpdated(new → underpaid: expired)",
            "-",
        ]
    );
    assert_eq!(payment.shop_status(), ShopStatus::Underpaid);
    assert_eq!(payment.attempt().state, AttemptState::Closed);
}

/// The command has exactly one result; that money had come in is news.
#[test]
fn a_cancel_of_the_shop_is_a_cancel_also_when_a_part_came_in() {
    let part = after(in_status(Status::New), vec![funded(300)]);
    let canceling = part.plan(call(Purpose::Cancel { items: items(&[1, 2]) })).unwrap();
    let (payment, heard) = heard(canceling, vec![expired()]);
    assert_eq!(
        heard,
        ["PaymentCanceled([1,2] 10.00 EUR), \
          PaymentUpdated(new → canceled: 3.00 EUR had come in: give it back at the provider)"]
    );
    assert_eq!(payment.shop_status(), ShopStatus::Plain(Status::Canceled));
}

#[test]
fn an_excess_is_overpaid_once_the_payment_is_captured() {
    let after = heard(in_status(Status::New), vec![captured(1000, 0), excess(200), excess(200)]);
    assert_eq!(
        after.1[1..],
        [
            "PaymentOverpaid([1,2] 12.00 EUR), PaymentUpdated(captured → overpaid: 2.00 EUR more than \
         was asked for came in; the payment provider keeps it on the customer's balance)",
            "-",
        ]
    );
    let before = heard(in_status(Status::New), vec![excess(200), captured(1000, 0)]);
    assert_eq!(
        before.1[1],
        "PaymentAuthorized([1,2] 10.00 EUR), PaymentCaptured([1,2] 10.00 EUR), \
         PaymentOverpaid([1,2] 12.00 EUR), PaymentUpdated(new → overpaid)"
    );
    assert_eq!(after.0, before.0, "the order of the two makes no difference to the books");
    assert_eq!(after.0.captured, eur(1000), "the rest is not ours");
}
