use protocol::order::InitializePaymentRequest;
use schemars::{Schema, SchemaGenerator, json_schema};

use super::recorded;
use crate::api::{initialize_payment, pre_order_payment};
use crate::reference::operation::{FORM, JSON, JSON_API, Operation, Topic, of};

pub(super) fn describe() -> Operation {
    Operation::private("/initialize-payment", Topic::Checkout, "Initialize a payment")
        .about(
            "Makes the payment of an order and says where the shopper pays. The same order with \
             the same total is the same payment however often it is called, so it may be repeated \
             at will. `orderData.orderReference`, `grandTotal`, `currencyCode` and the addresses \
             to return to are needed; without a reference of the order it is the same as \
             `/pre-order-payment`. Old shops send a form with PHP's brackets: \
             `orderData[items][0][sku]=…`.",
        )
        .body(&[JSON, JSON_API, FORM], of::<InitializePaymentRequest>)
        .media_type_is_checked()
        .example("guest", recorded!("requests/initialize_payment_guest"))
        .answers_json("The payment; send the shopper to `redirectUrl`.", answer)
        .refuses(422, "Stripe refuses the amount.")
}

fn answer(generator: &mut SchemaGenerator) -> Schema {
    let with_order = generator.subschema_for::<initialize_payment::Answer>();
    let without = generator.subschema_for::<pre_order_payment::Answer<'_>>();
    json_schema!({"anyOf": [with_order, without]})
}
