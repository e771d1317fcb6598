//! The table of every configuration key.
//!
//! It is the only list: reading the file and the variables, `paybridge config`, the help texts and
//! `docs/configuration.md` all come from it.

mod amqp;
mod auth;
mod aws;
mod channels;
mod database;
mod limits;
mod platform;
mod tracing;
mod upkeep;

pub use amqp::*;
pub use auth::*;
pub use aws::*;
pub use channels::*;
pub use database::*;
pub use limits::*;
pub use platform::*;
pub use tracing::*;
pub use upkeep::*;

/// The variable that names the configuration file. It is no key: a file cannot name itself.
pub const CONFIG_VARIABLE: &str = "PAYBRIDGE_CONFIG";
/// What every variable of ours begins with.
pub const VARIABLE_PREFIX: &str = "PAYBRIDGE_";
/// The file that is read when none is named, if it is there.
pub const DEFAULT_FILE: &str = "./paybridge.toml";

/// An encryption key has so many bytes (XChaCha20-Poly1305).
pub const ENCRYPTION_KEY_BYTES: usize = 32;
/// An authentication token has at least so many characters.
pub const AUTH_TOKEN_CHARS_MIN: usize = 16;
/// The shop's columns take an app identifier of at most so many characters.
pub const APP_IDENTIFIER_CHARS_MAX: usize = 36;
/// The shortest time that a shutdown can be given to finish what was begun.
pub const SHUTDOWN_TIMEOUT_SECONDS_MIN: u64 = 1;
/// The longest time that a shutdown can be given to finish what was begun.
pub const SHUTDOWN_TIMEOUT_SECONDS_MAX: u64 = 600;

/// One configuration key.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in the TOML file; a dot stands for a table.
    pub name: &'static str,
    /// Its environment variable, which wins over the file.
    pub variable: &'static str,
    /// What a value looks like.
    pub kind: Kind,
    /// What holds when it is not set.
    pub fallback: Fallback,
    /// Whether it is never shown.
    pub secret: bool,
    /// What it is for, in a sentence.
    pub doc: &'static str,
}

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An IP address with a port.
    Address,
    /// An `http` or `https` URL.
    Url,
    /// Where the data are.
    Database,
    /// 32 bytes in base64.
    EncryptionKey,
    /// A long random word.
    Token,
    /// The name of this app.
    AppIdentifier,
    /// One of a few words.
    OneOf(&'static [&'static str]),
    /// Directives for the log.
    LogFilter,
    /// A whole number of seconds.
    Seconds,
    /// A whole number between two others.
    Number {
        /// What is counted.
        of: &'static str,
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// Several encryption keys.
    EncryptionKeys,
    /// A text without blanks around it.
    Text,
    /// IP addresses or networks.
    Networks,
    /// A key of Stripe's, by what it begins with.
    StripeKey(&'static [&'static str]),
    /// Several secrets that webhooks are signed with.
    SigningSecrets,
    /// The address of a RabbitMQ server.
    AmqpUrl,
    /// A name that is different for each tenant and channel.
    NameTemplate,
    /// The address of a queue of SQS.
    QueueUrl,
    /// The name of a topic of SNS.
    TopicArn,
}

impl Kind {
    /// What is expected, as it goes on after "expected".
    #[must_use]
    pub fn expects(self) -> String {
        match self {
            Self::Address => r#"an IP address with a port, such as "127.0.0.1:8080""#.to_owned(),
            Self::Url => r#"an http or https URL, such as "https://pay.example.com""#.to_owned(),
            Self::Database => {
                r#"a database URL, such as "sqlite:./paybridge-data/paybridge.db" or "postgres://…""#
                    .to_owned()
            }
            Self::EncryptionKey => format!(
                "{ENCRYPTION_KEY_BYTES} bytes in base64, as `paybridge keys generate` prints them"
            ),
            Self::Token => {
                format!("at least {AUTH_TOKEN_CHARS_MIN} visible ASCII characters without spaces")
            }
            Self::AppIdentifier => {
                format!("1 to {APP_IDENTIFIER_CHARS_MAX} visible ASCII characters without spaces")
            }
            Self::OneOf(words) => {
                let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                quoted.join(" or ")
            }
            Self::LogFilter => {
                r#"a level or a list of directives, such as "info" or "warn,stripe=debug""#
                    .to_owned()
            }
            Self::Seconds => format!(
                "a whole number of seconds between {SHUTDOWN_TIMEOUT_SECONDS_MIN} and \
                 {SHUTDOWN_TIMEOUT_SECONDS_MAX}"
            ),
            Self::Number { of, min, max } => {
                format!("a whole number of {of} between {min} and {max}")
            }
            Self::EncryptionKeys => {
                format!("keys of {ENCRYPTION_KEY_BYTES} bytes in base64 with commas between them")
            }
            Self::Text => "a text".to_owned(),
            Self::StripeKey(beginnings) => {
                format!("a key of Stripe's that begins with {}", beginnings.join(" or "))
            }
            Self::SigningSecrets => {
                "signing secrets that begin with whsec_, with commas between them".to_owned()
            }
            Self::AmqpUrl => {
                r#"an amqp or amqps URL, such as "amqps://paybridge:…@rabbitmq.example.com/shops""#
                    .to_owned()
            }
            Self::NameTemplate => {
                format!("a name with {PLACE_TENANT} and {PLACE_CHANNEL} in it, and a dot between them")
            }
            Self::QueueUrl => {
                r#"the URL of a queue, such as "https://sqs.eu-central-1.amazonaws.com/123456789012/payment-events-{tenant}.fifo""#
                    .to_owned()
            }
            Self::TopicArn => {
                r#"the ARN of a topic, such as "arn:aws:sns:eu-central-1:123456789012:payment-events.fifo""#
                    .to_owned()
            }
            Self::Networks => {
                r#"addresses or networks with commas between them, such as "10.0.0.0/8,192.0.2.7""#
                    .to_owned()
            }
        }
    }

