//! Commands that can never be taken: they are sent to the dead letter queue that the queue's redrive
//! policy names, with the reason. Left to the policy alone they would come again and again until it
//! moves them, and nobody would see why.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use protocol::attributes::AUTHORIZATION;

use crate::answer::describe;
use crate::attributes::pack;
use crate::fit::is_allowed;
use crate::source::Delivery;
use crate::sqs::text;

/// The attribute that says why a command is among the dead letters.
const REASON: &str = "paybridge-reason";
/// So much of the reason is kept, in characters.
const REASON_CHARS_MAX: usize = 1000;
/// The group of a command that came without one.
const GROUP: &str = "default";

/// The dead letters of a queue.
pub(crate) struct DeadLetters {
    client: Client,
    queue: String,
}

impl DeadLetters {
    pub(crate) fn of(client: Client, queue: String) -> Self {
        Self { client, queue }
    }

    /// Adds a message as it came, with the reason and without its token. Returns the address of the queue that has it.
    ///
    /// # Errors
    /// It is not there; with what is in the way.
    pub(crate) async fn add(&self, delivery: &Delivery, reason: &str) -> Result<String, String> {
        let queue = self.find().await?;
        let reason: String = reason
            .chars()
            .map(|letter| if is_allowed(letter) { letter } else { '?' })
            .take(REASON_CHARS_MAX)
            .collect();
        // No token, because people look at dead letters; and the reason first, so that it always
        // stands for itself.
        let attributes = delivery.attributes.iter().filter(|(name, _)| *name != AUTHORIZATION);
        let attributes = attributes.map(|(name, value)| (name.as_str(), value.as_str()));
        let attributes = pack([(REASON, reason.as_str())].into_iter().chain(attributes));
        let mut sending = self.client.send_message().queue_url(&queue).message_body(&delivery.body);
        for (name, value) in attributes {
            let value = text(value).map_err(|error| format!("{error:?}"))?;
            sending = sending.message_attributes(name, value);
        }
        if queue.ends_with(".fifo") {
            sending = sending
                .message_group_id(delivery.group.as_deref().unwrap_or(GROUP))
                .message_deduplication_id(&delivery.id);
        }
        sending.send().await.map_err(|error| describe("SQS", &error))?;
        Ok(queue)
    }

    /// Asked each time: it is seldom needed, and may have been changed.
    pub(crate) async fn find(&self) -> Result<String, String> {
        let name = QueueAttributeName::RedrivePolicy;
        let asking = self.client.get_queue_attributes().queue_url(&self.queue);
        let answer = asking.attribute_names(name.clone()).send().await;
        let answer = answer.map_err(|error| describe("SQS", &error))?;
        let policy = answer.attributes.as_ref().and_then(|attributes| attributes.get(&name));
        let policy = policy.ok_or("the queue has no redrive policy")?;
        let target = serde_json::from_str::<serde_json::Value>(policy).ok();
        let target = target.as_ref().and_then(|policy| policy["deadLetterTargetArn"].as_str());
        // arn:aws:sqs:REGION:ACCOUNT:NAME
        let mut parts = target.unwrap_or_default().rsplit(':');
        let (Some(name), Some(account)) = (parts.next(), parts.next()) else {
            return Err("the queue's redrive policy names no queue".to_owned());
        };
        let asking = self.client.get_queue_url().queue_name(name);
        let answer = asking.queue_owner_aws_account_id(account).send().await;
        let found = answer.map_err(|error| describe("SQS", &error))?.queue_url;
        found.ok_or_else(|| "SQS does not say where the dead letter queue is".to_owned())
    }
}
