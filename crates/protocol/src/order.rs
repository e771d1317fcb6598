//! The order data of an initialize call (contract, shop, section 1).
//!
//! One set of types for both encodings: JSON, and the PHP-bracket form of old shops once it is a
//! tree of strings. Nothing is judged here but shape; which fields a payment needs is for the
//! use case to say, so that it can name all of them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{php, schema};

/// The body of an initialize call, and of a pre-order call, which leaves the order reference out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = schema::as_php_writes_it)]
pub struct InitializePaymentRequest {
    /// The order.
    #[serde(deserialize_with = "php::whole")]
    pub order_data: OrderData,
    /// Where the payment page sends the shopper once paid.
    #[serde(default, deserialize_with = "php::text")]
    pub redirect_success_url: Option<String>,
    /// Where it sends her when the payment is over without being paid.
    #[serde(default, deserialize_with = "php::text")]
    pub redirect_cancel_url: Option<String>,
    /// The shop's summary page, where she may choose another method.
    #[serde(default, deserialize_with = "php::text")]
    pub checkout_summary_page_url: Option<String>,
    /// A payment that was made before the order was; `[]` at first.
    #[serde(default, deserialize_with = "php::object")]
    pub pre_order_payment_data: Option<PreOrderPaymentData>,
    /// The shopper's locale where the order data have none (pre-orders).
    #[serde(default, deserialize_with = "php::text")]
    pub locale_name: Option<String>,
}

impl InitializePaymentRequest {
    /// The shopper's locale, wherever it stands.
    pub fn locale(&self) -> Option<&str> {
        self.order_data.locale_name.as_deref().or(self.locale_name.as_deref())
    }
}

/// How a shop names a payment that was made before its order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = schema::as_php_writes_it)]
pub struct PreOrderPaymentData {
    /// The payment service provider's name of the payment.
    #[serde(default, deserialize_with = "php::text")]
    pub transaction_id: Option<String>,
}

/// An order as the shop describes it: flat, every part possibly missing or null.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
#[schemars(transform = schema::as_php_writes_it)]
pub struct OrderData {
    /// The shop's name of the order; none yet for a pre-order.
    #[serde(deserialize_with = "php::text")]
    pub order_reference: Option<String>,
    /// `GROSS_MODE` or `NET_MODE`.
    #[serde(deserialize_with = "php::text")]
    pub price_mode: Option<String>,
    /// The shop's store.
    #[serde(deserialize_with = "php::text")]
    pub store_name: Option<String>,
    /// The customer; none for a guest.
    #[serde(deserialize_with = "php::text")]
    pub customer_reference: Option<String>,
    /// The customer's e-mail address.
    #[serde(deserialize_with = "php::text")]
    pub customer_email: Option<String>,
    /// The shopper's locale (`de_DE`).
    #[serde(deserialize_with = "php::text")]
    pub locale_name: Option<String>,
    /// Billing country, ISO 3166-1 alpha-2.
    #[serde(deserialize_with = "php::text")]
    pub country_code: Option<String>,
    /// Billing first name.
    #[serde(deserialize_with = "php::text")]
    pub customer_first_name: Option<String>,
    /// Billing last name.
    #[serde(deserialize_with = "php::text")]
    pub customer_last_name: Option<String>,
    /// Billing salutation.
    #[serde(deserialize_with = "php::text")]
    pub salutation: Option<String>,
    /// Billing city.
    #[serde(deserialize_with = "php::text")]
    pub city: Option<String>,
    /// Billing state.
    #[serde(deserialize_with = "php::text")]
    pub state: Option<String>,
    /// Billing street.
    #[serde(deserialize_with = "php::text")]
    pub address1: Option<String>,
    /// Billing house number.
    #[serde(deserialize_with = "php::text")]
    pub address2: Option<String>,
    /// Billing address, what else there is.
    #[serde(deserialize_with = "php::text")]
    pub address3: Option<String>,
    /// Billing postal code.
    #[serde(deserialize_with = "php::text")]
    pub zip: Option<String>,
    /// Billing telephone number.
    #[serde(deserialize_with = "php::text")]
    pub phone: Option<String>,
    /// Country the goods go to. Without a shipping address every `shipping…` is missing.
    #[serde(deserialize_with = "php::text")]
    pub shipping_country_code: Option<String>,
    /// First name of who receives the goods.
    #[serde(deserialize_with = "php::text")]
    pub shipping_first_name: Option<String>,
    /// Last name of who receives the goods.
    #[serde(deserialize_with = "php::text")]
    pub shipping_last_name: Option<String>,
    /// Salutation of who receives the goods.
    #[serde(deserialize_with = "php::text")]
    pub shipping_salutation: Option<String>,
    /// City the goods go to.
    #[serde(deserialize_with = "php::text")]
    pub shipping_city: Option<String>,
    /// State the goods go to.
    #[serde(deserialize_with = "php::text")]
    pub shipping_state: Option<String>,
    /// Street the goods go to.
    #[serde(deserialize_with = "php::text")]
    pub shipping_address1: Option<String>,
    /// House number the goods go to.
    #[serde(deserialize_with = "php::text")]
    pub shipping_address2: Option<String>,
    /// Shipping address, what else there is.
    #[serde(deserialize_with = "php::text")]
    pub shipping_address3: Option<String>,
    /// Postal code the goods go to.
    #[serde(deserialize_with = "php::text")]
    pub shipping_zip: Option<String>,
    /// Telephone number of who receives the goods.
    #[serde(deserialize_with = "php::text")]
    pub shipping_phone: Option<String>,
    /// ISO 4217 code.
    #[serde(deserialize_with = "php::text")]
    pub currency_code: Option<String>,
    /// Gross total in minor units.
    #[serde(deserialize_with = "php::integer")]
    pub grand_total: Option<i64>,
    /// The payment method, by the shop's key or by its name.
    #[serde(deserialize_with = "php::text")]
    pub payment_method: Option<String>,
    /// The payment method's name.
    #[serde(deserialize_with = "php::text")]
    pub payment_method_name: Option<String>,
    /// Free pairs for the payment service provider's metadata.
    #[serde(deserialize_with = "php::pairs")]
    #[schemars(schema_with = "schema::pairs")]
    pub additional_payment_data: Vec<(String, String)>,
    /// The positions; none for a pre-order.
    #[serde(deserialize_with = "php::list")]
    pub items: Vec<OrderDataItem>,
    /// Shipment and other costs, part of the total.
    #[serde(deserialize_with = "php::list")]
    pub expenses: Vec<OrderDataExpense>,
}

