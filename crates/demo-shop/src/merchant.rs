//! The merchants that a marketplace sells for: who they are, what the app told about them, and what
//! they got.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::money::{Currency, Money};
use crate::wire::merchant::{Invitation, OnboardingState};

/// What the marketplace keeps of each sale, in percent.
pub const COMMISSION_PERCENT: i64 = 10;
/// So many payments are kept, then the oldest goes.
const BOOK_MAX: usize = 500;
/// The status of somebody who has not begun, in the app's words.
const NOT_BEGUN: &str = "incomplete";

/// A merchant.
#[derive(Debug, PartialEq, Eq)]
pub struct Merchant {
    /// What the app knows it by.
    pub reference: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// One sentence about it.
    pub about: &'static str,
}

/// The merchants.
pub const MERCHANTS: [Merchant; 2] = [
    Merchant {
        reference: "MER000001",
        name: "Atelier Ahrend",
        about: "Glass and stoneware, made by two sisters.",
    },
    Merchant {
        reference: "MER000002",
        name: "Messing & Blech",
        about: "Tins and spoons from an old button factory.",
    },
];

impl Merchant {
    /// The merchant with this reference.
    #[must_use]
    pub fn find(reference: &str) -> Option<&'static Self> {
        MERCHANTS.iter().find(|merchant| merchant.reference == reference)
    }
}

/// What a merchant gets of a price, in minor units.
#[must_use]
pub fn share(price: i64) -> i64 {
    price - price * COMMISSION_PERCENT / 100
}

/// Whom the shop sells for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BusinessModel {
    /// For itself.
    #[default]
    Direct,
    /// For merchants as well.
    Marketplace,
}

impl BusinessModel {
    /// The app's name of it, which is also the value in forms.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Marketplace => "marketplace",
        }
    }

    /// The model of that name; the plain one for any other.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        if name == Self::Marketplace.name() { Self::Marketplace } else { Self::Direct }
    }
}

/// What the shop knows of its merchants.
#[derive(Debug, Default)]
pub struct Merchants {
    /// As what the app was connected.
    pub model: BusinessModel,
    /// Where merchants are onboarded, once the app has said so.
    pub invitation: Option<Invitation>,
    statuses: BTreeMap<&'static str, String>,
    book: VecDeque<Paid>,
}

/// Money that a merchant got, or gave back.
#[derive(Clone, Debug)]
pub struct Paid {
    /// When, by the shop's clock.
    pub at: Timestamp,
    /// Who.
    pub merchant: &'static Merchant,
    /// Of which order.
    pub order: String,
    /// For what.
    pub product: &'static str,
    /// How much; below zero where it was taken back.
    pub amount: Money,
    /// The transfer that stands for it.
    pub transfer: String,
}

/// What a merchant got in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// All that was paid out.
    pub received: Money,
    /// All that was taken back, above zero.
    pub taken_back: Money,
}

impl Sums {
    /// What the merchant has.
    #[must_use]
    pub fn kept(&self) -> Money {
        let minor = self.received.minor - self.taken_back.minor;
        Money { minor, currency: self.received.currency }
    }
}

impl Merchants {
    /// The app told where a merchant's onboarding stands.
    pub fn tell_status(&mut self, merchant: &'static Merchant, status: String) {
        self.statuses.insert(merchant.reference, status);
    }

    /// Where a merchant's onboarding stands, as far as the app has told.
    #[must_use]
    pub fn status(&self, merchant: &Merchant) -> Option<&str> {
        self.statuses.get(merchant.reference).map(String::as_str)
    }

    /// What the app wants a merchant to read now.
    #[must_use]
    pub fn words(&self, merchant: &Merchant) -> Option<&OnboardingState> {
        let status = self.status(merchant).unwrap_or(NOT_BEGUN);
        let states = &self.invitation.as_ref()?.merchant_onboarding_states;
        states.iter().find(|state| state.name == status)
    }

    /// Money moved.
    pub fn write_down(&mut self, paid: Paid) {
        self.book.push_front(paid);
        self.book.truncate(BOOK_MAX);
    }

    /// The money that moved for a merchant, the last first.
    pub fn book_of(&self, merchant: &Merchant) -> impl Iterator<Item = &Paid> {
        self.book.iter().filter(move |paid| paid.merchant.reference == merchant.reference)
    }

    /// What a merchant got, in each currency in which something moved.
    #[must_use]
    pub fn sums(&self, merchant: &Merchant) -> Vec<Sums> {
        let in_one = |currency: Currency| {
            let amounts = || {
                let paid = self.book_of(merchant).map(|paid| paid.amount);
                paid.filter(move |amount| amount.currency == currency).map(|amount| amount.minor)
            };
            amounts().next()?;
            let sum = |minor: i64| Money { minor, currency };
            Some(Sums {
                received: sum(amounts().filter(|minor| *minor > 0).sum()),
                taken_back: sum(-amounts().filter(|minor| *minor < 0).sum::<i64>()),
            })
        };
        Currency::ALL.into_iter().filter_map(in_one).collect()
    }
}
