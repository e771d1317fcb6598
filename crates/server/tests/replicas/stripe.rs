//! Stripe's stand-in as the shopper uses it, and as an auditor reads it.

use std::collections::BTreeMap;
use std::time::Duration;

use paybridge::demo::journey::SECRET_KEY;
use serde_json::Value;

use crate::orders::Money;

const PUBLISHABLE_KEY: &str = "pk_test_demo";
/// How late its answers come, in milliseconds: kills meet calls that are under way.
const ANSWER_DELAY_MS: u64 = 40;

pub struct Stripe {
    address: String,
    client: reqwest::Client,
}

impl Stripe {
    /// Waits for it, and slows it down.
    pub async fn at(address: String) -> Self {
        let stripe = Self { address, client: reqwest::Client::new() };
        let slow = format!(
            r#"{{"kind":"delay","method":"POST","path":"/v1/*","delay_ms":{ANSWER_DELAY_MS},"times":1000000}}"#
        );
        for _ in 0..200 {
            let url = format!("{}/_sandbox/faults", stripe.address);
            let request = stripe.client.post(url).header("content-type", "application/json");
            match request.body(slow.clone()).send().await {
                Ok(answer) if answer.status().is_success() => return stripe,
                Ok(answer) => panic!("{}", answer.text().await.unwrap()),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        panic!("the stand-in did not start");
    }

    /// A shopper pays with a good card.
    pub async fn pay(&self, transaction: &str) {
        let path = format!("/v1/payment_intents/{transaction}");
        let intent = self.get(&path).await;
        let secret = intent["client_secret"].as_str().expect("a client secret");
        let request = self.client.post(format!("{}{path}/confirm", self.address));
        let form = format!(
            "payment_method=pm_card_visa&client_secret={secret}\
             &return_url=http%3A%2F%2F127.0.0.1%2Freturn"
        );
        let request =
            request.header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer = request.basic_auth(PUBLISHABLE_KEY, Some("")).send().await.unwrap();
        let intent: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(intent["status"], "requires_capture", "{intent}");
    }

    /// What it has of each intent, by the calls that it carried out. Those that were repeated under
    /// their key moved nothing.
    pub async fn money(&self) -> BTreeMap<String, Money> {
        let mut money = BTreeMap::<String, Money>::new();
        for intent in self.list("/v1/payment_intents").await {
            let entry = money.entry(text(&intent["id"])).or_default();
            entry.status = text(&intent["status"]);
        }
        for refund in self.list("/v1/refunds").await {
            let amount = refund["amount"].as_i64().unwrap();
            let entry = money.get_mut(refund["payment_intent"].as_str().unwrap()).unwrap();
            // The newest comes first.
            entry.refunds.insert(0, amount);
        }
        let calls = self.get("/_sandbox/calls").await;
        for call in calls["calls"].as_array().unwrap() {
            let path = text(&call["path"]);
            let Some(intent) = path.strip_suffix("/capture") else { continue };
            if call["status"] == 200 && call["replayed"] == false {
                let intent = intent.rsplit_once('/').unwrap().1;
                let amount = text(&call["params"]["amount_to_capture"]).parse().unwrap();
                money.get_mut(intent).unwrap().captures.push(amount);
            }
        }
        money
    }

    /// Everything of a list, page by page, the newest first.
    async fn list(&self, path: &str) -> Vec<Value> {
        let mut all = Vec::<Value>::new();
        loop {
            let after = all.last().map(|last| format!("&starting_after={}", text(&last["id"])));
            let path = format!("{path}?limit=100{}", after.unwrap_or_default());
            let page = self.get(&path).await;
            all.extend(page["data"].as_array().unwrap().iter().cloned());
            if page["has_more"] == false {
                return all;
            }
        }
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}{path}", self.address));
        let answer = request.basic_auth(SECRET_KEY, Some("")).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
