//! From text to values. Each function gives the value, or says what was expected.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ipnet::IpNet;
use messaging::aws_address::Address;
use secrecy::{SecretBox, SecretString};
use store::PostgresServer;
use url::Url;
use zeroize::Zeroizing;

use crate::config::channels::{SourceWord, TransportWord};
use crate::config::keys::{
    APP_IDENTIFIER_CHARS_MAX, AUTH_MODE_NONE, AUTH_MODE_TOKEN, AUTH_TOKEN_CHARS_MIN,
    ENCRYPTION_KEY_BYTES, Kind, LOG_FORMAT_JSON, LOG_FORMAT_TEXT, PLACE_CHANNEL, PLACE_TENANT,
    PRIVATE_TARGETS_ALLOWED, PRIVATE_TARGETS_REFUSED, SHUTDOWN_TIMEOUT_SECONDS_MAX,
    SHUTDOWN_TIMEOUT_SECONDS_MIN, TOKEN_NONE, TOKEN_REQUIRED, TRANSPORT_AMQP, TRANSPORT_HTTP,
    TRANSPORT_HTTP_CHANNEL, TRANSPORT_SNS, TRANSPORT_SQS, TRANSPORTS_IN, TRANSPORTS_OUT,
};
use crate::config::{BaseUrl, Database, EncryptionKey, LogFormat};

/// What was expected instead.
pub(super) type Parsed<T> = Result<T, String>;

/// Base64 with or without its padding: a shell or a secret store may have cut it off.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn address(text: &str) -> Parsed<SocketAddr> {
    text.parse().map_err(|_| unexpected(text, Kind::Address))
}

/// An address that others are built on: no query, no fragment, no slash at its end.
pub(super) fn base_url(text: &str) -> Parsed<BaseUrl> {
    let url = url(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("{text:?} has a query or a fragment, expected a URL without"));
    }
    Ok(BaseUrl(url.as_str().trim_end_matches('/').to_owned()))
}

/// A value with a password in it is never repeated.
pub(super) fn url(text: &str) -> Parsed<Url> {
    let url = Url::parse(text).map_err(|_| format!("expected {}", Kind::Url.expects()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("expected a URL without user name and password".to_owned());
    }
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err(unexpected(text, Kind::Url)),
    }
}

/// A database URL may carry a password: it is never repeated.
pub(super) fn database(text: &str) -> Parsed<Database> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        let server = PostgresServer::parse(text).map_err(|error| error.to_string())?;
        return Ok(Database::Postgres(Box::new(server)));
    }
    let expected = || format!("expected {}", Kind::Database.expects());
    let path = text.strip_prefix("sqlite:").ok_or_else(expected)?;
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.contains(":memory:") {
        return Err(
            "a database in memory would forget every payment at a restart; use the path of a file"
                .to_owned(),
        );
    }
    if path.is_empty() || path.contains('?') {
        return Err(expected());
    }
    Ok(Database::Sqlite { path: PathBuf::from(path) })
}

pub(super) fn encryption_key(text: &str) -> Parsed<EncryptionKey> {
    let expected = || format!("expected {}", Kind::EncryptionKey.expects());
    let bytes = Zeroizing::new(BASE64.decode(text.trim()).map_err(|_| expected())?);
    let key: [u8; ENCRYPTION_KEY_BYTES] = bytes
        .as_slice()
        .try_into()
        .map_err(|_| format!("{}, found {}", expected(), bytes.len()))?;
    Ok(SecretBox::new(Box::new(key)))
}

/// Keys with commas between them.
pub(super) fn encryption_keys(text: &str) -> Parsed<Vec<EncryptionKey>> {
    text.split(',').map(str::trim).filter(|key| !key.is_empty()).map(encryption_key).collect()
}

pub(super) fn text(text: &str) -> Parsed<String> {
    match text.trim() {
        "" => Err(unexpected(text, Kind::Text)),
        text => Ok(text.to_owned()),
    }
}

