//! Pushing one message by plain HTTP (contract, shop, section 2, http).

use std::sync::Arc;
use std::time::Duration;

use app::limits::LEASE;
use app::ports::{ChannelMessage, OutboxClaim};
use async_trait::async_trait;
use protocol::Dialect;
use reqwest::StatusCode;
use url::Url;

use crate::public_only::{self, PublicOnly};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where a pushed channel leads.
#[async_trait]
pub trait Sender: Send + Sync {
    /// Whether it makes sense to send now. While it does not, messages are left where they are, and
    /// no try is counted: a broker that is gone has said nothing of them.
    fn is_ready(&self) -> bool {
        true
    }

    /// Sends one message and waits until the other side has it.
    ///
    /// # Errors
    /// [`SendError`].
    async fn send(&self, claim: &OutboxClaim) -> Result<(), SendError>;

    /// Where exactly this message goes, if not all of the channel go to one place: what goes to the
    /// same place fails together, and rests together.
    fn target(&self, _claim: &OutboxClaim) -> String {
        String::new()
    }
}

/// Why a message was not taken, by what happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
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
    private_targets: bool,
}

impl HttpPush {
    /// A transport with connections of its own; to private addresses only if those are allowed.
    /// Where they are not, no proxy of the environment is used: it would connect instead.
    ///
    /// # Errors
    /// TLS could not be set up.
    pub fn new(private_targets: bool) -> Result<Self, reqwest::Error> {
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // A send ends within half the lease, so that nobody else sends it meanwhile.
            .timeout(LEASE.unsigned_abs() / 2)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("paybridge/", env!("CARGO_PKG_VERSION")));
        if !private_targets {
            builder = builder.no_proxy().dns_resolver(Arc::new(PublicOnly));
        }
        Ok(Self { client: builder.build()?, private_targets })
    }

    /// Sends to this address.
    pub fn to(&self, target: Url) -> Arc<dyn Sender> {
        Arc::new(HttpTarget { push: self.clone(), target })
    }

    async fn push(&self, target: &Url, message: &ChannelMessage) -> Result<(), SendError> {
        if !self.private_targets && public_only::names_private_address(target) {
            return Err(SendError::Later(public_only::REFUSED.to_owned()));
        }
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
            Err(error) => Err(SendError::Later(describe(&error.without_url()))),
        }
    }
}

struct HttpTarget {
    push: HttpPush,
    target: Url,
}

#[async_trait]
impl Sender for HttpTarget {
    async fn send(&self, claim: &OutboxClaim) -> Result<(), SendError> {
        self.push.push(&self.target, &claim.message).await
    }
}

/// The innermost cause says what is wrong; the outermost only that sending failed.
fn describe(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    format!("{error}: {innermost}")
}

/// Only an answer that says "I cannot read this" is final; anything else may be mended.
fn judge(status: StatusCode) -> Result<(), SendError> {
    let answered = format!("the shop answered {status}");
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::BAD_REQUEST
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::UNPROCESSABLE_ENTITY => Err(SendError::Rejected(answered)),
        _ => Err(SendError::Later(answered)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> ChannelMessage {
        let id = app::ports::MessageId(uuid::Uuid::nil());
        ChannelMessage { id, attributes: Vec::new(), body: "{}".to_owned() }
    }

    #[tokio::test]
    async fn nothing_is_pushed_to_a_private_address_unless_that_is_allowed() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let push = HttpPush::new(false).unwrap();
        for host in ["127.0.0.1", "localhost", "[::1]"] {
            let target = format!("http://{host}:{port}/").parse().unwrap();
            match push.push(&target, &message()).await {
                Err(SendError::Later(reason)) => {
                    assert!(reason.contains("channels.private_targets"), "{host}: {reason}");
                }
                other => panic!("{host}: {other:?}"),
            }
        }
        let nobody_came = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
        assert!(nobody_came.is_err(), "no connection was made");

        let target = format!("http://localhost:{port}/").parse().unwrap();
        let answering = async {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 1024];
            let read = stream.read(&mut head).await.unwrap();
            assert!(head[..read].starts_with(b"POST / "));
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        };
        let allowed = HttpPush::new(true).unwrap();
        let (pushed, message) = (allowed, message());
        let (sent, ()) = tokio::join!(pushed.push(&target, &message), answering);
        assert_eq!(sent, Ok(()));
    }

    #[test]
    fn only_what_cannot_be_read_is_rejected_for_good() {
        assert_eq!(judge(StatusCode::NO_CONTENT), Ok(()));
        assert!(matches!(judge(StatusCode::UNPROCESSABLE_ENTITY), Err(SendError::Rejected(_))));
        for status in [StatusCode::FOUND, StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND] {
            assert!(matches!(judge(status), Err(SendError::Later(_))), "{status}");
        }
        assert!(matches!(judge(StatusCode::SERVICE_UNAVAILABLE), Err(SendError::Later(_))));
    }
}
