//! Payouts: a marketplace passes captured money on to its merchants, and takes it back.
//!
//! A transfer and a reversal each have a small machine of their own, beside the one of the payment:
//! requested, then succeeded or failed. They share the payment's journal, so that at most one call
//! about the money of an order is under way (rule R10), and what may be paid out is decided on the
//! same version of the payment that its refunds are written to.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::{
    ItemReference, MerchantReference, Money, Payment, PspAccountId, PspChargeId, PspReversalId,
    PspTransferId, Purpose, ReversalId, Settlement, Status, TransferId, Transition,
};

/// Money that was passed on to a merchant, or is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Our id of it; travels to the PSP as metadata.
    pub id: TransferId,
    /// The PSP's name of it, once we know it: the shop's transfer id.
    pub reference: Option<PspTransferId>,
    /// Whom it is for.
    pub merchant: MerchantReference,
    /// The merchant's account at the PSP.
    pub destination: PspAccountId,
    /// What it is for; never empty.
    pub shares: Vec<Share>,
    /// The sum of the shares, gross: reversals do not lower it.
    pub amount: Money,
    /// How far it is.
    pub state: MoveState,
    /// What was taken back of it, oldest first.
    pub reversals: Vec<Reversal>,
}

/// Money taken back from a merchant, or on its way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// Our id of it; travels to the PSP as metadata.
    pub id: ReversalId,
    /// The PSP's name of it, once we know it.
    pub reference: Option<PspReversalId>,
    /// What it takes back; never empty.
    pub shares: Vec<Share>,
    /// The sum of the shares.
    pub amount: Money,
    /// How far it is.
    pub state: MoveState,
}

/// What one item of the order, or one of its expenses, has in a transfer or a reversal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The shop's name of the item.
    pub item: ItemReference,
    /// How much, in minor units.
    pub amount: Money,
    /// How often the item was paid out to the merchant and wholly taken back before: with the
    /// order, the merchant and the item it makes the payout the same one (rule R18).
    pub round: u32,
}

/// How far a transfer or a reversal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MoveState {
    /// Journaled; the PSP has not said yet whether it has it.
    Requested,
    /// The money has moved.
    Succeeded,
    /// It has not, and will not.
    Failed,
}

impl MoveState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Requested, Self::Succeeded, Self::Failed];

    /// The name under which it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// The state of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether the money has moved, or may have.
    pub fn counts(self) -> bool {
        match self {
            Self::Requested | Self::Succeeded => true,
            Self::Failed => false,
        }
    }
}

/// A transfer that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTransfer {
    /// Our id of it.
    pub id: TransferId,
    /// Whom it is for.
    pub merchant: MerchantReference,
    /// The merchant's account at the PSP.
    pub destination: PspAccountId,
    /// What it is for.
    pub shares: Vec<Share>,
    /// The sum of the shares.
    pub amount: Money,
    /// The charge whose money it passes on; none: it is taken from the platform's balance.
    pub source: Option<PspChargeId>,
}

/// A reversal that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReversal {
    /// Our id of it.
    pub id: ReversalId,
    /// The transfer it takes from.
    pub transfer: TransferId,
    /// What it takes back.
    pub shares: Vec<Share>,
    /// The sum of the shares.
    pub amount: Money,
}

/// What came of a call that passes money on or takes it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayoutFact {
    /// The merchant has the money.
    Transferred {
        /// The transfer.
        id: TransferId,
        /// The PSP's name of it.
        reference: PspTransferId,
    },
    /// The PSP said no; nothing moved.
    TransferRefused {
        /// The transfer.
        id: TransferId,
        /// The PSP's reason, in words.
        reason: String,
    },
    /// The money is back.
    Reversed {
        /// The reversal.
        id: ReversalId,
        /// The PSP's name of it.
        reference: PspReversalId,
    },
    /// The PSP said no; nothing moved.
    ReversalRefused {
        /// The reversal.
        id: ReversalId,
        /// The PSP's reason, in words.
        reason: String,
    },
}

impl PayoutFact {
    /// A short name for history and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Transferred { .. } => "transferred",
            Self::TransferRefused { .. } => "transfer_refused",
            Self::Reversed { .. } => "reversed",
            Self::ReversalRefused { .. } => "reversal_refused",
        }
    }
}

