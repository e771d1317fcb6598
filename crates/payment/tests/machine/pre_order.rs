//! Pre-orders: what a confirmation and calling off lead to in every situation, and that an order
//! which is linked late hears what it would have heard from the beginning.

use std::fmt::Write;

use payment::*;
use proptest::prelude::*;

use crate::cells::{refund, told};
use crate::common::*;

fn order() -> OrderReference {
    OrderReference::new("DE--1")
}

/// A cart over 10.00 EUR.
fn cart() -> Checkout {
    Checkout { order_reference: None, items: Vec::new(), ..checkout(eur(1000), &[]) }
}

fn pre_order() -> Payment {
    let record = PaymentRecord { checkout: cart(), ..fresh().into_record() };
    after(Payment::restore(record), vec![created()])
}

/// The order that the cart has become.
fn ordered(total: i64) -> Checkout {
    checkout(eur(total), &[1, 2])
}

fn holds(amount: i64) -> Event {
    Event::Authorized { capturable: eur(amount), multicapture: None }
}

fn failed_for_good() -> Event {
    Event::Failed { reason: "debit returned".into(), retriable: false }
}

/// The PSP knows the order already.
fn described(total: i64) -> Payment {
    let update = Purpose::Update(Box::new(ordered(total)));
    after(pre_order().plan(call(update)).unwrap(), vec![Event::AmountUpdated])
}

fn called_off(payment: Payment) -> Payment {
    match payment.call_off() {
        Ok(CallOff::Now(next)) => next.payment,
        other => panic!("{other:?}"),
    }
}

fn situations() -> Vec<(&'static str, Payment)> {
    let with = |events: Vec<Event>| after(pre_order(), events);
    let open = Purpose::Cancel { items: Items::new() };
    let elsewhere =
        Checkout { order_reference: Some(OrderReference::new("DE--2")), ..ordered(1000) };
    let linked =
        |checkout| Payment::restore(PaymentRecord { checkout, ..described(1000).into_record() });
    vec![
        ("nobody has paid", pre_order()),
        ("the order is known at the PSP", described(1000)),
        ("an async payment failed", with(vec![failed_for_good()])),
        ("1000 held", with(vec![holds(1000)])),
        ("1200 held", with(vec![holds(1200)])),
        ("600 held", with(vec![holds(600)])),
        ("1000 captured", with(vec![captured(1000, 0)])),
        ("1200 captured", with(vec![captured(1200, 0)])),
        ("600 captured", with(vec![captured(600, 0)])),
        (
            "captured, a part refunded by hand",
            with(vec![captured(1000, 0), refund(RefundState::Succeeded, 200)]),
        ),
        (
            "captured, all refunded by hand",
            with(vec![captured(1000, 0), refund(RefundState::Succeeded, 1000)]),
        ),
        ("a call is open", with(vec![holds(1000)]).plan(call(open)).unwrap()),
        ("called off, nobody had paid", called_off(pre_order())),
        ("called off, money held", called_off(with(vec![holds(1000)]))),
        ("canceled", with(vec![Event::Canceled { reason: None }])),
        ("linked to this order", linked(ordered(1000))),
        ("linked to another order", linked(elsewhere)),
    ]
}

fn shown(next: &Transition) -> String {
    let payment = &next.payment;
    let owed = payment.owed(|| refund_id(8)).map_or("nothing", |purpose| match purpose {
        Purpose::Cancel { .. } => "cancel",
        Purpose::Refund { .. } => "refund",
        Purpose::Create
        | Purpose::Update(_)
        | Purpose::Capture { .. }
        | Purpose::Transfer(_)
        | Purpose::Reverse(_) => "?",
    });
    let owing = if owed == "nothing" { String::new() } else { format!("; owes a {owed}") };
    format!("{}; {}{owing}", payment.shop_status(), told(&next.tell))
}

fn confirmed(payment: &Payment, told: Told) -> String {
    match payment.clone().confirm(&order(), ordered(1000), told) {
        Ok(Confirmation::Finish) => "finish the open call".into(),
        Ok(Confirmation::Same) => "the same".into(),
        Ok(Confirmation::Update(_)) => "update, then decide again".into(),
        Ok(Confirmation::Link(next)) => format!("link: {}", shown(&next)),
        Ok(Confirmation::GiveBack(next, _)) => format!("give back: {}", shown(&next)),
        Err(refused) => format!("refused: {refused}"),
    }
}

