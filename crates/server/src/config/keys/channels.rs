//! The keys of channels: how messages reach the shop, and where its commands come from.

use protocol::Channel;

use super::{Fallback, Key, Kind};

/// The words of `channels.….transport`: read by the shop from this app, or posted here.
pub const TRANSPORT_HTTP_CHANNEL: &str = "http-channel";
/// The words of `channels.….transport`: pushed to a URL.
pub const TRANSPORT_HTTP: &str = "http";
/// The words of `channels.….transport`: through RabbitMQ.
pub const TRANSPORT_AMQP: &str = "amqp";
/// The words of `channels.….transport`: through a queue of SQS.
pub const TRANSPORT_SQS: &str = "sqs";
/// The words of `channels.….transport`: through a topic of SNS.
pub const TRANSPORT_SNS: &str = "sns";
/// How messages may reach the shop.
pub const TRANSPORTS_OUT: [&str; 5] =
    [TRANSPORT_HTTP_CHANNEL, TRANSPORT_HTTP, TRANSPORT_AMQP, TRANSPORT_SQS, TRANSPORT_SNS];
/// Where commands may come from.
pub const TRANSPORTS_IN: [&str; 3] = [TRANSPORT_HTTP_CHANNEL, TRANSPORT_AMQP, TRANSPORT_SQS];
/// The words of `channels.payment-commands.token`: as over HTTP.
pub const TOKEN_REQUIRED: &str = "required";
/// The words of `channels.payment-commands.token`: whoever may write to the queue is trusted.
pub const TOKEN_NONE: &str = "none";

/// A channel that the app sends on: its name and its keys.
#[derive(Debug)]
pub struct ChannelKeys {
    /// The channel.
    pub channel: Channel,
    /// How its messages travel.
    pub transport: Key,
    /// Where they are pushed to.
    pub url: Key,
    /// The queue of SQS that they are sent to.
    pub queue_url: Key,
    /// The topic of SNS that they are published on.
    pub topic_arn: Key,
}

const fn transport_key(name: &'static str, variable: &'static str, doc: &'static str) -> Key {
    Key {
        name,
        variable,
        kind: Kind::OneOf(&TRANSPORTS_OUT),
        fallback: Fallback::Value(TRANSPORT_HTTP_CHANNEL),
        secret: false,
        doc,
    }
}

const fn url_key(name: &'static str, variable: &'static str, doc: &'static str) -> Key {
    Key { name, variable, kind: Kind::Url, fallback: Fallback::Nothing, secret: false, doc }
}

const fn queue_key(name: &'static str, variable: &'static str, doc: &'static str) -> Key {
    let fallback = Fallback::Nothing;
    Key { name, variable, kind: Kind::QueueUrl, fallback, secret: false, doc }
}

const fn topic_key(name: &'static str, variable: &'static str, doc: &'static str) -> Key {
    let fallback = Fallback::Nothing;
    Key { name, variable, kind: Kind::TopicArn, fallback, secret: false, doc }
}

/// Where commands come from.
pub const COMMANDS_TRANSPORT: Key = Key {
    name: "channels.payment-commands.transport",
    variable: "PAYBRIDGE_CHANNELS_PAYMENT_COMMANDS_TRANSPORT",
    kind: Kind::OneOf(&TRANSPORTS_IN),
    fallback: Fallback::Value(TRANSPORT_HTTP_CHANNEL),
    secret: false,
    doc: "Where the shop's commands come from: with `http-channel` it posts them here, which stays \
          possible whatever this says; `amqp` takes them from RabbitMQ as well, `sqs` from a queue \
          of SQS.",
};

/// The queue of SQS with commands.
pub const COMMANDS_QUEUE_URL: Key = queue_key(
    "channels.payment-commands.queue_url",
    "PAYBRIDGE_CHANNELS_PAYMENT_COMMANDS_QUEUE_URL",
    "The queue of SQS that the commands of all tenants are taken from, with the transport `sqs`.",
);

/// Whether a broker's commands need a token.
pub const COMMANDS_TOKEN: Key = Key {
    name: "channels.payment-commands.token",
    variable: "PAYBRIDGE_CHANNELS_PAYMENT_COMMANDS_TOKEN",
    kind: Kind::OneOf(&[TOKEN_REQUIRED, TOKEN_NONE]),
    fallback: Fallback::Value(TOKEN_REQUIRED),
    secret: false,
    doc: "Whether a command that a broker delivers needs its tenant's token in the attribute \
          `authorization`. With `none` whoever may write to the queue moves any tenant's money; \
          commands that are posted need the token all the same.",
};

/// Those of the incoming channel, in the order of the reference.
pub(super) static COMMANDS: [Key; 3] = [COMMANDS_TRANSPORT, COMMANDS_QUEUE_URL, COMMANDS_TOKEN];

