//! A shop whose own RabbitMQ is the way to the app: a real process, from an empty broker to the refund.

use std::process::Command;
use std::time::Duration;

use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicPublishOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use paybridge::demo::journey::{Journey, SECRET_KEY};
use paybridge::demo::shop::{Nobody, Shop, TENANT};
use serde_json::{Value, json};
use testkit::rabbitmq;

use crate::installation::{Installation, Process, install_tls};

const ORDER: &str = "DE--1";
/// With a busy machine in mind.
const LOOKS: u32 = 600;

/// The shop's side of RabbitMQ.
struct Queues {
    name: String,
    channel: Channel,
    _connection: Connection,
}

impl Queues {
    async fn new() -> Self {
        let properties = ConnectionProperties::default();
        let connection = Connection::connect(&rabbitmq::address(), properties).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        Self { name: rabbitmq::name(), channel, _connection: connection }
    }

    /// A command of the program that is told of RabbitMQ.
    fn command(&self, installation: &Installation, arguments: &[&str]) -> Command {
        let name = &self.name;
        let mut command = installation.command(arguments);
        command
            .env("PAYBRIDGE_AMQP_URL", rabbitmq::address())
            .env("PAYBRIDGE_AMQP_EXCHANGE", name)
            .env("PAYBRIDGE_AMQP_QUEUE", format!("{name}.{{tenant}}.{{channel}}"))
            .env("PAYBRIDGE_AMQP_COMMANDS_QUEUE", format!("{name}.commands"))
            .env("PAYBRIDGE_CHANNELS_PAYMENT_EVENTS_TRANSPORT", "amqp")
            .env("PAYBRIDGE_CHANNELS_PAYMENT_COMMANDS_TRANSPORT", "amqp");
        command
    }

    async fn send(&self, token: &str, name: &str, body: &Value) {
        let mut headers = FieldTable::default();
        for (attribute, value) in [
            ("name", name),
            ("correlationId", &format!("{name}-1")),
            ("tenantIdentifier", TENANT),
            ("authorization", &format!("Bearer {token}")),
        ] {
            headers.insert(attribute.into(), AMQPValue::LongString(value.into()));
        }
        let properties = BasicProperties::default().with_headers(headers).with_delivery_mode(2);
        let (exchange, key) = (self.name.as_str(), format!("{}.commands", self.name));
        let (options, body) = (BasicPublishOptions::default(), body.to_string());
        let sending = self.channel.basic_publish(
            exchange.into(),
            key.into(),
            options,
            body.as_bytes(),
            properties,
        );
        sending.await.unwrap();
    }

    /// Reads the shop's queue until a message of this name comes. Returns its payload.
    async fn wait_for(&self, name: &str) -> Value {
        let queue = format!("{}.{TENANT}.payment-events", self.name);
        for _ in 0..LOOKS {
            let options = BasicGetOptions::default();
            match self.channel.basic_get(queue.as_str().into(), options).await.unwrap() {
                Some(got) => {
                    got.delivery.ack(BasicAckOptions::default()).await.unwrap();
                    if is_named(&got.delivery, name) {
                        return serde_json::from_slice(&got.delivery.data).unwrap();
                    }
                }
                None => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        panic!("{name} did not come");
    }
}

fn is_named(delivery: &Delivery, name: &str) -> bool {
    let headers = delivery.properties.headers().as_ref().unwrap().inner();
    headers.get("transferName") == Some(&AMQPValue::LongString(name.into()))
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
    let queues = Queues::new().await;
    let installation = Installation::new();
    let _sandbox = installation.start_sandbox();
    let mut app = Process::start(&mut queues.command(&installation, &["serve"]));
    let told = ready_with(&installation.app(), "broker setup").await;
    assert!(told.contains("\"degraded\""), "it answers, and says what is missing: {told}");

    let shop = Shop::new(installation.app(), installation.token.clone(), Box::new(Nobody)).unwrap();
    Journey::new(&shop, installation.stripe()).configure().await.unwrap();
    for (arguments, expected) in [
        (&["broker", "setup", "--dry-run"][..], "missing"),
        (&["broker", "setup"][..], "made"),
        (&["broker", "setup"][..], "there"),
    ] {
        let output = queues.command(&installation, arguments).output().unwrap();
        let (told, error) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{error}");
        assert_eq!(told.lines().filter(|line| line.starts_with(expected)).count(), 5, "{told}");
    }
    ready_with(&installation.app(), "\"status\":\"ok\"").await;

    let transaction = order(&shop).await;
    pay(&installation.stripe(), &transaction).await;
    assert_eq!(queues.wait_for("PaymentAuthorized").await["orderItemIds"], json!([1001]));
    queues.send(&installation.token, "CapturePayment", &command(9_999)).await;
    assert_eq!(queues.wait_for("PaymentCaptured").await["amount"], json!(9_999));

    // Killed in whatever it does with the next one, it goes on at its next start.
    queues.send(&installation.token, "RefundPayment", &command(-9_999)).await;
    app.kill();
    let _app = Process::start(&mut queues.command(&installation, &["serve"]));
    assert_eq!(queues.wait_for("PaymentRefunded").await["orderItemIds"], json!([1001]));
    let doctor = queues.command(&installation, &["doctor"]).output().unwrap();
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
