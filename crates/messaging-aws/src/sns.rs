//! Messages to a topic of SNS. Shops read them from queues of their own, which are subscribed with
//! raw delivery and a filter on the attribute `tenantIdentifier`.

use std::sync::Arc;

use app::ports::OutboxClaim;
use async_trait::async_trait;
use aws_sdk_sns::types::MessageAttributeValue;
use messaging::aws_address::Address;
use messaging::{SendError, Sender};

use crate::answer::judge;
use crate::attributes::pack;
use crate::client::AwsClient;
use crate::fit::{self, SNS_BYTES_MAX};

/// The one group of all messages on a topic that keeps an order (contract, shop, section 2, sns).
const GROUP: &str = "default";

/// Publishes on a topic.
#[derive(Clone, Debug)]
pub struct SnsTopic {
    client: AwsClient,
    address: Address,
}

impl SnsTopic {
    /// Publishes on the topic of this address.
    pub fn at(client: AwsClient, address: Address) -> Arc<dyn Sender> {
        Arc::new(Self { client, address })
    }
}

#[async_trait]
impl Sender for SnsTopic {
    async fn send(&self, claim: &OutboxClaim) -> Result<(), SendError> {
        let message = &claim.message;
        let topic = self.address.of_tenant(&claim.tenant)?;
        let attributes = pack(message.attributes.iter().map(|(name, value)| (&**name, &**value)));
        fit::check(message, &attributes, SNS_BYTES_MAX)?;
        let mut sending = self.client.sns.publish().topic_arn(topic).message(&message.body);
        for (name, value) in attributes {
            let built =
                MessageAttributeValue::builder().data_type("String").string_value(value).build();
            let value = built.map_err(|error| SendError::Rejected(error.to_string()))?;
            sending = sending.message_attributes(name, value);
        }
        if self.address.is_fifo() {
            sending =
                sending.message_group_id(GROUP).message_deduplication_id(message.id.0.to_string());
        }
        match sending.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(judge("SNS", &error)),
        }
    }

    fn target(&self, claim: &OutboxClaim) -> String {
        self.address.target(&claim.tenant)
    }
}
