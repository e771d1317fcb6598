//! Connections to AWS.

use std::time::Duration;

use app::limits::LEASE;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use url::Url;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one try of a call may take, of up to three.
const TRY_TIMEOUT: Duration = Duration::from_secs(8);
/// How long SQS holds a request for messages open until there are some: as long as it can.
pub(crate) const WAIT: Duration = Duration::from_secs(20);
/// How much later than that its answer may come.
const WAIT_GRACE: Duration = Duration::from_secs(10);

/// Where AWS is, as far as it is said here and not left to AWS's own settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsPlace {
    /// The region; where there is none, `AWS_REGION` or the profile says it.
    pub region: Option<String>,
    /// Another address than AWS's own, for private endpoints and compatible servers.
    pub endpoint: Option<Url>,
}

/// Calls SQS and SNS.
#[derive(Clone, Debug)]
pub struct AwsClient {
    pub(crate) sqs: aws_sdk_sqs::Client,
    /// Waits for messages.
    pub(crate) polls: aws_sdk_sqs::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) credentials: Option<SharedCredentialsProvider>,
}

impl AwsClient {
    /// Looks for credentials and region as AWS's own tools do. Nothing is called yet.
    pub async fn new(place: &AwsPlace) -> Self {
        Self::of(&loader(place).load().await)
    }

    /// With these keys instead, as tests have them.
    pub async fn with_keys(place: &AwsPlace, access_key: &str, secret_key: &str) -> Self {
        let keys = Credentials::new(access_key, secret_key, None, None, "given");
        Self::of(&loader(place).credentials_provider(keys).load().await)
    }

    fn of(config: &SdkConfig) -> Self {
        // What is not said here is taken from `config`: a try would end before the wait does.
        let waiting = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(WAIT + WAIT_GRACE)
            .operation_timeout(WAIT + WAIT_GRACE)
            .build();
        // Whoever waits for messages asks again by itself, ever more slowly.
        let polls = aws_sdk_sqs::config::Builder::from(config)
            .timeout_config(waiting)
            .retry_config(RetryConfig::disabled());
        Self {
            sqs: aws_sdk_sqs::Client::new(config),
            polls: aws_sdk_sqs::Client::from_conf(polls.build()),
            sns: aws_sdk_sns::Client::new(config),
            credentials: config.credentials_provider(),
        }
    }
}

fn loader(place: &AwsPlace) -> ConfigLoader {
    // The same cryptography as everywhere else in the program.
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(TRY_TIMEOUT)
        // A send ends within half the lease, so that nobody else sends it meanwhile.
        .operation_timeout(LEASE.unsigned_abs() / 2)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .timeout_config(timeouts);
    if let Some(region) = &place.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(endpoint) = &place.endpoint {
        loader = loader.endpoint_url(endpoint.as_str());
    }
    loader
}