/// What the shop wants an item's merchant to get, or to give back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The shop's name of the item.
    pub item: ItemReference,
    /// How much, in minor units.
    pub amount: Money,
}

/// How a request about the items of one merchant splits up (rule R18).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PayoutSplit {
    /// Items that were paid out already, by the transfer that stands for them.
    pub standing: BTreeMap<TransferId, Vec<ItemReference>>,
    /// Items that were paid out with another amount: the transfer, and that amount.
    pub differing: Vec<(ItemReference, TransferId, Money)>,
    /// What one new transfer is to pay out.
    pub free: Vec<Share>,
}

/// How a request to take back items of one transfer splits up (rule R18).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReversalSplit {
    /// Items of which just this was taken back already.
    pub done: Vec<ItemReference>,
    /// Items that the transfer does not have, or has not as much of.
    pub beyond: Vec<(ItemReference, Money)>,
    /// What one new reversal is to take back.
    pub free: Vec<Share>,
}

/// Why nothing may be paid out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PayoutRefused {
    /// There is nothing to pay out.
    #[error("the amount is 0: there is nothing to pay out")]
    Nothing,
    /// The payment is being canceled, or is.
    #[error("the payment is {0}: nothing of it is paid out")]
    Status(Status),
    /// More would be paid out than there is (rule R19).
    #[error(
        "{wanted} cannot be paid out: {left} of the order's money is left ({captured} captured, \
         {gone} given back or disputed, {paid} paid out){}",
        match .first { Some(first) => format!("; reverse {first} first"), None => String::new() }
    )]
    NotEnough {
        /// What was asked for.
        wanted: Money,
        /// What could be paid out.
        left: Money,
        /// What was captured.
        captured: Money,
        /// What was refunded, may be, or was withdrawn by disputes.
        gone: Money,
        /// What was paid out and not taken back.
        paid: Money,
        /// A transfer whose reversal would make room.
        first: Option<PspTransferId>,
    },
}

impl Transfer {
    /// What was taken back of it, or may have been.
    pub fn reversed(&self) -> Money {
        let counts = self.reversals.iter().filter(|reversal| reversal.state.counts());
        sum(self.amount, counts.map(|reversal| reversal.amount))
    }

    /// What the merchant has of it.
    pub fn net(&self) -> Money {
        let nothing = Money::zero(self.amount.currency());
        if !self.state.counts() {
            return nothing;
        }
        self.amount.minus_or_zero(self.reversed()).unwrap_or(nothing)
    }

    /// What is left of an item's share.
    fn left_of(&self, share: &Share) -> Money {
        let taken = self
            .reversals
            .iter()
            .filter(|reversal| reversal.state.counts())
            .flat_map(|reversal| &reversal.shares)
            .filter(|taken| taken.item == share.item)
            .map(|taken| taken.amount);
        share.amount.minus_or_zero(sum(share.amount, taken)).unwrap_or(share.amount)
    }

    /// Whether an item's payout by this transfer is over: all of its share was taken back.
    fn is_over(&self, share: &Share) -> bool {
        !share.amount.is_zero() && self.left_of(share).is_zero()
    }
}

/// The sum of amounts of one currency; those of our books never leave it.
fn sum(of: Money, amounts: impl Iterator<Item = Money>) -> Money {
    let zero = Money::zero(of.currency());
    amounts.fold(zero, |sum, amount| sum.plus(amount).unwrap_or(sum))
}

/// The sum of shares; `None` where it does not fit.
pub fn total(shares: &[Share]) -> Option<Money> {
    let (first, rest) = shares.split_first()?;
    rest.iter().try_fold(first.amount, |sum, share| sum.plus(share.amount).ok())
}

impl Payment {
    /// Splits a request to pay `wanted` out to a merchant: what stands, what is free. Each item is
    /// named once.
    pub fn split_payout(&self, merchant: &MerchantReference, wanted: &[Wanted]) -> PayoutSplit {
        let mut split = PayoutSplit::default();
        for wanted in wanted {
            let (standing, round) = self.payout_of(merchant, &wanted.item);
            match standing {
                Some((transfer, share)) if share.amount == wanted.amount => {
                    split.standing.entry(transfer.id).or_default().push(wanted.item.clone());
                }
                Some((transfer, share)) => {
                    split.differing.push((wanted.item.clone(), transfer.id, share.amount));
                }
                None => {
                    let (item, amount) = (wanted.item.clone(), wanted.amount);
                    split.free.push(Share { item, amount, round });
                }
            }
        }
        split
    }