    /// Whether the TOML file writes it as a number. Everything else is text in quotes.
    #[must_use]
    pub fn is_number(self) -> bool {
        match self {
            Self::Seconds | Self::Number { .. } => true,
            Self::Address
            | Self::Url
            | Self::Database
            | Self::EncryptionKey
            | Self::Token
            | Self::AppIdentifier
            | Self::OneOf(_)
            | Self::LogFilter
            | Self::EncryptionKeys
            | Self::Text
            | Self::Networks
            | Self::StripeKey(_)
            | Self::SigningSecrets
            | Self::AmqpUrl
            | Self::NameTemplate
            | Self::QueueUrl
            | Self::TopicArn => false,
        }
    }
}

/// What holds when a key is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// This value.
    Value(&'static str),
    /// A value that follows from another key; the text says how.
    Derived(&'static str),
    /// Nothing: `serve` stops and gives this advice.
    Required(&'static str),
    /// Nothing, and nothing is missed unless another key asks for it.
    Nothing,
}

/// The words of `log_format`: for people.
pub const LOG_FORMAT_TEXT: &str = "text";
/// The words of `log_format`: one JSON object a line.
pub const LOG_FORMAT_JSON: &str = "json";

/// Where the app answers.
pub const LISTEN: Key = Key {
    name: "listen",
    variable: "PAYBRIDGE_LISTEN",
    kind: Kind::Address,
    fallback: Fallback::Value("127.0.0.1:8080"),
    secret: false,
    doc: "Where the app answers; `0.0.0.0:8080` answers on every interface and needs `public_url`.",
};

/// Where others reach the app.
pub const PUBLIC_URL: Key = Key {
    name: "public_url",
    variable: "PAYBRIDGE_PUBLIC_URL",
    kind: Kind::Url,
    fallback: Fallback::Derived("http://{listen}"),
    secret: false,
    doc: "Where shoppers, the shop and Stripe reach the app: the start of every link and webhook \
          address it hands out.",
};

/// What the tenants' credentials are encrypted with.
pub const ENCRYPTION_KEY: Key = Key {
    name: "encryption_key",
    variable: "PAYBRIDGE_ENCRYPTION_KEY",
    kind: Kind::EncryptionKey,
    fallback: Fallback::Required(
        "make one with `paybridge keys generate`, keep it safe, and set it as \
         PAYBRIDGE_ENCRYPTION_KEY or `encryption_key`; without it the stored credentials cannot be \
         read",
    ),
    secret: true,
    doc: "What the tenants' Stripe keys are encrypted with in the database; lost, they have to be \
          entered again.",
};

/// Keys that were the encryption key before.
pub const OLDER_ENCRYPTION_KEYS: Key = Key {
    name: "older_encryption_keys",
    variable: "PAYBRIDGE_OLDER_ENCRYPTION_KEYS",
    kind: Kind::EncryptionKeys,
    fallback: Fallback::Nothing,
    secret: true,
    doc: "Keys that were `encryption_key` before, with commas between them: they still open what \
          they encrypted. `paybridge keys rotate` moves that to the new key; then they can go, but \
          a backup from before needs them.",
};

/// Where Stripe's API is.
pub const STRIPE_API_BASE: Key = Key {
    name: "stripe_api_base",
    variable: "PAYBRIDGE_STRIPE_API_BASE",
    kind: Kind::Url,
    fallback: Fallback::Value("https://api.stripe.com"),
    secret: false,
    doc: "Where Stripe's API is; point it at `paybridge sandbox` to work without a Stripe account.",
};

/// Where the payment page loads Stripe's script from. The release train in the path is that of
/// the API version that the app pins (<https://docs.stripe.com/sdks/stripejs-versioning>).
pub const STRIPE_JS_URL: Key = Key {
    name: "stripe_js_url",
    variable: "PAYBRIDGE_STRIPE_JS_URL",
    kind: Kind::Url,
    fallback: Fallback::Value("https://js.stripe.com/endive/stripe.js"),
    secret: false,
    doc: "Where the payment page loads Stripe's script from; only the sandbox needs another one.",
};

/// The name of this app in messages.
pub const APP_IDENTIFIER: Key = Key {
    name: "app_identifier",
    variable: "PAYBRIDGE_APP_IDENTIFIER",
    kind: Kind::AppIdentifier,
    fallback: Fallback::Value("paybridge"),
    secret: false,
    doc: "The name of this app in the messages to the shop.",
};

/// What is logged.
pub const LOG: Key = Key {
    name: "log",
    variable: "PAYBRIDGE_LOG",
    kind: Kind::LogFilter,
    fallback: Fallback::Value("info"),
    secret: false,
    doc: "What is logged: a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), or levels by \
          part of the app.",
};

/// How it is logged.
pub const LOG_FORMAT: Key = Key {
    name: "log_format",
    variable: "PAYBRIDGE_LOG_FORMAT",
    kind: Kind::OneOf(&[LOG_FORMAT_TEXT, LOG_FORMAT_JSON]),
    fallback: Fallback::Value(LOG_FORMAT_TEXT),
    secret: false,
    doc: "How it is logged, to the standard error: lines for people or one JSON object a line.",
};

/// How long a shutdown may take.
pub const SHUTDOWN_TIMEOUT_SECONDS: Key = Key {
    name: "shutdown_timeout_seconds",
    variable: "PAYBRIDGE_SHUTDOWN_TIMEOUT_SECONDS",
    kind: Kind::Seconds,
    fallback: Fallback::Value("25"),
    secret: false,
    doc: "After SIGTERM the app finishes what it began for at most so long; keep it below what \
          your process manager waits before it kills.",
};

/// When the books are compared with Stripe.
pub const RECONCILE_HOUR: Key = Key {
    name: "reconcile_hour",
    variable: "PAYBRIDGE_RECONCILE_HOUR",
    kind: Kind::Number { of: "hours", min: 0, max: RECONCILE_NEVER },
    fallback: Fallback::Value("3"),
    secret: false,
    doc: "After which full hour of the day, in UTC, the books are compared with Stripe; 24 for \
          never. Differences are in the log and in the metrics; nothing is changed.",
};
/// The word of `reconcile_hour` for never.
pub const RECONCILE_NEVER: u64 = 24;

/// The keys outside of tables but those of [`auth`] and [`upkeep`], in the order of the reference.
static FIRST_KEYS: [Key; 2] = [LISTEN, PUBLIC_URL];
static KEY_KEYS: [Key; 2] = [ENCRYPTION_KEY, OLDER_ENCRYPTION_KEYS];
static LAST_KEYS: [Key; 7] = [
    STRIPE_API_BASE,
    STRIPE_JS_URL,
    APP_IDENTIFIER,
    LOG,
    LOG_FORMAT,
    SHUTDOWN_TIMEOUT_SECONDS,
    RECONCILE_HOUR,
];
static PRIVATE_TARGETS_KEY: Key = PRIVATE_TARGETS;

/// Every key, in the order of the reference.
pub fn all() -> impl Iterator<Item = &'static Key> {
    let platform = PLATFORM
        .iter()
        .flat_map(|keys| [&keys.secret_key, &keys.publishable_key, &keys.webhook_secrets]);
    let channels = CHANNELS
        .iter()
        .flat_map(|keys| [&keys.transport, &keys.url, &keys.queue_url, &keys.topic_arn]);
    let single = FIRST_KEYS
        .iter()
        .chain(&database::ALL)
        .chain(&KEY_KEYS)
        .chain(&auth::ALL)
        .chain(&LAST_KEYS);
    single
        .chain(&tracing::ALL)
        .chain(&upkeep::ALL)
        .chain(&limits::ALL)
        .chain(platform)
        .chain(channels)
        .chain(&channels::COMMANDS)
        .chain([&PRIVATE_TARGETS_KEY])
        .chain(&amqp::ALL)
        .chain(&aws::ALL)
}
