//! Messages to send, and the client that sends them.

use std::sync::atomic::{AtomicU64, Ordering};

use app::ports::{ChannelMessage, MessageId, OutboxClaim};
use messaging::{SendError, Sender};
use messaging_aws::{AwsClient, AwsPlace};
use payment::TenantId;
use testkit::aws::{self, QueueMessage};
use uuid::Uuid;

pub const TENANT: &str = "tenant-1";

static IDS: AtomicU64 = AtomicU64::new(1);

/// A client of the server.
pub async fn client() -> AwsClient {
    client_at(aws::address()).await
}

pub async fn client_at(address: &str) -> AwsClient {
    let endpoint = Some(address.parse().unwrap());
    let place = AwsPlace { region: Some(aws::REGION.to_owned()), endpoint };
    AwsClient::with_keys(&place, "test", "test").await
}

/// A message of an order.
pub fn claim(order: &str, body: &str) -> OutboxClaim {
    claim_of(TENANT, order, body)
}

pub fn claim_of(tenant: &str, order: &str, body: &str) -> OutboxClaim {
    let id = Uuid::from_u64_pair(1, IDS.fetch_add(1, Ordering::Relaxed));
    let attributes = [("name", "PaymentCaptured"), ("tenantIdentifier", tenant)];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    OutboxClaim {
        tenant: TenantId::new(tenant),
        channel: "payment-events".into(),
        order_key: order.into(),
        message: ChannelMessage {
            id: MessageId(id),
            attributes: attributes.into_iter().map(owned).collect(),
            body: body.into(),
        },
        fence: 1,
        tries: 0,
    }
}

/// The reason why it was rejected.
pub async fn rejected(sender: &dyn Sender, claim: &OutboxClaim) -> String {
    match sender.send(claim).await {
        Err(SendError::Rejected(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

/// The reason why it goes later.
pub async fn later(sender: &dyn Sender, claim: &OutboxClaim) -> String {
    match sender.send(claim).await {
        Err(SendError::Later(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

pub fn bodies(messages: &[QueueMessage]) -> Vec<&str> {
    messages.iter().map(|message| message.body.as_str()).collect()
}
