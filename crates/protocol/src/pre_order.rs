//! The calls about a payment that was made before its order (contract, shop, section 1).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::order::{OrderData, PreOrderPaymentData};
use crate::{php, schema};

/// The body of a confirm call: the order is placed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = schema::as_php_writes_it)]
pub struct ConfirmPreOrderRequest {
    /// The shop's name of the order.
    #[serde(default, deserialize_with = "php::text")]
    pub order_reference: Option<String>,
    /// The order as it was placed.
    #[serde(deserialize_with = "php::whole")]
    pub order_data: OrderData,
    /// The payment.
    #[serde(default, deserialize_with = "php::object")]
    pub pre_order_payment_data: Option<PreOrderPaymentData>,
    /// The payment, as the reference library reads it.
    #[serde(default, deserialize_with = "php::text")]
    pub transaction_id: Option<String>,
    /// The shopper's locale where the order data have none.
    #[serde(default, deserialize_with = "php::text")]
    pub locale_name: Option<String>,
}

/// The body of a cancel call: there will be no order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(transform = schema::as_php_writes_it)]
pub struct CancelPreOrderRequest {
    /// The payment.
    #[serde(deserialize_with = "php::object")]
    pub pre_order_payment_data: Option<PreOrderPaymentData>,
    /// The payment, as the reference library reads it.
    #[serde(deserialize_with = "php::text")]
    pub transaction_id: Option<String>,
}

impl ConfirmPreOrderRequest {
    /// The payment that is meant, wherever it stands.
    pub fn transaction(&self) -> Option<&str> {
        transaction(self.pre_order_payment_data.as_ref(), self.transaction_id.as_ref())
    }
}

impl CancelPreOrderRequest {
    /// The payment that is meant, wherever it stands.
    pub fn transaction(&self) -> Option<&str> {
        transaction(self.pre_order_payment_data.as_ref(), self.transaction_id.as_ref())
    }
}

fn transaction<'a>(
    data: Option<&'a PreOrderPaymentData>,
    beside: Option<&'a String>,
) -> Option<&'a str> {
    let data = data.and_then(|data| data.transaction_id.as_ref());
    data.or(beside).map(|id| id.trim()).filter(|id| !id.is_empty())
}

/// What the shop's front end needs to let the shopper pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientPaymentData<'a> {
    /// The payment service provider's name of the payment; the shop sends it back.
    pub transaction_id: &'a str,
    /// Opens the payment to whoever has it.
    pub client_secret: &'a str,
    /// The key for the provider's script. Not a secret.
    pub publishable_key: &'a str,
    /// The account that the script works in (`stripeAccount`), where the key is that of the
    /// operator's platform. Absent where it is the tenant's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transaction_is_found_in_either_place() {
        let of = |body: &str| {
            let request: CancelPreOrderRequest = crate::from_json(body.as_bytes()).unwrap();
            request.transaction().map(str::to_owned)
        };
        assert_eq!(
            of(r#"{"preOrderPaymentData":{"transactionId":"pi_1"}}"#).as_deref(),
            Some("pi_1")
        );
        assert_eq!(
            of(r#"{"transactionId":"pi_1","preOrderPaymentData":[]}"#).as_deref(),
            Some("pi_1")
        );
        assert_eq!(of(r#"{"preOrderPaymentData":{"transactionId":" "}}"#), None);
        assert_eq!(of("{}"), None);
    }
}
