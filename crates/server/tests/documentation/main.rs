//! The documents say what the code does.

mod configuration;
mod errors;
mod literals;
mod support;
