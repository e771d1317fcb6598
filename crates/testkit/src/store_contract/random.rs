//! Payments with everything in them, by a seed.

use app::Entropy;
use payment::{
    Attempt, AttemptId, AttemptState, CallId, Capture, CaptureOrigin, CaptureState, CommandId,
    Currency, Dispute, DisputeState, ItemReference, Items, MerchantReference, Money, MoveState,
    NewReversal, NewTransfer, OrderItemId, OrderReference, Payment, PspAccountId, PspChargeId,
    PspDisputeId, PspReference, PspRefundId, PspReversalId, PspTransferId, Purpose, Refund,
    RefundId, RefundState, Reversal, ReversalId, Share, Status, Transfer, TransferId,
};

use super::world::with;
use crate::{TestEntropy, builders};

/// A small generator of numbers that look random: the test needs variety, not quality.
pub(super) struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let sides = u64::try_from(sides).unwrap();
        usize::try_from(self.0 % sides).unwrap()
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.roll(among.len())]
    }

    fn maybe<T>(&mut self, value: T) -> Option<T> {
        (self.roll(2) == 0).then_some(value)
    }

    fn amount(&mut self) -> Money {
        let currency = self.pick(&["EUR", "JPY", "KWD"]);
        let minor = i64::try_from(self.roll(1_000_000)).unwrap();
        Money::new(minor, Currency::parse(currency).unwrap()).unwrap()
    }

    fn items(&mut self) -> Items {
        (0..self.roll(4)).map(|_| OrderItemId(i64::try_from(self.roll(9_999)).unwrap())).collect()
    }

    fn text(&mut self) -> String {
        self.pick(&["", "plain", "Größe \"M\"", "名前\n'; DROP TABLE payment; --", "🙂\\"])
            .to_owned()
    }
}

/// A payment whose every field was thrown.
pub(super) fn payment(dice: &mut Dice, entropy: &TestEntropy, order: &str) -> Payment {
    let order = OrderReference::new(order);
    let new = builders::payment_of(entropy, builders::tenant_id(), order);
    let refund = RefundId::new(entropy.new_id());
    with(&new, |record| {
        record.status = dice.pick(&Status::ALL);
        record.checkout.total = dice.amount();
        record.checkout.customer.email = Some(dice.text());
        record.checkout.items[0].id = dice.maybe(OrderItemId(7));
        record.checkout.additional.push((dice.text(), dice.text()));
        if dice.roll(3) == 0 {
            record.checkout.shipping = None;
        }
        record.authorized = dice.amount();
        record.capturable = dice.amount();
        record.captured = dice.amount();
        record.received = dice.amount();
        record.canceled_items = dice.items();
        let method = dice.text();
        record.method = dice.maybe(method);
        record.attempts = (0..=dice.roll(3)).map(|number| attempt(dice, entropy, number)).collect();
        record.captures = (0..dice.roll(4)).map(|_| capture(dice, entropy)).collect();
        record.refunds = (0..dice.roll(4)).map(|_| refund_of(dice, entropy)).collect();
        record.disputes = (0..dice.roll(3)).map(|number| dispute(dice, number)).collect();
        record.transfers = (0..dice.roll(3)).map(|_| transfer(dice, entropy)).collect();
        let purpose = purpose(dice, entropy, refund);
        let mut call = builders::call(entropy, purpose);
        call.command = dice.maybe(CommandId::new(entropy.new_id()));
        record.open_call = dice.maybe(call);
    })
}

fn attempt(dice: &mut Dice, entropy: &TestEntropy, number: usize) -> Attempt {
    let id = AttemptId::new(entropy.new_id());
    Attempt {
        id,
        reference: dice.maybe(PspReference::new(format!("pi_{number}_{id}"))),
        charge: dice.maybe(PspChargeId::new(format!("ch_{number}"))),
        state: dice.pick(&[AttemptState::Open, AttemptState::Refused, AttemptState::Closed]),
        multicapture: dice.pick(&[None, Some(false), Some(true)]),
        ended_because: dice.maybe("canceled on request".to_owned()),
    }
}

