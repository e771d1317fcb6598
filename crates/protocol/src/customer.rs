//! Who pays, as a shop asks for it and reads it (contract, shop, section 1).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{php, schema};

/// The body of a customer call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(transform = schema::as_php_writes_it)]
pub struct CustomerRequest {
    /// What the shop knows of the customer already: a `Customer`.
    #[serde(deserialize_with = "php::object")]
    #[schemars(schema_with = "schema::object")]
    pub customer: Option<Customer>,
    /// What the shop's front end got from the payment service provider.
    #[serde(deserialize_with = "php::object")]
    pub customer_payment_service_provider_data: Option<ProviderData>,
}

/// What names a payment in a customer call. Providers have more of it than is read here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(transform = schema::as_php_writes_it)]
pub struct ProviderData {
    /// The payment service provider's name of the payment.
    #[serde(deserialize_with = "php::text")]
    pub transaction_id: Option<String>,
}

/// A customer of the shop. What is not known is null; an address that is not known is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
pub struct Customer {
    /// First name.
    #[serde(deserialize_with = "php::text")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(deserialize_with = "php::text")]
    pub last_name: Option<String>,
    /// E-mail address.
    #[serde(deserialize_with = "php::text")]
    pub email: Option<String>,
    /// Telephone number.
    #[serde(deserialize_with = "php::text")]
    pub phone: Option<String>,
    /// Company.
    #[serde(deserialize_with = "php::text")]
    pub company: Option<String>,
    /// Who is billed.
    #[serde(deserialize_with = "php::object", skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<CustomerAddress>,
    /// Who gets the goods.
    #[serde(deserialize_with = "php::object", skip_serializing_if = "Option::is_none")]
    pub shipping_address: Option<CustomerAddress>,
}

/// An address of a customer of the shop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, expecting = "an object")]
pub struct CustomerAddress {
    /// First name.
    #[serde(deserialize_with = "php::text")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(deserialize_with = "php::text")]
    pub last_name: Option<String>,
    /// Street and number.
    #[serde(deserialize_with = "php::text")]
    pub address1: Option<String>,
    /// Second line.
    #[serde(deserialize_with = "php::text")]
    pub address2: Option<String>,
    /// Third line; wallets have none.
    #[serde(deserialize_with = "php::text")]
    pub address3: Option<String>,
    /// Postal code.
    #[serde(deserialize_with = "php::text")]
    pub zip_code: Option<String>,
    /// City.
    #[serde(deserialize_with = "php::text")]
    pub city: Option<String>,
    /// State or region.
    #[serde(deserialize_with = "php::text")]
    pub state: Option<String>,
    /// ISO 3166-1 alpha-2 code of the country, as an express checkout's front end reads it.
    #[serde(deserialize_with = "php::text")]
    pub country: Option<String>,
    /// The same, as the shop reads it.
    #[serde(deserialize_with = "php::text")]
    pub iso2_code: Option<String>,
    /// Company.
    #[serde(deserialize_with = "php::text")]
    pub company: Option<String>,
    /// Telephone number.
    #[serde(deserialize_with = "php::text")]
    pub phone: Option<String>,
}
