//! Payouts and reversals: what is the same one, and what may be paid out (rules R18, R19).

use payment::*;
use proptest::prelude::*;
use uuid::Uuid;

use crate::common::*;

fn merchant() -> MerchantReference {
    MerchantReference::new("MER1")
}

fn wanted(item: &str, minor: i64) -> Wanted {
    Wanted { item: ItemReference::new(item), amount: eur(minor) }
}

fn names(items: &[ItemReference]) -> Vec<&str> {
    items.iter().map(ItemReference::as_str).collect()
}

/// Journals a transfer of these shares.
fn requested(payment: Payment, id: u128, shares: Vec<Share>) -> Payment {
    let new = NewTransfer {
        id: TransferId::new(Uuid::from_u128(id)),
        merchant: merchant(),
        destination: PspAccountId::new("acct_1"),
        amount: payout::total(&shares).unwrap(),
        shares,
        source: None,
    };
    payment.plan(call(Purpose::Transfer(Box::new(new)))).unwrap()
}

fn transferred(payment: Payment, id: u128) -> Payment {
    let reference = PspTransferId::new(format!("tr_{id}"));
    let id = TransferId::new(Uuid::from_u128(id));
    let done = payment.settle_payout(PayoutFact::Transferred { id, reference });
    assert!(done.settled.is_some_and(|settled| settled.succeeded) && done.tell.is_empty());
    done.payment
}

/// Pays out what is free of this.
fn paid(payment: Payment, id: u128, all: &[Wanted]) -> Payment {
    let split = payment.split_payout(&merchant(), all);
    transferred(requested(payment, id, split.free), id)
}

fn taken_back(payment: Payment, id: u128, transfer: u128, shares: Vec<Share>) -> Payment {
    let new = NewReversal {
        id: ReversalId::new(Uuid::from_u128(id)),
        transfer: TransferId::new(Uuid::from_u128(transfer)),
        amount: payout::total(&shares).unwrap(),
        shares,
    };
    let planned = payment.plan(call(Purpose::Reverse(Box::new(new)))).unwrap();
    let (id, reference) =
        (ReversalId::new(Uuid::from_u128(id)), PspReversalId::new(format!("trr_{id}")));
    planned.settle_payout(PayoutFact::Reversed { id, reference }).payment
}

#[test]
fn r18_what_stands_is_told_apart_from_what_is_free_and_what_differs() {
    let payment = paid(in_status(Status::Captured), 1, &[wanted("a", 400), wanted("b", 100)]);
    let all = [wanted("a", 400), wanted("b", 101), wanted("c", 50)];
    let split = payment.split_payout(&merchant(), &all);
    let first = TransferId::new(Uuid::from_u128(1));
    assert_eq!(names(&split.standing[&first]), ["a"]);
    assert_eq!(split.differing, [(ItemReference::new("b"), first, eur(100))]);
    assert_eq!(split.free, [Share { item: ItemReference::new("c"), amount: eur(50), round: 0 }]);
    let other = payment.split_payout(&MerchantReference::new("MER2"), &all[..1]);
    assert_eq!(other.free.len(), 1, "another merchant is another payout");
}

#[test]
fn r18_only_a_payout_that_was_wholly_taken_back_is_over() {
    let payment = paid(in_status(Status::Captured), 1, &[wanted("a", 400)]);
    let transfer = &payment.transfers[0];
    let part = transfer.split_reversal(&[wanted("a", 150)]).free;
    let payment = taken_back(payment.clone(), 2, 1, part);
    assert!(payment.split_payout(&merchant(), &[wanted("a", 400)]).free.is_empty());
    let transfer = &payment.transfers[0];
    assert_eq!(names(&transfer.split_reversal(&[wanted("a", 150)]).done), ["a"], "a repeat");
    let beyond = transfer.split_reversal(&[wanted("a", 251), wanted("z", 1)]).beyond;
    let left: Vec<_> = beyond.iter().map(|(item, left)| (item.as_str(), left.minor())).collect();
    assert_eq!(left, [("a", 250), ("z", 0)]);

    let rest = transfer.split_reversal(&[wanted("a", 250)]).free;
    let payment = taken_back(payment.clone(), 3, 1, rest);
    assert_eq!(payment.paid_out(), eur(0));
    let again = payment.split_payout(&merchant(), &[wanted("a", 400)]).free;
    assert_eq!(again[0].round, 1, "another payout, by its number");
}

