//! States and times in words and chips, as all pages show them.

use jiff::Timestamp;

use crate::journal::{Direction, Entry};
use crate::merchant::{Merchant, Merchants};
use crate::money::Money;
use crate::order::Order;
use crate::payout::{Payout, Share, Transmission};
use crate::process::{Action, ItemState};

/// A state in a chip: the words say it, the tone repeats it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chip {
    pub(crate) text: &'static str,
    pub(crate) tone: &'static str,
}

impl Chip {
    pub(crate) fn of(state: ItemState) -> Self {
        let tone = match state {
            ItemState::New
            | ItemState::PaymentPending
            | ItemState::CancellationPending
            | ItemState::CapturePending
            | ItemState::RefundPending => "wait",
            ItemState::PaymentAuthorized
            | ItemState::PaymentCaptured
            | ItemState::Delivered
            | ItemState::Closed => "ok",
            ItemState::RefundSucceeded
            | ItemState::PaymentRefunded
            | ItemState::PaymentCancelled => "info",
            ItemState::PaymentAuthorizationFailed
            | ItemState::CancellationFailed
            | ItemState::PaymentOverpaid
            | ItemState::PaymentFailed
            | ItemState::RefundFailed => "bad",
        };
        Self { text: state.name(), tone }
    }

    /// Whether a merchant has got its share.
    pub(crate) fn of_share(share: &Share) -> Self {
        match &share.payout {
            Payout::PaidOut(_) => Self { text: "paid out", tone: "ok" },
            Payout::TakenBack => Self { text: "taken back", tone: "info" },
            Payout::Open if share.trouble.is_some() => Self { text: "payout failed", tone: "bad" },
            Payout::Open => Self { text: "not paid out", tone: "wait" },
        }
    }

    /// One chip for each state that items of the order are in.
    pub(crate) fn of_order(order: &Order) -> Vec<Self> {
        let mut chips: Vec<Self> = Vec::new();
        for chip in order.items.iter().map(|item| Self::of(item.state)) {
            if !chips.contains(&chip) {
                chips.push(chip);
            }
        }
        chips
    }
}

/// Where a merchant's onboarding stands, in a chip with the app's words.
pub(crate) struct Standing {
    pub(crate) text: String,
    pub(crate) tone: &'static str,
}

impl Standing {
    pub(crate) fn of(known: &Merchants, merchant: &Merchant) -> Self {
        let Some(status) = known.status(merchant) else {
            return Self { text: "not begun".to_owned(), tone: "info" };
        };
        let tone = match status {
            "completed" | "enabled" => "ok",
            "restricted" | "rejected" => "bad",
            // Incomplete, pending, restricted soon: somebody has to do something, or wait.
            _ => "wait",
        };
        let words = known.words(merchant).map(|state| state.attributes.status_text.to_lowercase());
        Self { text: words.unwrap_or_else(|| status.to_owned()), tone }
    }
}

/// A step on the way of an order.
pub(crate) struct Step {
    pub(crate) text: &'static str,
    /// `done`, `now`, `bad` or nothing.
    pub(crate) class: &'static str,
}

/// How far an item is on the way, and whether it has left it there.
struct Place {
    step: usize,
    failed: bool,
}

const WAY: [&str; 5] =
    ["Payment pending", "Authorized", "Capture pending", "Captured", "Delivered"];
const CANCEL_WAY: [&str; 3] = ["Payment pending", "Cancellation pending", "Canceled"];
const REFUND_WAY: [&str; 4] = ["Captured", "Delivered", "Refund pending", "Refunded"];

/// The way of the order, as far as its last item has come.
pub(crate) fn steps(order: &Order) -> Vec<Step> {
    // Items that go back, or were canceled, are not what the others wait for.
    let states = || order.items.iter().map(|item| item.state);
    let forward = states().filter_map(forward_place).min_by_key(|place| place.step);
    let back = states().filter_map(refund_place).min_by_key(|place| place.step);
    let away = states().filter_map(cancel_place).min_by_key(|place| place.step);
    match (forward, back, away) {
        (Some(place), _, _) => draw(&WAY, &place),
        (None, Some(place), _) => draw(&REFUND_WAY, &place),
        (None, None, Some(place)) => draw(&CANCEL_WAY, &place),
        (None, None, None) => Vec::new(),
    }
}

