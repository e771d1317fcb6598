//! The configuration: one TOML file, and variables that win over it.
//!
//! [`keys`] is the table of everything that can be set; [`sources`] gathers raw values and where
//! they came from; [`Config`] is what they mean. [`report`] shows the effective configuration and
//! [`reference`](mod@reference) writes the documentation.

mod auth;
mod channels;
mod database;
pub mod error;
pub mod keys;
mod limits;
mod parse;
mod platform;
pub mod reference;
pub mod report;
pub mod sources;
mod tracing;
mod upkeep;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use app::platform::Platform;
use app::prune::Retention;
use ipnet::IpNet;
use jiff::SignedDuration;
use protocol::Channel;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use store::Keyring;
use url::Url;

pub(crate) use auth::is_loopback;
pub use auth::{Auth, IdentityProviderSettings};
pub use channels::{Amqp, Aws, CommandSource, Commands, Transport};
pub use database::Database;
pub use error::{ConfigError, Problem};
use keys::{Fallback, Key};
pub use limits::{ConnectionLimits, Limits};
pub use sources::{Origin, Settings, Sources};
pub use tracing::Tracing;

/// The key that credentials are encrypted with in the database.
pub type EncryptionKey = SecretBox<[u8; keys::ENCRYPTION_KEY_BYTES]>;

/// A configuration that can be used.
#[derive(Debug)]
pub struct Config {
    /// Where the app answers.
    pub listen: SocketAddr,
    /// Where others reach it, if that was set: see [`Config::public_url`].
    pub public_url_set: Option<BaseUrl>,
    /// Where the data are.
    pub database: Database,
    /// Where Stripe's API is.
    pub stripe_api_base: BaseUrl,
    /// Where the payment page loads Stripe's script from.
    pub stripe_js_url: Url,
    /// The name of this app in messages.
    pub app_identifier: String,
    /// What is logged, as directives of `tracing-subscriber`.
    pub log_filter: String,
    /// How it is logged.
    pub log_format: LogFormat,
    /// Where traces are sent, if they are.
    pub tracing: Option<Tracing>,
    /// How long a shutdown may take to finish what was begun.
    pub shutdown_timeout: Duration,
    /// How long the app still answers after SIGTERM, not ready any more.
    pub drain: Duration,
    /// How long what has ended is kept.
    pub retention: Retention,
    /// How messages travel, for every channel that the app sends on.
    pub channels: BTreeMap<Channel, Transport>,
    /// Where commands come from.
    pub commands: Commands,
    /// RabbitMQ, where a channel uses it.
    pub amqp: Option<Amqp>,
    /// Where SQS and SNS are.
    pub aws: Aws,
    /// Whether messages may be pushed to private addresses.
    pub private_targets: bool,
    /// Who may call.
    pub auth: Auth,
    /// How much clients may ask, and how much the app asks of Stripe.
    pub limits: Limits,
    /// The full hour, in UTC, at which the books are compared with Stripe each day, if they are.
    pub reconcile_hour: Option<i8>,
    /// How long what names customers is kept.
    pub customer_data_life: SignedDuration,
    /// Proxies whose word about a client's address is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// The operator's own keys at Stripe.
    pub platform: Platform,
    encryption_key: Option<EncryptionKey>,
    older_encryption_keys: Vec<EncryptionKey>,
    auth_token: Option<SecretString>,
}

/// The secrets that `serve` cannot do without.
#[derive(Debug)]
pub struct Secrets {
    /// What credentials are encrypted with in the database.
    pub keyring: Keyring,
    /// What the operator shows, if there is such a token.
    pub auth_token: Option<SecretString>,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A URL that others are built on by adding a path: without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// The URL, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Config {
    /// Gathers and understands a configuration. Absent secrets are no problem yet, because not
    /// every command needs them: see [`Config::secrets`].
    ///
    /// # Errors
    /// With everything that is wrong.
    pub fn load(sources: Sources) -> Result<Self, ConfigError> {
        Self::from_settings(&Settings::gather(sources)?)
    }

    /// Understands what was gathered.
    ///
    /// # Errors
    /// With everything that is wrong.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let mut reader = Reader { settings, problems: Vec::new() };
        match reader.config() {
            Some(config) if reader.problems.is_empty() => Ok(config),
            Some(_) | None => Err(ConfigError::new(reader.problems)),
        }
    }

    /// Where others reach an app that answers on `bound`, without a slash at its end. `bound` is
    /// the real address: with port 0 it differs from the configured one.
    #[must_use]
    pub fn public_url(&self, bound: SocketAddr) -> String {
        match &self.public_url_set {
            Some(url) => url.as_str().to_owned(),
            None => format!("http://{bound}"),
        }
    }

    /// The secrets, for a command that cannot do without.
    ///
    /// # Errors
    /// With every secret that is not set, and what to do about it.
    pub fn secrets(&self) -> Result<Secrets, ConfigError> {
        let asks_nobody = match &self.auth {
            Auth::Token { provider, .. } => provider.is_none() && self.auth_token.is_none(),
            Auth::Nobody => false,
        };
        let keyring = self.keyring();
        if asks_nobody {
            let advice = keys::AUTH_ADVICE.to_owned();
            let missing = Problem::Missing { name: keys::AUTH_TOKEN.name, advice };
            let mut problems = keyring.map_or_else(ConfigError::into_problems, |_| Vec::new());
            problems.push(missing);
            return Err(ConfigError::new(problems));
        }
        Ok(Secrets { keyring: keyring?, auth_token: self.auth_token.clone() })
    }

    /// The keys that credentials are encrypted with, for a command that needs nothing else.
    ///
    /// # Errors
    /// When no encryption key is set.
    pub fn keyring(&self) -> Result<Keyring, ConfigError> {
        let Some(active) = &self.encryption_key else {
            return Err(missing_problem(&keys::ENCRYPTION_KEY).into());
        };
        let older = self.older_encryption_keys.iter().map(ExposeSecret::expose_secret);
        Ok(Keyring::from_bytes(active.expose_secret(), older))
    }
}

