//! Signing webhooks.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The `Stripe-Signature` header of a body sent at this second. The key is the whole `whsec_…` text.
pub(crate) fn header(secret: &str, second: i64, body: &[u8]) -> String {
    // HMAC takes keys of every length; the empty answer can therefore not happen.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(second.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("t={second},v1={}", hex::encode(mac.finalize().into_bytes()))
}
