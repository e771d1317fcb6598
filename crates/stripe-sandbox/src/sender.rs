//! Sending webhooks.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};

/// How long a receiver may take to answer, as a guess at Stripe's own patience.
pub const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(20);

/// A future in a box, as the sender's port returns it.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// How webhooks leave the sandbox. With sockets it is [`HttpWebhookSender`]; a simulation hands the request to the
/// other side's router instead.
pub trait WebhookSender: Send + Sync {
    /// Sends one request. The error says what broke when there was no answer.
    fn send(&self, request: Request<Bytes>) -> BoxFuture<Result<StatusCode, String>>;
}

/// Sends webhooks over HTTP. Redirects are not followed: at Stripe they count as failures, too.
#[derive(Debug, Clone)]
pub struct HttpWebhookSender {
    client: reqwest::Client,
}

impl HttpWebhookSender {
    /// A sender of its own connections. A TLS provider has to be installed in the process before.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(WEBHOOK_TIMEOUT)
            .no_proxy()
            .build()?;
        Ok(Self { client })
    }
}

impl WebhookSender for HttpWebhookSender {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<Result<StatusCode, String>> {
        let client = self.client.clone();
        Box::pin(async move {
            let request = reqwest::Request::try_from(request).map_err(|error| error.to_string())?;
            match client.execute(request).await {
                Ok(response) => Ok(response.status()),
                Err(error) => Err(error.to_string()),
            }
        })
    }
}
