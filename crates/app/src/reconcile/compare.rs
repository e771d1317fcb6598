//! What the books and the PSP say differently of one payment. Pure.

use jiff::Timestamp;
use payment::{Money, Payment, Refund, RefundFact};

use super::Theirs;
use crate::learn::Moved;
use crate::ports::{IntentState, IntentView};

/// What can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The PSP does not know the attempt at all.
    Transaction,
    /// What the attempt is about.
    Amount,
    /// In which currency.
    Currency,
    /// Where the payment stands.
    Status,
    /// What is held and can be captured.
    Held,
    /// What was captured, gross.
    Captured,
    /// One refund: how far it is, and how much.
    Refund,
    /// What was passed on to a merchant.
    Transfer,
    /// What was taken back of that.
    Reversed,
}

impl Field {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::Transaction,
        Self::Amount,
        Self::Currency,
        Self::Status,
        Self::Held,
        Self::Captured,
        Self::Refund,
        Self::Transfer,
        Self::Reversed,
    ];

    /// The word for it in reports and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transaction => "transaction",
            Self::Amount => "amount",
            Self::Currency => "currency",
            Self::Status => "status",
            Self::Held => "held",
            Self::Captured => "captured",
            Self::Refund => "refund",
            Self::Transfer => "transfer",
            Self::Reversed => "reversed",
        }
    }
}

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub field: Field,
    pub of: Option<String>,
    pub ours: String,
    pub theirs: String,
}

/// Everything that differs. Another currency makes all amounts incomparable and stands alone.
pub(super) fn differences(payment: &Payment, theirs: &Theirs) -> Vec<Found> {
    let (view, total) = (&theirs.view, payment.checkout.total);
    if view.amount.currency() != total.currency() {
        let (ours, theirs) = (total.currency().code(), view.amount.currency().code());
        return vec![found(Field::Currency, None, ours, theirs)];
    }
    let mut all = Vec::new();
    if differs_in_amount(view, total) {
        all.push(found(Field::Amount, None, total, view.amount));
    }
    all.extend(status(payment, theirs));
    let money = [
        (Field::Held, payment.capturable, held(view)),
        (Field::Captured, payment.captured, captured(view)),
    ];
    for (field, ours, theirs) in money {
        if ours != theirs {
            all.push(found(field, None, ours, theirs));
        }
    }
    all.extend(refunds(payment, &theirs.refunds));
    all.extend(transfers(payment, theirs));
    all
}

/// Somebody who has not paid must be asked for the order's total. What was paid is in the figures.
fn differs_in_amount(view: &IntentView, total: Money) -> bool {
    match view.state {
        IntentState::AwaitingPayment | IntentState::PartiallyFunded { .. } => view.amount != total,
        IntentState::Processing
        | IntentState::Authorized { .. }
        | IntentState::Captured { .. }
        | IntentState::Canceled { .. } => false,
    }
}

/// The status differs where what the PSP says would change it. The machine alone knows which status
/// follows from what.
fn status(payment: &Payment, theirs: &Theirs) -> Option<Found> {
    let learned = theirs.learned();
    let after = Moved::start(payment.clone()).learn(&learned, Timestamp::UNIX_EPOCH).payment;
    let (ours, theirs) = (payment.status, after.status);
    (ours != theirs).then(|| found(Field::Status, None, ours, theirs))
}

fn held(view: &IntentView) -> Money {
    match view.state {
        IntentState::Authorized { capturable, .. } => capturable,
        IntentState::AwaitingPayment
        | IntentState::Processing
        | IntentState::PartiallyFunded { .. }
        | IntentState::Captured { .. }
        | IntentState::Canceled { .. } => Money::zero(view.amount.currency()),
    }
}

fn captured(view: &IntentView) -> Money {
    match view.state {
        IntentState::Authorized { captured, .. } | IntentState::Canceled { captured, .. } => {
            captured
        }
        IntentState::Captured { total } => total,
        IntentState::AwaitingPayment
        | IntentState::Processing
        | IntentState::PartiallyFunded { .. } => Money::zero(view.amount.currency()),
    }
}

fn refunds(payment: &Payment, theirs: &[RefundFact]) -> Vec<Found> {
    let same = |ours: &Refund, theirs: &RefundFact| {
        theirs.refund == Some(ours.id) || ours.reference.as_ref() == Some(&theirs.reference)
    };
    let describe =
        |amount: Money, state: payment::RefundState| format!("{amount} {}", state.name());
    let mut all = Vec::new();
    for fact in theirs {
        let ours = payment.refunds.iter().find(|ours| same(ours, fact));
        let said = ours.map(|ours| describe(ours.amount, ours.state));
        let there = describe(fact.amount, fact.state);
        if said.as_ref() != Some(&there) {
            let of = Some(fact.reference.as_str().to_owned());
            let said = said.unwrap_or_else(|| "not known".to_owned());
            all.push(found(Field::Refund, of, said, there));
        }
    }
    for ours in payment.refunds.iter().filter(|ours| !ours.state.came_to_nothing()) {
        if !theirs.iter().any(|fact| same(ours, fact)) {
            let of = ours.reference.as_ref().map_or(ours.id.to_string(), ToString::to_string);
            let said = describe(ours.amount, ours.state);
            all.push(found(Field::Refund, Some(of), said, "not known"));
        }
    }
    all
}

fn transfers(payment: &Payment, theirs: &Theirs) -> Vec<Found> {
    let mut all = Vec::new();
    for ours in &payment.transfers {
        let Some(reference) = &ours.reference else { continue };
        let Some(there) = theirs.transfers.get(reference) else { continue };
        let of = || Some(reference.as_str().to_owned());
        if ours.amount != there.amount {
            all.push(found(Field::Transfer, of(), ours.amount, there.amount));
        }
        if ours.reversed() != there.reversed {
            all.push(found(Field::Reversed, of(), ours.reversed(), there.reversed));
        }
    }
    all
}

fn found(field: Field, of: Option<String>, ours: impl ToString, theirs: impl ToString) -> Found {
    Found { field, of, ours: ours.to_string(), theirs: theirs.to_string() }
}
