//! The main job as one journey over HTTP alone: a shop configures the app, a shopper pays, the
//! goods are shipped and partly returned, then all of them, and the app is disconnected.
//!
//! The demo shows it; the kill test breaks the app at every step of it.

use anyhow::{Context, bail, ensure};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::shop::{PATIENCE, POLL, Shop, TENANT};
use super::timeline::{Entry, Party};
use crate::entropy::SystemEntropy;

/// The key of the demo's account at the stand-in.
pub const SECRET_KEY: &str = "sk_test_demo";
/// The key of its pages.
pub(super) const PUBLISHABLE_KEY: &str = "pk_test_demo";
const ORDER: &str = "DE--1";
/// Two cameras and the shipment, in minor units.
const TOTAL: i64 = 18_979;
/// The price of item 1001.
const FIRST_ITEM: i64 = 9_999;

/// A journey under way.
pub struct Journey<'a> {
    /// The shop that makes it.
    pub shop: &'a Shop,
    /// The stand-in's address.
    pub stripe: String,
    client: reqwest::Client,
    /// When each part of it began, for the timeline.
    pub headings: Vec<(Timestamp, String)>,
}

impl<'a> Journey<'a> {
    /// A journey of `shop` with the stand-in at `stripe`.
    pub fn new(shop: &'a Shop, stripe: String) -> Self {
        Self { shop, stripe, client: reqwest::Client::new(), headings: Vec::new() }
    }

    /// Makes the whole journey and checks every step, and at the end the money.
    ///
    /// # Errors
    /// What broke.
    pub async fn run(&mut self) -> anyhow::Result<()> {
        self.configure().await.context("configuring the app")?;
        let transaction = self.take_order().await.context("taking the order")?;
        self.ship().await.context("shipping the goods")?;
        self.give_back().await.context("giving money back")?;
        self.disconnect().await.context("disconnecting the app")?;
        self.check(&transaction).await
    }

    /// Checks at its end what the shop heard, and the money.
    ///
    /// # Errors
    /// What differs from what was to be.
    pub async fn check(&self, transaction: &str) -> anyhow::Result<()> {
        self.check_messages()?;
        self.check_money(transaction).await.context("comparing with the money at Stripe")
    }

    /// Configures the app and reads that the shop has a payment method.
    ///
    /// # Errors
    /// What broke.
    pub async fn configure(&mut self) -> anyhow::Result<()> {
        self.heading("The shop configures the app: keys are checked, a webhook endpoint is made");
        let configuration = json!({
            "businessModel": "direct", "environment": "test",
            "secretKey": SECRET_KEY, "publishableKey": PUBLISHABLE_KEY,
        });
        let body = json!({"data": {"type": "configuration", "attributes": {
            "configuration": configuration.to_string(),
        }}});
        let (status, answer) = self.shop.call("/private/configure", &body).await?;
        ensure!(status == StatusCode::OK, "{status} {answer}");
        ensure!(!answer.to_string().contains(SECRET_KEY), "the secret key came back");
        self.shop.wait_for("payment-method-commands", "AddPaymentMethod", 0).await?;
        let told = self.shop.wait_for("app-events", "AppConfigUpdated", 0).await?;
        ensure!(told.body["isActive"] == json!(true), "the app is not active: {}", told.body);
        Ok(())
    }

    /// Takes an order until its money is held. Returns the transaction id.
    ///
    /// # Errors
    /// What broke.
    pub async fn take_order(&mut self) -> anyhow::Result<String> {
        self.heading("The checkout asks for a payment and gets the address of the payment page");
        let (status, answer) = self.shop.call("/private/initialize-payment", &order()).await?;
        ensure!(status == StatusCode::OK, "{status} {answer}");
        ensure!(answer["isSuccessful"] == json!(true), "{answer}");
        let page = answer["redirectUrl"].as_str().context("there is no redirectUrl")?;
        ensure!(page.contains("/app-payment?transactionId=pi_"), "the page's address is {page}");
        let transaction = answer["transactionId"].as_str().context("there is no transactionId")?;

        self.heading("The shopper pays with a test card; the money is held");
        self.pay(transaction).await?;
        let told = self.shop.wait_for("payment-events", "PaymentAuthorized", 0).await?;
        ensure!(told.body["orderItemIds"] == json!([1001, 1002]), "{}", told.body);
        ensure!(told.body["amount"] == json!(TOTAL), "{}", told.body);
        Ok(transaction.to_owned())
    }

    /// Captures the whole order.
    ///
    /// # Errors
    /// What broke.
    pub async fn ship(&mut self) -> anyhow::Result<()> {
        self.heading("The goods are shipped; the money is captured");
        let command = command(&[1001, 1002], TOTAL);
        self.shop.command("CapturePayment", &command).await?;
        let told = self.shop.wait_for("payment-events", "PaymentCaptured", 0).await?;
        ensure!(told.body["amount"] == json!(TOTAL), "{}", told.body);
        Ok(())
    }

