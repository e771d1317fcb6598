//! Carts that are paid before their order, and the calls about them.

use http::StatusCode;
use payment::{OrderReference, Payment, PspReference, TenantId};
use serde_json::{Value, json};

use super::{Order, TENANT, TestApp};

pub const PRE_ORDER: &str = "/private/pre-order-payment";
pub const CONFIRM: &str = "/private/confirm-pre-order-payment";
pub const CANCEL_PRE_ORDER: &str = "/private/cancel-pre-order-payment";
/// The call that changes an attempt; the star stands for the intent.
pub const UPDATE: &str = "/v1/payment_intents/*";

impl Order {
    /// The body of the pre-order call of the cart that becomes this order.
    pub fn cart(&self, transaction: Option<&str>) -> Value {
        let mut body = self.request();
        let data = body["orderData"].as_object_mut().unwrap();
        data.insert("orderReference".into(), Value::Null);
        data.remove("items");
        json!({
            "orderData": data, "localeName": "de_DE",
            "preOrderPaymentData": transaction.map_or(json!([]), |id| json!({"transactionId": id})),
        })
    }

    /// The body of the call that confirms the payment of its cart.
    pub fn confirmation(&self, transaction: &str) -> Value {
        json!({
            "orderReference": self.reference,
            "orderData": self.request()["orderData"],
            "preOrderPaymentData": {"transactionId": transaction},
            "localeName": "de_DE",
        })
    }
}

impl TestApp {
    /// Makes the payment of a cart and returns its transaction id.
    pub async fn pre_order(&self, order: &Order) -> String {
        let (status, answer) = self.call(PRE_ORDER, &order.cart(None)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["preOrderPaymentData"]["transactionId"].as_str().unwrap().to_owned()
    }

    /// A cart that was paid by this card, as our books know. The shop has read what there is.
    pub async fn paid_cart(&self, order: &Order, card: &str) -> String {
        let transaction = self.pre_order(order).await;
        self.pay(&transaction, card).await;
        self.settle().await;
        assert_eq!(self.results().await, [""; 0], "there is no order to tell of");
        transaction
    }

    pub async fn confirm(&self, order: &Order, transaction: &str) -> (StatusCode, Value) {
        self.call(CONFIRM, &order.confirmation(transaction)).await
    }

    pub async fn confirmed(&self, order: &Order, transaction: &str) {
        let (status, answer) = self.confirm(order, transaction).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        self.settle().await;
    }

    pub async fn cancel_pre_order(&self, transaction: &str) -> (StatusCode, Value) {
        let body = json!({"preOrderPaymentData": {"transactionId": transaction}});
        self.call(CANCEL_PRE_ORDER, &body).await
    }

    pub async fn payment_with(&self, transaction: &str) -> Payment {
        let store: &dyn app::Store = self.store.as_ref();
        let (tenant, reference) = (TenantId::new(TENANT), PspReference::new(transaction));
        store.payment_by_reference(&tenant, &reference).await.unwrap().unwrap().value
    }

    /// The status of the payment that an order has, if it has one.
    pub async fn status_of_unknown(&self, order: &Order) -> Option<String> {
        let store: &dyn app::Store = self.store.as_ref();
        let (tenant, order) = (TenantId::new(TENANT), OrderReference::new(&order.reference));
        let found = store.latest_payment_of_order(&tenant, &order).await.unwrap();
        found.map(|stored| stored.value.shop_status().name().to_owned())
    }

    /// Money is neither held nor kept at Stripe.
    pub fn assert_nothing_kept(&self, transaction: &str) {
        let money = self.money(transaction);
        assert_eq!(money.amount_capturable, 0, "{money:?}");
        assert_eq!(money.amount_captured, money.amount_refunded, "{money:?}");
    }
}
