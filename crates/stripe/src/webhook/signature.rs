//! The `Stripe-Signature` header (contract/stripe.md section 3):
//! `t=…,v1=…[,v1=…][,v0=…]`, of which only v1 counts.

use app::ports::WebhookRejected;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// A webhook that was signed longer ago is a replay. Stripe signs anew at every delivery. A time
/// that lies ahead is accepted, as Stripe's own libraries do: clocks differ.
pub const SIGNATURE_TOLERANCE: SignedDuration = SignedDuration::from_secs(300);

/// The bytes of an HMAC-SHA256.
const SIGNATURE_BYTES: usize = 32;

struct Header {
    /// Seconds since 1970.
    timestamp: i64,
    signatures: Vec<[u8; SIGNATURE_BYTES]>,
}

/// Proves that the body was signed with one of the secrets, not too long ago, and tells which.
///
/// The time is looked at last, so that only who has a secret learns what our clock says.
pub(crate) fn verify(
    header: Option<&str>,
    body: &[u8],
    secrets: &[&SecretString],
    now: Timestamp,
) -> Result<usize, WebhookRejected> {
    let header = header.filter(|header| !header.is_empty()).ok_or(WebhookRejected::Unsigned)?;
    let header = parse(header).ok_or(WebhookRejected::MalformedSignature)?;
    let signed_with = |secret: &&SecretString| {
        let secret = secret.expose_secret();
        !secret.trim().is_empty() && signed_with(secret, &header, body)
    };
    let signer = secrets.iter().position(signed_with).ok_or(WebhookRejected::WrongSignature)?;
    let signed_at_ms = header.timestamp.saturating_mul(1000);
    let oldest_ms = i128::from(now.as_millisecond()) - SIGNATURE_TOLERANCE.as_millis();
    if i128::from(signed_at_ms) < oldest_ms {
        return Err(WebhookRejected::Stale);
    }
    Ok(signer)
}

/// Compares in constant time with every signature of the header.
fn signed_with(secret: &str, header: &Header, body: &[u8]) -> bool {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    let mac = mac.chain_update(header.timestamp.to_string()).chain_update(b".").chain_update(body);
    header.signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
}

/// Reads the header; `None` where it has no time, or nothing that could be a v1 signature.
fn parse(header: &str) -> Option<Header> {
    let mut timestamp = None;
    let mut v1 = 0;
    let mut signatures = Vec::new();
    for item in header.split(',') {
        let mut parts = item.split('=');
        match (parts.next(), parts.next()) {
            (Some("t"), value) if timestamp.is_none() => timestamp = Some(value?.parse().ok()?),
            (Some("v1"), value) => {
                v1 += 1;
                signatures.extend(decode(value?));
            }
            // Another time, a scheme that is no proof, or something new.
            _ => {}
        }
    }
    (v1 > 0).then_some(Header { timestamp: timestamp?, signatures })
}

/// Stripe writes lower case; anything else is no signature of Stripe's.
fn decode(text: &str) -> Option<[u8; SIGNATURE_BYTES]> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let mut signature = [0; SIGNATURE_BYTES];
    hex::decode_to_slice(text, &mut signature).ok()?;
    Some(signature)
}