    /// Refunds one item, then the rest.
    ///
    /// # Errors
    /// What broke.
    pub async fn give_back(&mut self) -> anyhow::Result<()> {
        self.heading("One item comes back; its money is refunded");
        self.shop.command("RefundPayment", &command(&[1001], -FIRST_ITEM)).await?;
        let told = self.shop.wait_for("payment-events", "PaymentRefunded", 0).await?;
        ensure!(told.body["orderItemIds"] == json!([1001]), "{}", told.body);

        self.heading("The rest comes back, too");
        self.shop.command("RefundPayment", &command(&[1002], FIRST_ITEM - TOTAL)).await?;
        let told = self.shop.wait_for("payment-events", "PaymentRefunded", 1).await?;
        ensure!(told.body["orderItemIds"] == json!([1002]), "{}", told.body);
        Ok(())
    }

    /// Disconnects the app and reads that the payment method is gone.
    ///
    /// # Errors
    /// What broke.
    pub async fn disconnect(&mut self) -> anyhow::Result<()> {
        self.heading("The shop disconnects the app; the webhook endpoint is removed");
        self.leave().await?;
        self.shop.wait_for("payment-method-commands", "DeletePaymentMethod", 0).await?;
        loop {
            let read = self.shop.read_messages();
            let last = read.iter().rfind(|message| message.name == "AppConfigUpdated");
            if last.is_some_and(|message| message.body["isActive"] == json!(false)) {
                return Ok(());
            }
            let known = read.iter().filter(|message| message.name == "AppConfigUpdated").count();
            self.shop.wait_for("app-events", "AppConfigUpdated", known).await?;
        }
    }

    /// Reads what is left to be read and disconnects. The app asks before it leaves work behind;
    /// the shop waits until there is none.
    async fn leave(&self) -> anyhow::Result<()> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            while self.shop.poll("payment-events").await? > 0 {}
            let (status, answer) = self.shop.call("/private/disconnect", &json!({})).await?;
            match status {
                StatusCode::NO_CONTENT => return Ok(()),
                StatusCode::CONFLICT if tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(POLL).await;
                }
                _ => bail!("{status} {answer}"),
            }
        }
    }

    /// The shopper pays, with the Stripe key of the page and a client secret as the page has it.
    async fn pay(&self, transaction: &str) -> anyhow::Result<()> {
        let intent = self.stripe_get(&format!("/v1/payment_intents/{transaction}")).await?;
        let secret = intent["client_secret"].as_str().context("there is no client secret")?;
        let path = format!("/v1/payment_intents/{transaction}/confirm");
        let at = app::Entropy::now(&SystemEntropy);
        let answer = self
            .client
            .post(format!("{}{path}", self.stripe))
            .basic_auth(PUBLISHABLE_KEY, Some(""))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!(
                "payment_method=pm_card_visa&client_secret={secret}\
                 &return_url=http%3A%2F%2F127.0.0.1%2Freturn"
            ))
            .send()
            .await?;
        let status = answer.status();
        let intent: Value = serde_json::from_str(&answer.text().await?)?;
        let what = "pays with 4242 4242 4242 4242".to_owned();
        let state = intent["status"].as_str().unwrap_or_default().to_owned();
        self.shop.note(at, Party::Shopper, Party::Stripe, what, state.clone());
        ensure!(status.is_success() && state == "requires_capture", "{status} {intent}");
        Ok(())
    }

    async fn stripe_get(&self, path: &str) -> anyhow::Result<Value> {
        let request = self.client.get(format!("{}{path}", self.stripe));
        let text = request.basic_auth(SECRET_KEY, Some("")).send().await?.text().await?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Every result came exactly once, and in the order in which the money moved.
    fn check_messages(&self) -> anyhow::Result<()> {
        let results =
            ["PaymentAuthorized", "PaymentCaptured", "PaymentRefunded", "PaymentRefunded"];
        let news = ["PaymentCreated", "PaymentUpdated"];
        let read = self.shop.read_messages();
        let told: Vec<&str> = read
            .iter()
            .map(|message| message.name.as_str())
            .filter(|name| name.starts_with("Payment") && !news.contains(name))
            .collect();
        ensure!(told == results, "the shop heard {told:?}, not {results:?}");
        let methods = |name: &str| read.iter().filter(|message| message.name == name).count();
        ensure!(methods("AddPaymentMethod") == 1, "the payment method was added more than once");
        ensure!(methods("DeletePaymentMethod") == 1, "it was deleted more than once");
        Ok(())
    }

    /// The money at Stripe is what the shop was told: captured once, refunded once.
    async fn check_money(&self, transaction: &str) -> anyhow::Result<()> {
        let path = format!("/v1/payment_intents/{transaction}?expand[]=latest_charge");
        let intent = self.stripe_get(&path).await?;
        let (received, refunded) =
            (&intent["amount_received"], &intent["latest_charge"]["amount_refunded"]);
        ensure!(*received == json!(TOTAL), "Stripe captured {received}, the shop heard {TOTAL}");
        ensure!(*refunded == json!(TOTAL), "Stripe refunded {refunded}, the shop heard {TOTAL}");
        let refunds = self.stripe_get(&format!("/v1/refunds?payment_intent={transaction}")).await?;
        let amounts: Vec<&Value> = refunds["data"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|refund| &refund["amount"])
            .collect();
        ensure!(amounts.len() == 2, "Stripe made these refunds: {amounts:?}");
        let intents = self.stripe_get("/v1/payment_intents").await?;
        let count = intents["data"].as_array().map(Vec::len);
        if count != Some(1) {
            bail!("Stripe has {count:?} payments for one order");
        }
        Ok(())
    }

    fn heading(&mut self, text: &str) {
        let number = self.headings.len() + 1;
        self.headings.push((app::Entropy::now(&SystemEntropy), format!("{number}  {text}")));
    }

    /// What the app and Stripe said to each other, as Stripe saw it.
    ///
    /// # Errors
    /// The stand-in does not answer.
    pub async fn stripe_entries(&self) -> anyhow::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for call in self.listed("calls", "calls").await? {
            let text = |field: &str| call[field].as_str().unwrap_or_default().to_owned();
            let (method, path) = (text("method"), text("path"));
            // The shopper's own call is in the shop's notes; what this journey asks is no part of it.
            if path.ends_with("/confirm") || call["idempotency_key"].is_null() && asks_money(&path)
            {
                continue;
            }
            let status = call["status"].as_u64().map(|s| s.to_string()).unwrap_or_default();
            entries.push(Entry {
                at: text("at").parse()?,
                from: Party::App,
                to: Party::Stripe,
                what: format!("{method} {}", shorten(&path)),
                detail: status,
            });
        }
        for delivery in self.listed("webhooks", "deliveries").await? {
            let text = |field: &str| delivery[field].as_str().unwrap_or_default().to_owned();
            let Ok(at) = text("last_attempt").parse() else { continue };
            let (what, detail) = (text("type"), text("last_result"));
            entries.push(Entry { at, from: Party::Stripe, to: Party::App, what, detail });
        }
        Ok(entries)
    }

    async fn listed(&self, path: &str, list: &str) -> anyhow::Result<Vec<Value>> {
        let answer = self.client.get(format!("{}/_sandbox/{path}", self.stripe)).send().await?;
        let value: Value = serde_json::from_str(&answer.text().await?)?;
        let entries = value[list].as_array().cloned();
        entries.with_context(|| format!("the stand-in lists no {list}"))
    }
}

