use protocol::customer::CustomerRequest;
use protocol::order::InitializePaymentRequest;
use protocol::pre_order::{CancelPreOrderRequest, ConfirmPreOrderRequest};

use super::recorded;
use crate::api::{
    cancel_pre_order_payment, confirm_pre_order_payment, customer, pre_order_payment,
};
use crate::reference::operation::{FORM, JSON, JSON_API, Operation, Topic, of};

const MEDIA_TYPES: &[&str] = &[JSON, JSON_API, FORM];

pub(super) fn describe() -> [Operation; 4] {
    [make(), confirm(), cancel(), ask()]
}

fn make() -> Operation {
    Operation::private("/pre-order-payment", Topic::Checkout, "Make a payment before its order")
        .about(
            "For a form on the shop's own page, and for wallets. Called again with the \
             `preOrderPaymentData` of the answer, the same payment gets the cart's new total. \
             `orderData.grandTotal` and `currencyCode` are needed.",
        )
        .body(MEDIA_TYPES, of::<InitializePaymentRequest>)
        .media_type_is_checked()
        .example("first", recorded!("requests/pre_order_payment_first"))
        .example("again", recorded!("requests/pre_order_payment_repeated"))
        .answers_json("The payment, and what its form needs.", of::<pre_order_payment::Answer<'_>>)
        .refuses(422, "Stripe refuses the amount.")
}

fn confirm() -> Operation {
    let summary = "Give a payment its order";
    Operation::private("/confirm-pre-order-payment", Topic::Checkout, summary)
        .about("The order is placed. The shop takes any other status than 200 for a failure.")
        .body(MEDIA_TYPES, of::<ConfirmPreOrderRequest>)
        .media_type_is_checked()
        .example("order", recorded!("requests/confirm_pre_order_payment"))
        .answers_json("It has.", of::<confirm_pre_order_payment::Answer>)
}

fn cancel() -> Operation {
    let summary = "Call a payment off";
    Operation::private("/cancel-pre-order-payment", Topic::Checkout, summary)
        .about("There will be no order. What is called off already is answered the same.")
        .body(MEDIA_TYPES, of::<CancelPreOrderRequest>)
        .media_type_is_checked()
        .example("payment", recorded!("requests/cancel_pre_order_payment"))
        .answers_json("It is called off.", of::<cancel_pre_order_payment::Answer>)
        .refuses(422, "The payment cannot be called off any more.")
}

fn ask() -> Operation {
    Operation::private("/customer", Topic::Checkout, "Ask who pays")
        .about("What the payment knows of the shopper, for instance from a wallet.")
        .body(MEDIA_TYPES, of::<CustomerRequest>)
        .media_type_is_checked()
        .example("payment", recorded!("requests/customer"))
        .answers_json("The shopper, as far as is known.", of::<customer::Answer>)
}
