//! A queue of commands with its dead letters, and what reads it.

use std::sync::Arc;
use std::time::Duration;

use app::link::Link;
use messaging::aws_address::Address;
use messaging::{Intake, Source};
use messaging_aws::{AwsClient, AwsPlace, SqsCommands};
use serde_json::{Value, json};
use testkit::aws;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::{TENANT, TOKEN};

/// Long enough for anything here.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Commands {
    pub queue: String,
    pub dead_letters: String,
}

impl Commands {
    pub async fn new() -> Self {
        let dead_letters = aws::fifo_queue("dead-letters").await;
        let target = json!({
            "deadLetterTargetArn": aws::arn(&dead_letters).await, "maxReceiveCount": 1000,
        });
        let attributes = json!({"FifoQueue": "true", "RedrivePolicy": target.to_string()});
        let queue = aws::queue(&format!("{}.fifo", aws::name("commands")), attributes).await;
        Self { queue, dead_letters }
    }

    /// Sends a command as a shop does.
    pub async fn send(&self, id: &str, name: &str, body: &Value) {
        self.send_with(&[("tenantIdentifier", TENANT)], id, name, body).await;
    }

    /// With these attributes besides, the first of which win.
    pub async fn send_with(&self, more: &[(&str, &str)], id: &str, name: &str, body: &Value) {
        let token = format!("Bearer {TOKEN}");
        let mut attributes = vec![
            ("authorization", token.as_str()),
            ("name", name),
            ("transferName", name),
            ("correlationId", id),
        ];
        attributes.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        attributes.extend(more);
        let group = body["orderReference"].as_str().unwrap_or("none");
        aws::send(&self.queue, &body.to_string(), &attributes, Some(group)).await;
    }

    /// Waits until nothing is in the queue any more.
    pub async fn emptied(&self) {
        self.counts((0, 0)).await;
    }

    /// Waits until so many messages can be read, and so many are being read.
    pub async fn counts(&self, expected: (u32, u32)) {
        let mut counts = aws::counts(&self.queue).await;
        let until = tokio::time::Instant::now() + PATIENCE;
        while counts != expected {
            assert!(tokio::time::Instant::now() < until, "the queue has {counts:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
            counts = aws::counts(&self.queue).await;
        }
    }

    /// Reads the queue until it is told to stop.
    pub async fn read_by(&self, intake: Intake) -> Reader {
        self.read_at(aws::address(), intake, Duration::from_secs(30)).await
    }

    pub async fn read_at(&self, address: &str, intake: Intake, hidden: Duration) -> Reader {
        let endpoint = Some(address.parse().unwrap());
        let place = AwsPlace { region: Some(aws::REGION.to_owned()), endpoint };
        let client = AwsClient::with_keys(&place, "test", "test").await;
        let link = Arc::new(Link::new("sqs", "look at it"));
        let queue = Address::of_queue(&self.queue).unwrap();
        let source = SqsCommands::from(client, &queue, link.clone()).hiding_for(hidden);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(async move { source.run(intake, stopped).await });
        Reader { link, stop, task }
    }
}

/// What reads the queue.
pub struct Reader {
    pub link: Arc<Link>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Reader {
    /// Whoever is asked to stop does so at once, also while it waits for messages.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        tokio::time::timeout(Duration::from_secs(2), self.task).await.unwrap().unwrap();
    }
}