/// The channels that the app sends on.
pub static CHANNELS: [ChannelKeys; 4] = [
    ChannelKeys {
        channel: Channel::PaymentMethodCommands,
        transport: transport_key(
            "channels.payment-method-commands.transport",
            "PAYBRIDGE_CHANNELS_PAYMENT_METHOD_COMMANDS_TRANSPORT",
            "How the shop gets messages about payment methods: `http-channel` keeps them here \
             until the shop reads them, `http` pushes them to `url`, `amqp` sends them to RabbitMQ, `sqs` \
             to the queue at `queue_url`, `sns` publishes them on `topic_arn`.",
        ),
        url: url_key(
            "channels.payment-method-commands.url",
            "PAYBRIDGE_CHANNELS_PAYMENT_METHOD_COMMANDS_URL",
            "Where messages about payment methods are pushed to, with the transport `http`.",
        ),
        queue_url: queue_key(
            "channels.payment-method-commands.queue_url",
            "PAYBRIDGE_CHANNELS_PAYMENT_METHOD_COMMANDS_QUEUE_URL",
            "The queue of SQS for messages about payment methods, with the transport `sqs`; with \
             `{tenant}` in its name each tenant has its own.",
        ),
        topic_arn: topic_key(
            "channels.payment-method-commands.topic_arn",
            "PAYBRIDGE_CHANNELS_PAYMENT_METHOD_COMMANDS_TOPIC_ARN",
            "The topic of SNS for messages about payment methods, with the transport `sns`; \
             `{tenant}` may be in its name.",
        ),
    },
    ChannelKeys {
        channel: Channel::PaymentEvents,
        transport: transport_key(
            "channels.payment-events.transport",
            "PAYBRIDGE_CHANNELS_PAYMENT_EVENTS_TRANSPORT",
            "How the shop gets messages about payments.",
        ),
        url: url_key(
            "channels.payment-events.url",
            "PAYBRIDGE_CHANNELS_PAYMENT_EVENTS_URL",
            "Where messages about payments are pushed to, with the transport `http`.",
        ),
        queue_url: queue_key(
            "channels.payment-events.queue_url",
            "PAYBRIDGE_CHANNELS_PAYMENT_EVENTS_QUEUE_URL",
            "The queue of SQS for messages about payments, with the transport `sqs`; with \
             `{tenant}` in its name each tenant has its own.",
        ),
        topic_arn: topic_key(
            "channels.payment-events.topic_arn",
            "PAYBRIDGE_CHANNELS_PAYMENT_EVENTS_TOPIC_ARN",
            "The topic of SNS for messages about payments, with the transport `sns`; \
             `{tenant}` may be in its name.",
        ),
    },
    ChannelKeys {
        channel: Channel::MerchantAppEvents,
        transport: transport_key(
            "channels.merchant-app-events.transport",
            "PAYBRIDGE_CHANNELS_MERCHANT_APP_EVENTS_TRANSPORT",
            "How the shop gets messages about merchants.",
        ),
        url: url_key(
            "channels.merchant-app-events.url",
            "PAYBRIDGE_CHANNELS_MERCHANT_APP_EVENTS_URL",
            "Where messages about merchants are pushed to, with the transport `http`.",
        ),
        queue_url: queue_key(
            "channels.merchant-app-events.queue_url",
            "PAYBRIDGE_CHANNELS_MERCHANT_APP_EVENTS_QUEUE_URL",
            "The queue of SQS for messages about merchants, with the transport `sqs`; with \
             `{tenant}` in its name each tenant has its own.",
        ),
        topic_arn: topic_key(
            "channels.merchant-app-events.topic_arn",
            "PAYBRIDGE_CHANNELS_MERCHANT_APP_EVENTS_TOPIC_ARN",
            "The topic of SNS for messages about merchants, with the transport `sns`; \
             `{tenant}` may be in its name.",
        ),
    },
    ChannelKeys {
        channel: Channel::AppEvents,
        transport: transport_key(
            "channels.app-events.transport",
            "PAYBRIDGE_CHANNELS_APP_EVENTS_TRANSPORT",
            "How the shop gets messages about this app's configuration.",
        ),
        url: url_key(
            "channels.app-events.url",
            "PAYBRIDGE_CHANNELS_APP_EVENTS_URL",
            "Where messages about this app's configuration are pushed to, with the transport \
             `http`.",
        ),
        queue_url: queue_key(
            "channels.app-events.queue_url",
            "PAYBRIDGE_CHANNELS_APP_EVENTS_QUEUE_URL",
            "The queue of SQS for messages about this app's configuration, with the transport `sqs`; with \
             `{tenant}` in its name each tenant has its own.",
        ),
        topic_arn: topic_key(
            "channels.app-events.topic_arn",
            "PAYBRIDGE_CHANNELS_APP_EVENTS_TOPIC_ARN",
            "The topic of SNS for messages about this app's configuration, with the transport `sns`; \
             `{tenant}` may be in its name.",
        ),
    },
];
