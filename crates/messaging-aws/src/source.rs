//! Commands from a queue of SQS: each is in the inbox before it is deleted from the queue.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use app::limits::retry_delay;
use app::link::{Link, LinkState};
use async_trait::async_trait;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    MessageSystemAttributeName,
};
use futures_util::future::join_all;
use jiff::SignedDuration;
use messaging::aws_address::Address;
use messaging::{Intake, Source, Taken};
use tokio::sync::watch;

use crate::answer::describe;
use crate::attributes::unpack;
use crate::client::{AwsClient, WAIT};
use crate::dead_letters::DeadLetters;

/// So many messages come at once: as many as can.
const BATCH: i32 = 10;
/// A message that was taken is hidden from others so long; as long as it is worked on, it is hidden
/// anew.
const HIDDEN: Duration = Duration::from_secs(30);
/// The longest pause after the queue could not be read.
const PAUSE_MAX: SignedDuration = SignedDuration::from_secs(30);

/// Takes commands from a queue.
pub struct SqsCommands {
    client: AwsClient,
    queue: String,
    dead_letters: DeadLetters,
    hidden: Duration,
    link: Arc<Link>,
}

/// A message of the queue.
pub(crate) struct Delivery {
    /// What it is deleted by.
    receipt: String,
    /// SQS's own id of it.
    pub(crate) id: String,
    /// What is in one group is taken in turn.
    pub(crate) group: Option<String>,
    /// How often it was received before.
    tries: u32,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    /// The queue forgets it.
    Done,
    /// It comes again after so long.
    Again(SignedDuration),
}

impl SqsCommands {
    /// Takes commands from the queue at this address, which is one for all tenants. `link` is told
    /// whether the queue can be read.
    pub fn from(client: AwsClient, queue: &Address, link: Arc<Link>) -> Self {
        let queue = queue.as_str().to_owned();
        let dead_letters = DeadLetters::of(client.sqs.clone(), queue.clone());
        Self { client, queue, dead_letters, hidden: HIDDEN, link }
    }

    /// Hides what was taken for so long at a time instead, in whole seconds.
    #[must_use]
    pub fn hiding_for(self, hidden: Duration) -> Self {
        Self { hidden, ..self }
    }

