//! What the keys about limits mean.

use std::num::NonZeroU32;
use std::time::Duration;

use super::{Reader, keys, parse};

/// How much clients may ask, and how much the app asks of Stripe.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of requests.
    pub web: web::Limits,
    /// Of connections.
    pub connections: ConnectionLimits,
    /// Calls to Stripe that are under way at once for one account.
    pub stripe_calls: usize,
}

/// How connections are held to account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// So many at once.
    pub connections: usize,
    /// The largest head of a request, in bytes.
    pub header_bytes: usize,
    /// How long the head of a request may take, and an idle connection is kept.
    pub header: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { connections: 4096, header_bytes: 32_768, header: Duration::from_secs(15) }
    }
}

impl Reader<'_> {
    /// `None` comes with a problem.
    pub(super) fn limits(&mut self) -> Option<Limits> {
        let tenant = self.rate(&keys::TENANT_RATE);
        let address = self.rate(&keys::ADDRESS_RATE);
        let browser = self.rate(&keys::BROWSER_RATE);
        let request = self.number(&keys::REQUEST_SECONDS);
        let body_bytes = self.size(&keys::BODY_BYTES);
        let body = self.number(&keys::BODY_SECONDS);
        let header_bytes = self.size(&keys::HEADER_BYTES);
        let header = self.number(&keys::HEADER_SECONDS);
        let connections = self.size(&keys::CONNECTIONS);
        let stripe_calls = self.size(&keys::STRIPE_CALLS);
        Some(Limits {
            web: web::Limits {
                request: Duration::from_secs(request?),
                body_bytes: body_bytes?,
                body: Duration::from_secs(body?),
                tenant_per_second: tenant?,
                address_per_second: address?,
                browser_per_second: browser?,
            },
            connections: ConnectionLimits {
                connections: connections?,
                header_bytes: header_bytes?,
                header: Duration::from_secs(header?),
            },
            stripe_calls: stripe_calls?,
        })
    }

    /// A number within the bounds of its key.
    pub(super) fn number(&mut self, key: &keys::Key) -> Option<u64> {
        self.read(key, |text| parse::number(text, key.kind))
    }

    pub(super) fn size(&mut self, key: &keys::Key) -> Option<usize> {
        self.number(key).and_then(|number| usize::try_from(number).ok())
    }

    fn rate(&mut self, key: &keys::Key) -> Option<NonZeroU32> {
        self.number(key).and_then(|number| NonZeroU32::new(u32::try_from(number).ok()?))
    }
}
