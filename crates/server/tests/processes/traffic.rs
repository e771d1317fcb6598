//! Shops that go on ordering, whatever is done to the app meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use paybridge::demo::shop::TENANT;
use serde_json::json;
use tokio::task::JoinHandle;

/// So many order at once.
const SHOPPERS: usize = 4;
const TIMEOUT: Duration = Duration::from_secs(30);

/// Orders, one after the other of each shopper, until it is ended. None is tried twice.
pub struct Traffic {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    shoppers: Vec<JoinHandle<Vec<String>>>,
}

impl Traffic {
    pub fn start(app: &str, token: &str) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let shoppers = (0..SHOPPERS).map(|shopper| {
            let (app, token) = (app.to_owned(), token.to_owned());
            let (stop, answered) = (stop.clone(), answered.clone());
            tokio::spawn(async move {
                let client = reqwest::Client::builder().timeout(TIMEOUT).build().unwrap();
                let mut failures = Vec::new();
                for number in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let reference = format!("TRAFFIC--{shopper}-{number}");
                    match order(&client, &app, &token, &reference).await {
                        Ok(_) => answered.fetch_add(1, Ordering::SeqCst),
                        Err(failure) => {
                            failures.push(format!("{reference}: {failure}"));
                            0
                        }
                    };
                }
                failures
            })
        });
        let shoppers = shoppers.collect();
        Self { stop, answered, shoppers }
    }

    /// How many orders were answered as they should be.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }

    /// Waits until so many more orders were answered.
    pub async fn goes_on(&self, more: usize) {
        let enough = self.answered() + more;
        let reached = async {
            while self.answered() < enough {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(TIMEOUT, reached).await.expect("orders are answered");
    }

    /// Ends it. Returns what failed.
    pub async fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::SeqCst);
        let mut failures = Vec::new();
        for shopper in self.shoppers {
            failures.extend(shopper.await.unwrap());
        }
        failures
    }
}

/// Initializes the payment of an order. Returns its transaction id, or what was answered instead.
pub async fn order(
    client: &reqwest::Client,
    app: &str,
    token: &str,
    reference: &str,
) -> Result<String, String> {
    let body = json!({
        "orderData": {
            "orderReference": reference, "priceMode": "GROSS_MODE", "storeName": "DE",
            "customerEmail": "ada@example.test", "localeName": "de_DE", "countryCode": "DE",
            "customerFirstName": "Ada", "customerLastName": "Example", "currencyCode": "EUR",
            "grandTotal": 9_999, "paymentMethod": "Stripe",
            "additionalPaymentData": {"source": TENANT},
            "items": [
                {"idSalesOrderItem": 1, "name": "Camera", "sku": "9", "quantity": 1, "unitPrice": 9_999},
            ],
        },
        "redirectSuccessUrl": "https://shop.example.test/success",
        "redirectCancelUrl": "https://shop.example.test/cancel",
        "checkoutSummaryPageUrl": "https://shop.example.test/summary",
    });
    let request = client
        .post(format!("{app}/private/initialize-payment"))
        .bearer_auth(token)
        .header("content-type", "application/json")
        .header("x-tenant-identifier", TENANT)
        .body(body.to_string());
    let response = request.send().await.map_err(|error| format!("{error:?}"))?;
    let status = response.status();
    let text = response.text().await.map_err(|error| format!("{error:?}"))?;
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    match answer["transactionId"].as_str() {
        Some(transaction) if status.is_success() && answer["isSuccessful"] == json!(true) => {
            Ok(transaction.to_owned())
        }
        _ => Err(format!("{status} {text}")),
    }
}
