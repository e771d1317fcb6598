//! Messages to a queue of SQS.

use std::sync::Arc;

use app::ports::OutboxClaim;
use async_trait::async_trait;
use aws_sdk_sqs::types::MessageAttributeValue;
use hex::ToHex;
use messaging::aws_address::Address;
use messaging::{SendError, Sender};
use payment::TenantId;
use sha2::{Digest, Sha256};

use crate::answer::judge;
use crate::attributes::pack;
use crate::client::AwsClient;
use crate::fit::{self, SQS_BYTES_MAX};

/// A group's name has at most so many characters.
const GROUP_CHARS_MAX: usize = 128;

/// Sends to a queue.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: AwsClient,
    address: Address,
}

impl SqsQueue {
    /// Sends to the queue at this address.
    pub fn at(client: AwsClient, address: Address) -> Arc<dyn Sender> {
        Arc::new(Self { client, address })
    }
}

#[async_trait]
impl Sender for SqsQueue {
    async fn send(&self, claim: &OutboxClaim) -> Result<(), SendError> {
        let message = &claim.message;
        let queue = self.address.of_tenant(&claim.tenant)?;
        let attributes = pack(message.attributes.iter().map(|(name, value)| (&**name, &**value)));
        fit::check(message, &attributes, SQS_BYTES_MAX)?;
        let mut sending =
            self.client.sqs.send_message().queue_url(queue).message_body(&message.body);
        for (name, value) in attributes {
            sending = sending.message_attributes(name, text(value)?);
        }
        if self.address.is_fifo() {
            // Orders go side by side, and the messages of one in turn. What is sent again within
            // five minutes is known by its id.
            sending = sending
                .message_group_id(group(&claim.tenant, &claim.order_key))
                .message_deduplication_id(message.id.0.to_string());
        }
        match sending.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(judge("SQS", &error)),
        }
    }

    fn target(&self, claim: &OutboxClaim) -> String {
        self.address.target(&claim.tenant)
    }
}

/// An attribute that is text.
pub(crate) fn text(value: String) -> Result<MessageAttributeValue, SendError> {
    let built = MessageAttributeValue::builder().data_type("String").string_value(value).build();
    built.map_err(|error| SendError::Rejected(error.to_string()))
}

/// The group of an order: readable where it can be, and always the same.
fn group(tenant: &TenantId, order_key: &str) -> String {
    let readable = format!("{}/{order_key}", tenant.as_str());
    if readable.len() <= GROUP_CHARS_MAX && readable.chars().all(|letter| letter.is_ascii_graphic())
    {
        readable
    } else {
        Sha256::digest(readable.as_bytes()).encode_hex()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_readable_where_aws_can_take_it() {
        let tenant = TenantId::new("tenant-1");
        assert_eq!(group(&tenant, "DE--1"), "tenant-1/DE--1");
        for order in ["DE 1", "Zoë", &"x".repeat(120)] {
            let hashed = group(&tenant, order);
            assert_eq!(hashed.len(), 64, "{hashed}");
            assert_eq!(hashed, group(&tenant, order));
            assert_ne!(hashed, group(&TenantId::new("tenant-2"), order));
        }
    }
}
