//! How much a client may ask, send and take its time. The configuration names each of these; what
//! is here is the default.

use std::num::NonZeroU32;
use std::time::Duration;

/// The largest body that is read, in bytes: 1 MiB.
pub const BODY_MAX: usize = 1024 * 1024;
/// How long a client may take to send its body.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// No request takes longer. What a use case had begun then is in the journal, and the worker or
/// the next call goes on with it.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
/// So many requests a second of one tenant. A shop polls four channels and sends its commands in
/// bulk: a runaway loop reaches this, a shop does not.
pub const TENANT_REQUESTS_PER_SECOND: u32 = 500;
/// So many requests a second of one address, which may be a whole shop's.
pub const ADDRESS_REQUESTS_PER_SECOND: u32 = 500;
/// So many requests a second of one browser that shows a customer's token.
pub const BROWSER_REQUESTS_PER_SECOND: u32 = 5;
/// What was not used adds up to this many seconds' worth.
pub const BURST_SECONDS: u32 = 10;

/// The limits of the HTTP API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a request may take.
    pub request: Duration,
    /// The largest body, in bytes.
    pub body_bytes: usize,
    /// How long a body may take to arrive.
    pub body: Duration,
    /// Requests a second of one tenant.
    pub tenant_per_second: NonZeroU32,
    /// Requests a second of one address.
    pub address_per_second: NonZeroU32,
    /// Requests a second of one customer's browser.
    pub browser_per_second: NonZeroU32,
}

impl Default for Limits {
    fn default() -> Self {
        let rate = |per_second| NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN);
        Self {
            request: REQUEST_TIMEOUT,
            body_bytes: BODY_MAX,
            body: BODY_TIMEOUT,
            tenant_per_second: rate(TENANT_REQUESTS_PER_SECOND),
            address_per_second: rate(ADDRESS_REQUESTS_PER_SECOND),
            browser_per_second: rate(BROWSER_REQUESTS_PER_SECOND),
        }
    }
}
