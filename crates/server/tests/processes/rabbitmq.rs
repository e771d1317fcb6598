//! A shop whose own RabbitMQ is the way to the app: a real process, from an empty broker to the refund.

use std::time::Duration;

use lapin::options::BasicAckOptions;
use paybridge::demo::journey::{Journey, SECRET_KEY};
use paybridge::demo::shop::{Nobody, Shop};
use serde_json::{Value, json};
use testkit::rabbitmq;

use crate::installation::{Installation, install_tls};
use crate::queues::{self, Queues};

const ORDER: &str = "DE--1";
/// With a busy machine in mind.
const LOOKS: u32 = 600;

/// Reads the shop's queue until a message of this name comes. Returns its payload.
async fn wait_for(queues: &Queues, name: &str) -> Value {
    for _ in 0..LOOKS {
        match queues.message().await.unwrap() {
            Some(message) => {
                message.ack(BasicAckOptions::default()).await.unwrap();
                if queues::name_of(&message) == name {
                    return serde_json::from_slice(&message.data).unwrap();
                }
            }
            None => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    panic!("{name} did not come");
}

/// What readiness says, once it holds.
async fn ready_with(app: &str, expected: &str) -> String {
    let mut last = String::new();
    for _ in 0..LOOKS {
        if let Ok(answer) = reqwest::get(format!("{app}/health/ready")).await {
            last = answer.text().await.unwrap();
            if last.contains(expected) {
                return last;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no {expected:?} in {last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_orders_captures_and_refunds_through_rabbitmq() {
    install_tls();
    let (address, name) = (rabbitmq::address(), rabbitmq::name());
    let queues = Queues::connect(&address, &name).await.unwrap();
    let mut installation = Installation::new();
    installation.environment = queues::environment(&address, &name);
    let _sandbox = installation.start_sandbox();
    let mut app = installation.start_app();
    let told = ready_with(&installation.app(), "broker setup").await;
    assert!(told.contains("\"degraded\""), "it answers, and says what is missing: {told}");

    let shop = Shop::new(installation.app(), installation.token.clone(), Box::new(Nobody)).unwrap();
    Journey::new(&shop, installation.stripe()).configure().await.unwrap();
    for (arguments, expected) in [
        (&["broker", "setup", "--dry-run"][..], "missing"),
        (&["broker", "setup"][..], "made"),
        (&["broker", "setup"][..], "there"),
    ] {
        let output = installation.command(arguments).output().unwrap();
        let (told, error) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{error}");
        assert_eq!(told.lines().filter(|line| line.starts_with(expected)).count(), 5, "{told}");
    }
    ready_with(&installation.app(), "\"status\":\"ok\"").await;

    let transaction = order(&shop).await;
    pay(&installation.stripe(), &transaction).await;
    assert_eq!(wait_for(&queues, "PaymentAuthorized").await["orderItemIds"], json!([1001]));
    let (token, body) = (&installation.token, command(9_999));
    assert!(queues.send(token, "CapturePayment", "c-1", &body).await.unwrap());
    assert_eq!(wait_for(&queues, "PaymentCaptured").await["amount"], json!(9_999));

    // Killed in whatever it does with the next one, it goes on at its next start.
    let body = command(-9_999);
    assert!(queues.send(token, "RefundPayment", "c-2", &body).await.unwrap());
    app.kill();
    let _app = installation.start_app();
    assert_eq!(wait_for(&queues, "PaymentRefunded").await["orderItemIds"], json!([1001]));
    assert_eq!(queues.dead_letter().await.unwrap(), None);
    let doctor = installation.command(&["doctor"]).output().unwrap();
    let told = String::from_utf8_lossy(&doctor.stdout);
    assert!(told.contains("all 5 exchanges and queues are there"), "{told}");
}

async fn order(shop: &Shop) -> String {
    let request = json!({
        "orderData": {
            "orderReference": ORDER, "storeName": "DE", "localeName": "de_DE",
            "currencyCode": "EUR", "grandTotal": 9_999, "paymentMethod": "Stripe",
            "items": [{"idSalesOrderItem": 1001, "name": "Camera", "sku": "009", "quantity": 1, "unitPrice": 9_999}],
        },
        "redirectSuccessUrl": "https://shop.example.test/success",
        "redirectCancelUrl": "https://shop.example.test/cancel",
        "checkoutSummaryPageUrl": "https://shop.example.test/summary",
    });
    let (status, answer) = shop.call("/private/initialize-payment", &request).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    answer["transactionId"].as_str().unwrap().to_owned()
}

async fn pay(stripe: &str, transaction: &str) {
    let answer = reqwest::Client::new()
        .post(format!("{stripe}/v1/payment_intents/{transaction}/confirm"))
        .bearer_auth(SECRET_KEY)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("payment_method=pm_card_visa&return_url=https%3A%2F%2Fshop.example.test")
        .send();
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), 200);
}

fn command(amount: i64) -> Value {
    json!({
        "orderReference": ORDER, "orderItemIds": [1001],
        "currencyIsoCode": "EUR", "amount": amount,
    })
}
