//! A shop that takes and ships orders as fast as it is let.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use app::Entropy;
use paybridge::demo::shop::TENANT;
use paybridge::entropy::SystemEntropy;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::installation::Installation;
use crate::place::SECRET_KEY;

/// The total of every order, in minor units.
const TOTAL: i64 = 18_979;
/// The shop looks again so soon after a channel was empty.
const POLL: Duration = Duration::from_millis(5);
/// A message that is not there after so long will not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// What somebody waits for: an order and the name of a message.
type Awaited = (String, &'static str);

pub struct Shop {
    client: reqwest::Client,
    app: String,
    stripe: String,
    token: String,
    waiting: Mutex<HashMap<Awaited, oneshot::Sender<()>>>,
}

impl Shop {
    pub fn new(installation: &Installation) -> Self {
        Self {
            client: reqwest::Client::new(),
            app: installation.app(),
            stripe: installation.stripe(),
            token: installation.token.clone(),
            waiting: Mutex::default(),
        }
    }

    /// Takes an order and ships it, until the shop has read that its money is captured.
    pub async fn whole_order(&self, order: &str) {
        let authorized = self.awaited(order, "PaymentAuthorized");
        let captured = self.awaited(order, "PaymentCaptured");
        let transaction = self.initialize(order).await;
        self.pay(&transaction).await;
        arrived(order, authorized).await;
        self.capture(order).await;
        arrived(order, captured).await;
    }

    /// Asks for a payment. Returns the transaction id.
    pub async fn initialize(&self, order: &str) -> String {
        let body = json!({
            "orderData": {
                "orderReference": order, "priceMode": "GROSS_MODE", "storeName": "DE",
                "customerEmail": "ada@example.test", "localeName": "de_DE", "countryCode": "DE",
                "customerFirstName": "Ada", "customerLastName": "Example", "currencyCode": "EUR",
                "grandTotal": TOTAL, "paymentMethod": "Stripe",
                "additionalPaymentData": {"source": TENANT},
                "items": [
                    {"idSalesOrderItem": 1001, "name": "Camera", "sku": "9", "quantity": 1, "unitPrice": 9_999},
                    {"idSalesOrderItem": 1002, "name": "Camera", "sku": "8", "quantity": 1, "unitPrice": 8_980},
                ],
            },
            "redirectSuccessUrl": "https://shop.example.test/success",
            "redirectCancelUrl": "https://shop.example.test/cancel",
            "checkoutSummaryPageUrl": "https://shop.example.test/summary",
        });
        let request = self
            .client
            .post(format!("{}/private/initialize-payment", self.app))
            .header("content-type", "application/json")
            .header("x-tenant-identifier", TENANT);
        let answer = self.ask(request, body.to_string()).await;
        let transaction = answer["transactionId"].as_str();
        transaction.unwrap_or_else(|| panic!("{order}: {answer}")).to_owned()
    }

    async fn pay(&self, transaction: &str) {
        let request = self
            .client
            .post(format!("{}/v1/payment_intents/{transaction}/confirm", self.stripe))
            .basic_auth(SECRET_KEY, Some(""))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("payment_method=pm_card_visa&return_url=http%3A%2F%2F127.0.0.1%2Freturn");
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    async fn capture(&self, order: &str) {
        let body = json!({
            "orderReference": order, "orderItemIds": [1001, 1002], "currencyIsoCode": "EUR",
            "amount": TOTAL,
        });
        let mut request = self.client.post(self.channel("payment-commands"));
        for (name, value) in [
            ("name", "CapturePayment"),
            ("transfer-name", "CapturePayment"),
            ("correlation-id", &SystemEntropy.new_id().to_string()),
            ("tenant-identifier", TENANT),
        ] {
            request = request.header(name, value);
        }
        self.ask(request, body.to_string()).await;
    }

    /// Reads and deletes what the app has to tell, until it is dropped.
    pub async fn read_forever(&self) -> std::convert::Infallible {
        let url = self.channel("payment-events");
        loop {
            let request = self.client.get(format!("{url}?limit=100")).header("consumer-id", TENANT);
            let answer = self.ask(request, String::new()).await;
            let entries = answer.as_array().expect("a channel answers with a list");
            if entries.is_empty() {
                tokio::time::sleep(POLL).await;
                continue;
            }
            let ids: Vec<&str> = entries.iter().map(|entry| self.read(entry)).collect();
            let request = self.client.delete(&url).header("consumer-id", TENANT);
            self.ask(request, json!({"messageIds": ids}).to_string()).await;
        }
    }

    /// Tells who waits for the message. Returns its id.
    fn read<'a>(&self, entry: &'a Value) -> &'a str {
        let name = entry["MessageAttributes"]["name"].as_str().unwrap();
        let body: Value = serde_json::from_str(entry["MessageBody"].as_str().unwrap()).unwrap();
        if let Some(order) = body["orderReference"].as_str() {
            let mut waiting = self.waiting.lock().unwrap();
            let known = ["PaymentAuthorized", "PaymentCaptured"];
            let known = known.into_iter().find(|known| *known == name);
            let found = known.and_then(|name| waiting.remove(&(order.to_owned(), name)));
            if let Some(sender) = found {
                let _ = sender.send(());
            }
        }
        entry["MessageId"].as_str().unwrap()
    }

    fn awaited(&self, order: &str, name: &'static str) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.lock().unwrap().insert((order.to_owned(), name), sender);
        receiver
    }

    fn channel(&self, name: &str) -> String {
        format!("{}/message-channels/{name}", self.app)
    }

    async fn ask(&self, request: RequestBuilder, body: String) -> Value {
        let answer = request.bearer_auth(&self.token).body(body).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{status} {text}");
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
    }
}

async fn arrived(order: &str, message: oneshot::Receiver<()>) {
    let begun = Instant::now();
    let arrived = tokio::time::timeout(PATIENCE, message).await;
    arrived.unwrap_or_else(|_| panic!("{order}: nothing came for {:?}", begun.elapsed())).unwrap();
}