    /// The payout of an item that stands, and how many were wholly taken back before.
    fn payout_of(
        &self,
        merchant: &MerchantReference,
        item: &ItemReference,
    ) -> (Option<(&Transfer, &Share)>, u32) {
        let mut over = 0;
        let transfers = self.transfers.iter().filter(|transfer| transfer.state.counts());
        for transfer in transfers.filter(|transfer| transfer.merchant == *merchant) {
            for share in transfer.shares.iter().filter(|share| share.item == *item) {
                if !transfer.is_over(share) {
                    return (Some((transfer, share)), over);
                }
                over += 1;
            }
        }
        (None, over)
    }

    /// Whether `amount` may be paid out now: what merchants have is never more than what was
    /// captured, less what was given back, may be, or was withdrawn by disputes (rule R19).
    ///
    /// # Errors
    /// [`PayoutRefused`].
    pub fn check_payout(&self, amount: Money) -> Result<(), PayoutRefused> {
        match self.status {
            Status::CancelRequested | Status::Canceled => {
                return Err(PayoutRefused::Status(self.status));
            }
            Status::New
            | Status::AuthorizationFailed
            | Status::Authorized
            | Status::PartiallyCaptured
            | Status::CaptureRequested
            | Status::Captured
            | Status::CaptureFailed
            | Status::CancellationFailed => {}
        }
        if amount.is_zero() {
            return Err(PayoutRefused::Nothing);
        }
        let left = self.free_for_payout();
        if left.covers(amount) {
            return Ok(());
        }
        let nothing = Money::zero(self.captured.currency());
        Err(PayoutRefused::NotEnough {
            wanted: amount,
            left,
            captured: self.captured,
            gone: self.refunded_or_in_flight().plus(self.withdrawn()).unwrap_or(nothing),
            paid: self.paid_out(),
            first: self.largest_payout(),
        })
    }

    fn free_for_payout(&self) -> Money {
        [self.refunded_or_in_flight(), self.withdrawn(), self.paid_out()]
            .into_iter()
            .fold(self.captured, |left, gone| left.minus_or_zero(gone).unwrap_or(left))
    }

    /// What merchants got and have not given back, or may have got.
    pub fn paid_out(&self) -> Money {
        sum(self.captured, self.transfers.iter().map(Transfer::net))
    }

    /// What merchants have beyond what is left of the order's money: a refund or a dispute came
    /// after the payout. Nothing is taken back by itself; somebody has to reverse.
    pub fn paid_out_in_excess(&self) -> Money {
        let gone = self.refunded_or_in_flight().plus(self.withdrawn());
        let left = gone.and_then(|gone| self.captured.minus_or_zero(gone));
        let zero = Money::zero(self.captured.currency());
        left.and_then(|left| self.paid_out().minus_or_zero(left)).unwrap_or(zero)
    }

    fn largest_payout(&self) -> Option<PspTransferId> {
        let standing = self.transfers.iter().filter(|transfer| !transfer.net().is_zero());
        standing.max_by_key(|transfer| transfer.net().minor())?.reference.clone()
    }

    /// A transfer by our id.
    pub fn transfer(&self, id: TransferId) -> Option<&Transfer> {
        self.transfers.iter().find(|transfer| transfer.id == id)
    }

    /// A transfer by the PSP's name of it.
    pub fn transfer_by_reference(&self, reference: &PspTransferId) -> Option<&Transfer> {
        self.transfers.iter().find(|transfer| transfer.reference.as_ref() == Some(reference))
    }

    pub(crate) fn add_requested_transfer(&mut self, new: &NewTransfer) {
        self.0.transfers.push(Transfer {
            id: new.id,
            reference: None,
            merchant: new.merchant.clone(),
            destination: new.destination.clone(),
            shares: new.shares.clone(),
            amount: new.amount,
            state: MoveState::Requested,
            reversals: Vec::new(),
        });
    }

