//! Money that comes in after a cancel: what the payment owes by itself, once, and what is left to a
//! person (rule R9).

use payment::*;
use proptest::prelude::*;

use crate::cells::told;
use crate::common::*;

/// Canceled while the money was on its way; then so much came in.
fn came_in(minor: i64) -> Payment {
    after(in_status(Status::CancelRequested), vec![captured(minor, 0)])
}

fn owed(payment: &Payment) -> Option<i64> {
    amount_of(payment.owed(|| refund_id(8)))
}

fn owed_again(payment: &Payment) -> Option<i64> {
    amount_of(payment.owed_again(|| refund_id(8)))
}

fn amount_of(purpose: Option<Purpose>) -> Option<i64> {
    match purpose {
        Some(Purpose::Refund { amount, .. }) => Some(amount.minor()),
        Some(other) => panic!("{other:?}"),
        None => None,
    }
}

fn with_refund(payment: Payment, refund: RefundId) -> Payment {
    let purpose = payment.owed_again(|| refund).unwrap();
    payment.plan(call(purpose)).unwrap()
}

fn refused(refund: RefundId) -> Event {
    Event::RefundRefused { refund, reason: "disputed".into() }
}

/// What the PSP says of a refund: one of ours, or of the dashboard.
fn fact(name: &str, refund: Option<RefundId>, minor: i64, state: RefundState) -> Event {
    let reference = PspRefundId::new(name);
    Event::Refund(RefundFact { reference, refund, amount: eur(minor), state, reason: None })
}

fn refused_once(minor: i64) -> Payment {
    after(with_refund(came_in(minor), refund_id(8)), vec![refused(refund_id(8))])
}

#[test]
fn r09_what_the_psp_would_not_give_back_is_asked_for_again_only_by_a_person() {
    assert_eq!(owed(&came_in(1000)), Some(1000));
    assert_eq!(came_in(1000).not_given_back(), None);
    let payment = refused_once(1000);
    assert_eq!((owed(&payment), payment.not_given_back()), (None, Some(eur(1000))));
    assert_eq!(owed_again(&payment), Some(1000));

    // News of the payment, late or repeated, changes nothing of that.
    for event in [captured(1000, 0), Event::Processing, Event::Disputed { note: "opened".into() }] {
        assert_eq!(owed(&after(payment.clone(), vec![event])), None);
    }
    let trying = with_refund(payment, refund_id(9));
    assert_eq!((owed(&trying), trying.not_given_back()), (None, None), "it is on its way");
    let done =
        trying.apply(fact("re_2", Some(refund_id(9)), 1000, RefundState::Succeeded)).unwrap();
    assert_eq!(done.payment.status, Status::Canceled);
}

#[test]
fn r09_what_was_given_back_by_hand_ends_the_cancel() {
    let by_hand = |minor| fact("re_hand", None, minor, RefundState::Succeeded);
    let done = refused_once(1000).apply(by_hand(1000)).unwrap();
    assert_eq!((done.payment.status, done.payment.not_given_back()), (Status::Canceled, None));
    assert!(told(&done.tell).starts_with("PaymentCanceled([1,2] 10.00 EUR)"), "{:?}", done.tell);
}

/// The PSP took the refund, and the bank did not.
#[test]
fn r09_a_refund_that_comes_back_before_it_succeeded_is_told_and_left_to_a_person() {
    let ours = |state| fact("re_1", Some(refund_id(8)), 1000, state);
    let pending = after(with_refund(came_in(1000), refund_id(8)), vec![ours(RefundState::Pending)]);
    assert_eq!(pending.not_given_back(), None);
    let failed = pending.apply(ours(RefundState::Failed)).unwrap();
    assert_eq!(
        told(&failed.tell),
        "PaymentUpdated(cancel_requested → cancel_requested: 10.00 EUR could not be given back: failed)"
    );
    assert_eq!(owed(&failed.payment), None);
    assert_eq!(failed.payment.not_given_back(), Some(eur(1000)));
}

/// What somebody tried in the dashboard says nothing of what a call of ours would come to, and a
/// refused amount nothing of another one.
#[test]
fn r09_only_what_was_tried_is_left_to_a_person() {
    let by_hand_of = |minor, state| fact("re_hand", None, minor, state);
    let by_hand = |state| by_hand_of(1000, state);
    let pending = after(came_in(1000), vec![by_hand(RefundState::Pending)]);
    assert_eq!(owed(&pending), None, "it is on its way back");
    let failed = after(pending, vec![by_hand(RefundState::Failed)]);
    assert_eq!(owed(&failed), Some(1000));

    let more = after(refused_once(600), vec![captured(1000, 0)]);
    assert_eq!((owed(&more), more.not_given_back()), (Some(1000), None));
    // It was too much: a part had been given back by hand, and we hear of it now.
    let given_back = after(refused_once(1000), vec![by_hand_of(200, RefundState::Succeeded)]);
    assert_eq!((owed(&given_back), given_back.not_given_back()), (Some(800), None));
}

/// What happens next to a payment of which money comes in, goes back and is refused.
fn next(payment: &Payment, kind: usize, minor: i64, state: RefundState, n: u128) -> Event {
    let on_its_way = payment.refunds.iter().rev().find(|refund| refund.state.in_flight());
    let given_back = payment.refunded_or_in_flight().plus(eur(minor)).unwrap();
    match (kind, on_its_way) {
        (0, _) => captured(minor, 0),
        (1, Some(refund)) if refund.reference.is_none() => refused(refund.id),
        (2, Some(Refund { id, reference, amount, .. })) => {
            let name = reference.as_ref().map_or(format!("re_{id}"), ToString::to_string);
            fact(&name, Some(*id), amount.minor(), state)
        }
        (3, _) if payment.captured.covers(given_back) => {
            fact(&format!("re_hand_{n}"), None, minor, state)
        }
        _ => Event::Processing,
    }
}

proptest! {
    /// Whatever happens to refunds, ours and others': what came to nothing is not tried again, and
    /// nothing is kept of which nobody is told.
    #[test]
    fn r09_no_refund_that_came_to_nothing_is_repeated_and_no_money_is_forgotten(
        steps in prop::collection::vec(
            (0..4usize, 1..1500i64, prop::sample::select(RefundState::ALL.to_vec())), 1..30,
        ),
    ) {
        let mut payment = in_status(Status::CancelRequested);
        let mut ours = Vec::new();
        for (n, (kind, minor, state)) in (100u128..).zip(steps) {
            payment = after(payment.clone(), vec![next(&payment, kind, minor, state, n)]);
            prop_assert!(payment.captured.covers(payment.refunded_or_in_flight()));
            if payment.status != Status::CancelRequested {
                prop_assert!(payment.refunded().covers(payment.captured));
                break;
            }
            let tried = |amount| payment.refunds.iter().any(|refund| {
                ours.contains(&refund.id) && refund.state.came_to_nothing() && refund.amount == amount
            });
            let kept = payment.captured != payment.refunded_or_in_flight();
            let is_news = !payment.captured.is_zero() && payment.open_call.is_none();
            match is_news.then(|| owed(&payment)).flatten() {
                Some(amount) => {
                    prop_assert!(kept && !tried(eur(amount)), "{amount}");
                    ours.push(refund_id(n));
                    payment = with_refund(payment, refund_id(n));
                }
                None if is_news && kept => {
                    prop_assert!(payment.not_given_back().is_some_and(tried));
                }
                None => {}
            }
        }
    }
}
