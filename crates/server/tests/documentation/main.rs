//! The documents say what the code does.
#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests, their helpers included")]

mod api;
mod configuration;
mod deploy;
mod diagrams;
mod errors;
mod literals;
mod metrics;
mod names;
mod platform;
mod sql;
mod support;