#[test]
fn r18_a_payout_that_was_refused_is_free_again() {
    let share = Share { item: ItemReference::new("a"), amount: eur(400), round: 0 };
    let payment = requested(in_status(Status::Captured), 1, vec![share.clone()]);
    assert_eq!(payment.paid_out(), eur(400), "it may have happened");
    let id = TransferId::new(Uuid::from_u128(1));
    let refused = PayoutFact::TransferRefused { id, reason: "no".into() };
    let done = payment.settle_payout(refused.clone());
    assert_eq!(done.settled.map(|settled| settled.succeeded), Some(false));
    assert_eq!(done.payment.paid_out(), eur(0));
    assert_eq!(done.payment.split_payout(&merchant(), &[wanted("a", 400)]).free, [share]);
    let late = done.payment.clone().settle_payout(refused);
    assert_eq!((late.payment, late.settled), (done.payment, None), "told twice, nothing changes");
}

#[test]
fn r19_disputed_money_counts_until_it_comes_back() {
    let dispute = |state| Dispute { reference: PspDisputeId::new("dp_1"), amount: eur(700), state };
    let payment = in_status(Status::Captured).with_dispute(Some(dispute(DisputeState::Withdrawn)));
    assert_eq!(payment.check_payout(eur(300)), Ok(()));
    let refused = payment.check_payout(eur(301)).unwrap_err();
    assert!(refused.to_string().starts_with("3.01 EUR cannot be paid out: 3.00 EUR"), "{refused}");
    let late = payment.with_dispute(Some(dispute(DisputeState::Opened)));
    assert_eq!(late.withdrawn(), eur(700), "a late message moves nothing back");
    let won = late.with_dispute(Some(dispute(DisputeState::Reinstated)));
    assert_eq!(won.check_payout(eur(1000)), Ok(()));
}

#[test]
fn nothing_is_paid_out_of_what_is_canceled() {
    for status in [Status::CancelRequested, Status::Canceled] {
        let refused = in_status(status).check_payout(eur(1));
        assert_eq!(refused, Err(PayoutRefused::Status(status)));
    }
    assert_eq!(in_status(Status::Captured).check_payout(eur(0)), Err(PayoutRefused::Nothing));
}

proptest! {
    /// Whatever is paid out, taken back and refunded, in whatever order: what is allowed never
    /// leaves merchants with more than there is, and no share is taken back twice.
    #[test]
    fn r19_the_guard_holds(steps in prop::collection::vec((0..3u8, 0..4usize, 1..600i64), 1..40)) {
        let items = ["a", "b", "c", "d"];
        let mut payment = in_status(Status::Captured);
        for (number, (what, item, minor)) in steps.into_iter().enumerate() {
            let id = u128::try_from(number).unwrap() + 10;
            let one = [wanted(items[item], minor)];
            match what {
                0 => {
                    let free = payment.split_payout(&merchant(), &one).free;
                    let Some(amount) = payout::total(&free) else { continue };
                    let left = payment.captured.minor()
                        - payment.refunded_or_in_flight().minor()
                        - payment.paid_out().minor();
                    prop_assert_eq!(payment.check_payout(amount).is_ok(), amount.minor() <= left);
                    if amount.minor() <= left {
                        payment = paid(payment, id, &one);
                    }
                }
                1 => {
                    let Some(transfer) = payment.transfers.get(item) else { continue };
                    let mine = Wanted { item: transfer.shares[0].item.clone(), ..one[0].clone() };
                    let free = transfer.split_reversal(&[mine]).free;
                    let of = transfer.id.uuid().as_u128();
                    if !free.is_empty() {
                        payment = taken_back(payment, id, of, free);
                    }
                }
                _ => {
                    let fact = RefundFact {
                        reference: PspRefundId::new(format!("re_{id}")),
                        refund: None,
                        amount: eur(minor),
                        state: RefundState::Succeeded,
                        reason: None,
                    };
                    if payment.covers_refund(&fact) {
                        payment = payment.apply(Event::Refund(fact)).unwrap().payment;
                    }
                }
            }
            for transfer in &payment.transfers {
                prop_assert!(transfer.amount.covers(transfer.reversed()), "{:?}", transfer);
            }
        }
    }
}
