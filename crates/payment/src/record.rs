//! The payment as it is stored.

use std::ops::Deref;

use jiff::Timestamp;

use crate::event::RefundState;
use crate::{
    AttemptId, CallId, Checkout, CommandId, Dispute, IdempotencyKey, Items, Money, NewReversal,
    NewTransfer, PaymentId, PspAccountId, PspChargeId, PspReference, PspRefundId, RefundId,
    ShopStatus, Status, TenantId, Transfer,
};

/// Test money or real money. A payment never crosses from one to the other (rule R1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// The PSP's test mode: no money moves.
    Test,
    /// Real money.
    Live,
}

impl Mode {
    /// The name under which it is stored and configured.
    pub fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }

    /// The mode of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Test, Self::Live].into_iter().find(|mode| mode.name() == name)
    }
}

/// The account at the PSP that a payment is pinned to: all its calls use credentials of this
/// account, also after the tenant was configured to another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// The PSP's name of the account.
    pub id: PspAccountId,
    /// Test or live.
    pub mode: Mode,
}

/// A payment with all that belongs to it. Only the machine changes it; rows come back through
/// [`Payment::restore`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment(pub(crate) PaymentRecord);

/// The fields of a payment, as they are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRecord {
    /// Our id of the payment; travels to the PSP as metadata.
    pub id: PaymentId,
    /// The shop it belongs to.
    pub tenant: TenantId,
    /// The PSP account and mode it is pinned to.
    pub account: Account,
    /// The order as the shop described it last.
    pub checkout: Checkout,
    /// Where it stands.
    pub status: Status,
    /// The tries to get it paid, oldest first; the last one is the current one. Never empty.
    pub attempts: Vec<Attempt>,
    /// The most that was held for us at any time of the current attempt, gross. Captured money
    /// of a method that captures by itself counts as held first.
    pub authorized: Money,
    /// What can still be captured of it.
    pub capturable: Money,
    /// What was captured, gross: refunds do not lower it.
    pub captured: Money,
    /// What came in by bank transfer, as far as the PSP told: less than the total while the rest is
    /// on its way, more where the payer sent too much. Zero for methods that come in one piece.
    pub received: Money,
    /// Captures, oldest first.
    pub captures: Vec<Capture>,
    /// Items of which the shop said that they will never be captured.
    pub canceled_items: Items,
    /// Refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// Disputes, oldest first.
    pub disputes: Vec<Dispute>,
    /// What was passed on to merchants, oldest first, by whatever attempt it was paid.
    pub transfers: Vec<Transfer>,
    /// The one call to the PSP whose outcome we do not know yet (rule R10).
    pub open_call: Option<Call>,
    /// How the shopper pays, for people: `card visa 4242`.
    pub method: Option<String>,
    /// When the payment was made.
    pub created_at: Timestamp,
}

/// One try to get a payment paid: one payment intent at the PSP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Our id of the attempt, and the idempotency key of its creation.
    pub id: AttemptId,
    /// The PSP's name of it, once we know it.
    pub reference: Option<PspReference>,
    /// The PSP's name of the charge that paid it, once it is paid: payouts need it.
    pub charge: Option<PspChargeId>,
    /// How it stands.
    pub state: AttemptState,
    /// Whether the PSP lets it be captured in several steps; `None` until we know.
    pub multicapture: Option<bool>,
    /// Why it ended before all was captured, where the PSP said so: `the authorization expired`.
    pub ended_because: Option<String>,
}

/// How an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptState {
    /// It can be paid, or was.
    Open,
    /// The PSP refused to make it: nothing exists there.
    Refused,
    /// It is canceled at the PSP: nobody can pay it any more.
    Closed,
}

impl AttemptState {
    /// The name under which it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Refused => "refused",
            Self::Closed => "closed",
        }
    }

    /// The state of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Open, Self::Refused, Self::Closed].into_iter().find(|state| state.name() == name)
    }
}

/// Money taken from an authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// What made it.
    pub origin: CaptureOrigin,
    /// The items it paid for. Empty where somebody captured a part at the PSP by hand.
    pub items: Items,
    /// How much, in minor units, gross.
    pub amount: Money,
    /// How far it is.
    pub state: CaptureState,
}

/// What made a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CaptureOrigin {
    /// A call of ours, for a command of the shop.
    Call(CallId),
    /// The method captures by itself, or somebody captured in the PSP's dashboard.
    Psp,
}

/// How far a capture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CaptureState {
    /// The PSP accepted it and works on it.
    Pending,
    /// The money is ours.
    Succeeded,
    /// It came to nothing.
    Failed,
}

