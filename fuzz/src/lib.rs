//! What the fuzz targets share: the Stripe adapter with nobody behind it.

use std::sync::Arc;

use bytes::Bytes;
use stripe::{StripeClient, StripePsp, Transport, TransportError};
use url::Url;

struct Nowhere;

#[async_trait::async_trait]
impl Transport for Nowhere {
    async fn send(&self, _: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        Err(TransportError::NotSent("nothing is called while fuzzing".to_owned()))
    }
}

/// The adapter; what it is asked here makes no calls.
pub fn psp() -> StripePsp {
    let base = Url::parse("https://stripe.invalid/").expect("a URL");
    StripePsp::new(StripeClient::new(Arc::new(Nowhere), base))
}

/// Splits an input at the first empty line: what comes before the body, line by line, and the body.
pub fn head_and_body(input: &[u8]) -> (Vec<&str>, &[u8]) {
    let end = input.windows(2).position(|two| two == b"\n\n");
    let (head, body) = match end {
        Some(end) => (&input[..end], &input[end + 2..]),
        None => (input, [].as_slice()),
    };
    (std::str::from_utf8(head).unwrap_or_default().lines().collect(), body)
}
