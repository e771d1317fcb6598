//! The demo's shop, app and stand-in for Stripe together, over real sockets: what a newcomer
//! clicks, seen on the pages.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use http::StatusCode;
use paybridge::demo::Running;
use serde_json::Value;

/// How long a page may take to show something.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
const CONFIGURATION: &str = "publishable_key=pk_test_demo&secret_key=sk_test_demo&title=Kessel\
                             &button_color=%230a6b4f&shop_origins=";
const CHECKOUT: &str = "first_name=Ada&last_name=Example&email=ada%40example.test&street=Example+Street\
    &house=12&zip=10115&city=Berlin&country=DE&locale=de_DE&method=Stripe&show=page";

/// Somebody with a browser.
struct Newcomer {
    demo: Running,
    client: reqwest::Client,
}

impl Newcomer {
    async fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().unwrap();
        let demo = Running::start([0, 0, 0]).await.unwrap();
        let client =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { demo, client }
    }

    async fn post(&self, path: &str, form: &str, cookie: &str) -> reqwest::Response {
        let request = self.client.post(format!("{}{path}", self.demo.shop));
        let request = request.header("origin", &self.demo.shop).header("cookie", cookie);
        request.body(form.to_owned()).send().await.unwrap()
    }

    async fn press(&self, path: &str, form: &str) {
        let status = self.post(path, form, "").await.status();
        assert_eq!(status, StatusCode::SEE_OTHER, "{path}");
    }

    /// Waits until a page shows something.
    async fn sees(&self, path: &str, part: &str) -> String {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let answer = self.client.get(format!("{}{path}", self.demo.shop)).send().await.unwrap();
            let page = answer.text().await.unwrap();
            if page.contains(part) {
                return page;
            }
            assert!(tokio::time::Instant::now() < deadline, "{path} does not show {part}:\n{page}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn sees_item(&self, order: &str, item: i64, state: &str) {
        self.sees(&format!("/orders/{order}"), &format!("id=\"state-{item}\">{state}<")).await;
    }

    /// Buys a kettle and two strainers. Returns the transaction of the payment page.
    async fn buys(&self) -> String {
        let cart = "demo_shop_cart=EUR.kettle-1.strainer-2";
        let answer = self.post("/checkout", CHECKOUT, cart).await;
        let page = answer.headers()["location"].to_str().unwrap().to_owned();
        assert!(page.starts_with(&format!("{}/app-payment?", self.demo.app)), "{page}");
        let page = url::Url::parse(&page).unwrap();
        let transaction = page.query_pairs().find(|(name, _)| name == "transactionId");
        transaction.unwrap().1.into_owned()
    }

    async fn stripe(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}{path}", self.demo.stripe));
        let answer = request.basic_auth("sk_test_demo", Some("")).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// Pays at Stripe, as the payment page's script does.
    async fn pays(&self, transaction: &str) {
        let answer = self.tries_to_pay(transaction).await;
        assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
    }

    async fn tries_to_pay(&self, transaction: &str) -> reqwest::Response {
        let path = format!("/v1/payment_intents/{transaction}");
        let intent = self.stripe(&path).await;
        let secret = intent["client_secret"].as_str().unwrap();
        self.client
            .post(format!("{}{path}/confirm", self.demo.stripe))
            .basic_auth("pk_test_demo", Some(""))
            .body(format!(
                "payment_method=pm_card_visa&client_secret={secret}&return_url=http%3A%2F%2F127.0.0.1"
            ))
            .send()
            .await
            .unwrap()
    }

    async fn connects(&self) {
        let origin = self.demo.shop.replace(':', "%3A").replace('/', "%2F");
        self.press("/apps/configure", &format!("{CONFIGURATION}{origin}")).await;
        self.sees("/apps", "Offered at the checkout").await;
    }
}