/// A number within the bounds of its kind.
pub(super) fn number(text: &str, kind: Kind) -> Parsed<u64> {
    let bounds = match kind {
        Kind::Number { min, max, .. } => min..=max,
        _ => 0..=u64::MAX,
    };
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    number.ok_or_else(|| unexpected(text, kind))
}

/// A single address is a network of one.
pub(super) fn networks(text: &str) -> Parsed<Vec<IpNet>> {
    let network = |text: &str| {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse::<IpNet>().or_else(|_| address()).ok()
    };
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| network(part).ok_or_else(|| unexpected(text, Kind::Networks))).collect()
}

/// Whether callers have to show a token.
pub(super) fn asks_for_token(text: &str) -> Parsed<bool> {
    match text {
        AUTH_MODE_TOKEN => Ok(true),
        AUTH_MODE_NONE => Ok(false),
        _ => Err(unexpected(text, Kind::OneOf(&[AUTH_MODE_TOKEN, AUTH_MODE_NONE]))),
    }
}

/// Whether messages may be pushed to private addresses.
pub(super) fn private_targets(text: &str) -> Parsed<bool> {
    match text {
        PRIVATE_TARGETS_ALLOWED => Ok(true),
        PRIVATE_TARGETS_REFUSED => Ok(false),
        _ => {
            Err(unexpected(text, Kind::OneOf(&[PRIVATE_TARGETS_REFUSED, PRIVATE_TARGETS_ALLOWED])))
        }
    }
}

/// It travels in a header, so only what a header can carry.
pub(super) fn token(text: &str) -> Parsed<SecretString> {
    let long_enough = text.chars().count() >= AUTH_TOKEN_CHARS_MIN;
    if long_enough && is_visible_ascii(text) {
        Ok(SecretString::from(text))
    } else {
        Err(format!("expected {}", Kind::Token.expects()))
    }
}

/// A key is told by what it begins with; whether it works, Stripe says. It may be a secret.
pub(super) fn stripe_key(text: &str, beginnings: &'static [&'static str]) -> Parsed<String> {
    let rest = beginnings.iter().find_map(|beginning| text.strip_prefix(beginning));
    if rest.is_some_and(|rest| !rest.is_empty()) && is_visible_ascii(text) {
        return Ok(text.to_owned());
    }
    Err(format!("expected {}", Kind::StripeKey(beginnings).expects()))
}

/// Secrets with commas between them; at least one.
pub(super) fn signing_secrets(text: &str) -> Parsed<Vec<SecretString>> {
    let secrets: Vec<&str> =
        text.split(',').map(str::trim).filter(|secret| !secret.is_empty()).collect();
    let is_secret = |secret: &&str| {
        secret.strip_prefix("whsec_").is_some_and(|rest| !rest.is_empty())
            && is_visible_ascii(secret)
    };
    if secrets.is_empty() || !secrets.iter().all(is_secret) {
        return Err(format!("expected {}", Kind::SigningSecrets.expects()));
    }
    Ok(secrets.into_iter().map(SecretString::from).collect())
}

pub(super) fn app_identifier(text: &str) -> Parsed<String> {
    let fits = (1..=APP_IDENTIFIER_CHARS_MAX).contains(&text.chars().count());
    if fits && is_visible_ascii(text) {
        Ok(text.to_owned())
    } else {
        Err(unexpected(text, Kind::AppIdentifier))
    }
}

/// A word without `=` is taken for a level. The filter itself would take a misspelt level for the
/// name of a module and then log nothing.
pub(super) fn log_filter(text: &str) -> Parsed<String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let wrong_level = text
        .split(',')
        .map(str::trim)
        .filter(|directive| !directive.contains(['=', '[']))
        .any(|word| !LEVELS.contains(&word.to_ascii_lowercase().as_str()));
    let parses = tracing_subscriber::EnvFilter::try_new(text).is_ok();
    if wrong_level || !parses {
        return Err(unexpected(text, Kind::LogFilter));
    }
    Ok(text.to_owned())
}

pub(super) fn log_format(text: &str) -> Parsed<LogFormat> {
    match text {
        LOG_FORMAT_TEXT => Ok(LogFormat::Text),
        LOG_FORMAT_JSON => Ok(LogFormat::Json),
        _ => Err(unexpected(text, Kind::OneOf(&[LOG_FORMAT_TEXT, LOG_FORMAT_JSON]))),
    }
}

