use http::StatusCode;
use protocol::glue::{
    CustomerAnswer, Document, PaymentAnswer, PaymentCancellationsAttributes,
    PaymentCustomersAttributes, PaymentsAttributes,
};
use serde_json::json;

use crate::reference::operation::{JSON, JSON_API, Operation, SchemaOf, Topic, of};

pub(super) fn describe() -> [Operation; 3] {
    [payments(), cancellations(), customers()]
}

fn resource(
    path: &'static str,
    summary: &'static str,
    read: SchemaOf,
    about: &'static str,
    written: SchemaOf,
) -> Operation {
    Operation::private(path, Topic::FrontEnds, summary)
        .body(&[JSON, JSON_API], read)
        .media_type_is_checked()
        .answers(StatusCode::CREATED, about, Some((JSON_API, written)))
        .refuses(400, "The tenant is not known, or the body broke off.")
        .refuses(422, "The request does not read, or cannot be carried out as it is.")
}

fn payments() -> Operation {
    resource(
        "/payments",
        "Make a payment for a cart",
        of::<Document<PaymentsAttributes>>,
        "The payment, and what its form needs.",
        of::<Document<PaymentAnswer<'_>>>,
    )
    .about(
        "The same as `/pre-order-payment`. `type` is `payments`; the total and its currency are \
         needed.",
    )
    .example(
        "cart",
        json!({"data": {"type": "payments", "attributes": {
            "quote": {"currency": {"code": "EUR"}, "store": {"name": "DE"}},
            "payment": {"paymentMethodName": "Stripe", "amount": 9990},
        }}}),
    )
}

fn cancellations() -> Operation {
    resource(
        "/payment-cancellations",
        "Call a cart's payment off",
        of::<Document<PaymentCancellationsAttributes>>,
        "It is called off.",
        of::<Document<PaymentAnswer<'_>>>,
    )
    .about("The same as `/cancel-pre-order-payment`. `type` is `payment-cancellations`.")
    .example(
        "payment",
        json!({"data": {"type": "payment-cancellations", "attributes": {
            "preOrderPaymentData": {"transactionId": "pi_1"},
        }}}),
    )
}

fn customers() -> Operation {
    resource(
        "/payment-customers",
        "Ask who pays for a cart",
        of::<Document<PaymentCustomersAttributes>>,
        "The shopper, as far as is known.",
        of::<Document<CustomerAnswer>>,
    )
    .about("The same as `/customer`. `type` is `payment-customers`.")
    .example(
        "payment",
        json!({"data": {"type": "payment-customers", "attributes": {
            "customerPaymentServiceProviderData": {"transactionId": "pi_1"},
        }}}),
    )
}
