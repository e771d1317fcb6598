//! The body of a transfers call and its answer (contract, shop, section 1, Transfers).
//!
//! The shop throws away the whole answer over one key that it does not know, over a list that is
//! missing, and over a transfer id that is null: the types here cannot say any of these.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{php, schema};

/// What is to be paid out and taken back. The shop writes the same list under both names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(transform = schema::as_php_writes_it)]
pub struct TransfersRequest {
    /// What newer shops fill.
    #[serde(deserialize_with = "php::list")]
    payment_transmission_items: Vec<TransmissionItem>,
    /// What older shops fill: read where the other list is empty.
    #[serde(deserialize_with = "php::list")]
    order_items: Vec<TransmissionItem>,
}

impl TransfersRequest {
    /// The items, from the list of newer shops or else from that of older ones.
    pub fn into_items(self) -> Vec<TransmissionItem> {
        if self.payment_transmission_items.is_empty() {
            self.order_items
        } else {
            self.payment_transmission_items
        }
    }
}

/// One item of an order, or one of its expenses. The shop writes its keys with underscores; both
/// ways are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(transform = schema::as_php_writes_it)]
pub struct TransmissionItem {
    /// The transfer to take back from. Empty where the item is to be paid out.
    #[serde(alias = "transfer_id", deserialize_with = "php::text")]
    pub transfer_id: Option<String>,
    /// The merchant. Items without one are the marketplace's own.
    #[serde(alias = "merchant_reference", deserialize_with = "php::text")]
    pub merchant_reference: Option<String>,
    /// The order.
    #[serde(alias = "order_reference", deserialize_with = "php::text")]
    pub order_reference: Option<String>,
    /// The shop's name of the item.
    #[serde(alias = "item_reference", deserialize_with = "php::text")]
    pub item_reference: Option<String>,
    /// In minor units; negative where it is to be taken back. As it was written.
    #[serde(deserialize_with = "php::text")]
    pub amount: Option<String>,
}

/// The answer: always a list, whatever happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TransfersAnswer {
    /// What came of each transfer and each reversal.
    pub transfers: Vec<TransmissionResult>,
}

/// What came of one transfer or reversal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransmissionResult {
    /// Whether the money has moved.
    pub is_successful: bool,
    /// Why not.
    pub failure_message: Option<String>,
    /// The merchant.
    pub merchant_reference: String,
    /// The order.
    pub order_reference: String,
    /// The sum of the items' amounts, with their sign.
    pub amount: String,
    /// The provider's name of the transfer. Empty where it failed.
    pub transfer_id: String,
    /// What it was for; never empty.
    pub payment_transmission_items: Vec<TransmittedItem>,
}

/// One item of a result, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransmittedItem {
    /// The merchant.
    pub merchant_reference: String,
    /// The order.
    pub order_reference: String,
    /// The shop's name of the item.
    pub item_reference: String,
    /// In minor units, with its sign.
    pub amount: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Vec<TransmissionItem> {
        crate::from_json::<TransfersRequest>(body.as_bytes()).unwrap().into_items()
    }

    #[test]
    fn both_ways_to_write_keys_and_amounts_are_the_same() {
        let plain = read(
            r#"{"paymentTransmissionItems":[{"transfer_id":"tr_1","merchant_reference":"MER1",
                "order_reference":"DE--1","item_reference":"i1","amount":"-900"}]}"#,
        );
        assert_eq!(plain[0].transfer_id.as_deref(), Some("tr_1"));
        assert_eq!(plain[0].amount.as_deref(), Some("-900"));
        let others = [
            r#"{"orderItems":[{"transferId":"tr_1","merchantReference":"MER1",
                "orderReference":"DE--1","itemReference":"i1","amount":-900}]}"#,
            r#"{"orderItems":[],"paymentTransmissionItems":{"0":{"transferId":"tr_1",
                "merchantReference":"MER1","orderReference":"DE--1","itemReference":"i1",
                "amount":"-900","type":"order-item","is_successful":null}}}"#,
        ];
        for other in others {
            assert_eq!(read(other), plain, "{other}");
        }
        assert_eq!(read("{}"), []);
    }

    #[test]
    fn an_answer_has_the_keys_that_the_shop_knows_and_no_other() {
        let item = TransmittedItem {
            merchant_reference: "MER1".to_owned(),
            order_reference: "DE--1".to_owned(),
            item_reference: "i1".to_owned(),
            amount: "900".to_owned(),
        };
        let answer = TransfersAnswer {
            transfers: vec![TransmissionResult {
                is_successful: true,
                failure_message: None,
                merchant_reference: "MER1".to_owned(),
                order_reference: "DE--1".to_owned(),
                amount: "900".to_owned(),
                transfer_id: "tr_1".to_owned(),
                payment_transmission_items: vec![item],
            }],
        };
        insta::assert_snapshot!(serde_json::to_string(&answer).unwrap(), @r#"{"transfers":[{"isSuccessful":true,"failureMessage":null,"merchantReference":"MER1","orderReference":"DE--1","amount":"900","transferId":"tr_1","paymentTransmissionItems":[{"merchantReference":"MER1","orderReference":"DE--1","itemReference":"i1","amount":"900"}]}]}"#);
    }
}