pub(super) fn shutdown_timeout(text: &str) -> Parsed<Duration> {
    text.parse()
        .ok()
        .filter(|seconds| {
            (SHUTDOWN_TIMEOUT_SECONDS_MIN..=SHUTDOWN_TIMEOUT_SECONDS_MAX).contains(seconds)
        })
        .map(Duration::from_secs)
        .ok_or_else(|| unexpected(text, Kind::Seconds))
}

pub(super) fn transport(text: &str) -> Parsed<TransportWord> {
    match text {
        TRANSPORT_HTTP_CHANNEL => Ok(TransportWord::HttpChannel),
        TRANSPORT_HTTP => Ok(TransportWord::Http),
        TRANSPORT_AMQP => Ok(TransportWord::Amqp),
        TRANSPORT_SQS => Ok(TransportWord::Sqs),
        TRANSPORT_SNS => Ok(TransportWord::Sns),
        _ => Err(unexpected(text, Kind::OneOf(&TRANSPORTS_OUT))),
    }
}

pub(super) fn command_source(text: &str) -> Parsed<SourceWord> {
    match text {
        TRANSPORT_HTTP_CHANNEL => Ok(SourceWord::HttpChannel),
        TRANSPORT_AMQP => Ok(SourceWord::Amqp),
        TRANSPORT_SQS => Ok(SourceWord::Sqs),
        _ => Err(unexpected(text, Kind::OneOf(&TRANSPORTS_IN))),
    }
}

/// The queue that messages of a channel are sent to.
pub(super) fn queue(text: &str) -> Parsed<Address> {
    Address::of_queue(text).ok_or_else(|| unexpected(text, Kind::QueueUrl))
}

/// The queue that the commands of all tenants come from.
pub(super) fn shared_queue(text: &str) -> Parsed<Address> {
    let queue = queue(text)?;
    if queue.is_per_tenant() {
        return Err(
            "the commands of all tenants come from one queue: its URL has no {tenant}".into()
        );
    }
    Ok(queue)
}

pub(super) fn topic(text: &str) -> Parsed<Address> {
    Address::of_topic(text).ok_or_else(|| unexpected(text, Kind::TopicArn))
}

/// Whether a broker's commands need a token.
pub(super) fn needs_token(text: &str) -> Parsed<bool> {
    match text {
        TOKEN_REQUIRED => Ok(true),
        TOKEN_NONE => Ok(false),
        _ => Err(unexpected(text, Kind::OneOf(&[TOKEN_REQUIRED, TOKEN_NONE]))),
    }
}

/// It carries a password: it is never repeated.
pub(super) fn amqp_url(text: &str) -> Parsed<SecretString> {
    let expected = || format!("expected {}", Kind::AmqpUrl.expects());
    let url = Url::parse(text).map_err(|_| expected())?;
    match url.scheme() {
        "amqp" | "amqps" if url.has_host() => Ok(SecretString::from(text)),
        _ => Err(expected()),
    }
}

/// No other place may stand in it, which would be in every name. Two tenants never share a name:
/// channels are told apart by how they end, so nothing that one ends with may stand before.
pub(super) fn name_template(text: &str) -> Parsed<String> {
    let rest = text.replacen(PLACE_TENANT, "", 1).replacen(PLACE_CHANNEL, "", 1);
    let names_both = text.contains(PLACE_TENANT) && text.contains(PLACE_CHANNEL);
    let runs_together =
        text.split(PLACE_CHANNEL).next().is_some_and(|before| before.ends_with(['-', '}']));
    if !names_both || runs_together || rest.contains(['{', '}']) || !is_visible_ascii(&rest) {
        return Err(unexpected(text, Kind::NameTemplate));
    }
    Ok(text.to_owned())
}

fn is_visible_ascii(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Only for values that are no secrets.
fn unexpected(text: &str, kind: Kind) -> String {
    format!("expected {}, found {text:?}", kind.expects())
}
