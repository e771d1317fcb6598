//! The sandbox driven through its router, without sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy's exception for tests does not reach their helpers"
)]

mod accounts;
mod browser;
mod clock;
mod control;
mod declines;
mod determinism;
mod faults;
mod idempotency;
mod limits;
mod marketplace_money;
mod money;
mod pages;
mod support;
mod transfers;
mod webhooks;
