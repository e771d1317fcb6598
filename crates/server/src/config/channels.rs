//! How messages reach shops, and where commands come from.

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
}

/// Where commands come from. They can be posted to this app in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandSource {
    /// From nowhere else.
    HttpChannel,
    /// From a queue of RabbitMQ.
    Amqp,
}

/// The incoming channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// What a channel's transport says, before its other keys are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TransportWord {
    HttpChannel,
    Http,
    Amqp,
}

impl Reader<'_> {
    pub(super) fn channel(&mut self, keys: &ChannelKeys) -> Option<(Channel, Transport)> {
        let word = self.read(&keys.transport, parse::transport)?;
        let url_is_set = self.settings.get(&keys.url).is_some();
        let url = self.read(&keys.url, parse::url);
        let transport = match (word, url) {
            (TransportWord::Http, Some(url)) => Transport::Http { url },
            // A URL that is set and wrong has been told already.
            (TransportWord::Http, None) if url_is_set => return None,
            (TransportWord::Http, None) => {
                let advice = format!(
                    "`{}` is \"http\", so say where to: {} or `{}`",
                    keys.transport.name, keys.url.variable, keys.url.name
                );
                self.problems.push(Problem::Missing { name: keys.url.name, advice });
                return None;
            }
            (TransportWord::HttpChannel | TransportWord::Amqp, Some(_)) => {
                let reason = format!(
                    "it is only used with `{}` = \"http\": set that, or remove the URL",
                    keys.transport.name
                );
                self.refuse(&keys.url, reason);
                return None;
            }
            (TransportWord::HttpChannel, None) => Transport::HttpChannel,
            (TransportWord::Amqp, None) => Transport::Amqp,
        };
        Some((keys.channel, transport))
    }

    /// `None` comes with a problem.
    pub(super) fn commands(&mut self) -> Option<Commands> {
        let source = self.read(&keys::COMMANDS_TRANSPORT, parse::command_source);
        let need_token = self.read(&keys::COMMANDS_TOKEN, parse::needs_token);
        let commands = Commands { source: source?, need_token: need_token? };
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
