//! The main job of real processes, over SQS and SNS alone.

use std::process::Command;
use std::time::Duration;

use paybridge::demo::shop::{Nobody, Shop, TENANT};
use serde_json::{Value, json};
use testkit::aws::{self, QueueMessage};

use crate::installation::{Installation, Process, install_tls};
use crate::support::{Order, capture};

const SECRET_KEY: &str = "sk_test_demo";

/// What the shop reads: all that came, in order.
struct Inbox {
    queue: String,
    read: Vec<QueueMessage>,
}

impl Inbox {
    /// Reads until a message of this name came, and returns the names of all that came so far.
    async fn until(&mut self, name: &str) -> Vec<String> {
        for _ in 0..900 {
            self.read.extend(aws::drain(&self.queue).await);
            let names: Vec<String> =
                self.read.iter().map(|message| message.attributes["name"].clone()).collect();
            if names.iter().any(|read| read == name) {
                return names;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no {name} came: {:?}", self.read);
    }
}

struct Queues {
    commands: String,
    events: Inbox,
    methods: Inbox,
    topic: String,
}

impl Queues {
    async fn new() -> Self {
        let events = format!("{}-{TENANT}.fifo", aws::name("events"));
        let topic = aws::topic(&format!("{}.fifo", aws::name("methods"))).await;
        let methods = aws::fifo_queue("methods").await;
        aws::subscribe(&topic, &methods, TENANT).await;
        Self {
            commands: aws::fifo_queue("commands").await,
            events: Inbox {
                queue: aws::queue(&events, json!({"FifoQueue": "true"})).await,
                read: Vec::new(),
            },
            methods: Inbox { queue: methods, read: Vec::new() },
            topic,
        }
    }

    fn start(&self, installation: &Installation) -> Process {
        Process::start(&mut self.command_of(installation, &["serve"]))
    }

    fn command_of(&self, installation: &Installation, arguments: &[&str]) -> Command {
        let mut command = installation.command(arguments);
        let events = self.events.queue.replace(TENANT, "{tenant}");
        command.envs(aws::ENVIRONMENT).envs([
            ("PAYBRIDGE_AWS_ENDPOINT_URL", aws::address()),
            ("PAYBRIDGE_CHANNELS_PAYMENT_EVENTS_TRANSPORT", "sqs"),
            ("PAYBRIDGE_CHANNELS_PAYMENT_EVENTS_QUEUE_URL", &events),
            ("PAYBRIDGE_CHANNELS_PAYMENT_METHOD_COMMANDS_TRANSPORT", "sns"),
            ("PAYBRIDGE_CHANNELS_PAYMENT_METHOD_COMMANDS_TOPIC_ARN", &self.topic),
            ("PAYBRIDGE_CHANNELS_PAYMENT_COMMANDS_TRANSPORT", "sqs"),
            ("PAYBRIDGE_CHANNELS_PAYMENT_COMMANDS_QUEUE_URL", &self.commands),
        ]);
        command
    }

    /// Sends a command as the shop does, with its own token.
    async fn command(&self, token: &str, name: &str, body: &Value) {
        let token = format!("Bearer {token}");
        let id = aws::name("correlation");
        let attributes = [
            ("name", name),
            ("transferName", name),
            ("correlationId", id.as_str()),
            ("tenantIdentifier", TENANT),
            ("authorization", token.as_str()),
        ];
        aws::send(&self.commands, &body.to_string(), &attributes, Some("DE--1")).await;
    }
}

async fn pay(stripe: &str, transaction: &str) {
    let answer = reqwest::Client::new()
        .post(format!("{stripe}/v1/payment_intents/{transaction}/confirm"))
        .basic_auth(SECRET_KEY, Some(""))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("payment_method=pm_card_visa&return_url=https%3A%2F%2Fshop.test")
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

async fn page(url: String) -> String {
    reqwest::get(url).await.unwrap().text().await.unwrap()
}

/// Results without the news between them.
fn results(names: Vec<String>) -> Vec<String> {
    names.into_iter().filter(|name| name != "PaymentCreated" && name != "PaymentUpdated").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn configured_paid_captured_and_refunded_over_sqs_and_sns() {
    install_tls();
    let (installation, mut queues) = (Installation::new(), Queues::new().await);
    let _sandbox = installation.start_sandbox();
    let mut app = queues.start(&installation);
    let shop = Shop::new(installation.app(), installation.token.clone(), Box::new(Nobody)).unwrap();

    let configuration = json!({
        "businessModel": "direct", "environment": "test",
        "secretKey": SECRET_KEY, "publishableKey": "pk_test_demo",
    });
    let body = json!({"data": {"type": "configuration", "attributes": {
        "configuration": configuration.to_string(),
    }}});
    let (status, answer) = shop.call("/private/configure", &body).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    assert_eq!(queues.methods.until("AddPaymentMethod").await, ["AddPaymentMethod"]);

    let order = Order::new("DE--1");
    let (status, answer) =
        shop.call("/private/initialize-payment", &order.request()).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    pay(&installation.stripe(), answer["transactionId"].as_str().unwrap()).await;
    let names = queues.events.until("PaymentAuthorized").await;
    assert_eq!(names[..2], ["PaymentCreated", "PaymentAuthorized"]);

    let body = capture(&order, &order.items, order.total);
    queues.command(&installation.token, "CapturePayment", &body).await;
    let names = queues.events.until("PaymentCaptured").await;
    assert_eq!(results(names), ["PaymentAuthorized", "PaymentCaptured"]);
    let ready = page(format!("{}/health/ready", installation.app())).await;
    assert!(ready.contains(r#""state":"up""#) && ready.contains(r#""status":"ok""#), "{ready}");
    let metrics = page(format!("{}/metrics", installation.app())).await;
    assert!(metrics.contains("paybridge_broker_up{broker=\"sqs\"} 1"), "{metrics}");

    // A command that comes while nobody is there waits: if need be, until the queue shows again what it
    // gave to the process that was killed.
    app.kill();
    let body = capture(&order, &order.items, -order.total);
    queues.command(&installation.token, "RefundPayment", &body).await;
    let _app = queues.start(&installation);
    let names = queues.events.until("PaymentRefunded").await;
    assert_eq!(results(names), ["PaymentAuthorized", "PaymentCaptured", "PaymentRefunded"]);
    let group = format!("{TENANT}/DE--1");
    assert!(queues.events.read.iter().all(|read| read.system["MessageGroupId"] == group));
    assert_eq!(aws::counts(&queues.commands).await, (0, 0));

    let doctor = queues.command_of(&installation, &["doctor"]).output().unwrap();
    let told = String::from_utf8(doctor.stdout).unwrap();
    let wrong = format!(
        "1 of 3 have no dead letter queue for commands that can never be taken, the first: {}",
        queues.commands
    );
    assert!(told.contains(&wrong), "{told}");
}
