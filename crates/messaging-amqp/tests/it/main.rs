//! What paybridge does with a real RabbitMQ.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod publisher;
mod restart;
mod setup;
mod support;
