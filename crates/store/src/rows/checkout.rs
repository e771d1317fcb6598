//! An order as it stood at checkout: names and addresses of people, so one column of its own.

use app::ports::StoreError;
use payment::{Address, Checkout, Customer, OrderItem, OrderItemId, OrderReference, Redirects};
use serde::{Deserialize, Serialize};

use super::{MoneyRow, from_json, to_json};

#[derive(Serialize, Deserialize)]
pub(super) struct CheckoutRow {
    order_reference: Option<String>,
    total: MoneyRow,
    items: Vec<ItemRow>,
    payment_method: Option<String>,
    locale: Option<String>,
    store: Option<String>,
    customer_reference: Option<String>,
    customer_email: Option<String>,
    shipping: Option<AddressRow>,
    additional: Vec<(String, String)>,
    success_url: Option<String>,
    cancel_url: Option<String>,
    summary_url: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ItemRow {
    id: Option<i64>,
    sku: String,
    name: String,
    quantity: i64,
    unit_price_minor: i64,
}

#[derive(Serialize, Deserialize)]
struct AddressRow {
    name: String,
    phone: Option<String>,
    line1: String,
    line2: Option<String>,
    zip: Option<String>,
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
}

pub(crate) fn checkout_to_json(
    table: &'static str,
    checkout: &Checkout,
) -> Result<String, StoreError> {
    to_json(table, &CheckoutRow::from(checkout.clone()))
}

pub(crate) fn checkout_from_json(table: &'static str, text: &str) -> Result<Checkout, StoreError> {
    from_json::<CheckoutRow>(table, text)?.read(table)
}

impl From<Checkout> for CheckoutRow {
    fn from(checkout: Checkout) -> Self {
        Self {
            order_reference: checkout.order_reference.map(|order| order.as_str().to_owned()),
            total: checkout.total.into(),
            items: checkout.items.into_iter().map(ItemRow::from).collect(),
            payment_method: checkout.payment_method,
            locale: checkout.locale,
            store: checkout.store,
            customer_reference: checkout.customer.reference,
            customer_email: checkout.customer.email,
            shipping: checkout.shipping.map(AddressRow::from),
            additional: checkout.additional,
            success_url: checkout.redirects.success,
            cancel_url: checkout.redirects.cancel,
            summary_url: checkout.redirects.summary,
        }
    }
}

impl CheckoutRow {
    pub(super) fn read(self, table: &'static str) -> Result<Checkout, StoreError> {
        Ok(Checkout {
            order_reference: self.order_reference.map(OrderReference::new),
            total: self.total.read(table)?,
            items: self.items.into_iter().map(OrderItem::from).collect(),
            payment_method: self.payment_method,
            locale: self.locale,
            store: self.store,
            customer: Customer { reference: self.customer_reference, email: self.customer_email },
            shipping: self.shipping.map(Address::from),
            additional: self.additional,
            redirects: Redirects {
                success: self.success_url,
                cancel: self.cancel_url,
                summary: self.summary_url,
            },
        })
    }
}

impl From<OrderItem> for ItemRow {
    fn from(item: OrderItem) -> Self {
        let OrderItem { id, sku, name, quantity, unit_price_minor } = item;
        Self { id: id.map(|id| id.0), sku, name, quantity, unit_price_minor }
    }
}

impl From<ItemRow> for OrderItem {
    fn from(row: ItemRow) -> Self {
        let ItemRow { id, sku, name, quantity, unit_price_minor } = row;
        Self { id: id.map(OrderItemId), sku, name, quantity, unit_price_minor }
    }
}

impl From<Address> for AddressRow {
    fn from(address: Address) -> Self {
        let Address { name, phone, line1, line2, zip, city, state, country } = address;
        Self { name, phone, line1, line2, zip, city, state, country }
    }
}

impl From<AddressRow> for Address {
    fn from(row: AddressRow) -> Self {
        let AddressRow { name, phone, line1, line2, zip, city, state, country } = row;
        Self { name, phone, line1, line2, zip, city, state, country }
    }
}
