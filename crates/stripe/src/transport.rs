//! What carries a request to Stripe and its answer back.

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;

/// Carries one request. Retries, deadlines and the meaning of answers are the client's.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends the request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// [`TransportError`] when there is no whole answer.
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError>;
}

/// Why there is no answer, by what it says about the request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TransportError {
    /// No byte of the request was sent: it cannot have had an effect.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The request may have arrived, and may have had its effect.
    #[error("no answer: {0}")]
    Unknown(String),
}
