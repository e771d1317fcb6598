//! The transport to the real Stripe, or to a stand-in that listens on a socket.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use thiserror::Error;

use crate::transport::{Transport, TransportError};

/// How long a connection, TLS included, may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest answer that is read. A page of a hundred payment intents stays far below it.
pub const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long an unused connection is kept for the next call.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The timeouts of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the answer is read, the connection included.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: CONNECT_TIMEOUT, total: crate::TRY_TIMEOUT }
    }
}

/// HTTP over TCP and TLS, with a pool of connections.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
}

/// Why the transport could not be made. An operator has to look.
#[derive(Debug, Error)]
pub enum HttpTransportError {
    /// The program has not said which cryptography TLS is to use.
    #[error("no TLS provider is installed: install one at the start of the program")]
    NoTlsProvider,
    /// The HTTP client cannot be set up, for instance without any root certificate.
    #[error("the HTTP client cannot be set up: {0}")]
    Setup(#[from] reqwest::Error),
}

impl HttpTransport {
    /// A transport with a connection pool of its own. It follows no redirect: Stripe sends none,
    /// and a key must not travel to where one points.
    ///
    /// # Errors
    /// [`HttpTransportError`].
    pub fn new(timeouts: Timeouts) -> Result<Self, HttpTransportError> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(HttpTransportError::NoTlsProvider);
        }
        let client = reqwest::Client::builder()
            .connect_timeout(timeouts.connect)
            .timeout(timeouts.total)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let request = reqwest::Request::try_from(request).map_err(|error| classify(&error))?;
        let mut response = self.client.execute(request).await.map_err(|error| classify(&error))?;
        let body = read_bounded(&mut response).await?;
        let mut answer = http::Response::new(body);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = response.headers().clone();
        Ok(answer)
    }
}

async fn read_bounded(response: &mut reqwest::Response) -> Result<Bytes, TransportError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            let reason = format!("the answer is longer than {ANSWER_BYTES_MAX} bytes");
            return Err(TransportError::Unknown(reason));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Only a connection that never stood, or a request that could not be built, proves that nothing
/// was sent.
fn classify(error: &reqwest::Error) -> TransportError {
    let reason = describe(error);
    if error.is_connect() || error.is_builder() {
        TransportError::NotSent(reason)
    } else {
        TransportError::Unknown(reason)
    }
}

/// The error with its causes: the outermost one alone says only that sending failed.
fn describe(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
