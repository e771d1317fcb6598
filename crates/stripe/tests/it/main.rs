//! What a user of the adapter notices. Nothing here opens a connection to anywhere but loopback.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails is a test that fails"
)]

mod audit;
mod breaker;
mod calls;
mod events;
mod http_transport;
mod logs;
mod looking_up;
mod marketplace;
mod payers;
mod platform;
mod requests;
mod retries;
mod script;
mod signatures;