    async fn receive(&self) -> Result<Vec<Delivery>, String> {
        // Whether the queue can be read shows at once; only then is it waited for messages.
        let wait = match self.link.state() {
            LinkState::Up { .. } => WAIT,
            LinkState::Connecting | LinkState::Down { .. } => Duration::ZERO,
        };
        let received = self
            .client
            .polls
            .receive_message()
            .queue_url(&self.queue)
            .max_number_of_messages(BATCH)
            .wait_time_seconds(seconds(wait))
            .visibility_timeout(seconds(self.hidden))
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId)
            .send()
            .await
            .map_err(|error| describe("SQS", &error))?;
        Ok(received.messages.unwrap_or_default().into_iter().map(Delivery::of).collect())
    }

    /// Takes what was delivered. Returns whether none of it could be taken.
    async fn work(&self, intake: &Intake, deliveries: &[Delivery]) -> bool {
        let fates = self.while_hidden(deliveries, self.take_all(intake, deliveries)).await;
        let fated = || deliveries.iter().zip(&fates);
        let done = fated().filter(|(_, fate)| **fate == Fate::Done).map(|(delivery, _)| delivery);
        self.delete(done).await;
        let again = fated().filter_map(|(delivery, fate)| match fate {
            Fate::Done => None,
            Fate::Again(after) => Some((delivery, after.unsigned_abs())),
        });
        self.hide(again).await;
        !fates.is_empty() && !fates.contains(&Fate::Done)
    }

    /// Groups beside each other, and the messages of one group in turn: once one has to come again,
    /// so do those behind it.
    async fn take_all(&self, intake: &Intake, deliveries: &[Delivery]) -> Vec<Fate> {
        let mut groups: BTreeMap<(Option<&str>, usize), Vec<usize>> = BTreeMap::new();
        for (number, delivery) in deliveries.iter().enumerate() {
            let alone = if delivery.group.is_some() { 0 } else { number };
            groups.entry((delivery.group.as_deref(), alone)).or_default().push(number);
        }
        let taking = groups.into_values().map(|numbers| async move {
            let mut fates: Vec<(usize, Fate)> = Vec::new();
            for number in numbers {
                let fate = match fates.last() {
                    // It is given back at once: the queue keeps it until the one before it is there.
                    Some((_, Fate::Again(_))) => Fate::Again(SignedDuration::ZERO),
                    Some((_, Fate::Done)) | None => self.take(intake, &deliveries[number]).await,
                };
                fates.push((number, fate));
            }
            fates
        });
        let mut fates: Vec<(usize, Fate)> = join_all(taking).await.into_iter().flatten().collect();
        fates.sort_by_key(|(number, _)| *number);
        fates.into_iter().map(|(_, fate)| fate).collect()
    }

    async fn take(&self, intake: &Intake, delivery: &Delivery) -> Fate {
        let attributes = delivery.attributes.iter();
        let named = attributes.map(|(name, value)| (name.as_str(), value.as_str()));
        let again = Fate::Again(retry_delay(delivery.tries));
        match intake.take(named, delivery.body.as_bytes()).await {
            Taken::Durable => {
                count("taken");
                Fate::Done
            }
            Taken::Later(reason) => {
                count("later");
                tracing::warn!(
                    message = delivery.id,
                    reason,
                    "a command from SQS cannot be taken now; the queue delivers it again"
                );
                again
            }
            Taken::Never(reason) => match self.dead_letters.add(delivery, &reason).await {
                Ok(queue) => {
                    count("dead");
                    tracing::error!(
                        message = delivery.id,
                        queue,
                        reason,
                        "a command from SQS can never be taken and is among the dead letters now, with \
                         its reason. Next: mend what `reason` says, then have the shop send it again"
                    );
                    Fate::Done
                }
                Err(trouble) => {
                    tracing::error!(
                        message = delivery.id,
                        reason,
                        trouble,
                        "a command from SQS can never be taken and stays in its queue, which SQS empties \
                         after some days. Next: give the queue a redrive policy, or delete the command"
                    );
                    again
                }
            },
        }
    }

    /// Hides the messages anew as long as the work on them goes on.
    async fn while_hidden<T>(&self, deliveries: &[Delivery], work: impl Future<Output = T>) -> T {
        let mut work = Box::pin(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(self.hidden / 2) => {
                    self.hide(deliveries.iter().map(|delivery| (delivery, self.hidden))).await;
                }
            }
        }
    }

    /// Hides messages from now on for so long. What this fails for shows by itself, and what was
    /// taken before is known by its id.
    async fn hide(&self, messages: impl Iterator<Item = (&Delivery, Duration)>) {
        let entry = |(number, (delivery, hidden)): (usize, (&Delivery, Duration))| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(number.to_string())
                .receipt_handle(&delivery.receipt)
                .visibility_timeout(seconds(hidden))
                .build()
                .ok()
        };
        let entries: Vec<_> = messages.enumerate().filter_map(entry).collect();
        if entries.is_empty() {
            return;
        }
        let changing = self.client.sqs.change_message_visibility_batch().queue_url(&self.queue);
        if let Err(error) = changing.set_entries(Some(entries)).send().await {
            let reason = describe("SQS", &error);
            tracing::warn!(reason, "commands in SQS could not be hidden; they come again early");
        }
    }

    async fn delete(&self, messages: impl Iterator<Item = &Delivery>) {
        let entry = |(number, delivery): (usize, &Delivery)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(number.to_string())
                .receipt_handle(&delivery.receipt)
                .build()
                .ok()
        };
        let entries: Vec<_> = messages.enumerate().filter_map(entry).collect();
        if entries.is_empty() {
            return;
        }
        let deleting = self.client.sqs.delete_message_batch().queue_url(&self.queue);
        let told = "commands that are in the inbox could not be deleted from SQS; they come again, and \
                    are recognized";
        match deleting.set_entries(Some(entries)).send().await {
            Ok(answer) => {
                for failed in answer.failed() {
                    tracing::warn!(reason = failed.message().unwrap_or(failed.code()), "{told}");
                }
            }
            Err(error) => tracing::warn!(reason = describe("SQS", &error), "{told}"),
        }
    }
}

#[async_trait]
impl Source for SqsCommands {
    async fn run(&self, intake: Intake, mut stop: watch::Receiver<bool>) {
        let mut failures = 0;
        loop {
            // What arrives after this was dropped shows again when its time to be hidden is over.
            let received = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                received = self.receive() => received,
            };
            let now = intake.context.entropy.now();
            let failed = match received {
                Ok(deliveries) => {
                    self.link.up(now);
                    self.work(&intake, &deliveries).await
                }
                Err(reason) => {
                    self.link.down(now, reason);
                    true
                }
            };
            failures = if failed { failures + 1 } else { 0 };
            if failures > 0 {
                let pause = retry_delay(failures - 1).min(PAUSE_MAX).unsigned_abs();
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => return,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
    }
}

impl Delivery {
    fn of(message: Message) -> Self {
        let system = |name: &MessageSystemAttributeName| {
            message.attributes.as_ref().and_then(|attributes| attributes.get(name)).cloned()
        };
        let received = system(&MessageSystemAttributeName::ApproximateReceiveCount);
        let received = received.and_then(|count| count.parse::<u32>().ok()).unwrap_or(1);
        let group = system(&MessageSystemAttributeName::MessageGroupId);
        let texts = message.message_attributes.unwrap_or_default().into_iter();
        Self {
            receipt: message.receipt_handle.unwrap_or_default(),
            id: message.message_id.unwrap_or_default(),
            group,
            tries: received.saturating_sub(1),
            attributes: unpack(texts.filter_map(|(name, value)| Some((name, value.string_value?)))),
            body: message.body.unwrap_or_default(),
        }
    }
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

fn count(outcome: &'static str) {
    metrics::counter!("paybridge_broker_commands_total", "outcome" => outcome).increment(1);
}