    pub(crate) fn add_requested_reversal(&mut self, new: &NewReversal) {
        let transfer = self.0.transfers.iter_mut().find(|transfer| transfer.id == new.transfer);
        if let Some(transfer) = transfer {
            transfer.reversals.push(Reversal {
                id: new.id,
                reference: None,
                shares: new.shares.clone(),
                amount: new.amount,
                state: MoveState::Requested,
            });
        }
    }

    /// Writes down what came of a call that passes money on or takes it back. One that is known
    /// already changes nothing.
    pub fn settle_payout(mut self, fact: PayoutFact) -> Transition {
        let settled = self.settle_payout_call(&fact);
        match fact {
            PayoutFact::Transferred { id, reference } => {
                self.move_transfer(id, MoveState::Succeeded, Some(reference));
            }
            PayoutFact::TransferRefused { id, .. } => {
                self.move_transfer(id, MoveState::Failed, None);
            }
            PayoutFact::Reversed { id, reference } => {
                self.move_reversal(id, MoveState::Succeeded, Some(reference));
            }
            PayoutFact::ReversalRefused { id, .. } => {
                self.move_reversal(id, MoveState::Failed, None);
            }
        }
        Transition { payment: self, tell: Vec::new(), settled }
    }

    fn settle_payout_call(&mut self, fact: &PayoutFact) -> Option<Settlement> {
        let open = self.open_purpose()?;
        let transfers = |id| matches!(&open, Purpose::Transfer(new) if new.id == id);
        let reverses = |id| matches!(&open, Purpose::Reverse(new) if new.id == id);
        let (is_ours, refused) = match fact {
            PayoutFact::Transferred { id, .. } => (transfers(*id), None),
            PayoutFact::TransferRefused { id, reason } => (transfers(*id), Some(reason)),
            PayoutFact::Reversed { id, .. } => (reverses(*id), None),
            PayoutFact::ReversalRefused { id, reason } => (reverses(*id), Some(reason)),
        };
        is_ours.then(|| self.settle(refused.is_none(), refused.cloned())).flatten()
    }

    fn move_transfer(&mut self, id: TransferId, to: MoveState, reference: Option<PspTransferId>) {
        let found = self.0.transfers.iter_mut().find(|transfer| transfer.id == id);
        if let Some(transfer) = found.filter(|transfer| transfer.state == MoveState::Requested) {
            transfer.state = to;
            transfer.reference = reference;
        }
    }

    fn move_reversal(&mut self, id: ReversalId, to: MoveState, reference: Option<PspReversalId>) {
        let mut all = self.0.transfers.iter_mut().flat_map(|transfer| &mut transfer.reversals);
        let found = all.find(|reversal| reversal.id == id);
        if let Some(reversal) = found.filter(|reversal| reversal.state == MoveState::Requested) {
            reversal.state = to;
            reversal.reference = reference;
        }
    }
}

impl Transfer {
    /// Splits a request to take `wanted` back: what was done already, what is free, and what is
    /// more than there is. Each item is named once. Reversals are never guarded: they only give
    /// the order's money back.
    pub fn split_reversal(&self, wanted: &[Wanted]) -> ReversalSplit {
        let mut split = ReversalSplit::default();
        for wanted in wanted {
            let share = self.shares.iter().find(|share| share.item == wanted.item);
            let Some(share) = share else {
                let nothing = Money::zero(self.amount.currency());
                split.beyond.push((wanted.item.clone(), nothing));
                continue;
            };
            let left = self.left_of(share);
            if self.was_taken_back(wanted) {
                split.done.push(wanted.item.clone());
            } else if left.covers(wanted.amount) && !wanted.amount.is_zero() {
                let (item, amount) = (wanted.item.clone(), wanted.amount);
                split.free.push(Share { item, amount, round: share.round });
            } else {
                split.beyond.push((wanted.item.clone(), left));
            }
        }
        split
    }

    fn was_taken_back(&self, wanted: &Wanted) -> bool {
        self.reversals
            .iter()
            .filter(|reversal| reversal.state.counts())
            .flat_map(|reversal| &reversal.shares)
            .any(|taken| taken.item == wanted.item && taken.amount == wanted.amount)
    }
}