fn capture(dice: &mut Dice, entropy: &TestEntropy) -> Capture {
    let call = CaptureOrigin::Call(CallId::new(entropy.new_id()));
    Capture {
        origin: dice.pick(&[CaptureOrigin::Psp, call]),
        items: dice.items(),
        amount: dice.amount(),
        state: dice.pick(&[CaptureState::Pending, CaptureState::Succeeded, CaptureState::Failed]),
    }
}

fn refund_of(dice: &mut Dice, entropy: &TestEntropy) -> Refund {
    let id = RefundId::new(entropy.new_id());
    Refund {
        id,
        reference: dice.maybe(PspRefundId::new(format!("re_{id}"))),
        items: dice.items(),
        amount: dice.amount(),
        state: dice.pick(&RefundState::ALL),
        succeeded_at: dice.maybe(entropy.now()),
    }
}

fn dispute(dice: &mut Dice, number: usize) -> Dispute {
    let states = [DisputeState::Opened, DisputeState::Withdrawn, DisputeState::Reinstated];
    Dispute {
        reference: PspDisputeId::new(format!("dp_{number}")),
        amount: dice.amount(),
        state: dice.pick(&states),
    }
}

/// The shares of a transfer are of one currency, and no item is paid out twice.
fn shares(dice: &mut Dice, entropy: &TestEntropy, amount: Money) -> Vec<Share> {
    (0..=dice.roll(3))
        .map(|_| Share {
            item: ItemReference::new(format!("{}{}", dice.text(), entropy.new_id())),
            amount,
            round: u32::try_from(dice.roll(3)).unwrap(),
        })
        .collect()
}

fn transfer(dice: &mut Dice, entropy: &TestEntropy) -> Transfer {
    let (id, amount) = (TransferId::new(entropy.new_id()), dice.amount());
    Transfer {
        id,
        reference: dice.maybe(PspTransferId::new(format!("tr_{id}"))),
        merchant: MerchantReference::new(dice.text()),
        destination: PspAccountId::new("acct_merchant"),
        shares: shares(dice, entropy, amount),
        amount,
        state: dice.pick(&MoveState::ALL),
        reversals: (0..dice.roll(3)).map(|_| reversal(dice, entropy, amount)).collect(),
    }
}

fn reversal(dice: &mut Dice, entropy: &TestEntropy, amount: Money) -> Reversal {
    let id = ReversalId::new(entropy.new_id());
    Reversal {
        id,
        reference: dice.maybe(PspReversalId::new(format!("trr_{id}"))),
        shares: shares(dice, entropy, amount),
        amount,
        state: dice.pick(&MoveState::ALL),
    }
}

fn new_transfer(dice: &mut Dice, entropy: &TestEntropy) -> NewTransfer {
    let amount = dice.amount();
    NewTransfer {
        id: TransferId::new(entropy.new_id()),
        merchant: MerchantReference::new(dice.text()),
        destination: PspAccountId::new("acct_merchant"),
        shares: shares(dice, entropy, amount),
        amount,
        source: dice.maybe(PspChargeId::new("ch_1")),
    }
}

fn new_reversal(dice: &mut Dice, entropy: &TestEntropy) -> NewReversal {
    let amount = dice.amount();
    NewReversal {
        id: ReversalId::new(entropy.new_id()),
        transfer: TransferId::new(entropy.new_id()),
        shares: shares(dice, entropy, amount),
        amount,
    }
}

fn purpose(dice: &mut Dice, entropy: &TestEntropy, refund: RefundId) -> Purpose {
    match dice.roll(7) {
        0 => Purpose::Create,
        1 => Purpose::Update(Box::new(builders::checkout())),
        2 => {
            Purpose::Capture { items: dice.items(), amount: dice.amount(), last: dice.roll(2) == 0 }
        }
        3 => Purpose::Cancel { items: dice.items() },
        4 => Purpose::Transfer(Box::new(new_transfer(dice, entropy))),
        5 => Purpose::Reverse(Box::new(new_reversal(dice, entropy))),
        _ => Purpose::Refund { refund, items: dice.items(), amount: dice.amount() },
    }
}
