//! What the shop said about an order, or a cart, when it asked for a payment.

use crate::{Items, Money, OrderItemId, OrderReference};

/// An order as it stood at checkout; a cart, as long as it has no order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// The shop's name of the order. None for a pre-order: a payment that is made before its order
    /// and linked to it later.
    pub order_reference: Option<OrderReference>,
    /// Gross total to be paid, in minor units, expenses included.
    pub total: Money,
    /// The order's items. Those without an id cannot be captured or refunded one by one. A cart
    /// has none.
    pub items: Vec<OrderItem>,
    /// The payment method as the shop names it, normalized (`credit-card`).
    pub payment_method: Option<String>,
    /// The shopper's locale as the shop writes it (`de_DE`).
    pub locale: Option<String>,
    /// The shop's store (`DE`).
    pub store: Option<String>,
    /// Who pays.
    pub customer: Customer,
    /// Where the goods go, where the order is shipped.
    pub shipping: Option<Address>,
    /// Free pairs that travel to the PSP as metadata, cut to its limits.
    pub additional: Vec<(String, String)>,
    /// Where the payment page sends the shopper afterwards.
    pub redirects: Redirects,
}

impl Checkout {
    /// The ids of the items that have one.
    pub fn item_ids(&self) -> Items {
        self.items.iter().filter_map(|item| item.id).collect()
    }

    /// The same before there was an order: without its reference, and without the items that only
    /// an order has.
    pub fn as_cart(&self) -> Self {
        Self { order_reference: None, items: Vec::new(), ..self.clone() }
    }

    /// The same without anything that leads to a person: who pays, where the goods go, and what the
    /// shop added freely, its addresses to come back to included.
    #[must_use]
    pub fn without_customer(self) -> Self {
        Self {
            customer: Customer::default(),
            shipping: None,
            additional: Vec::new(),
            redirects: Redirects::default(),
            ..self
        }
    }
}

/// One position of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderItem {
    /// The shop's id of the item, by which commands name it.
    pub id: Option<OrderItemId>,
    /// Stock keeping unit.
    pub sku: String,
    /// The product's name.
    pub name: String,
    /// How many.
    pub quantity: i64,
    /// Gross price of one, in minor units of the order's currency.
    pub unit_price_minor: i64,
}

/// Who pays. Guests have no reference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Customer {
    /// The shop's name of the customer.
    pub reference: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
}

/// Where goods go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// First and last name.
    pub name: String,
    /// Telephone number.
    pub phone: Option<String>,
    /// Street and number.
    pub line1: String,
    /// Second line of the address.
    pub line2: Option<String>,
    /// Postal code.
    pub zip: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State or region.
    pub state: Option<String>,
    /// ISO 3166-1 alpha-2 country code.
    pub country: Option<String>,
}

/// Where the payment page sends the shopper. Checked before they are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redirects {
    /// After the payment went well.
    pub success: Option<String>,
    /// After it did not.
    pub cancel: Option<String>,
    /// Back to the shop's summary, to choose another method.
    pub summary: Option<String>,
}
