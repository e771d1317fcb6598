//! An order, and what its items say together.

use jiff::Timestamp;
use uuid::Uuid;

use crate::cart::Cart;
use crate::catalog::{self, Product};
use crate::customer::{Customer, Locale};
use crate::merchant::{self, BusinessModel};
use crate::money::{Currency, Money};
use crate::payout::{Payout, Share, Transmission};
use crate::process::{Action, ItemState, PaymentStatus, ResultMessage, Trigger, Week};

/// An order.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its number, which is all that the app knows it by.
    pub reference: String,
    /// What was said at the checkout.
    pub placed: Placed,
    /// What was ordered.
    pub items: Vec<Item>,
    /// Where the shopper pays, once the app has said so.
    pub payment_page: Option<String>,
    /// The last result that was told: the order's status row.
    pub status: Option<PaymentStatus>,
    /// The payment, in the provider's words.
    pub payment_reference: Option<String>,
    /// What the app told about the payment, for people.
    pub payment_details: Vec<(String, String)>,
}

/// What was said at the checkout.
#[derive(Clone, Debug)]
pub struct Placed {
    /// When, by the shop's clock.
    pub at: Timestamp,
    /// Who.
    pub customer: Customer,
    /// In which language.
    pub locale: &'static Locale,
    /// In which currency.
    pub currency: Currency,
    /// The payment method's name.
    pub method: String,
    /// Whether the payment page shows inside of the shop.
    pub framed: bool,
    /// Whom the shop sold for at that time.
    pub model: BusinessModel,
}

/// A line of an order.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its id, which commands and results name.
    pub id: i64,
    /// What.
    pub product: &'static Product,
    /// How many.
    pub quantity: u32,
    /// Where it stands.
    pub state: ItemState,
    /// Since when, by the shop's clock.
    pub since: Timestamp,
    /// The merchant's part of it, where the shop sells it for one.
    pub share: Option<Share>,
}

/// What is to be sent for items that a person, or time, has just moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The items.
    pub ids: Vec<i64>,
    /// Where each was before, to go back to when the command cannot be sent.
    pub before: Vec<ItemState>,
    /// Their amount, in minor units, with shipping where it belongs to them.
    pub amount: i64,
}

impl Order {
    /// An order of what is in a cart. Its items get the ids that follow `last_id`.
    #[must_use]
    pub fn of_cart(
        reference: String,
        cart: &Cart,
        placed: Placed,
        last_id: i64,
        new_id: impl Fn() -> Uuid,
    ) -> Self {
        let since = placed.at;
        let share = |line: &crate::cart::Line| {
            let merchant = match placed.model {
                BusinessModel::Direct => return None,
                BusinessModel::Marketplace => line.product.seller()?,
            };
            Some(Share {
                merchant,
                reference: new_id(),
                amount: merchant::share(line.price(cart.currency).minor),
                payout: Payout::Open,
                trouble: None,
            })
        };
        let items = (last_id + 1..).zip(&cart.lines).map(|(id, line)| Item {
            id,
            product: line.product,
            quantity: line.quantity,
            state: ItemState::New,
            since,
            share: share(line),
        });
        Self {
            reference,
            items: items.collect(),
            placed,
            payment_page: None,
            status: None,
            payment_reference: None,
            payment_details: Vec::new(),
        }
    }

