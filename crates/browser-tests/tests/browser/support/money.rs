//! What the stand-in for Stripe has of the demo's payments: the money itself, and the dials that
//! make it behave.

use serde_json::{Value, json};

use super::Demo;

/// The secret key of the demo's account.
const KEY: &str = "sk_test_demo";
/// A kettle and its shipping, in cents: what every shopper of these tests owes.
pub const OWED: i64 = 10_489;

impl Demo {
    /// What was taken from shoppers, or is held for the shop, payment by payment, in cents.
    pub async fn charged(&self) -> Vec<i64> {
        let charges = self.list("charges").await;
        let went_through = |charge: &&Value| charge["status"] == "succeeded";
        charges.iter().filter(went_through).filter_map(|it| it["amount"].as_i64()).collect()
    }

    /// The states of all payments that were ever begun.
    pub async fn payments(&self) -> Vec<String> {
        let intents = self.list("payment_intents").await;
        intents.iter().filter_map(|it| it["status"].as_str().map(str::to_owned)).collect()
    }

    /// How often a browser has asked for money.
    pub async fn confirmations(&self) -> usize {
        let answer = reqwest::get(format!("{}/_sandbox/calls", self.stripe)).await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let calls = answer["calls"].as_array().expect("calls are a list");
        let confirms = |call: &&Value| call["path"].as_str().unwrap().ends_with("/confirm");
        calls.iter().filter(confirms).count()
    }

    /// What was passed on to merchants, and how much of that was taken back, the last first, in
    /// cents.
    pub async fn transferred(&self) -> Vec<(i64, i64)> {
        let transfers = self.list("transfers").await;
        let amounts = |it: &Value| Some((it["amount"].as_i64()?, it["amount_reversed"].as_i64()?));
        transfers.iter().filter_map(amounts).collect()
    }

    /// The only payment that was ever begun.
    pub async fn only_payment(&self) -> String {
        match self.list("payment_intents").await.as_slice() {
            [payment] => payment["id"].as_str().expect("an id is text").to_owned(),
            more => panic!("one payment was expected: {more:?}"),
        }
    }

    /// Makes the stand-in behave, as its `README.md` says.
    pub async fn control(&self, path: &str, how: &Value) {
        self.post(&format!("{}/_sandbox/{path}", self.stripe), how.to_string(), "json").await;
    }

    /// Calls a payment off at Stripe, past the shop and the app.
    pub async fn cancel_at_stripe(&self, payment: &str) {
        let address = format!("{}/v1/payment_intents/{payment}/cancel", self.stripe);
        self.post(&address, String::new(), "x-www-form-urlencoded").await;
    }

    /// Stripe answers nobody's calls.
    pub async fn lose_stripe(&self) {
        self.control("faults", &json!({ "kind": "status", "status": 503, "times": 1_000_000 }))
            .await;
    }

    /// The script that the payment page loads from Stripe does not come.
    pub async fn lose_stripe_js(&self) {
        let fault = json!({ "kind": "status", "status": 503, "path": "/stripe.js",
            "times": 1_000_000 });
        self.control("faults", &fault).await;
    }

    /// What was broken by a dial works again.
    pub async fn mend(&self) {
        let address = format!("{}/_sandbox/faults", self.stripe);
        let answer = reqwest::Client::new().delete(address).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    async fn list(&self, what: &str) -> Vec<Value> {
        let address = format!("{}/v1/{what}", self.stripe);
        let request = reqwest::Client::new().get(address).basic_auth(KEY, Some(""));
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["data"].as_array().expect("a list").clone()
    }

    async fn post(&self, address: &str, body: String, kind: &str) {
        let request = reqwest::Client::new()
            .post(address)
            .basic_auth(KEY, Some(""))
            .header("content-type", format!("application/{kind}"))
            .body(body);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        assert!(status.is_success(), "{address}: {status} {}", answer.text().await.unwrap());
    }
}