#[test]
fn r17_every_situation_of_a_confirmation_over_1000() {
    let mut table = String::new();
    for (name, payment) in situations() {
        let first = confirmed(&payment, Told::NotYet);
        writeln!(table, "{name}\n    confirm:   {first}").unwrap();
        for (when, told) in [("told:     ", Told::Known), ("overtaken:", Told::Overtaken)] {
            let then = confirmed(&payment, told);
            if then != first {
                writeln!(table, "    {when} {then}").unwrap();
            }
        }
        let called_off = match payment.call_off() {
            Ok(CallOff::Finish) => "finish the open call".to_owned(),
            Ok(CallOff::Done) => "nothing to do".to_owned(),
            Ok(CallOff::Now(next)) => shown(&next),
            Err(refused) => format!("refused: {refused}"),
        };
        writeln!(table, "    call off:  {called_off}").unwrap();
    }
    insta::assert_snapshot!("situations", table);
}

/// The shopper is paying another amount just now: what comes in is given back.
#[test]
fn r17_a_payment_on_its_way_over_another_amount_is_given_back_when_it_comes() {
    let paying = pre_order();
    let confirmed = paying.confirm(&order(), ordered(1500), Told::Overtaken);
    let Ok(Confirmation::GiveBack(next, refused)) = confirmed else { panic!("{confirmed:?}") };
    assert_eq!(refused, ConfirmRefused::Short { found: eur(1000), asked: eur(1500) });
    let came = next.payment.apply(holds(1000)).unwrap();
    assert_eq!(came.tell, []);
    let owed = came.payment.owed(|| refund_id(8));
    assert_eq!(owed, Some(Purpose::Cancel { items: Items::new() }));
}

/// What was told at the confirmation is all that the order hears: neither the void nor the refund
/// that follows is a result of its own.
#[test]
fn r17_what_goes_back_is_not_told_to_the_order() {
    let events = [(holds(600), Event::Canceled { reason: None })];
    for (came, over) in events {
        let paid = after(pre_order(), vec![came]);
        let confirmed = paid.confirm(&order(), ordered(1000), Told::Known);
        let Ok(Confirmation::GiveBack(next, _)) = confirmed else { panic!("{confirmed:?}") };
        let owed = next.payment.owed(|| refund_id(8)).unwrap();
        let done = next.payment.plan(call(owed)).unwrap().apply(over).unwrap();
        let results = done.tell.iter().any(|told| matches!(told, Message::Result { .. }));
        assert!(!results, "{:?}", done.tell);
        assert_eq!(done.payment.status, Status::Canceled);
    }
    let paid = after(pre_order(), vec![captured(600, 0)]);
    let confirmed = paid.confirm(&order(), ordered(1000), Told::Known);
    let Ok(Confirmation::GiveBack(next, _)) = confirmed else { panic!("{confirmed:?}") };
    let owed = next.payment.owed(|| refund_id(8)).unwrap();
    assert!(matches!(&owed, Purpose::Refund { amount, .. } if *amount == eur(600)));
    let fact = RefundFact {
        reference: PspRefundId::new("re_1"),
        refund: Some(refund_id(8)),
        amount: eur(600),
        state: RefundState::Succeeded,
        reason: None,
    };
    let done = next.payment.plan(call(owed)).unwrap().apply(Event::Refund(fact)).unwrap();
    assert!(done.tell.iter().all(|told| matches!(told, Message::Updated { .. })));
    assert_eq!(done.payment.status, Status::Canceled);
}

/// What a shop may not hear of a cart: it has no items to name.
#[test]
fn c14_no_result_of_a_cart_names_an_item() {
    let events = [failed_for_good(), holds(1000), captured(1000, 0), captured(600, 0)];
    for event in events {
        let next = pre_order().apply(event.clone()).unwrap();
        for message in next.tell {
            if let Message::Result { items, .. } = message {
                assert!(items.is_empty(), "{event:?}");
            }
        }
    }
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(created()),
        Just(holds(1000)),
        Just(captured(1000, 0)),
        Just(Event::Processing),
        Just(failed_for_good()),
        Just(Event::Failed { reason: "declined".into(), retriable: true }),
        Just(Event::Disputed { note: "opened".into() }),
    ]
}

