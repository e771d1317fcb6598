//! What things are called at RabbitMQ.

use lapin::types::ShortString;
use protocol::Channel;
use thiserror::Error;

/// RabbitMQ keeps names that begin so for itself.
const RESERVED: &str = "amq.";

/// What things are called at RabbitMQ, by the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The direct exchange that messages are published to.
    pub exchange: String,
    /// The queue of a tenant and channel, with `{tenant}` and `{channel}` in it. It is the routing
    /// key as well.
    pub queue: String,
    /// The queue that commands are taken from.
    pub commands_queue: String,
}

/// A name that RabbitMQ cannot have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "RabbitMQ cannot have the name {0:?}: it is longer than 255 bytes, or begins with amq.; set \
     another `amqp_exchange`, `amqp_queue` or `amqp_commands_queue`"
)]
pub struct UnusableName(pub String);

impl Names {
    pub(crate) fn exchange(&self) -> Result<ShortString, UnusableName> {
        usable(self.exchange.clone())
    }

    /// The queue in which a tenant's shop reads a channel.
    pub(crate) fn queue(&self, tenant: &str, channel: &str) -> Result<ShortString, UnusableName> {
        // The channel first: what stands in a tenant's identifier is not read as a place.
        usable(self.queue.replace("{channel}", channel).replace("{tenant}", tenant))
    }

    pub(crate) fn commands_queue(&self) -> Result<ShortString, UnusableName> {
        usable(self.commands_queue.clone())
    }

    /// Exchange and queue of what nobody could read.
    pub(crate) fn dead_letters(&self) -> Result<ShortString, UnusableName> {
        usable(format!("{}.dead-letters", self.exchange))
    }

    /// Where a tenant's shop reads, for people.
    pub fn shown(&self, tenant: &str, channel: Channel) -> Result<String, UnusableName> {
        self.queue(tenant, channel.name()).map(|name| name.to_string())
    }
}

fn usable(name: String) -> Result<ShortString, UnusableName> {
    if name.is_empty() || name.starts_with(RESERVED) {
        return Err(UnusableName(name));
    }
    ShortString::try_new(name.clone()).map_err(|_| UnusableName(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names {
            exchange: "paybridge".into(),
            queue: "paybridge.{tenant}.{channel}".into(),
            commands_queue: "paybridge.payment-commands".into(),
        }
    }

    #[test]
    fn each_tenant_and_channel_has_a_queue_of_its_own() {
        let queue = |tenant: &str| names().queue(tenant, "payment-events").unwrap().to_string();
        assert_eq!(queue("shop-1"), "paybridge.shop-1.payment-events");
        assert_eq!(queue("{channel}"), "paybridge.{channel}.payment-events");
        assert_eq!(names().dead_letters().unwrap().as_str(), "paybridge.dead-letters");
    }

    #[test]
    fn a_name_that_rabbitmq_cannot_have_is_told() {
        let long = "t".repeat(255);
        assert!(names().queue(&long, "payment-events").is_err());
        let reserved = Names { queue: "{tenant}.{channel}".into(), ..names() };
        assert!(reserved.queue("amq", "payment-events").is_err());
        assert!(reserved.queue("amqp", "payment-events").is_ok());
    }
}
