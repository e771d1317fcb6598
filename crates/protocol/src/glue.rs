//! The calls that a front end makes itself, as JSON:API (contract, shop, section 1).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::customer::{Customer, CustomerRequest, ProviderData};
use crate::order::{InitializePaymentRequest, OrderData, PreOrderPaymentData};
use crate::pre_order::{CancelPreOrderRequest, ClientPaymentData};
use crate::{php, schema};

/// A document with one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{A}Document")]
pub struct Document<A> {
    /// The resource.
    #[serde(deserialize_with = "php::whole", bound(deserialize = "A: Deserialize<'de>"))]
    pub data: Resource<A>,
}

/// A resource. Those that are answered have no id of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{A}Resource")]
pub struct Resource<A> {
    /// Which kind it is. The wire calls it `type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Always null in an answer.
    #[serde(default, skip_deserializing)]
    pub id: Option<String>,
    /// What it says.
    #[serde(deserialize_with = "php::whole", bound(deserialize = "A: Deserialize<'de>"))]
    pub attributes: A,
}

impl<A> Document<A> {
    /// A document with one resource of this kind.
    pub fn new(kind: &str, attributes: A) -> Self {
        Self { data: Resource { kind: kind.to_owned(), id: None, attributes } }
    }
}

/// `payments`: what the shopper is to pay for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
#[schemars(transform = schema::as_php_writes_it)]
pub struct PaymentsAttributes {
    /// The cart.
    #[serde(deserialize_with = "php::object")]
    pub quote: Option<Quote>,
    /// How much, and how.
    #[serde(deserialize_with = "php::object")]
    pub payment: Option<QuotePayment>,
    /// A payment of this cart that was made before.
    #[serde(deserialize_with = "php::object")]
    pub pre_order_payment_data: Option<PreOrderPaymentData>,
}

/// A cart, as far as it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
#[schemars(transform = schema::as_php_writes_it)]
pub struct Quote {
    /// Its currency.
    #[serde(deserialize_with = "php::object")]
    pub currency: Option<QuoteCurrency>,
    /// The shop's store.
    #[serde(deserialize_with = "php::object")]
    pub store: Option<QuoteStore>,
    /// Who pays.
    #[serde(deserialize_with = "php::object")]
    pub customer: Option<QuoteCustomer>,
}

/// The currency of a cart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, expecting = "an object")]
#[schemars(transform = schema::as_php_writes_it)]
pub struct QuoteCurrency {
    /// ISO 4217 code.
    #[serde(deserialize_with = "php::text")]
    pub code: Option<String>,
}

/// The store of a cart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, expecting = "an object")]
#[schemars(transform = schema::as_php_writes_it)]
pub struct QuoteStore {
    /// Its name.
    #[serde(deserialize_with = "php::text")]
    pub name: Option<String>,
}

/// The customer of a cart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
#[schemars(transform = schema::as_php_writes_it)]
pub struct QuoteCustomer {
    /// The shop's name of the customer.
    #[serde(deserialize_with = "php::text")]
    pub customer_reference: Option<String>,
    /// E-mail address.
    #[serde(deserialize_with = "php::text")]
    pub email: Option<String>,
}

/// How a cart is paid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
#[schemars(transform = schema::as_php_writes_it)]
pub struct QuotePayment {
    /// The payment method's name.
    #[serde(deserialize_with = "php::text")]
    pub payment_method_name: Option<String>,
    /// Gross total of the cart in minor units.
    #[serde(deserialize_with = "php::integer")]
    pub amount: Option<i64>,
}

/// The same call as a shop's back end makes it.
impl From<PaymentsAttributes> for InitializePaymentRequest {
    fn from(attributes: PaymentsAttributes) -> Self {
        let quote = attributes.quote.unwrap_or_default();
        let payment = attributes.payment.unwrap_or_default();
        let customer = quote.customer.unwrap_or_default();
        Self {
            order_data: OrderData {
                currency_code: quote.currency.unwrap_or_default().code,
                store_name: quote.store.unwrap_or_default().name,
                customer_reference: customer.customer_reference,
                customer_email: customer.email,
                grand_total: payment.amount,
                payment_method_name: payment.payment_method_name,
                ..OrderData::default()
            },
            pre_order_payment_data: attributes.pre_order_payment_data,
            ..Self::default()
        }
    }
}

/// `payment-cancellations`: the payment that is not wanted any more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
#[schemars(transform = schema::as_php_writes_it)]
pub struct PaymentCancellationsAttributes {
    /// The payment.
    #[serde(deserialize_with = "php::object")]
    pub pre_order_payment_data: Option<PreOrderPaymentData>,
}

/// The same call as a shop's back end makes it.
impl From<PaymentCancellationsAttributes> for CancelPreOrderRequest {
    fn from(attributes: PaymentCancellationsAttributes) -> Self {
        let pre_order_payment_data = attributes.pre_order_payment_data;
        Self { pre_order_payment_data, ..Self::default() }
    }
}

/// `payment-customers`: the payment whose payer is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
#[schemars(transform = schema::as_php_writes_it)]
pub struct PaymentCustomersAttributes {
    /// What the front end got from the payment service provider.
    #[serde(deserialize_with = "php::object")]
    pub customer_payment_service_provider_data: Option<ProviderData>,
}

/// The same call as a shop's back end makes it.
impl From<PaymentCustomersAttributes> for CustomerRequest {
    fn from(attributes: PaymentCustomersAttributes) -> Self {
        let customer_payment_service_provider_data =
            attributes.customer_payment_service_provider_data;
        Self { customer: None, customer_payment_service_provider_data }
    }
}

/// What `payments` and `payment-cancellations` are answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentAnswer<'a> {
    /// Always true: what failed is answered as an error.
    pub is_successful: bool,
    /// Always null.
    pub error: Option<&'a str>,
    /// What the front end needs to let the shopper pay; of a payment that was canceled, its name.
    pub pre_order_payment_data: AnsweredPayment<'a>,
}

/// The payment of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum AnsweredPayment<'a> {
    /// One that can be paid.
    Payable(ClientPaymentData<'a>),
    /// One that was canceled.
    #[serde(rename_all = "camelCase")]
    Canceled {
        /// The payment service provider's name of it.
        transaction_id: &'a str,
    },
}

/// What `payment-customers` is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CustomerAnswer {
    /// Who pays.
    pub customer: Customer,
}
