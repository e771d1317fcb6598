//! What is sent to queues and topics, as a shop reads it, against a server of AWS's API.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod look;
mod sns;
mod sqs;
mod support;
