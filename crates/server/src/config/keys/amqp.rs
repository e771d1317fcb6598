//! The keys of RabbitMQ.

use super::{Fallback, Key, Kind};

/// What stands for the tenant in a name.
pub const PLACE_TENANT: &str = "{tenant}";
/// What stands for the channel in a name.
pub const PLACE_CHANNEL: &str = "{channel}";

/// Where RabbitMQ is.
pub const AMQP_URL: Key = Key {
    name: "amqp_url",
    variable: "PAYBRIDGE_AMQP_URL",
    kind: Kind::AmqpUrl,
    fallback: Fallback::Nothing,
    secret: true,
    doc: "Where RabbitMQ is, for channels whose transport is `amqp`: \
          `amqp://USER:PASSWORD@HOST:PORT/VHOST`, or `amqps://…` for TLS with a certificate that \
          this machine trusts.",
};

/// Where messages are published.
pub const AMQP_EXCHANGE: Key = Key {
    name: "amqp_exchange",
    variable: "PAYBRIDGE_AMQP_EXCHANGE",
    kind: Kind::Text,
    fallback: Fallback::Value("paybridge"),
    secret: false,
    doc: "The direct exchange that messages are published to, each with the name of its queue as \
          the routing key. Commands may be published to it in the same way. What nobody could \
          read is in the exchange and queue of this name with `.dead-letters` behind it.",
};

/// Where a shop reads.
pub const AMQP_QUEUE: Key = Key {
    name: "amqp_queue",
    variable: "PAYBRIDGE_AMQP_QUEUE",
    kind: Kind::NameTemplate,
    fallback: Fallback::Value("paybridge.{tenant}.{channel}"),
    secret: false,
    doc: "The queue in which a tenant's shop reads a channel. `{tenant}` and `{channel}` have to be \
          in it: no shop may read another's messages, and a shop that meets a message on the wrong \
          channel stops.",
};

/// Where commands are read.
pub const AMQP_COMMANDS_QUEUE: Key = Key {
    name: "amqp_commands_queue",
    variable: "PAYBRIDGE_AMQP_COMMANDS_QUEUE",
    kind: Kind::Text,
    fallback: Fallback::Value("paybridge.payment-commands"),
    secret: false,
    doc: "The queue that the commands of all tenants are taken from.",
};

/// All of them, in the order of the reference.
pub(super) static ALL: [Key; 4] = [AMQP_URL, AMQP_EXCHANGE, AMQP_QUEUE, AMQP_COMMANDS_QUEUE];
