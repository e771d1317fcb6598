//! The demo shop, the payment page and the stand-in's pages, used as a shopper and a shop keeper use
//! them: in a real browser, over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod accessibility;
mod frame;
mod marketplace;
mod once;
mod page;
mod payment;
mod shop;
mod support;
mod walk;
