//! What paybridge does with a real RabbitMQ.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod publisher;
mod restart;
mod setup;
mod support;
