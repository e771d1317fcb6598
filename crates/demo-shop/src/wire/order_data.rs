//! `orderData` of an initialize call: flat, with every field that the shop sends.

use serde::Serialize;

use crate::order::{Order, Placed};

/// The body of an initialize call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Initialize<'a> {
    order_data: OrderData<'a>,
    redirect_success_url: String,
    redirect_cancel_url: String,
    checkout_summary_page_url: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderData<'a> {
    order_reference: &'a str,
    price_mode: &'static str,
    store_name: &'static str,
    customer_reference: Option<&'static str>,
    customer_email: &'a str,
    locale_name: &'static str,
    country_code: &'static str,
    customer_first_name: &'a str,
    customer_last_name: &'a str,
    salutation: &'static str,
    city: &'a str,
    state: Option<&'static str>,
    address1: &'a str,
    address2: &'a str,
    address3: Option<&'static str>,
    zip: &'a str,
    phone: Option<&'static str>,
    shipping_country_code: &'static str,
    shipping_first_name: &'a str,
    shipping_last_name: &'a str,
    shipping_salutation: &'static str,
    shipping_city: &'a str,
    shipping_state: Option<&'static str>,
    shipping_address1: &'a str,
    shipping_address2: &'a str,
    shipping_address3: Option<&'static str>,
    shipping_zip: &'a str,
    shipping_phone: Option<&'static str>,
    currency_code: &'static str,
    grand_total: i64,
    payment_method: &'a str,
    payment_method_name: &'a str,
    // PHP's empty map.
    additional_payment_data: [(); 0],
    items: Vec<Item<'a>>,
    expenses: Vec<Expense>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    id_sales_order_item: i64,
    name: &'a str,
    sku: &'a str,
    quantity: u32,
    unit_price: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Expense {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    quantity: u32,
    unit_price: i64,
}

/// A salutation has to be one that the shop knows; this shop does not ask for it.
const SALUTATION: &str = "n/a";

impl<'a> Initialize<'a> {
    /// The call for an order of the shop at `address`. All customers are guests.
    #[must_use]
    pub fn of(order: &'a Order, address: &str) -> Self {
        let reference = &order.reference;
        Self {
            order_data: order_data(order),
            redirect_success_url: format!("{address}/order-success?orderReference={reference}"),
            redirect_cancel_url: format!("{address}/order-cancel?orderReference={reference}"),
            checkout_summary_page_url: format!("{address}/checkout"),
        }
    }
}

fn order_data(order: &Order) -> OrderData<'_> {
    let Placed { customer, locale, method, .. } = &order.placed;
    let country = customer.country.code;
    OrderData {
        order_reference: &order.reference,
        price_mode: "GROSS_MODE",
        store_name: "DE",
        customer_reference: None,
        customer_email: &customer.email,
        locale_name: locale.name,
        country_code: country,
        customer_first_name: &customer.first_name,
        customer_last_name: &customer.last_name,
        salutation: SALUTATION,
        city: &customer.city,
        state: None,
        address1: &customer.street,
        address2: &customer.house,
        address3: None,
        zip: &customer.zip,
        phone: None,
        shipping_country_code: country,
        shipping_first_name: &customer.first_name,
        shipping_last_name: &customer.last_name,
        shipping_salutation: SALUTATION,
        shipping_city: &customer.city,
        shipping_state: None,
        shipping_address1: &customer.street,
        shipping_address2: &customer.house,
        shipping_address3: None,
        shipping_zip: &customer.zip,
        shipping_phone: None,
        currency_code: order.currency().code(),
        grand_total: order.total().minor,
        payment_method: method,
        payment_method_name: method,
        additional_payment_data: [],
        items: order
            .items
            .iter()
            .map(|item| Item {
                id_sales_order_item: item.id,
                name: item.product.name,
                sku: item.product.sku,
                quantity: item.quantity,
                unit_price: item.product.price(order.currency()).minor,
            })
            .collect(),
        expenses: vec![Expense {
            kind: "SHIPMENT_EXPENSE_TYPE",
            name: "Standard",
            quantity: 1,
            unit_price: order.shipping().minor,
        }],
    }
}
