//! Publishing one message, and hearing that it is safe.

use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation, Connection};

use crate::connection::describe;

/// RabbitMQ confirms within this time, or the message is sent again. A send has to end within half
/// of its lease (rule R22).
pub(crate) const CONFIRM_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a message is not known to be safe.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unsafe {
    /// No queue takes messages with this routing key. The channel can be used again.
    Unroutable,
    /// Anything else. The channel cannot be used again.
    Failed(String),
}

/// A channel whose messages are confirmed.
pub(crate) async fn channel(connection: &Connection) -> Result<Channel, lapin::Error> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

/// Publishes a message and waits until RabbitMQ has it on disk, on as many nodes as the queue wants.
///
/// One at a time on a channel: of messages that wait together, lapin does not tell which of them was
/// returned as unroutable, and one that was could be taken for delivered.
pub(crate) async fn publish(
    channel: &Channel,
    exchange: ShortString,
    routing_key: ShortString,
    properties: BasicProperties,
    body: &[u8],
) -> Result<(), Unsafe> {
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let publishing = async {
        let publishing = channel.basic_publish(exchange, routing_key, options, body, properties);
        publishing.await?.await
    };
    let failed = |reason: String| Err(Unsafe::Failed(reason));
    match tokio::time::timeout(CONFIRM_TIMEOUT, publishing).await {
        Ok(Ok(Confirmation::Ack(None))) => Ok(()),
        Ok(Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)))) => Err(Unsafe::Unroutable),
        Ok(Ok(Confirmation::Nack(None))) => failed("RabbitMQ could not keep the message".into()),
        Ok(Ok(Confirmation::NotRequested)) => failed("RabbitMQ does not confirm messages".into()),
        Ok(Err(error)) => failed(describe(&error)),
        Err(_) => {
            let seconds = CONFIRM_TIMEOUT.as_secs();
            failed(format!("RabbitMQ did not confirm the message within {seconds} seconds"))
        }
    }
}