impl OrderData {
    /// The payment method in lower case with dashes (`Credit Card` → `credit-card`), by its name
    /// where the shop sent no key.
    pub fn payment_method_key(&self) -> Option<String> {
        let given = self.payment_method.as_deref().or(self.payment_method_name.as_deref())?;
        Some(method_key(given)).filter(|key| !key.is_empty())
    }
}

/// How an order names a payment method: in lower case, with dashes (`credit-card`).
pub fn method_key(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join("-").to_lowercase()
}

/// One position of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
#[schemars(transform = schema::as_php_writes_it)]
pub struct OrderDataItem {
    /// The shop's id, by which commands name the item.
    #[serde(deserialize_with = "php::integer")]
    pub id_sales_order_item: Option<i64>,
    /// The product's name.
    #[serde(deserialize_with = "php::text")]
    pub name: Option<String>,
    /// Stock keeping unit.
    #[serde(deserialize_with = "php::text")]
    pub sku: Option<String>,
    /// How many.
    #[serde(deserialize_with = "php::integer")]
    pub quantity: Option<i64>,
    /// Gross price of one, in minor units.
    #[serde(deserialize_with = "php::integer")]
    pub unit_price: Option<i64>,
}

/// One expense of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
#[schemars(transform = schema::as_php_writes_it)]
pub struct OrderDataExpense {
    /// What kind (`SHIPMENT_EXPENSE_TYPE`). The wire calls it `type`.
    #[serde(rename = "type", deserialize_with = "php::text")]
    pub kind: Option<String>,
    /// Its name.
    #[serde(deserialize_with = "php::text")]
    pub name: Option<String>,
    /// How many.
    #[serde(deserialize_with = "php::integer")]
    pub quantity: Option<i64>,
    /// Gross price of one, in minor units.
    #[serde(deserialize_with = "php::integer")]
    pub unit_price: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payment_method_is_normalized() {
        let of = |method: Option<&str>, name: Option<&str>| {
            OrderData {
                payment_method: method.map(str::to_owned),
                payment_method_name: name.map(str::to_owned),
                ..OrderData::default()
            }
            .payment_method_key()
        };
        assert_eq!(of(Some("Credit Card"), None).as_deref(), Some("credit-card"));
        assert_eq!(of(Some("stripe"), Some("Stripe")).as_deref(), Some("stripe"));
        assert_eq!(of(None, Some(" Stripe  Page ")).as_deref(), Some("stripe-page"));
        assert_eq!(of(Some(" "), None), None);
        assert_eq!(of(None, None), None);
    }

    #[test]
    fn a_locale_may_stand_beside_the_order() {
        let body = br#"{"orderData":{"localeName":null},"localeName":"de_DE"}"#;
        let request: InitializePaymentRequest = crate::from_json(body).unwrap();
        assert_eq!(request.locale(), Some("de_DE"));
    }
}