/// Within the bounds of its key, so that it is far from overflowing.
fn days(days: u64) -> SignedDuration {
    let hours = i64::try_from(days.saturating_mul(24)).unwrap_or(i64::MAX / 3600);
    SignedDuration::from_hours(hours)
}

fn missing_problem(key: &Key) -> Problem {
    let advice = match key.fallback {
        Fallback::Required(advice) => advice.to_owned(),
        Fallback::Value(_) | Fallback::Derived(_) | Fallback::Nothing => {
            format!("set it as {} or `{}`", key.variable, key.name)
        }
    };
    Problem::Missing { name: key.name, advice }
}

/// Reads keys and remembers what was wrong, so that everything is told at once.
struct Reader<'a> {
    settings: &'a Settings,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    /// Reads every key before it gives up at one: `None` comes with a problem.
    fn config(&mut self) -> Option<Config> {
        let listen = self.read(&keys::LISTEN, parse::address);
        let public_url_set = self.read(&keys::PUBLIC_URL, parse::base_url);
        let database = self.database();
        let encryption_key = self.read(&keys::ENCRYPTION_KEY, parse::encryption_key);
        let older_encryption_keys =
            self.read(&keys::OLDER_ENCRYPTION_KEYS, parse::encryption_keys).unwrap_or_default();
        let auth_token = self.read(&keys::AUTH_TOKEN, parse::token);
        let auth = self.auth(listen);
        let limits = self.limits();
        let reconcile_hour = self.number(&keys::RECONCILE_HOUR);
        let trusted_proxies =
            self.read(&keys::TRUSTED_PROXIES, parse::networks).unwrap_or_default();
        let customer_data_days = self.number(&keys::CUSTOMER_DATA_DAYS);
        let private_targets = self.read(&keys::PRIVATE_TARGETS, parse::private_targets);
        let platform = self.platform();
        let stripe_api_base = self.read(&keys::STRIPE_API_BASE, parse::base_url);
        let stripe_js_url = self.read(&keys::STRIPE_JS_URL, parse::url);
        let app_identifier = self.read(&keys::APP_IDENTIFIER, parse::app_identifier);
        let log_filter = self.read(&keys::LOG, parse::log_filter);
        let log_format = self.read(&keys::LOG_FORMAT, parse::log_format);
        let tracing = self.tracing();
        let shutdown_timeout = self.read(&keys::SHUTDOWN_TIMEOUT_SECONDS, parse::shutdown_timeout);
        let drain = self.drain();
        let retention = self.retention();
        let channels = keys::CHANNELS.iter().filter_map(|keys| self.channel(keys)).collect();
        let commands = self.commands();
        let amqp = self.amqp();
        let aws = self.aws();
        self.require_public_url(listen);
        Some(Config {
            listen: listen?,
            public_url_set,
            database: database?,
            stripe_api_base: stripe_api_base?,
            stripe_js_url: stripe_js_url?,
            app_identifier: app_identifier?,
            log_filter: log_filter?,
            log_format: log_format?,
            tracing,
            shutdown_timeout: shutdown_timeout?,
            drain: drain?,
            retention: retention?,
            channels,
            commands: commands?,
            amqp,
            aws,
            private_targets: private_targets?,
            auth: auth?,
            limits: limits?,
            reconcile_hour: reconcile_hour
                .filter(|hour| *hour < keys::RECONCILE_NEVER)
                .and_then(|hour| i8::try_from(hour).ok()),
            customer_data_life: days(customer_data_days?),
            trusted_proxies,
            platform,
            encryption_key,
            older_encryption_keys,
            auth_token,
        })
    }

    fn read<T>(&mut self, key: &Key, parse: impl FnOnce(&str) -> parse::Parsed<T>) -> Option<T> {
        let setting = self.settings.get(key)?;
        match parse(&setting.value) {
            Ok(value) => Some(value),
            Err(reason) => {
                let origin = setting.origin.clone();
                self.problems.push(Problem::Invalid { name: key.name, origin, reason });
                None
            }
        }
    }

    /// "Every interface" is no address that anybody could call.
    fn require_public_url(&mut self, listen: Option<SocketAddr>) {
        let everywhere = listen.is_some_and(|address| address.ip().is_unspecified());
        if everywhere && self.settings.get(&keys::PUBLIC_URL).is_none() {
            let advice = format!(
                "the app answers on every interface, so say where shoppers, the shop and Stripe \
                 reach it: {} or `{}`",
                keys::PUBLIC_URL.variable,
                keys::PUBLIC_URL.name
            );
            self.problems.push(Problem::Missing { name: keys::PUBLIC_URL.name, advice });
        }
    }

    fn refuse(&mut self, key: &Key, reason: String) {
        if let Some(setting) = self.settings.get(key) {
            let origin = setting.origin.clone();
            self.problems.push(Problem::Invalid { name: key.name, origin, reason });
        }
    }
}