/// The recorder of metrics is one a process, so one demo runs through all of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_connects_buys_ships_returns_makes_it_hard_and_disconnects() {
    let newcomer = Newcomer::new().await;
    newcomer.sees("/", "No payment app is connected yet").await;
    newcomer.connects().await;

    let first = newcomer.buys().await;
    newcomer.sees_item("DE--1", 1001, "payment pending").await;
    newcomer.pays(&first).await;
    newcomer.sees_item("DE--1", 1002, "payment authorized").await;
    ships_in_parts_and_takes_all_back(&newcomer, &first).await;
    copes_with_a_bad_day(&newcomer).await;
    asks_before_it_is_disconnected(&newcomer).await;
    newcomer.demo.stop().await;
}

async fn ships_in_parts_and_takes_all_back(newcomer: &Newcomer, transaction: &str) {
    newcomer.press("/orders/DE--1/ship", "item=1001").await;
    newcomer.sees_item("DE--1", 1001, "payment captured").await;
    newcomer.sees_item("DE--1", 1002, "payment authorized").await;
    newcomer.press("/orders/DE--1/ship", "item=1002").await;
    newcomer.sees_item("DE--1", 1002, "payment captured").await;

    newcomer.press("/orders/DE--1/deliver", "item=1001&item=1002").await;
    newcomer.press("/orders/DE--1/return", "item=1001").await;
    newcomer.sees_item("DE--1", 1001, "payment refund succeeded").await;
    newcomer.sees_item("DE--1", 1002, "delivered").await;
    newcomer.press("/orders/DE--1/return", "item=1002").await;
    newcomer.sees_item("DE--1", 1002, "payment refund succeeded").await;

    let refunds = newcomer.stripe(&format!("/v1/refunds?payment_intent={transaction}")).await;
    let amounts: Vec<i64> =
        refunds["data"].as_array().unwrap().iter().filter_map(|it| it["amount"].as_i64()).collect();
    assert_eq!(amounts, [8_980, 9_999], "the last one with the shipping, and all of 189.79");
    let page = newcomer.sees("/messages", "PaymentRefunded").await;
    assert!(!page.contains("sk_test_demo"), "the secret key shows in the live list");
}

async fn copes_with_a_bad_day(newcomer: &Newcomer) {
    let transaction = newcomer.buys().await;
    newcomer.press("/dials/decline", "").await;
    newcomer.sees("/messages", "declines the next 1 payment").await;
    let refused = newcomer.tries_to_pay(&transaction).await;
    assert_eq!(refused.status(), StatusCode::PAYMENT_REQUIRED);
    newcomer.sees("/orders/DE--2", "insufficient funds").await;
    newcomer.sees_item("DE--2", 1003, "payment pending").await;

    for dial in ["hold", "twice", "reverse"] {
        newcomer.press(&format!("/dials/{dial}"), "").await;
    }
    newcomer.pays(&transaction).await;
    newcomer.sees("/messages", "holds webhooks").await;
    newcomer.sees_item("DE--2", 1003, "payment pending").await;
    newcomer.press("/dials/hold", "").await;
    newcomer.sees_item("DE--2", 1003, "payment authorized").await;

    // The capture is made, and its answer is lost: it is made once all the same.
    newcomer.press("/dials/lose-answer", "").await;
    newcomer.press("/orders/DE--2/ship", "item=1003&item=1004").await;
    newcomer.sees_item("DE--2", 1004, "payment captured").await;
    let intent = newcomer.stripe(&format!("/v1/payment_intents/{transaction}")).await;
    assert_eq!(intent["amount_received"], 18_979);

    newcomer.press("/dials/down", "").await;
    newcomer.sees("/messages", "Stripe is down").await;
    newcomer.press("/dials/reset", "").await;
    newcomer.sees("/messages", "Stripe behaves").await;
    newcomer.press("/dials/week", "").await;
    newcomer.sees_item("DE--1", 1001, "payment refunded").await;
}

async fn asks_before_it_is_disconnected(newcomer: &Newcomer) {
    newcomer.buys().await;
    let asked = newcomer.post("/apps/disconnect", "", "").await;
    assert_eq!(asked.status(), StatusCode::CONFLICT);
    assert!(asked.text().await.unwrap().contains("Ignore &#38; Disconnect"));
    newcomer.press("/apps/disconnect", "confirmed=1").await;
    newcomer.sees("/apps", "id=\"app-status\">disconnected").await;
    newcomer.sees("/", "No payment app is connected yet").await;
}
