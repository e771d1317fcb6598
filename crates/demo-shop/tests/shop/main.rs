//! The demo shop against a small stand-in for the app, over the wire.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod channels;
mod merchants;
mod pages;
mod process;
mod recorded;
mod support;