fn draw(way: &[&'static str], place: &Place) -> Vec<Step> {
    let last = way.len().saturating_sub(1);
    let each = way.iter().enumerate().map(|(index, text)| {
        let class = match index.cmp(&place.step) {
            std::cmp::Ordering::Less => "done",
            std::cmp::Ordering::Equal if place.failed => "bad",
            std::cmp::Ordering::Equal if index == last => "done",
            std::cmp::Ordering::Equal => "now",
            std::cmp::Ordering::Greater => "",
        };
        Step { text, class }
    });
    each.collect()
}

fn forward_place(state: ItemState) -> Option<Place> {
    let (step, failed) = match state {
        ItemState::New | ItemState::PaymentPending => (0, false),
        ItemState::PaymentAuthorizationFailed => (1, true),
        ItemState::PaymentAuthorized => (1, false),
        ItemState::CapturePending => (2, false),
        ItemState::PaymentFailed => (3, true),
        ItemState::PaymentCaptured => (3, false),
        ItemState::PaymentOverpaid => (3, true),
        ItemState::Delivered | ItemState::Closed => (4, false),
        ItemState::CancellationPending
        | ItemState::CancellationFailed
        | ItemState::PaymentCancelled
        | ItemState::RefundPending
        | ItemState::RefundFailed
        | ItemState::RefundSucceeded
        | ItemState::PaymentRefunded => return None,
    };
    Some(Place { step, failed })
}

fn refund_place(state: ItemState) -> Option<Place> {
    match state {
        ItemState::RefundPending => Some(Place { step: 2, failed: false }),
        ItemState::RefundFailed => Some(Place { step: 3, failed: true }),
        ItemState::RefundSucceeded | ItemState::PaymentRefunded => {
            Some(Place { step: 3, failed: false })
        }
        ItemState::New
        | ItemState::PaymentPending
        | ItemState::PaymentAuthorizationFailed
        | ItemState::PaymentAuthorized
        | ItemState::CapturePending
        | ItemState::PaymentFailed
        | ItemState::PaymentCaptured
        | ItemState::PaymentOverpaid
        | ItemState::Delivered
        | ItemState::Closed
        | ItemState::CancellationPending
        | ItemState::CancellationFailed
        | ItemState::PaymentCancelled => None,
    }
}

fn cancel_place(state: ItemState) -> Option<Place> {
    match state {
        ItemState::CancellationPending => Some(Place { step: 1, failed: false }),
        ItemState::CancellationFailed => Some(Place { step: 2, failed: true }),
        ItemState::PaymentCancelled => Some(Place { step: 2, failed: false }),
        ItemState::New
        | ItemState::PaymentPending
        | ItemState::PaymentAuthorizationFailed
        | ItemState::PaymentAuthorized
        | ItemState::CapturePending
        | ItemState::PaymentFailed
        | ItemState::PaymentCaptured
        | ItemState::PaymentOverpaid
        | ItemState::Delivered
        | ItemState::Closed
        | ItemState::RefundPending
        | ItemState::RefundFailed
        | ItemState::RefundSucceeded
        | ItemState::PaymentRefunded => None,
    }
}

/// What has happened to an item, and what comes next, in one sentence.
pub(crate) fn sentence(state: ItemState) -> &'static str {
    match state {
        ItemState::New => "The payment could not be prepared yet. The shopper may try again.",
        ItemState::PaymentPending => "The shopper is at the payment page, or has left it unpaid.",
        ItemState::PaymentAuthorized => "The money is held. Ship the goods to capture it.",
        ItemState::PaymentAuthorizationFailed => {
            "The payment was declined. The shopper may try again."
        }
        ItemState::CancellationPending => "The app was asked to cancel. Waiting for its result.",
        ItemState::PaymentCancelled => "Canceled. Nothing is charged.",
        ItemState::CancellationFailed => "The payment could not be canceled. Try again.",
        ItemState::CapturePending => "The app was asked for the money. Waiting for its result.",
        ItemState::PaymentCaptured => "The money is there. Note when the goods have arrived.",
        ItemState::PaymentOverpaid => "More money came than was asked for. Look into it.",
        ItemState::PaymentFailed => "The money could not be captured. Ship again to retry.",
        ItemState::Delivered => "The goods have arrived. The customer may return them.",
        ItemState::Closed => "Done.",
        ItemState::RefundPending => "The app was asked to give money back. Waiting for its result.",
        ItemState::RefundSucceeded => "The money was given back. Final after a week.",
        ItemState::RefundFailed => {
            "The money could not be given back. Settle it with the customer."
        }
        ItemState::PaymentRefunded => "The money was given back for good.",
    }
}

