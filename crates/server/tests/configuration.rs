//! What an operator who configures paybridge meets: values from the file, from variables and from
//! both, and errors that name the key and what to do.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use paybridge::config::keys::{self, Fallback};
use paybridge::config::report::{MASK, Report};
use paybridge::config::{
    Auth, CommandSource, Commands, Config, ConfigError, ConnectionLimits, Database, LogFormat,
    Settings, Sources, Transport,
};
use protocol::Channel;
use secrecy::ExposeSecret;
use store::Keyring;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const TOKEN: &str = "a-long-random-word";

fn sources(file: &str, variables: &[(&str, &str)]) -> Sources {
    Sources {
        file: (!file.is_empty()).then(|| (PathBuf::from("paybridge.toml"), file.to_owned())),
        variables: variables.iter().map(|(name, value)| (name.into(), value.into())).collect(),
    }
}

fn load(file: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::load(sources(file, variables))
}

/// What is wrong with a file, one line a problem.
fn wrong(file: &str) -> String {
    told(load(file, &[]))
}

/// What is wrong with a variable.
fn wrong_variable(name: &str, value: &str) -> String {
    told(load("", &[(name, value)]))
}

fn told(result: Result<Config, ConfigError>) -> String {
    match result {
        Ok(_) => "nothing is wrong".to_owned(),
        Err(error) => {
            error.problems().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        }
    }
}

