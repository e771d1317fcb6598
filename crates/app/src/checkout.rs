//! Reads the order data of a call into the domain, naming the field that is wrong.

use payment::{
    Address, Checkout, Currency, Customer, Money, OrderItem, OrderItemId, OrderReference, Redirects,
};
use protocol::order::{InitializePaymentRequest, OrderData, OrderDataItem};
use protocol::pre_order::ConfirmPreOrderRequest;
use thiserror::Error;

/// The longest order reference that is taken, in characters.
pub const ORDER_REFERENCE_MAX: usize = 255;
/// The most items an order may have.
pub const ITEMS_MAX: usize = 10_000;

/// A field that is missing or wrong, and what to send instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field}: {problem}")]
pub struct InvalidField {
    /// The field as a path, for instance `orderData.currencyCode`.
    pub field: String,
    /// What is wrong and what is expected.
    pub problem: String,
}

impl InvalidField {
    pub(crate) fn new(field: &str, problem: impl Into<String>) -> Self {
        Self { field: field.to_owned(), problem: problem.into() }
    }
}

/// Reads an initialize request.
///
/// # Errors
/// [`InvalidField`] for the first field that is missing or wrong.
pub fn read(request: InitializePaymentRequest) -> Result<Checkout, InvalidField> {
    let order = &request.order_data;
    let order_reference = order_reference(order.order_reference.as_deref())?;
    let (total, items) = (total(order)?, items(&order.items)?);
    let checkout = cart(request, total);
    Ok(Checkout { order_reference: Some(order_reference), items, ..checkout })
}

/// Reads a pre-order request: a cart, which has neither a reference nor items yet.
///
/// # Errors
/// [`InvalidField`] for the first field that is missing or wrong.
pub fn read_cart(request: InitializePaymentRequest) -> Result<Checkout, InvalidField> {
    let total = total(&request.order_data)?;
    Ok(cart(request, total))
}

/// Reads the confirmation of a pre-order: the order that its cart has become.
///
/// # Errors
/// [`InvalidField`] for the first field that is missing or wrong.
pub fn read_confirmation(
    request: ConfirmPreOrderRequest,
) -> Result<(OrderReference, Checkout), InvalidField> {
    let ConfirmPreOrderRequest { order_reference: beside, order_data, locale_name, .. } = request;
    let within = order_data.order_reference.as_deref().filter(|text| !text.is_empty());
    if let (Some(beside), Some(within)) = (beside.as_deref(), within)
        && beside.trim() != within.trim()
    {
        let problem = "is another one than in orderData; send the order's reference in both";
        return Err(InvalidField::new("orderReference", problem));
    }
    let reference = order_reference(beside.as_deref().or(within))?;
    let (total, items) = (total(&order_data)?, items(&order_data.items)?);
    let request =
        InitializePaymentRequest { order_data, locale_name, ..InitializePaymentRequest::default() };
    Ok((reference, Checkout { items, ..cart(request, total) }))
}

fn cart(request: InitializePaymentRequest, total: Money) -> Checkout {
    let locale = request.locale().map(str::to_owned);
    let order = request.order_data;
    Checkout {
        order_reference: None,
        total,
        items: Vec::new(),
        payment_method: order.payment_method_key(),
        locale,
        store: order.store_name.clone(),
        customer: Customer {
            reference: order.customer_reference.clone(),
            email: order.customer_email.clone(),
        },
        shipping: shipping(&order),
        redirects: Redirects {
            success: request.redirect_success_url,
            cancel: request.redirect_cancel_url,
            summary: request.checkout_summary_page_url,
        },
        additional: order.additional_payment_data,
    }
}

fn order_reference(text: Option<&str>) -> Result<OrderReference, InvalidField> {
    let field = "orderData.orderReference";
    match text.map(str::trim) {
        None | Some("") => Err(InvalidField::new(field, "is missing; send the order's reference")),
        Some(text) if text.chars().count() > ORDER_REFERENCE_MAX => Err(InvalidField::new(
            field,
            format!("is longer than {ORDER_REFERENCE_MAX} characters; send a shorter one"),
        )),
        Some(text) => Ok(OrderReference::new(text)),
    }
}

fn total(order: &OrderData) -> Result<Money, InvalidField> {
    let code = order.currency_code.as_deref().ok_or_else(|| {
        InvalidField::new("orderData.currencyCode", "is missing; send an ISO 4217 code such as EUR")
    })?;
    let currency = Currency::parse(code).map_err(|error| {
        let problem = format!("{error}; send a code such as EUR");
        InvalidField::new("orderData.currencyCode", problem)
    })?;
    let field = "orderData.grandTotal";
    let minor = order.grand_total.ok_or_else(|| {
        InvalidField::new(field, "is missing; send the gross total in minor units")
    })?;
    if minor <= 0 {
        return Err(InvalidField::new(
            field,
            "is not above zero; send the gross total in minor units",
        ));
    }
    Money::new(minor, currency).map_err(|error| InvalidField::new(field, error.to_string()))
}

