//! Looks whether queues and topics are as the channels need them. Nothing is sent, taken or changed.

use aws_sdk_sns::types::Subscription;
use aws_sdk_sqs::config::ProvideCredentials;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::QueueAttributeName;
use futures_util::{StreamExt, TryStreamExt, stream};
use messaging::aws_places::{Complaint, Place, Wrong};

use crate::answer::{describe, innermost};
use crate::client::AwsClient;
use crate::dead_letters::DeadLetters;

/// So many places are looked at side by side.
const AT_ONCE: usize = 8;
/// The parts of codes with which SQS and SNS say that a right is missing.
const DENIED: [&str; 2] = ["AccessDenied", "AuthorizationError"];
/// What SNS names a subscription that nobody has agreed to.
const UNCONFIRMED: &str = "PendingConfirmation";

/// What is wrong with a place, with AWS's words, if there are any.
type Found = Option<(Wrong, Option<String>)>;

impl AwsClient {
    /// Looks at all of them, and tells what is wrong.
    ///
    /// # Errors
    /// Nobody can be asked: there are no credentials, there is no region, or AWS does not answer.
    pub async fn look(&self, places: Vec<Place>) -> Result<Vec<Complaint>, String> {
        self.find_credentials().await?;
        let looking = stream::iter(places).map(|place| async move {
            let found = match &place {
                Place::Queue(url) => self.look_at_queue(url).await?,
                Place::Topic(arn) => self.look_at_topic(arn).await?,
                Place::Commands(url) => self.look_at_commands(url).await?,
            };
            let order = (!place.keeps_order()).then_some((Wrong::KeepsNoOrder, None));
            let wrong = found.into_iter().chain(order);
            let complaint = |(wrong, reason)| Complaint { place: place.clone(), wrong, reason };
            Ok::<Vec<Complaint>, String>(wrong.map(complaint).collect())
        });
        let complaints: Vec<Vec<Complaint>> = looking.buffered(AT_ONCE).try_collect().await?;
        Ok(complaints.into_iter().flatten().collect())
    }

    /// What is asked for without them says it in many more words.
    async fn find_credentials(&self) -> Result<(), String> {
        if self.sqs.config().region().is_none() {
            return Err("no region is set".to_owned());
        }
        let none = || "no credentials were found".to_owned();
        let provider = self.credentials.as_ref().ok_or_else(none)?;
        let found = provider.provide_credentials().await;
        found.map(drop).map_err(|error| format!("{}: {}", none(), innermost(&error)))
    }

    async fn look_at_queue(&self, url: &str) -> Result<Found, String> {
        let asking = self.sqs.get_queue_attributes().queue_url(url);
        let answer = asking.attribute_names(QueueAttributeName::QueueArn).send().await;
        answer.map_or_else(|error| wrong("SQS", &error).map(Some), |_| Ok(None))
    }

    async fn look_at_topic(&self, arn: &str) -> Result<Found, String> {
        let answer = match self.sns.list_subscriptions_by_topic().topic_arn(arn).send().await {
            Ok(answer) => answer,
            Err(error) => return wrong("SNS", &error).map(Some),
        };
        let is_confirmed =
            |subscription: &Subscription| subscription.subscription_arn() != Some(UNCONFIRMED);
        let listens = answer.subscriptions().iter().any(is_confirmed);
        // Who has more readers than come at once has some.
        let is_heard = listens || answer.next_token().is_some();
        Ok((!is_heard).then_some((Wrong::NobodyListens, None)))
    }

    /// Where dead letters go is asked with the right that looking needs.
    async fn look_at_commands(&self, url: &str) -> Result<Found, String> {
        match self.look_at_queue(url).await? {
            None | Some((Wrong::Hidden, _)) => {}
            found => return Ok(found),
        }
        let dead_letters = DeadLetters::of(self.sqs.clone(), url.to_owned()).find().await;
        Ok(dead_letters.err().map(|reason| (Wrong::NoDeadLetters, Some(reason))))
    }
}

/// What an answer says of the place.
///
/// # Errors
/// There was none.
fn wrong<E>(service: &str, error: &SdkError<E>) -> Result<(Wrong, Option<String>), String>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let reason = describe(service, error);
    let Some(answer) = error.as_service_error() else { return Err(reason) };
    let code = answer.code().unwrap_or_default();
    let is_denied = DENIED.iter().any(|part| code.contains(part));
    Ok((if is_denied { Wrong::Hidden } else { Wrong::Unusable }, Some(reason)))
}
