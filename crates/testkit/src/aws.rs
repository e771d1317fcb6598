//! A server of AWS's API for tests: the one whose address stands in `TEST_AWS`, or one that is started
//! for this process and ends with it. What tests ask of it is spoken here anew, not by the library that
//! the program uses.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::script::Script;

/// The region of everything.
pub const REGION: &str = "eu-central-1";

struct Server {
    address: String,
    _script: Option<Script>,
}

static SERVER: OnceLock<Server> = OnceLock::new();
static NAMES: AtomicU32 = AtomicU32::new(0);

/// The variables with which a program calls the server, without its address.
pub const ENVIRONMENT: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", REGION)];

/// A message that was read from a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueMessage {
    /// Its body.
    pub body: String,
    /// Its attributes that are text.
    pub attributes: BTreeMap<String, String>,
    /// What the queue itself says of it: `MessageGroupId` and the like.
    pub system: BTreeMap<String, String>,
    /// What it is deleted by.
    pub receipt: String,
}

/// The server's address.
pub fn address() -> &'static str {
    &SERVER.get_or_init(server).address
}

/// A name that nobody else uses.
pub fn name(what: &str) -> String {
    format!("{what}-{}-{}", std::process::id(), NAMES.fetch_add(1, Ordering::Relaxed))
}

/// Makes a queue. Returns its URL.
pub async fn queue(name: &str, attributes: Value) -> String {
    let answer = sqs("CreateQueue", json!({"QueueName": name, "Attributes": attributes})).await;
    answer["QueueUrl"].as_str().unwrap().to_owned()
}

/// Makes a queue that keeps an order. Returns its URL.
pub async fn fifo_queue(what: &str) -> String {
    queue(&format!("{}.fifo", name(what)), json!({"FifoQueue": "true"})).await
}

/// The ARN of a queue.
pub async fn arn(queue: &str) -> String {
    let asked = json!({"QueueUrl": queue, "AttributeNames": ["QueueArn"]});
    sqs("GetQueueAttributes", asked).await["Attributes"]["QueueArn"].as_str().unwrap().to_owned()
}

/// How many messages a queue has: those that can be read, and those that somebody reads.
pub async fn counts(queue: &str) -> (u32, u32) {
    let answer = sqs("GetQueueAttributes", json!({"QueueUrl": queue, "AttributeNames": ["All"]}));
    let attributes = answer.await["Attributes"].clone();
    let count = |name: &str| attributes[name].as_str().unwrap().parse().unwrap();
    (count("ApproximateNumberOfMessages"), count("ApproximateNumberOfMessagesNotVisible"))
}

/// Sends a message with attributes; to a queue that keeps an order with its group.
pub async fn send(queue: &str, body: &str, attributes: &[(&str, &str)], group: Option<&str>) {
    let attribute = |(name, value): &(&str, &str)| {
        ((*name).to_owned(), json!({"DataType": "String", "StringValue": value}))
    };
    let attributes: serde_json::Map<String, Value> = attributes.iter().map(attribute).collect();
    let mut message = json!({
        "QueueUrl": queue, "MessageBody": body, "MessageAttributes": attributes,
    });
    if let Some(group) = group {
        message["MessageGroupId"] = group.into();
        message["MessageDeduplicationId"] = name("sent").into();
    }
    sqs("SendMessage", message).await;
}

/// Reads what is in a queue now, hides it for so many seconds, and deletes nothing.
pub async fn receive(queue: &str, hidden: u32) -> Vec<QueueMessage> {
    let asked = json!({
        "QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": hidden,
        "MessageAttributeNames": ["All"], "AttributeNames": ["All"],
    });
    let answer = sqs("ReceiveMessage", asked).await;
    answer["Messages"].as_array().into_iter().flatten().map(QueueMessage::of).collect()
}

/// Reads and deletes until nothing comes any more, as a shop does.
pub async fn drain(queue: &str) -> Vec<QueueMessage> {
    let mut all = Vec::new();
    loop {
        let read = receive(queue, 30).await;
        if read.is_empty() {
            return all;
        }
        for message in &read {
            let receipt = &message.receipt;
            sqs("DeleteMessage", json!({"QueueUrl": queue, "ReceiptHandle": receipt})).await;
        }
        all.extend(read);
    }
}

/// Makes a topic. Returns its ARN.
pub async fn topic(name: &str) -> String {
    let fifo = "&Attributes.entry.1.key=FifoTopic&Attributes.entry.1.value=true";
    let kind = if name.ends_with(".fifo") { fifo } else { "" };
    let answer = sns(&format!("Action=CreateTopic&Name={name}{kind}")).await;
    let (_, rest) = answer.split_once("<TopicArn>").unwrap();
    rest.split_once("</TopicArn>").unwrap().0.to_owned()
}

/// Lets a queue have what a topic brings for a tenant, as it was sent.
pub async fn subscribe(topic: &str, queue: &str, tenant: &str) {
    let queue = arn(queue).await;
    let filter = format!("%7B%22tenantIdentifier%22%3A%5B%22{tenant}%22%5D%7D");
    sns(&format!(
        "Action=Subscribe&TopicArn={topic}&Protocol=sqs&Endpoint={queue}\
         &Attributes.entry.1.key=RawMessageDelivery&Attributes.entry.1.value=true\
         &Attributes.entry.2.key=FilterPolicy&Attributes.entry.2.value={filter}"
    ))
    .await;
}

/// Calls SQS.
pub async fn sqs(action: &str, body: Value) -> Value {
    let target = format!("X-Amz-Target: AmazonSQS.{action}\r\n");
    let answer = call("sqs", "application/x-amz-json-1.0", &target, &body.to_string()).await;
    serde_json::from_str(&answer).unwrap_or_default()
}

async fn sns(form: &str) -> String {
    call("sns", "application/x-www-form-urlencoded", "", &format!("{form}&Version=2010-03-31"))
        .await
}

/// The server believes every signature, and learns from it which service and region are meant.
async fn call(service: &str, content: &str, header: &str, body: &str) -> String {
    let host = address().trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: {content}\r\n{header}\
         Authorization: AWS4-HMAC-SHA256 Credential=test/20261122/{REGION}/{service}/aws4_request, \
         SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 "), "{request}\n{answer}");
    body.to_owned()
}

impl QueueMessage {
    fn of(message: &Value) -> Self {
        let texts = |value: &Value, text: fn(&Value) -> &Value| -> BTreeMap<String, String> {
            let all = value.as_object().into_iter().flatten();
            all.filter_map(|(name, value)| Some((name.clone(), text(value).as_str()?.to_owned())))
                .collect()
        };
        Self {
            body: message["Body"].as_str().unwrap().to_owned(),
            attributes: texts(&message["MessageAttributes"], |value| &value["StringValue"]),
            system: texts(&message["Attributes"], |value| value),
            receipt: message["ReceiptHandle"].as_str().unwrap().to_owned(),
        }
    }
}

fn server() -> Server {
    if let Ok(address) = std::env::var("TEST_AWS") {
        return Server { address, _script: None };
    }
    let missing = "`scripts/test` installs moto";
    let (script, [address]) = Script::start("with-moto", ["TEST_AWS"], missing);
    Server { address, _script: Some(script) }
}