#[test]
fn nothing_set_gives_the_defaults() {
    let config = load("", &[]).unwrap();
    assert_eq!(config.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(config.public_url(config.listen), "http://127.0.0.1:8080");
    let path = PathBuf::from("./paybridge-data/paybridge.db");
    assert_eq!(config.database, Database::Sqlite { path });
    assert_eq!(config.stripe_api_base.as_str(), "https://api.stripe.com");
    assert_eq!(config.stripe_js_url.as_str(), "https://js.stripe.com/endive/stripe.js");
    assert_eq!(config.app_identifier, "paybridge");
    assert_eq!(config.log_filter, "info");
    assert_eq!(config.log_format, LogFormat::Text);
    assert_eq!(config.shutdown_timeout, Duration::from_secs(25));
    assert!(config.channels.values().all(|transport| *transport == Transport::HttpChannel));
}

/// Stripe releases its script and its API under the same name, and they belong together.
#[test]
fn the_script_is_of_the_release_of_the_api_version() {
    let (_, release) = stripe_sandbox::API_VERSION.split_once('.').unwrap();
    let Fallback::Value(url) = keys::STRIPE_JS_URL.fallback else { panic!("it has a default") };
    assert_eq!(url, format!("https://js.stripe.com/{release}/stripe.js"));
}

#[test]
fn every_channel_to_the_shop_is_configured() {
    let config = load("", &[]).unwrap();
    let sent: Vec<Channel> = config.channels.into_keys().collect();
    let to_shop = Channel::ALL.into_iter().filter(|channel| *channel != Channel::PaymentCommands);
    assert_eq!(sent, to_shop.collect::<Vec<_>>());
    for keys in &keys::CHANNELS {
        let name = keys.channel.name();
        let variable = name.replace('-', "_").to_uppercase();
        assert_eq!(keys.transport.name, format!("channels.{name}.transport"));
        assert_eq!(keys.transport.variable, format!("PAYBRIDGE_CHANNELS_{variable}_TRANSPORT"));
        assert_eq!(keys.url.name, format!("channels.{name}.url"));
        assert_eq!(keys.url.variable, format!("PAYBRIDGE_CHANNELS_{variable}_URL"));
    }
}

#[test]
fn a_key_and_its_variable_are_named_alike() {
    for key in keys::all() {
        let from_name = key.name.replace(['.', '-'], "_").to_uppercase();
        assert_eq!(key.variable, format!("{}{from_name}", keys::VARIABLE_PREFIX));
    }
}

#[test]
fn a_whole_file() {
    let config = load(
        r#"
        listen = "0.0.0.0:9000"
        public_url = "https://pay.example.com/stripe/"
        database_url = "sqlite:///var/lib/paybridge/paybridge.db"
        encryption_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
        auth_token = "a-long-random-word"
        stripe_api_base = "http://127.0.0.1:8081/"
        stripe_js_url = "http://127.0.0.1:8081/stripe.js?a=b"
        app_identifier = "f9e5b7c0-6ad6-4a3d-9f1a-1d1f0c2b3a4d"
        log = "warn,stripe=debug"
        log_format = "json"
        shutdown_timeout_seconds = 5

        [channels."payment-events"]
        transport = "http"
        url = "https://shop.example.com/events"
        "#,
        &[],
    )
    .unwrap();
    assert_eq!(config.listen, "0.0.0.0:9000".parse().unwrap());
    assert_eq!(config.public_url(config.listen), "https://pay.example.com/stripe");
    let path = PathBuf::from("/var/lib/paybridge/paybridge.db");
    assert_eq!(config.database, Database::Sqlite { path });
    assert_eq!(config.stripe_api_base.as_str(), "http://127.0.0.1:8081");
    assert_eq!(config.stripe_js_url.as_str(), "http://127.0.0.1:8081/stripe.js?a=b");
    assert_eq!(config.app_identifier, "f9e5b7c0-6ad6-4a3d-9f1a-1d1f0c2b3a4d");
    assert_eq!(config.log_filter, "warn,stripe=debug");
    assert_eq!(config.log_format, LogFormat::Json);
    assert_eq!(config.shutdown_timeout, Duration::from_secs(5));
    let url = "https://shop.example.com/events".parse().unwrap();
    assert_eq!(config.channels[&Channel::PaymentEvents], Transport::Http { url });
    assert_eq!(config.channels[&Channel::AppEvents], Transport::HttpChannel);

    let secrets = config.secrets().unwrap();
    let key: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    assert_eq!(secrets.keyring.active_id(), Keyring::from_bytes(&key, []).active_id());
    assert_eq!(secrets.auth_token.unwrap().expose_secret(), TOKEN);
}

#[test]
fn variables_win_over_the_file() {
    let file = "listen = \"127.0.0.1:1000\"\nlog = \"debug\"\nshutdown_timeout_seconds = 5";
    let config = load(
        file,
        &[
            ("PAYBRIDGE_LISTEN", "127.0.0.1:2000"),
            ("PAYBRIDGE_SHUTDOWN_TIMEOUT_SECONDS", "7"),
            ("PAYBRIDGE_CHANNELS_APP_EVENTS_TRANSPORT", "http"),
            ("PAYBRIDGE_CHANNELS_APP_EVENTS_URL", "http://shop/app"),
            ("HOME", "/root"),
        ],
    )
    .unwrap();
    assert_eq!(config.listen, "127.0.0.1:2000".parse().unwrap());
    assert_eq!(config.shutdown_timeout, Duration::from_secs(7));
    assert_eq!(config.log_filter, "debug");
    let url = "http://shop/app".parse().unwrap();
    assert_eq!(config.channels[&Channel::AppEvents], Transport::Http { url });
}

#[test]
fn an_empty_variable_is_not_set() {
    let config = load("log = \"debug\"", &[("PAYBRIDGE_LOG", ""), ("PAYBRIDGE_CONFIG", "")]);
    assert_eq!(config.unwrap().log_filter, "debug");
}

#[test]
fn the_public_url_follows_the_address_that_was_really_bound() {
    let config = load("listen = \"127.0.0.1:0\"", &[]).unwrap();
    let bound: SocketAddr = "127.0.0.1:43210".parse().unwrap();
    assert_eq!(config.public_url(bound), "http://127.0.0.1:43210");
}

#[test]
fn unknown_keys_and_variables_name_the_nearest() {
    insta::assert_snapshot!(
        wrong("listn = \"127.0.0.1:8080\""),
        @"paybridge.toml: there is no key `listn`; did you mean `listen`?"
    );
    insta::assert_snapshot!(
        wrong("[channels.payment-event]\ntransport = \"http\""),
        @"paybridge.toml: there is no key `channels.payment-event.transport`; did you mean `channels.payment-events.transport`?"
    );
    insta::assert_snapshot!(
        wrong("[channels.payment-events]\nurls = []"),
        @"paybridge.toml: there is no key `channels.payment-events.urls`; did you mean `channels.payment-events.url`?"
    );
    insta::assert_snapshot!(
        wrong("secret_key = \"x\""),
        @"paybridge.toml: there is no key `secret_key`; the nearest is `encryption_key`, and `paybridge config --help` lists all"
    );
    insta::assert_snapshot!(
        wrong_variable("PAYBRIDGE_DATABSE_URL", "x"),
        @"there is no variable PAYBRIDGE_DATABSE_URL; did you mean `PAYBRIDGE_DATABASE_URL`?"
    );
    insta::assert_snapshot!(
        wrong_variable("PAYBRIDGE_CONFGI", ""),
        @"there is no variable PAYBRIDGE_CONFGI; did you mean `PAYBRIDGE_CONFIG`?"
    );
}

#[test]
fn wrong_types_name_the_key_and_what_is_expected() {
    insta::assert_snapshot!(
        wrong("listen = 8080"),
        @r#"paybridge.toml: `listen` is a number, expected an IP address with a port, such as "127.0.0.1:8080""#
    );
    insta::assert_snapshot!(
        wrong("shutdown_timeout_seconds = \"25\""),
        @"paybridge.toml: `shutdown_timeout_seconds` is text in quotes, expected a whole number of seconds between 1 and 600"
    );
    insta::assert_snapshot!(
        wrong("log = true\nlog_format = [\"json\"]\napp_identifier = 1.5"),
        @r#"
    paybridge.toml: `app_identifier` is a number with a point, expected 1 to 36 visible ASCII characters without spaces
    paybridge.toml: `log` is true or false, expected a level or a list of directives, such as "info" or "warn,stripe=debug"
    paybridge.toml: `log_format` is a list, expected "text" or "json"
    "#
    );
    insta::assert_snapshot!(
        wrong("[public_url]\nhost = \"x\""),
        @r#"paybridge.toml: `public_url` is a table, expected an http or https URL, such as "https://pay.example.com""#
    );
}

#[test]
fn wrong_values_name_the_key_and_what_is_expected() {
    insta::assert_snapshot!(
        wrong_variable("PAYBRIDGE_LISTEN", "localhost:8080"),
        @r#"PAYBRIDGE_LISTEN: expected an IP address with a port, such as "127.0.0.1:8080", found "localhost:8080""#
    );
    insta::assert_snapshot!(
        wrong("public_url = \"ftp://pay.example.com\""),
        @r#"paybridge.toml: `public_url`: expected an http or https URL, such as "https://pay.example.com", found "ftp://pay.example.com""#
    );
    insta::assert_snapshot!(
        wrong("public_url = \"https://pay.example.com?a=b\""),
        @r#"paybridge.toml: `public_url`: "https://pay.example.com?a=b" has a query or a fragment, expected a URL without"#
    );
    insta::assert_snapshot!(
        wrong("shutdown_timeout_seconds = 601"),
        @r#"paybridge.toml: `shutdown_timeout_seconds`: expected a whole number of seconds between 1 and 600, found "601""#
    );
    insta::assert_snapshot!(
        wrong_variable("PAYBRIDGE_LOG", "inof"),
        @r#"PAYBRIDGE_LOG: expected a level or a list of directives, such as "info" or "warn,stripe=debug", found "inof""#
    );
    insta::assert_snapshot!(
        wrong_variable("PAYBRIDGE_LOG", "stripe=loud"),
        @r#"PAYBRIDGE_LOG: expected a level or a list of directives, such as "info" or "warn,stripe=debug", found "stripe=loud""#
    );
    insta::assert_snapshot!(
        wrong_variable("PAYBRIDGE_LOG_FORMAT", "JSON"),
        @r#"PAYBRIDGE_LOG_FORMAT: expected "text" or "json", found "JSON""#
    );
    insta::assert_snapshot!(
        wrong_variable("PAYBRIDGE_APP_IDENTIFIER", "thirty-seven-characters-are-too-many-"),
        @r#"PAYBRIDGE_APP_IDENTIFIER: expected 1 to 36 visible ASCII characters without spaces, found "thirty-seven-characters-are-too-many-""#
    );
}

#[test]
fn databases_that_are_not_there() {
    insta::assert_snapshot!(
        wrong_variable("PAYBRIDGE_DATABASE_URL", "postgres://:hunter2@db/paybridge"),
        @"PAYBRIDGE_DATABASE_URL: the address does not read as postgres://USER:PASSWORD@HOST:PORT/DATABASE (it names no user or no database)"
    );
    insta::assert_snapshot!(
        wrong("database_url = \"sqlite::memory:\""),
        @"paybridge.toml: `database_url`: a database in memory would forget every payment at a restart; use the path of a file"
    );
    insta::assert_snapshot!(
        wrong("database_url = \"./paybridge.db\""),
        @r#"paybridge.toml: `database_url`: expected a database URL, such as "sqlite:./paybridge-data/paybridge.db" or "postgres://…""#
    );
}

#[test]
fn secrets_that_are_missing_say_what_to_do() {
    let config = load("", &[]).unwrap();
    insta::assert_snapshot!(config.secrets().unwrap_err(), @r#"
    the configuration cannot be used:
      - `encryption_key` is not set: make one with `paybridge keys generate`, keep it safe, and set it as PAYBRIDGE_ENCRYPTION_KEY or `encryption_key`; without it the stored credentials cannot be read
      - `auth_token` is not set: choose a long random word for the operator (`paybridge keys generate` prints one) and set it as PAYBRIDGE_AUTH_TOKEN or `auth_token`; or name your identity provider with `auth_issuer` and `auth_jwks_url`. To try the app on this machine alone, `auth_mode` = "none" asks nobody
    "#);
    let config = load("", &[("PAYBRIDGE_ENCRYPTION_KEY", KEY)]).unwrap();
    assert_eq!(config.secrets().unwrap_err().problems().len(), 1);
}

#[test]
fn an_identity_provider_stands_in_for_the_operators_token() {
    let provider = "auth_issuer = \"https://id.example.com/\"\n\
                    auth_jwks_url = \"https://id.example.com/keys\"";
    let config = load(provider, &[("PAYBRIDGE_ENCRYPTION_KEY", KEY)]).unwrap();
    assert!(config.secrets().unwrap().auth_token.is_none());
    let Auth::Token { provider: Some(provider), .. } = config.auth else {
        panic!("{:?}", config.auth)
    };
    assert_eq!(provider.options.audience, "aop-app");
    assert_eq!(provider.options.clock_skew, Duration::from_secs(60));
    insta::assert_snapshot!(
        wrong("auth_issuer = \"https://id.example.com/\""),
        @"`auth_jwks_url` is not set: `auth_issuer` is set, and is of no use without it"
    );
}

#[test]
fn nobody_is_asked_on_loopback_alone() {
    let none = "auth_mode = \"none\"\n";
    let key = [("PAYBRIDGE_ENCRYPTION_KEY", KEY)];
    let config = load(&format!("{none}public_url = \"http://localhost:9000\""), &key).unwrap();
    assert!(matches!(config.auth, Auth::Nobody));
    assert!(config.secrets().is_ok());
    for elsewhere in [
        "listen = \"0.0.0.0:8080\"\npublic_url = \"http://127.0.0.1:8080\"",
        "listen = \"192.0.2.1:8080\"",
        "public_url = \"https://pay.example.com\"",
    ] {
        let refused = wrong(&format!("{none}{elsewhere}"));
        assert!(refused.contains("`auth_mode`: \"none\" works on loopback alone"), "{refused}");
    }
}

#[test]
fn limits_proxies_and_older_keys_are_read() {
    let other = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";
    let config = load(
        &format!(
            "encryption_key = \"{KEY}\"\nauth_token = \"{TOKEN}\"\n\
             older_encryption_keys = \"{other}, {other}\"\n\
             trusted_proxies = \"10.0.0.0/8, 192.0.2.7,::1\"\n\
             [limits]\nbody_bytes = 65536\ntenant_requests_per_second = 7\n"
        ),
        &[],
    )
    .unwrap();
    assert_eq!(config.limits.web.body_bytes, 65_536);
    assert_eq!(config.limits.web.tenant_per_second.get(), 7);
    assert_eq!(config.trusted_proxies.len(), 3);
    assert_eq!(config.secrets().unwrap().keyring.ids().count(), 3);
    insta::assert_snapshot!(
        wrong("trusted_proxies = \"10.0.0.0/99\""),
        @r#"paybridge.toml: `trusted_proxies`: expected addresses or networks with commas between them, such as "10.0.0.0/8,192.0.2.7", found "10.0.0.0/99""#
    );
    insta::assert_snapshot!(
        wrong("[limits]\nbody_bytes = 1"),
        @"paybridge.toml: `limits.body_bytes`: expected a whole number of bytes between 65536 and 67108864, found \"1\""
    );
}

/// What is configured where nothing is set is what the crates have as their defaults.
#[test]
fn the_defaults_are_those_of_the_code() {
    let config = load("", &[]).unwrap();
    assert_eq!(config.limits.web, web::Limits::default());
    assert_eq!(config.limits.connections, ConnectionLimits::default());
    assert_eq!(config.limits.stripe_calls, stripe::CALLS_MAX);
    assert!(config.trusted_proxies.is_empty() && !config.private_targets);
}

/// Whatever is wrong with a secret, it is not repeated.
#[test]
fn wrong_secrets_are_not_repeated() {
    insta::assert_snapshot!(
        wrong_variable("PAYBRIDGE_ENCRYPTION_KEY", "c2VjcmV0"),
        @"PAYBRIDGE_ENCRYPTION_KEY: expected 32 bytes in base64, as `paybridge keys generate` prints them, found 6"
    );
    insta::assert_snapshot!(
        wrong("encryption_key = \"not base64 at all\""),
        @"paybridge.toml: `encryption_key`: expected 32 bytes in base64, as `paybridge keys generate` prints them"
    );
    insta::assert_snapshot!(
        wrong("auth_token = \"fifteen-chars--\""),
        @"paybridge.toml: `auth_token`: expected at least 16 visible ASCII characters without spaces"
    );
    insta::assert_snapshot!(
        wrong("auth_token = \"a long word with spaces\""),
        @"paybridge.toml: `auth_token`: expected at least 16 visible ASCII characters without spaces"
    );
    insta::assert_snapshot!(
        wrong("log = \"info\"\nauth_token = a-long-random-word"),
        @"paybridge.toml, line 2: string values must be quoted, expected literal string"
    );
    insta::assert_snapshot!(
        wrong("stripe_api_base = \"https://user:hunter2@api.stripe.com\""),
        @"paybridge.toml: `stripe_api_base`: expected a URL without user name and password"
    );
}

#[test]
fn platform_keys_of_a_mode_come_together_and_apart_from_the_other_mode() {
    let config = load(
        "[platform.test]\nsecret_key = \"sk_test_p\"\npublishable_key = \"pk_test_p\"\n\
         webhook_secrets = \"whsec_old, whsec_new\"",
        &[],
    )
    .unwrap();
    assert!(config.platform.live.is_none());
    let test = config.platform.test.unwrap();
    assert_eq!(test.pair.secret.expose_secret(), "sk_test_p");
    assert_eq!(test.pair.publishable, "pk_test_p");
    let secrets: Vec<_> =
        test.webhook_secrets.iter().map(|secret| secret.expose_secret()).collect();
    assert_eq!(secrets, ["whsec_old", "whsec_new"]);
    insta::assert_snapshot!(
        wrong("[platform.live]\nsecret_key = \"rk_live_p\""),
        @r"
    `platform.live.publishable_key` is not set: `platform.live.secret_key` is set, and is of no use without it
    `platform.live.webhook_secrets` is not set: `platform.live.secret_key` is set, and is of no use without it
    "
    );
    // Neither the key nor the secret is repeated.
    insta::assert_snapshot!(
        wrong("[platform.live]\nsecret_key = \"sk_test_p\"\npublishable_key = \"pk_live_p\"\n\
               webhook_secrets = \"hidden\""),
        @r"
    paybridge.toml: `platform.live.secret_key`: expected a key of Stripe's that begins with sk_live_ or rk_live_
    paybridge.toml: `platform.live.webhook_secrets`: expected signing secrets that begin with whsec_, with commas between them
    "
    );
}

#[test]
fn every_interface_needs_a_public_url() {
    insta::assert_snapshot!(
        wrong("listen = \"[::]:8080\""),
        @"`public_url` is not set: the app answers on every interface, so say where shoppers, the shop and Stripe reach it: PAYBRIDGE_PUBLIC_URL or `public_url`"
    );
}

#[test]
fn channels_may_go_through_rabbitmq() {
    let file = "
        amqp_url = \"amqps://paybridge:its-password@rabbitmq.example.com/shops\"
        amqp_queue = \"shop.{tenant}.{channel}\"
        [channels]
        payment-events.transport = \"amqp\"
        payment-commands.transport = \"amqp\"
        payment-commands.token = \"none\"
    ";
    let config = load(file, &[]).unwrap();
    assert_eq!(config.channels[&Channel::PaymentEvents], Transport::Amqp);
    assert_eq!(config.channels[&Channel::AppEvents], Transport::HttpChannel);
    assert_eq!(config.commands, Commands { source: CommandSource::Amqp, need_token: false });
    assert!(!format!("{config:?}").contains("its-password"));
    let amqp = config.amqp.unwrap();
    assert!(amqp.url.expose_secret().contains("its-password"));
    assert_eq!(amqp.exchange, "paybridge");
    assert_eq!(amqp.queue, "shop.{tenant}.{channel}");
    assert_eq!(amqp.commands_queue, "paybridge.payment-commands");

    let without = load("", &[]).unwrap();
    let posted = Commands { source: CommandSource::HttpChannel, need_token: true };
    assert!(without.amqp.is_none());
    assert_eq!(without.commands, posted, "and the token is asked for unless somebody says no");
}

#[test]
fn what_rabbitmq_needs_is_named() {
    insta::assert_snapshot!(
        wrong("[channels.payment-commands]\ntransport = \"amqp\""),
        @r#"`amqp_url` is not set: `channels.payment-commands.transport` is "amqp", so say where RabbitMQ is: PAYBRIDGE_AMQP_URL or `amqp_url`"#
    );
    insta::assert_snapshot!(
        wrong("amqp_url = \"amqp://paybridge:its-password@localhost\""),
        @r#"paybridge.toml: `amqp_url`: no channel's transport is "amqp": set one of them, or remove the URL"#
    );
    insta::assert_snapshot!(
        wrong("amqp_url = \"paybridge:its-password@localhost\"\n[channels]\napp-events.transport = \"amqp\""),
        @r#"paybridge.toml: `amqp_url`: expected an amqp or amqps URL, such as "amqps://paybridge:…@rabbitmq.example.com/shops""#
    );
    insta::assert_snapshot!(wrong("amqp_queue = \"{tenant}.{channel}.{order}\""), @r#"paybridge.toml: `amqp_queue`: expected a name with {tenant} and {channel} in it, and a dot between them, found "{tenant}.{channel}.{order}""#);
    insta::assert_snapshot!(wrong("amqp_queue = \"{channel}\""), @r#"paybridge.toml: `amqp_queue`: expected a name with {tenant} and {channel} in it, and a dot between them, found "{channel}""#);
    insta::assert_snapshot!(wrong("amqp_queue = \"{tenant}-{channel}\""), @r#"paybridge.toml: `amqp_queue`: expected a name with {tenant} and {channel} in it, and a dot between them, found "{tenant}-{channel}""#);
    insta::assert_snapshot!(wrong("[channels.payment-commands]\ntransport = \"http\""), @r#"paybridge.toml: `channels.payment-commands.transport`: expected "http-channel" or "amqp" or "sqs", found "http""#);
    insta::assert_snapshot!(wrong("[channels.payment-commands]\ntoken = \"none\""), @"paybridge.toml: `channels.payment-commands.token`: it is about commands that a broker delivers: remove it, or see `channels.payment-commands.transport`");
}

#[test]
fn channels_may_go_through_sqs_and_sns() {
    let file = "
        aws_region = \"eu-central-1\"
        aws_endpoint_url = \"http://127.0.0.1:5000\"
        [channels.payment-events]
        transport = \"sqs\"
        queue_url = \"https://sqs.eu-central-1.amazonaws.com/123456789012/events-{tenant}.fifo\"
        [channels.app-events]
        transport = \"sns\"
        topic_arn = \"arn:aws:sns:eu-central-1:123456789012:app-events.fifo\"
        [channels.payment-commands]
        transport = \"sqs\"
        queue_url = \"https://sqs.eu-central-1.amazonaws.com/123456789012/commands.fifo\"
    ";
    let config = load(file, &[]).unwrap();
    let Transport::Sqs { queue } = &config.channels[&Channel::PaymentEvents] else {
        panic!("{:?}", config.channels);
    };
    assert!(queue.is_per_tenant() && queue.is_fifo());
    assert!(matches!(config.channels[&Channel::AppEvents], Transport::Sns { .. }));
    assert!(matches!(config.commands.source, CommandSource::Sqs { .. }));
    assert!(config.commands.need_token);
    assert_eq!(config.aws.region.as_deref(), Some("eu-central-1"));
    assert_eq!(config.aws.endpoint.unwrap().as_str(), "http://127.0.0.1:5000/");
}

#[test]
fn what_sqs_and_sns_need_is_named() {
    insta::assert_snapshot!(
        wrong("[channels.payment-events]\ntransport = \"sqs\""),
        @r#"`channels.payment-events.queue_url` is not set: `channels.payment-events.transport` is "sqs", so say where to: PAYBRIDGE_CHANNELS_PAYMENT_EVENTS_QUEUE_URL or `channels.payment-events.queue_url`"#
    );
    insta::assert_snapshot!(
        wrong("[channels.payment-events]\nqueue_url = \"https://sqs.test/1/q\""),
        @r#"paybridge.toml: `channels.payment-events.queue_url`: it is only used with `channels.payment-events.transport` = "sqs": set that, or remove it"#
    );
    insta::assert_snapshot!(
        wrong("[channels.payment-events]\ntransport = \"sns\"\ntopic_arn = \"events\""),
        @r#"paybridge.toml: `channels.payment-events.topic_arn`: expected the ARN of a topic, such as "arn:aws:sns:eu-central-1:123456789012:payment-events.fifo", found "events""#
    );
    insta::assert_snapshot!(
        wrong("[channels.payment-commands]\ntransport = \"sqs\"\nqueue_url = \"https://sqs.test/1/q-{tenant}\""),
        @"paybridge.toml: `channels.payment-commands.queue_url`: the commands of all tenants come from one queue: its URL has no {tenant}"
    );
}

#[test]
fn a_channel_is_pushed_to_a_url_or_read() {
    insta::assert_snapshot!(
        wrong("[channels.app-events]\ntransport = \"http\""),
        @r#"`channels.app-events.url` is not set: `channels.app-events.transport` is "http", so say where to: PAYBRIDGE_CHANNELS_APP_EVENTS_URL or `channels.app-events.url`"#
    );
    insta::assert_snapshot!(
        wrong("[channels.app-events]\nurl = \"http://shop/app\""),
        @r#"paybridge.toml: `channels.app-events.url`: it is only used with `channels.app-events.transport` = "http": set that, or remove it"#
    );
    insta::assert_snapshot!(
        wrong("[channels.app-events]\ntransport = \"carrier-pigeon\""),
        @r#"paybridge.toml: `channels.app-events.transport`: expected "http-channel" or "http" or "amqp" or "sqs" or "sns", found "carrier-pigeon""#
    );
    insta::assert_snapshot!(
        wrong("[channels.app-events]\ntransport = \"http\"\nurl = \"shop\""),
        @r#"paybridge.toml: `channels.app-events.url`: expected an http or https URL, such as "https://pay.example.com""#
    );
}

#[test]
fn everything_wrong_is_told_at_once() {
    let error = load("listn = 1\nlog = 2", &[("PAYBRIDGE_LISTN", "x")]).unwrap_err();
    insta::assert_snapshot!(error, @r#"
    the configuration cannot be used:
      - paybridge.toml: there is no key `listn`; did you mean `listen`?
      - paybridge.toml: `log` is a number, expected a level or a list of directives, such as "info" or "warn,stripe=debug"
      - there is no variable PAYBRIDGE_LISTN; did you mean `PAYBRIDGE_LISTEN`?
    "#);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text() {
    use std::os::unix::ffi::OsStringExt;
    let value = OsString::from_vec(vec![0xff]);
    let variables = vec![(OsString::from("PAYBRIDGE_LOG"), value)];
    let result = Config::load(Sources { file: None, variables });
    assert_eq!(told(result), "PAYBRIDGE_LOG is not valid UTF-8");
}

#[test]
fn the_password_of_a_database_is_shown_nowhere() {
    let address = "postgres://paybridge:hunter2@db.example.com/books?sslmode=disable";
    let settings = Settings::gather(sources("", &[("PAYBRIDGE_DATABASE_URL", address)])).unwrap();
    let config = Config::from_settings(&settings).unwrap();
    let report = Report::new(&settings, &config);
    let masked = "postgres://paybridge:********@db.example.com:5432/books";
    assert_eq!(config.database.place(), masked);
    for shown in [report.text(), report.json().unwrap()] {
        assert!(shown.contains(masked), "{shown}");
    }
    for shown in [report.text(), report.json().unwrap(), format!("{config:?} {report:?}")] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn the_report_shows_values_and_origins_and_masks_secrets() {
    let variables = [
        ("PAYBRIDGE_AUTH_TOKEN", TOKEN),
        ("PAYBRIDGE_ENCRYPTION_KEY", KEY),
        ("PAYBRIDGE_LOG", "debug"),
    ];
    let file = "app_identifier = \"shop-pay\"";
    let settings = Settings::gather(sources(file, &variables)).unwrap();
    let config = Config::from_settings(&settings).unwrap();
    let report = Report::new(&settings, &config);
    insta::assert_snapshot!("report_text", report.text());
    insta::assert_snapshot!("report_json", report.json().unwrap());
    for shown in [report.text(), report.json().unwrap(), format!("{config:?} {report:?}")] {
        assert!(!shown.contains(TOKEN) && !shown.contains(KEY), "{shown}");
    }
    assert!(report.text().contains(MASK));
}
