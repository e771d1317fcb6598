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
