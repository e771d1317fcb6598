//! The sandbox driven through its router, without sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy's exception for tests does not reach their helpers"
)]

mod clock;
mod control;
mod determinism;
mod faults;
mod idempotency;
mod limits;
mod money;
mod support;
mod webhooks;
