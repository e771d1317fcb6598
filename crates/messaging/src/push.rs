//! Pushing one message by plain HTTP (contract, shop, section 2, http).

use std::time::Duration;

use app::limits::LEASE;
use app::ports::ChannelMessage;
use async_trait::async_trait;
use protocol::Dialect;
use reqwest::StatusCode;
use url::Url;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends a message to where a channel leads.
#[async_trait]
pub trait PushTransport: Send + Sync {
    /// Sends one message and waits until the other side has it.
    ///
    /// # Errors
    /// [`PushError`].
    async fn push(&self, target: &Url, message: &ChannelMessage) -> Result<(), PushError>;
}

/// Why a message was not taken, by what happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushError {
    /// It may be taken later: nobody answered, or the address has to be mended first.
    Later(String),
    /// The other side cannot read it, however often it comes (rule R22).
    Rejected(String),
}

/// Pushes over HTTP: `POST`, JSON body, the attributes as `X-…` headers. Redirects are not
/// followed: messages go to the configured address or nowhere.
#[derive(Clone, Debug)]
pub struct HttpPush {
    client: reqwest::Client,
}

impl HttpPush {
    /// A transport with connections of its own.
    ///
    /// # Errors
    /// TLS could not be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // A send ends within half the lease, so that nobody else sends it meanwhile.
            .timeout(LEASE.unsigned_abs() / 2)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("paybridge/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client })
    }
}

#[async_trait]
impl PushTransport for HttpPush {
    async fn push(&self, target: &Url, message: &ChannelMessage) -> Result<(), PushError> {
        let mut request = self
            .client
            .post(target.clone())
            .header("Content-Type", "application/json")
            .body(message.body.clone());
        for (name, value) in &message.attributes {
            if let Some(header) = Dialect::PlainHttp.header(name) {
                request = request.header(header, value);
            }
        }
        match request.send().await {
            Ok(response) => judge(response.status()),
            Err(error) => Err(PushError::Later(error.without_url().to_string())),
        }
    }
}

/// Only an answer that says "I cannot read this" is final; anything else may be mended.
fn judge(status: StatusCode) -> Result<(), PushError> {
    let answered = format!("the shop answered {status}");
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::BAD_REQUEST
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::UNPROCESSABLE_ENTITY => Err(PushError::Rejected(answered)),
        _ => Err(PushError::Later(answered)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_be_read_is_rejected_for_good() {
        assert_eq!(judge(StatusCode::NO_CONTENT), Ok(()));
        assert!(matches!(judge(StatusCode::UNPROCESSABLE_ENTITY), Err(PushError::Rejected(_))));
        for status in [StatusCode::FOUND, StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND] {
            assert!(matches!(judge(status), Err(PushError::Later(_))), "{status}");
        }
        assert!(matches!(judge(StatusCode::SERVICE_UNAVAILABLE), Err(PushError::Later(_))));
    }
}