impl CaptureState {
    /// The name under which it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// The state of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Succeeded, Self::Failed]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// Money given back, or on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Our id of it; travels to the PSP as metadata.
    pub id: RefundId,
    /// The PSP's name of it, once we know it.
    pub reference: Option<PspRefundId>,
    /// The items it is for. Empty where it was made in the PSP's dashboard for a part.
    pub items: Items,
    /// How much.
    pub amount: Money,
    /// How far it is.
    pub state: RefundState,
    /// When we learned, and told the shop, that it succeeded; kept when it fails afterwards.
    pub succeeded_at: Option<Timestamp>,
}

impl Refund {
    /// Whether a call of ours made it, not somebody in the PSP's dashboard.
    pub(crate) fn is_ours(&self) -> bool {
        self.reference.as_ref().is_none_or(|name| self.id != RefundId::of_foreign(name))
    }
}

/// A call to the PSP that was journaled before it was made: until its outcome is known, no other
/// call that moves money may be made for the payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Our id of the call.
    pub id: CallId,
    /// Under this key the PSP carries it out at most once. A new one only after the PSP was asked
    /// and has proven that nothing happened under the old one (rule R15).
    pub key: IdempotencyKey,
    /// What it is for.
    pub purpose: Purpose,
    /// The shop's command it is made for; none where an initialize call or a rule caused it.
    pub command: Option<CommandId>,
    /// When it was journaled. Keys are not repeated for ever.
    pub planned_at: Timestamp,
}

/// What a call to the PSP is for, with what it must carry and what its result must name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Make the current attempt.
    Create,
    /// Change the unpaid attempt to what the shop says now.
    Update(Box<Checkout>),
    /// Take money.
    Capture {
        /// The items it pays for.
        items: Items,
        /// How much.
        amount: Money,
        /// Whether what is left may be released.
        last: bool,
    },
    /// Let go of what is held, or of an attempt that nobody has paid.
    Cancel {
        /// The items the result names.
        items: Items,
    },
    /// Give money back.
    Refund {
        /// The refund in our books.
        refund: RefundId,
        /// The items it is for.
        items: Items,
        /// How much.
        amount: Money,
    },
    /// Pass money on to a merchant.
    Transfer(Box<NewTransfer>),
    /// Take money back from a merchant.
    Reverse(Box<NewReversal>),
}

impl Purpose {
    /// A short name for the journal, logs and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update(_) => "update",
            Self::Capture { .. } => "capture",
            Self::Cancel { .. } => "cancel",
            Self::Refund { .. } => "refund",
            Self::Transfer(_) => "transfer",
            Self::Reverse(_) => "reverse",
        }
    }

    /// Whether it moves money that was captured before: such a call goes on when the attempt is
    /// closed.
    pub(crate) fn moves_captured_money(&self) -> bool {
        match self {
            Self::Refund { .. } | Self::Transfer(_) | Self::Reverse(_) => true,
            Self::Create | Self::Update(_) | Self::Capture { .. } | Self::Cancel { .. } => false,
        }
    }
}

impl Payment {
    /// A payment that nobody has tried to pay yet, with its first attempt.
    pub fn new(
        id: PaymentId,
        tenant: TenantId,
        account: Account,
        checkout: Checkout,
        attempt: AttemptId,
        now: Timestamp,
    ) -> Self {
        let zero = Money::zero(checkout.total.currency());
        Self(PaymentRecord {
            id,
            tenant,
            account,
            checkout,
            status: Status::New,
            attempts: vec![Attempt::new(attempt)],
            authorized: zero,
            capturable: zero,
            captured: zero,
            received: zero,
            captures: Vec::new(),
            canceled_items: Items::new(),
            refunds: Vec::new(),
            disputes: Vec::new(),
            transfers: Vec::new(),
            open_call: None,
            method: None,
            created_at: now,
        })
    }

    /// A payment as it was stored.
    pub fn restore(record: PaymentRecord) -> Self {
        Self(record)
    }

    /// The fields to store.
    pub fn into_record(self) -> PaymentRecord {
        self.0
    }
}

/// Fields are read through the record; nothing outside this crate writes them.
impl Deref for Payment {
    type Target = PaymentRecord;

    fn deref(&self) -> &PaymentRecord {
        &self.0
    }
}

impl Attempt {
    /// An attempt that the PSP has not been told of.
    pub fn new(id: AttemptId) -> Self {
        Self {
            id,
            reference: None,
            charge: None,
            state: AttemptState::Open,
            multicapture: None,
            ended_because: None,
        }
    }
}

impl PaymentRecord {
    /// The attempt that counts: the last one.
    ///
    /// # Panics
    /// Never: a payment is made with an attempt, and none is ever taken away.
    pub fn attempt(&self) -> &Attempt {
        #[expect(clippy::expect_used, reason = "a payment has an attempt from its making on")]
        self.attempts.last().expect("a payment has an attempt")
    }

