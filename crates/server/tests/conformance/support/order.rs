//! An order of the shop, and the commands about it.

use serde_json::{Value, json};

/// The tenant of the recorded requests.
pub const TENANT: &str = "tenant-test-0001";

/// An order as the shop would send it.
#[derive(Clone, Debug)]
pub struct Order {
    pub reference: String,
    /// Gross, in minor units.
    pub total: i64,
    pub currency: &'static str,
    pub items: Vec<i64>,
}

impl Order {
    /// Two items, 189.79 EUR.
    pub fn new(reference: &str) -> Self {
        Self {
            reference: reference.into(),
            total: 18_979,
            currency: "EUR",
            items: vec![1001, 1002],
        }
    }

    /// The body of its initialize call.
    pub fn request(&self) -> Value {
        let items: Vec<Value> = self
            .items
            .iter()
            .map(|id| json!({"idSalesOrderItem": id, "name": "Camera", "sku": "009", "quantity": 1, "unitPrice": 9999}))
            .collect();
        json!({
            "orderData": {
                "orderReference": self.reference, "storeName": "DE", "localeName": "de_DE",
                "customerEmail": "ada@example.test", "currencyCode": self.currency,
                "grandTotal": self.total, "paymentMethod": "Stripe", "items": items,
                "additionalPaymentData": [],
            },
            "redirectSuccessUrl": "https://shop.example.test/success",
            "redirectCancelUrl": "https://shop.example.test/cancel",
            "checkoutSummaryPageUrl": "https://shop.example.test/summary",
        })
    }
}

/// The payload of a CapturePayment.
pub fn capture(order: &Order, items: &[i64], amount: i64) -> Value {
    json!({
        "orderReference": order.reference, "orderItemIds": items,
        "currencyIsoCode": order.currency, "amount": amount,
    })
}

/// The payload of a CancelPayment.
pub fn cancel(order: &Order, items: &[i64]) -> Value {
    capture(order, items, 0)
}

/// The payload of a RefundPayment: its amount arrives negative.
pub fn refund(order: &Order, items: &[i64], amount: i64) -> Value {
    let mut payload = capture(order, items, -amount);
    payload["orderItems"] =
        items.iter().map(|id| json!({"orderItemId": id, "sku": "009"})).collect();
    payload
}