/// Whether a call without an idempotency key is one that this journey makes itself.
fn asks_money(path: &str) -> bool {
    path.starts_with("/v1/payment_intents") || path == "/v1/refunds"
}

/// Long ids say nothing to a person.
fn shorten(path: &str) -> String {
    path.split('/')
        .map(|part| match part.split_once('_') {
            Some((prefix, rest)) if rest.len() > 12 => format!("{prefix}_{}…", &rest[..6]),
            Some(_) | None => part.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("/")
}

fn command(items: &[i64], amount: i64) -> Value {
    json!({
        "orderReference": ORDER, "orderItemIds": items, "currencyIsoCode": "EUR", "amount": amount,
    })
}

fn order() -> Value {
    json!({
        "orderData": {
            "orderReference": ORDER, "priceMode": "GROSS_MODE", "storeName": "DE",
            "customerEmail": "ada@example.test", "localeName": "de_DE", "countryCode": "DE",
            "customerFirstName": "Ada", "customerLastName": "Example",
            "shippingFirstName": "Ada", "shippingLastName": "Example",
            "shippingAddress1": "Example Street", "shippingAddress2": "12",
            "shippingZip": "10115", "shippingCity": "Berlin", "shippingCountryCode": "DE",
            "currencyCode": "EUR", "grandTotal": TOTAL, "paymentMethod": "Stripe",
            "additionalPaymentData": {"source": TENANT},
            "items": [
                {"idSalesOrderItem": 1001, "name": "Camera", "sku": "009", "quantity": 1, "unitPrice": FIRST_ITEM},
                {"idSalesOrderItem": 1002, "name": "Lens", "sku": "033", "quantity": 2, "unitPrice": 4245},
            ],
            "expenses": [{"type": "SHIPMENT_EXPENSE_TYPE", "name": "Standard", "quantity": 1, "unitPrice": 490}],
        },
        "redirectSuccessUrl": "https://shop.example.test/success",
        "redirectCancelUrl": "https://shop.example.test/cancel",
        "checkoutSummaryPageUrl": "https://shop.example.test/summary",
    })
}