    pub(crate) fn attempt_mut(&mut self) -> &mut Attempt {
        #[expect(clippy::expect_used, reason = "a payment has an attempt from its making on")]
        self.attempts.last_mut().expect("a payment has an attempt")
    }

    /// The PSP's name of the current attempt, once we know it: the shop's transaction id.
    pub fn reference(&self) -> Option<&PspReference> {
        self.attempt().reference.as_ref()
    }

    /// Whether it was made before its order, and no order is linked to it yet.
    pub fn is_pre_order(&self) -> bool {
        self.checkout.order_reference.is_none()
    }

    /// Under this name everything about the order happens one after the other: the order's
    /// reference, and as long as there is none the payment's own id, which is no order's.
    pub fn order_key(&self) -> String {
        match &self.checkout.order_reference {
            Some(order) => order.as_str().to_owned(),
            None => self.id.to_string(),
        }
    }

    /// All items of the order.
    pub fn items(&self) -> Items {
        self.checkout.item_ids()
    }

    /// Items that were captured.
    pub fn captured_items(&self) -> Items {
        self.captures
            .iter()
            .filter(|capture| capture.state == CaptureState::Succeeded)
            .flat_map(|capture| capture.items.iter().copied())
            .collect()
    }

    /// Items that are neither captured nor canceled.
    pub fn remaining_items(&self) -> Items {
        let captured = self.captured_items();
        self.items()
            .into_iter()
            .filter(|item| !captured.contains(item) && !self.canceled_items.contains(item))
            .collect()
    }

    /// Whether the PSP has the whole order's money without all of it being captured by calls of
    /// ours: every item is captured then, also one that had no id at checkout (rule R6).
    pub fn captured_by_itself(&self) -> bool {
        let by_itself = self.captures.iter().any(|capture| {
            capture.origin == CaptureOrigin::Psp && capture.state == CaptureState::Succeeded
        });
        by_itself && self.captured.covers(self.checkout.total)
    }

    /// The most that is known to have come in for this attempt, what the PSP keeps for the payer
    /// included.
    pub fn came_in(&self) -> Money {
        if self.received.covers(self.captured) { self.received } else { self.captured }
    }

    /// The capture that the PSP accepted and has not finished.
    pub fn pending_capture(&self) -> Option<&Capture> {
        self.captures.iter().find(|capture| capture.state == CaptureState::Pending)
    }

    /// What was given back for good.
    pub fn refunded(&self) -> Money {
        self.refund_sum(|state| state == RefundState::Succeeded)
    }

    /// What was given back or may be on its way: guards count this much (rule R10).
    pub fn refunded_or_in_flight(&self) -> Money {
        self.refund_sum(|state| !state.came_to_nothing())
    }

    /// What is here for the order: held, or captured and neither given back nor on its way back.
    pub fn at_hand(&self) -> Money {
        let kept = self.captured.minus_or_zero(self.refunded_or_in_flight());
        // The amounts of one payment have one currency.
        kept.and_then(|kept| kept.plus(self.capturable)).unwrap_or(self.capturable)
    }

    fn refund_sum(&self, counts: impl Fn(RefundState) -> bool) -> Money {
        let currency = self.captured.currency();
        self.refunds
            .iter()
            .filter(|refund| counts(refund.state))
            .try_fold(Money::zero(currency), |sum, refund| sum.plus(refund.amount))
            // Refunds have the payment's currency and were checked against the captured amount.
            .unwrap_or(self.captured)
    }

    /// The status as the shop knows it.
    pub fn shop_status(&self) -> ShopStatus {
        let refunded = self.refunded();
        match self.status {
            Status::Captured | Status::PartiallyCaptured if !refunded.is_zero() => {
                if refunded.covers(self.captured) {
                    ShopStatus::Refunded
                } else {
                    ShopStatus::PartiallyRefunded
                }
            }
            Status::Captured if !self.checkout.total.covers(self.came_in()) => ShopStatus::Overpaid,
            Status::Captured if self.captured_short_by_hand() => ShopStatus::Underpaid,
            Status::Canceled if self.ended_short() => ShopStatus::Underpaid,
            status => ShopStatus::Plain(status),
        }
    }

    /// Whether the attempt ended while only a part of the money had come in, and the shop has not
    /// canceled the order (rule R16).
    fn ended_short(&self) -> bool {
        !self.received.is_zero() && !self.remaining_items().is_empty()
    }

    /// Whether somebody captured less than the order at the PSP by hand: no item can be named. A
    /// cart has none to name.
    fn captured_short_by_hand(&self) -> bool {
        let whole_cart = self.is_pre_order() && self.captured.covers(self.checkout.total);
        let nameless =
            |capture: &Capture| capture.origin == CaptureOrigin::Psp && capture.items.is_empty();
        !whole_cart && self.captures.iter().any(nameless)
    }
}