    /// The currency of its amounts.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.placed.currency
    }

    /// What shipping costs.
    #[must_use]
    pub fn shipping(&self) -> Money {
        catalog::shipping(self.currency())
    }

    /// What is to be paid.
    #[must_use]
    pub fn total(&self) -> Money {
        let items: i64 = self.items.iter().map(|item| item.amount(self.currency())).sum();
        Money { minor: items + self.shipping().minor, currency: self.currency() }
    }

    /// The payment was initialized: the shopper can pay.
    pub fn initialized(&mut self, page: String, now: Timestamp) {
        self.payment_page = Some(page);
        for item in &mut self.items {
            if item.state == ItemState::New {
                item.enter(ItemState::PaymentPending, now);
            }
        }
    }

    /// Whether the shopper can still be sent to the payment page.
    #[must_use]
    pub fn can_be_paid(&self) -> bool {
        self.items.iter().all(|item| match item.state {
            ItemState::New | ItemState::PaymentPending | ItemState::PaymentAuthorizationFailed => {
                true
            }
            ItemState::PaymentAuthorized
            | ItemState::CancellationPending
            | ItemState::PaymentCancelled
            | ItemState::CancellationFailed
            | ItemState::CapturePending
            | ItemState::PaymentCaptured
            | ItemState::PaymentOverpaid
            | ItemState::PaymentFailed
            | ItemState::Delivered
            | ItemState::Closed
            | ItemState::RefundPending
            | ItemState::RefundSucceeded
            | ItemState::RefundFailed
            | ItemState::PaymentRefunded => false,
        })
    }

    /// A result was told about these items. Returns how many of them it moved.
    pub fn hear(
        &mut self,
        result: ResultMessage,
        ids: &[i64],
        trigger: Trigger,
        now: Timestamp,
    ) -> usize {
        if let Some(status) = result.status() {
            self.status = Some(status);
        }
        if !result.is_event(trigger) {
            return 0;
        }
        let mut moved = 0;
        for item in self.items.iter_mut().filter(|item| ids.contains(&item.id)) {
            if let Some(state) = item.state.on_event(result) {
                item.enter(state, now);
                moved += 1;
            }
        }
        moved
    }

    /// Checks the conditions of the process. Returns how many items they moved.
    pub fn check_conditions(&mut self, trigger: Trigger, now: Timestamp) -> usize {
        let Some(status) = self.status else { return 0 };
        let mut moved = 0;
        for item in &mut self.items {
            if let Some(state) = item.state.on_status(status, trigger) {
                item.enter(state, now);
                moved += 1;
            }
        }
        moved
    }

    /// A person does something with those of the items that allow it.
    pub fn act(&mut self, action: Action, ids: &[i64], now: Timestamp) -> Moved {
        let amount = self.amount_of(action, ids);
        let mut moved = Moved { ids: Vec::new(), before: Vec::new(), amount };
        for item in self.items.iter_mut().filter(|item| ids.contains(&item.id)) {
            if let Some(state) = item.state.on_action(action) {
                moved.ids.push(item.id);
                moved.before.push(item.state);
                item.enter(state, now);
            }
        }
        moved
    }

    /// The command could not be sent: the items go back to where they were.
    pub fn take_back(&mut self, action: Action, moved: &Moved, now: Timestamp) {
        for (id, before) in moved.ids.iter().zip(&moved.before) {
            if let Some(item) = self.items.iter_mut().find(|item| item.id == *id)
                && before.on_action(action) == Some(item.state)
            {
                item.enter(*before, now);
            }
        }
    }

    /// What time does to the items that have been where they are for `long_enough`. Returns the
    /// items that are now to be canceled.
    pub fn let_time_pass(&mut self, now: Timestamp, long_enough: jiff::SignedDuration) -> Vec<i64> {
        let mut to_cancel = Vec::new();
        for item in &mut self.items {
            if now.duration_since(item.since) < long_enough {
                continue;
            }
            match item.state.after_a_week() {
                Week::Nothing => {}
                Week::Become(state) => item.enter(state, now),
                Week::Act(_) => to_cancel.push(item.id),
            }
        }
        to_cancel
    }

    /// The items that allow an action.
    #[must_use]
    pub fn allowing(&self, action: Action) -> Vec<i64> {
        let allows = |item: &&Item| item.state.on_action(action).is_some();
        self.items.iter().filter(allows).map(|item| item.id).collect()
    }

    /// The items of which money can be moved between marketplace and merchants.
    #[must_use]
    pub fn transmittable(&self, transmission: Transmission) -> Vec<i64> {
        self.shares(transmission).map(|(item, _)| item.id).collect()
    }

    /// How much of that there is, in minor units.
    #[must_use]
    pub fn transmittable_amount(&self, transmission: Transmission) -> i64 {
        self.shares(transmission).map(|(_, share)| share.amount).sum()
    }

    fn shares(&self, transmission: Transmission) -> impl Iterator<Item = (&Item, &Share)> {
        let each = self.items.iter().filter_map(|item| Some((item, item.share.as_ref()?)));
        each.filter(move |(item, share)| share.allows(transmission, item.state))
    }

    /// The amount of a capture or refund of those of the items that allow it.
    ///
    /// The first capture takes shipping with it, and the refund of the last item gives it back.
    #[must_use]
    pub fn amount_of(&self, action: Action, ids: &[i64]) -> i64 {
        let (chosen, others): (Vec<_>, Vec<_>) = self
            .items
            .iter()
            .partition(|item| ids.contains(&item.id) && item.state.on_action(action).is_some());
        let items: i64 = chosen.iter().map(|item| item.amount(self.currency())).sum();
        let with_shipping = match action {
            Action::Ship => !others.iter().any(|item| item.state.has_captured_shipping()),
            Action::Return => others.iter().all(|item| item.state.has_given_back()),
            Action::Cancel | Action::Deliver | Action::Close => return 0,
        };
        if chosen.is_empty() || !with_shipping { items } else { items + self.shipping().minor }
    }
}

impl Item {
    /// The price of all of it, in minor units.
    #[must_use]
    pub fn amount(&self, currency: Currency) -> i64 {
        self.product.price(currency).minor * i64::from(self.quantity)
    }

    fn enter(&mut self, state: ItemState, now: Timestamp) {
        self.state = state;
        self.since = now;
    }
}

impl ItemState {
    /// Whether money of an item here was, or is being, captured, so that shipping was with it.
    fn has_captured_shipping(self) -> bool {
        match self {
            Self::CapturePending
            | Self::PaymentCaptured
            | Self::PaymentOverpaid
            | Self::Delivered
            | Self::Closed
            | Self::RefundPending
            | Self::RefundSucceeded
            | Self::RefundFailed
            | Self::PaymentRefunded => true,
            Self::New
            | Self::PaymentPending
            | Self::PaymentAuthorized
            | Self::PaymentAuthorizationFailed
            | Self::CancellationPending
            | Self::PaymentCancelled
            | Self::CancellationFailed
            | Self::PaymentFailed => false,
        }
    }

    /// Whether nothing of an item here is left to be given back.
    fn has_given_back(self) -> bool {
        match self {
            Self::RefundPending
            | Self::RefundSucceeded
            | Self::PaymentRefunded
            | Self::PaymentCancelled => true,
            Self::New
            | Self::PaymentPending
            | Self::PaymentAuthorized
            | Self::PaymentAuthorizationFailed
            | Self::CancellationPending
            | Self::CancellationFailed
            | Self::CapturePending
            | Self::PaymentCaptured
            | Self::PaymentOverpaid
            | Self::PaymentFailed
            | Self::Delivered
            | Self::Closed
            | Self::RefundFailed => false,
        }
    }
}
