//! How messages reach shops, and where commands come from.

use messaging::aws_address::Address;
use protocol::Channel;
use secrecy::SecretString;
use url::Url;

use super::keys::{self, ChannelKeys, Key};
use super::{Problem, Reader, parse};

/// How the messages of a channel travel to the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// They wait in the app until the shop reads them.
    HttpChannel,
    /// They are pushed.
    Http {
        /// To here.
        url: Url,
    },
    /// They are sent to RabbitMQ.
    Amqp,
    /// They are sent to SQS.
    Sqs {
        /// To this queue.
        queue: Address,
    },
    /// They are published with SNS.
    Sns {
        /// On this topic.
        topic: Address,
    },
}

/// Where commands come from. They can be posted to this app in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandSource {
    /// From nowhere else.
    HttpChannel,
    /// From a queue of RabbitMQ.
    Amqp,
    /// From a queue of SQS.
    Sqs {
        /// This one, for all tenants.
        queue: Address,
    },
}

/// The incoming channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commands {
    /// Where its commands come from.
    pub source: CommandSource,
    /// Whether one that a broker delivers needs its tenant's token.
    pub need_token: bool,
}

/// Where RabbitMQ is, and what things are called there.
#[derive(Clone, Debug)]
pub struct Amqp {
    /// Its address, with user and password.
    pub url: SecretString,
    /// The exchange that messages are published to.
    pub exchange: String,
    /// The queue of a tenant and channel, with [`keys::PLACE_TENANT`] and [`keys::PLACE_CHANNEL`].
    pub queue: String,
    /// The queue that commands are taken from.
    pub commands_queue: String,
}

/// Where SQS and SNS are, as far as AWS's own settings do not say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aws {
    /// The region.
    pub region: Option<String>,
    /// The address.
    pub endpoint: Option<Url>,
}

/// What a channel's transport says, before its other keys are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TransportWord {
    HttpChannel,
    Http,
    Amqp,
    Sqs,
    Sns,
}

/// What the incoming channel's transport says, before its other keys are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SourceWord {
    HttpChannel,
    Amqp,
    Sqs,
}

impl Reader<'_> {
    pub(super) fn channel(&mut self, keys: &ChannelKeys) -> Option<(Channel, Transport)> {
        let word = self.read(&keys.transport, parse::transport)?;
        let transport = &keys.transport;
        let url = self.only_with(transport, keys::TRANSPORT_HTTP, &keys.url, parse::url);
        let queue = self.only_with(transport, keys::TRANSPORT_SQS, &keys.queue_url, parse::queue);
        let topic = self.only_with(transport, keys::TRANSPORT_SNS, &keys.topic_arn, parse::topic);
        let transport = match word {
            TransportWord::HttpChannel => Transport::HttpChannel,
            TransportWord::Http => Transport::Http { url: url? },
            TransportWord::Amqp => Transport::Amqp,
            TransportWord::Sqs => Transport::Sqs { queue: queue? },
            TransportWord::Sns => Transport::Sns { topic: topic? },
        };
        Some((keys.channel, transport))
    }

    /// Reads an address that belongs to one transport: it is asked for with that, and refused with any
    /// other.
    fn only_with<T>(
        &mut self,
        transport: &Key,
        word: &str,
        address: &Key,
        parse: impl FnOnce(&str) -> parse::Parsed<T>,
    ) -> Option<T> {
        let is_meant = self.settings.get(transport).is_some_and(|setting| setting.value == word);
        let is_set = self.settings.get(address).is_some();
        if is_set && !is_meant {
            let reason = format!(
                "it is only used with `{}` = \"{word}\": set that, or remove it",
                transport.name
            );
            self.refuse(address, reason);
        }
        if !is_set && is_meant {
            let advice = format!(
                "`{}` is \"{word}\", so say where to: {} or `{}`",
                transport.name, address.variable, address.name
            );
            self.problems.push(Problem::Missing { name: address.name, advice });
        }
        if is_set && is_meant { self.read(address, parse) } else { None }
    }

    /// `None` comes with a problem.
    pub(super) fn commands(&mut self) -> Option<Commands> {
        let source = self.read(&keys::COMMANDS_TRANSPORT, parse::command_source);
        let need_token = self.read(&keys::COMMANDS_TOKEN, parse::needs_token);
        let queue = self.only_with(
            &keys::COMMANDS_TRANSPORT,
            keys::TRANSPORT_SQS,
            &keys::COMMANDS_QUEUE_URL,
            parse::shared_queue,
        );
        let source = match source? {
            SourceWord::HttpChannel => CommandSource::HttpChannel,
            SourceWord::Amqp => CommandSource::Amqp,
            SourceWord::Sqs => CommandSource::Sqs { queue: queue? },
        };
        let commands = Commands { source, need_token: need_token? };
        if commands.source == CommandSource::HttpChannel && !commands.need_token {
            let reason = format!(
                "it is about commands that a broker delivers: remove it, or see `{}`",
                keys::COMMANDS_TRANSPORT.name
            );
            self.refuse(&keys::COMMANDS_TOKEN, reason);
            return None;
        }
        Some(commands)
    }

    /// Where SQS and SNS are. Without a channel that uses them nobody looks at it.
    pub(super) fn aws(&mut self) -> Aws {
        let region = self.read(&keys::AWS_REGION, parse::text);
        Aws { region, endpoint: self.read(&keys::AWS_ENDPOINT_URL, parse::url) }
    }

    /// RabbitMQ, where a channel uses it. Where none does, its address is refused.
    pub(super) fn amqp(&mut self) -> Option<Amqp> {
        let transports = keys::CHANNELS.iter().map(|keys| &keys.transport);
        let user = transports.chain([&keys::COMMANDS_TRANSPORT]).find(|key| self.is_amqp(key));
        let url = self.read(&keys::AMQP_URL, parse::amqp_url);
        let exchange = self.read(&keys::AMQP_EXCHANGE, parse::text);
        let queue = self.read(&keys::AMQP_QUEUE, parse::name_template);
        let commands_queue = self.read(&keys::AMQP_COMMANDS_QUEUE, parse::text);
        let Some(user) = user else {
            let reason = "no channel's transport is \"amqp\": set one of them, or remove the URL";
            self.refuse(&keys::AMQP_URL, reason.to_owned());
            return None;
        };
        if self.settings.get(&keys::AMQP_URL).is_none() {
            let advice = format!(
                "`{}` is \"amqp\", so say where RabbitMQ is: {} or `{}`",
                user.name,
                keys::AMQP_URL.variable,
                keys::AMQP_URL.name
            );
            self.problems.push(Problem::Missing { name: keys::AMQP_URL.name, advice });
        }
        Some(Amqp {
            url: url?,
            exchange: exchange?,
            queue: queue?,
            commands_queue: commands_queue?,
        })
    }

    fn is_amqp(&self, key: &Key) -> bool {
        self.settings.get(key).is_some_and(|setting| setting.value == keys::TRANSPORT_AMQP)
    }
}