/// The items. At least one needs an id: results name items, and the shop loses one that does not.
fn items(items: &[OrderDataItem]) -> Result<Vec<OrderItem>, InvalidField> {
    let field = "orderData.items";
    if items.is_empty() {
        return Err(InvalidField::new(field, "is missing; send the order's items with their ids"));
    }
    if items.len() > ITEMS_MAX {
        let problem = format!("are more than {ITEMS_MAX}; split the order");
        return Err(InvalidField::new(field, problem));
    }
    if items.iter().all(|item| item.id_sales_order_item.is_none()) {
        let problem = "is missing on every item; send the shop's id of at least one";
        return Err(InvalidField::new("orderData.items[].idSalesOrderItem", problem));
    }
    Ok(items.iter().map(item).collect())
}

fn item(item: &OrderDataItem) -> OrderItem {
    OrderItem {
        id: item.id_sales_order_item.map(OrderItemId),
        sku: item.sku.clone().unwrap_or_default(),
        name: item.name.clone().unwrap_or_default(),
        quantity: item.quantity.unwrap_or(1),
        unit_price_minor: item.unit_price.unwrap_or(0),
    }
}

/// The shipping address, where the shop sent one: without it every field of it is missing.
fn shipping(order: &OrderData) -> Option<Address> {
    let line1 = order.shipping_address1.clone().filter(|line| !line.is_empty())?;
    let names = [&order.shipping_first_name, &order.shipping_last_name];
    let name: Vec<&str> = names
        .into_iter()
        .filter_map(|name| name.as_deref())
        .filter(|name| !name.is_empty())
        .collect();
    let second: Vec<&str> = [&order.shipping_address2, &order.shipping_address3]
        .into_iter()
        .filter_map(|line| line.as_deref())
        .filter(|line| !line.is_empty())
        .collect();
    Some(Address {
        name: name.join(" "),
        phone: order.shipping_phone.clone(),
        line1,
        line2: (!second.is_empty()).then(|| second.join(", ")),
        zip: order.shipping_zip.clone(),
        city: order.shipping_city.clone(),
        state: order.shipping_state.clone(),
        country: order.shipping_country_code.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(order: serde_json::Value) -> InitializePaymentRequest {
        protocol::from_value(serde_json::json!({ "orderData": order })).unwrap()
    }

    fn refused(order: serde_json::Value) -> String {
        read(request(order)).unwrap_err().to_string()
    }

    #[test]
    fn c12_the_field_that_is_missing_or_wrong_is_named() {
        let items = serde_json::json!([{"idSalesOrderItem": 1}]);
        let cases = [
            (serde_json::json!({}), "orderData.orderReference"),
            (serde_json::json!({"orderReference": " "}), "orderData.orderReference"),
            (serde_json::json!({"orderReference": "x".repeat(256)}), "orderData.orderReference"),
            (serde_json::json!({"orderReference": "A"}), "orderData.currencyCode"),
            (
                serde_json::json!({"orderReference": "A", "currencyCode": "XXQ"}),
                "orderData.currencyCode",
            ),
            (
                serde_json::json!({"orderReference": "A", "currencyCode": "EUR"}),
                "orderData.grandTotal",
            ),
            (
                serde_json::json!({"orderReference": "A", "currencyCode": "EUR", "grandTotal": 0}),
                "orderData.grandTotal",
            ),
            (
                serde_json::json!({"orderReference": "A", "currencyCode": "EUR", "grandTotal": -5, "items": items}),
                "orderData.grandTotal",
            ),
            (
                serde_json::json!({"orderReference": "A", "currencyCode": "EUR", "grandTotal": 5}),
                "orderData.items:",
            ),
            (
                serde_json::json!({"orderReference": "A", "currencyCode": "EUR", "grandTotal": 5, "items": [{"sku": "a"}]}),
                "orderData.items[].idSalesOrderItem",
            ),
        ];
        for (order, field) in cases {
            let message = refused(order.clone());
            assert!(message.starts_with(field), "{order}: {message}");
        }
    }

    #[test]
    fn a_shipping_address_is_taken_only_where_there_is_one() {
        let order = serde_json::json!({
            "orderReference": "A", "currencyCode": "eur", "grandTotal": "990",
            "items": [{"idSalesOrderItem": "7"}, {"sku": "no-id"}],
        });
        let checkout = read(request(order)).unwrap();
        assert_eq!(checkout.shipping, None);
        assert_eq!(checkout.total.to_string(), "9.90 EUR");
        assert_eq!(checkout.item_ids().len(), 1);
    }
}
