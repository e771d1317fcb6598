//! Channels over SQS and SNS on the whole app, against a server of AWS's API: commands that come from
//! a queue, and a journey of real processes in which nothing goes over the app's own channels.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod commands;
mod doctor;
#[path = "../processes/installation.rs"]
#[expect(dead_code, reason = "it serves the tests of processes first")]
mod installation;
mod journey;
mod queue;
#[path = "../conformance/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "it serves the conformance cases first")]
mod support;