/// The results in `told` that order items follow.
fn results(told: &[Message]) -> Vec<Message> {
    told.iter().filter(|told| matches!(told, Message::Result { .. })).cloned().collect()
}

fn learn(payment: Payment, events: &[Event]) -> (Payment, Vec<Message>) {
    let mut told = Vec::new();
    let payment =
        events.iter().fold(payment, |payment, event| match payment.clone().apply(event.clone()) {
            Ok(next) => {
                told.extend(next.tell);
                next.payment
            }
            Err(_) => payment,
        });
    (payment, results(&told))
}

proptest! {
    /// Events before the confirmation and events after it lead to the same payment and the same
    /// results as if the order had been known from the beginning; only what was overtaken in
    /// between (a failed debit that was paid again) is not told any more.
    #[test]
    fn c14_an_order_linked_late_hears_what_it_would_have_heard(
        before in prop::collection::vec(event(), 0..6),
        afterwards in prop::collection::vec(event(), 0..6),
    ) {
        let record = described(1000).into_record();
        let early = Payment::restore(PaymentRecord { checkout: ordered(1000), ..record });
        let (early, told_early) = learn(early, &[before.clone(), afterwards.clone()].concat());

        let (late, told_before) = learn(described(1000), &before);
        for message in told_before {
            if let Message::Result { items, .. } = message {
                prop_assert!(items.is_empty() || !late.is_pre_order());
            }
        }
        let Ok(Confirmation::Link(linked)) = late.confirm(&order(), ordered(1000), Told::Known) else {
            panic!("it can be linked");
        };
        let mut told_late = results(&linked.tell);
        let (late, more) = learn(linked.payment, &afterwards);
        told_late.extend(more);

        prop_assert_eq!(late.status, early.status);
        prop_assert_eq!(late.captures.clone(), early.captures.clone());
        let amounts = |p: &Payment| (p.authorized, p.capturable, p.captured);
        prop_assert_eq!(amounts(&late), amounts(&early));
        let mut rest = told_early.iter();
        prop_assert!(told_late.iter().all(|told| rest.any(|early| early == told)));
        prop_assert_eq!(told_late.last(), told_early.last());
    }

    /// Whatever happened and whatever the order costs: it never has less money than its total, and
    /// never more than came in.
    #[test]
    fn r17_no_order_is_linked_to_less_than_it_costs(
        events in prop::collection::vec(
            prop_oneof![
                (1..2000i64).prop_map(holds),
                (1..2000i64).prop_map(|amount| captured(amount, 0)),
                (1..2000i64).prop_map(|amount| refund(RefundState::Succeeded, amount)),
                Just(Event::Canceled { reason: None }),
                Just(failed_for_good()),
            ],
            0..5,
        ),
        total in 1..2000i64,
    ) {
        let payment = learn(pre_order(), &events).0;
        let (at_hand, unpaid) = (payment.at_hand(), payment.captured.is_zero() && payment.capturable.is_zero());
        match payment.clone().confirm(&order(), ordered(total), Told::NotYet) {
            Ok(Confirmation::Link(next)) => {
                prop_assert!(at_hand.covers(eur(total)));
                prop_assert_eq!(next.payment.at_hand(), at_hand);
                prop_assert!(next.payment.owed(|| refund_id(8)).is_none());
            }
            Ok(Confirmation::GiveBack(next, _)) => {
                prop_assert!(!at_hand.covers(eur(total)));
                prop_assert!(next.payment.status == Status::CancelRequested || at_hand.is_zero());
            }
            Ok(Confirmation::Update(_)) => prop_assert!(unpaid),
            Ok(Confirmation::Finish | Confirmation::Same) => prop_assert!(false, "nothing is open"),
            Err(refused) => {
                let over = ConfirmRefused::Over { status: payment.status };
                prop_assert_eq!(refused, over);
            }
        }
    }
}