/// An action as a button.
pub(crate) struct Button {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    /// The money that moves when it is done with all items that allow it.
    pub(crate) amount: Option<Money>,
    pub(crate) is_primary: bool,
}

impl Action {
    pub(crate) const ALL: [Self; 5] =
        [Self::Cancel, Self::Close, Self::Return, Self::Deliver, Self::Ship];

    /// The word in its address.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ship => "ship",
            Self::Cancel => "cancel",
            Self::Deliver => "deliver",
            Self::Return => "return",
            Self::Close => "close",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Ship => "Ship & capture",
            Self::Cancel => "Cancel",
            Self::Deliver => "Mark delivered",
            Self::Return => "Return & refund",
            Self::Close => "Close",
        }
    }
}

/// The buttons of an order. The one that leads on is primary, and there is one such.
pub(crate) fn buttons(order: &Order) -> Vec<Button> {
    let possible: Vec<Action> =
        Action::ALL.into_iter().filter(|action| !order.allowing(*action).is_empty()).collect();
    let leads_on = [Action::Ship, Action::Deliver, Action::Return];
    let primary = leads_on.into_iter().find(|action| possible.contains(action));
    let button = |action: Action| Button {
        name: action.name(),
        text: action.text(),
        amount: Some(order.amount_of(action, &order.allowing(action)))
            .filter(|minor| *minor > 0)
            .map(|minor| Money { minor, currency: order.currency() }),
        is_primary: Some(action) == primary,
    };
    possible.into_iter().map(button).collect()
}

impl Transmission {
    /// The word in its address.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PayOut => "pay-out",
            Self::TakeBack => "take-back",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::PayOut => "Pay out",
            Self::TakeBack => "Reverse payout",
        }
    }
}

/// The buttons that move money between marketplace and merchants.
pub(crate) fn payout_buttons(order: &Order) -> Vec<Button> {
    let button = |transmission: Transmission| Button {
        name: transmission.name(),
        text: transmission.text(),
        amount: Some(Money {
            minor: order.transmittable_amount(transmission),
            currency: order.currency(),
        }),
        is_primary: false,
    };
    let possible = |transmission: &Transmission| !order.transmittable(*transmission).is_empty();
    Transmission::ALL.into_iter().filter(possible).map(button).collect()
}

/// A time for people and for the script that turns it into their own.
pub(crate) struct Time {
    pub(crate) exact: String,
    pub(crate) day: String,
    pub(crate) clock: String,
}

impl Time {
    pub(crate) fn of(at: Timestamp) -> Self {
        Self {
            exact: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            day: at.strftime("%-d %b %Y, %H:%M UTC").to_string(),
            clock: at.strftime("%H:%M:%S").to_string(),
        }
    }
}

/// A line of the live list.
pub(crate) struct Line {
    pub(crate) number: u64,
    pub(crate) time: Time,
    pub(crate) is_sent: bool,
    pub(crate) title: String,
    pub(crate) summary: String,
    pub(crate) failed: bool,
    pub(crate) body: String,
    pub(crate) answer: String,
}

impl Line {
    pub(crate) fn of(entry: &Entry) -> Self {
        let note = entry.note.clone();
        Self {
            number: entry.number,
            time: Time::of(note.at),
            is_sent: note.direction == Direction::Out,
            title: note.title,
            summary: note.summary,
            failed: note.failed,
            body: note.body,
            answer: note.answer,
        }
    }
}
