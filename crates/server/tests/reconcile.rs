//! `paybridge reconcile` as an operator and a script meet it: the real command, beside a server
//! that works on the same database.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use paybridge::demo::journey;
use paybridge::demo::shop::{Nobody, Shop, TENANT};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use store::Keyring;
use tempfile::TempDir;

const OPERATOR_TOKEN: &str = "the-operators-long-word";

/// Ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Site {
    folder: TempDir,
    key: String,
    app: String,
    stripe: String,
}

impl Site {
    fn new() -> Self {
        let address = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            key: Keyring::generate().unwrap().expose_secret().to_owned(),
            app: address().to_string(),
            stripe: address().to_string(),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_paybridge"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("PAYBRIDGE_LISTEN", &self.app)
            .env("PAYBRIDGE_DATABASE_URL", "sqlite:data/paybridge.db")
            .env("PAYBRIDGE_ENCRYPTION_KEY", &self.key)
            .env("PAYBRIDGE_AUTH_TOKEN", OPERATOR_TOKEN)
            .env("PAYBRIDGE_STRIPE_API_BASE", format!("http://{}", self.stripe));
        command
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let text = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
        (status.code(), text)
    }

    fn start(&self, arguments: &[&str]) -> Process {
        let mut command = self.command(arguments);
        Process(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    async fn wait_for(url: String) {
        for _ in 0..400 {
            if reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{url} does not answer");
    }

    async fn post(&self, url: String, token: &str, body: String, kind: &str) -> Value {
        let request = reqwest::Client::new().post(url).bearer_auth(token).body(body);
        let request = request.header("content-type", kind).header("x-tenant-identifier", TENANT);
        let text = request.send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
    }

    async fn configure(&self) {
        let configuration = json!({
            "businessModel": "direct", "environment": "test",
            "secretKey": journey::SECRET_KEY, "publishableKey": "pk_test_demo",
        });
        let body = json!({"data": {"type": "configuration", "attributes": {
            "configuration": configuration.to_string(),
        }}});
        let address = format!("http://{}/private/configure", self.app);
        let answer = self.post(address, OPERATOR_TOKEN, body.to_string(), "application/json").await;
        assert!(answer["errors"].is_null(), "{answer}");
    }

    /// An order that is paid, of which no webhook tells.
    async fn pay_in_silence(&self, token: &str) {
        let dropped = json!({"mode": "drop"}).to_string();
        let control = format!("http://{}/_sandbox/webhooks", self.stripe);
        self.post(control, "", dropped, "application/json").await;
        let order = json!({
            "orderData": {
                "orderReference": "DE--2", "storeName": "DE", "localeName": "de_DE",
                "customerEmail": "ada@example.test", "currencyCode": "EUR", "grandTotal": 9999,
                "paymentMethod": "Stripe", "additionalPaymentData": [],
                "items": [{"idSalesOrderItem": 7, "name": "Camera", "sku": "009", "quantity": 1,
                    "unitPrice": 9999}],
            },
            "redirectSuccessUrl": "https://shop.example.test/success",
            "redirectCancelUrl": "https://shop.example.test/cancel",
            "checkoutSummaryPageUrl": "https://shop.example.test/summary",
        });
        let address = format!("http://{}/private/initialize-payment", self.app);
        let made = self.post(address, token, order.to_string(), "application/json").await;
        let transaction = made["transactionId"].as_str().unwrap_or_else(|| panic!("{made}"));
        let confirm = format!("http://{}/v1/payment_intents/{transaction}/confirm", self.stripe);
        let form = "payment_method=pm_card_visa&return_url=https%3A%2F%2Fshop.test".to_owned();
        let kind = "application/x-www-form-urlencoded";
        let paid = self.post(confirm, journey::SECRET_KEY, form, kind).await;
        assert_eq!(paid["status"], "requires_capture", "{paid}");
    }
}

#[tokio::test]
async fn what_differs_is_told_with_its_next_step_and_mended_beside_a_running_server() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let site = Site::new();
    let _stripe = site.start(&["sandbox", "--listen", &site.stripe]);
    Site::wait_for(format!("http://{}/_sandbox/calls", site.stripe)).await;
    assert_eq!(site.run(&["migrate"]).0, Some(0));
    let (_, token) = site.run(&["tenant", "token", "issue", TENANT, "--label", "shop"]);
    let token = token.lines().next().unwrap().trim().to_owned();
    let _app = site.start(&["serve"]);
    Site::wait_for(format!("http://{}/health/ready", site.app)).await;
    let shop = Shop::new(format!("http://{}", site.app), token.clone(), Box::new(Nobody)).unwrap();
    site.configure().await;

    let (code, text) = site.run(&["reconcile"]);
    assert_eq!((code, text.as_str()), (Some(0), "0 payments compared, 0 differences, 0 mended\n"));
    site.pay_in_silence(&token).await;
    let (code, text) = site.run(&["reconcile", "--tenant", TENANT]);
    assert_eq!(code, Some(1), "{text}");
    for part in [
        "status: here new, at Stripe authorized",
        "held: here 0.00 EUR, at Stripe 99.99 EUR",
        "--repair` takes over what Stripe says",
        "1 payments compared, 2 differences, 0 mended",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let (code, text) = site.run(&["reconcile", "--repair", "--json"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &report["differences"][0]["mended"]), (Some(0), &json!(true)), "{text}");
    while shop.poll("payment-events").await.unwrap() > 0 {}
    let told = shop.read_messages();
    let is_told = told.iter().any(|message| {
        message.name == "PaymentAuthorized" && message.body["orderReference"] == "DE--2"
    });
    assert!(is_told, "{told:?}");
    assert_eq!(site.run(&["reconcile", "--since", "2026-01-01"]).0, Some(0));

    let (code, text) = site.run(&["reconcile", "--tenant", "nobody"]);
    assert!(code == Some(1) && text.contains("there is no tenant nobody"), "{text}");
    assert_eq!(site.run(&["reconcile", "--since", "yesterday"]).0, Some(2));
    assert_eq!(site.run(&["reconcile", "--after", "x"]).0, Some(2));
}
