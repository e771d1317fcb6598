//! Where the keys of an identity provider come from.

use std::time::Duration;

use async_trait::async_trait;
use url::Url;

/// How long fetching the keys may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes. A set of ten large keys stays far below it.
const KEYS_BYTES_MAX: usize = 256 * 1024;

/// Fetches a JSON Web Key Set.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// The text of the set as it is now.
    ///
    /// # Errors
    /// Why it cannot be had, for the log.
    async fn fetch(&self) -> Result<Vec<u8>, String>;
}

/// Keys from the configured address, and from nowhere else: redirects are not followed.
#[derive(Clone, Debug)]
pub struct HttpKeySource {
    client: reqwest::Client,
    url: Url,
}

impl HttpKeySource {
    /// A source that asks at `url`.
    ///
    /// # Errors
    /// TLS could not be set up.
    pub fn new(url: Url) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(FETCH_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("paybridge/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, url })
    }
}

#[async_trait]
impl KeySource for HttpKeySource {
    async fn fetch(&self) -> Result<Vec<u8>, String> {
        let mut response =
            self.client.get(self.url.clone()).send().await.map_err(|error| error.to_string())?;
        if !response.status().is_success() {
            return Err(format!("{} answered {}", self.url, response.status()));
        }
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| error.to_string())? {
            if text.len() + chunk.len() > KEYS_BYTES_MAX {
                return Err(format!("{} answers with more than {KEYS_BYTES_MAX} bytes", self.url));
            }
            text.extend_from_slice(&chunk);
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers one request and returns what came of fetching.
    async fn fetched(answer: &str) -> Result<Vec<u8>, String> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap()).parse().unwrap();
        let source = HttpKeySource::new(url).unwrap();
        let answering = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 1024];
            let read = stream.read(&mut head).await.unwrap();
            assert!(head[..read].starts_with(b"GET /keys "));
            stream.write_all(answer.as_bytes()).await.unwrap();
            // More than one connection would mean that a redirect was followed.
            tokio::time::timeout(Duration::from_millis(100), listener.accept()).await.is_err()
        };
        let (fetched, alone) = tokio::join!(source.fetch(), answering);
        assert!(alone, "one request was made");
        fetched
    }

    #[tokio::test]
    async fn keys_come_from_the_configured_address_and_nowhere_else() {
        let keys = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"keys\":[]}";
        assert_eq!(fetched(keys).await.unwrap(), b"{\"keys\":[]}");
        let moved = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
        assert!(fetched(moved).await.unwrap_err().contains("302"));
        let length = KEYS_BYTES_MAX + 1;
        let large =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{}", "x".repeat(length));
        assert!(fetched(&large).await.unwrap_err().contains("more than"));
    }
}
