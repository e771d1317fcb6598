//! The `paybridge` binary as a library: configuration, commands and wiring.
//!
//! Everything that touches the real world from outside is here: the command line, the environment,
//! the clock, signals, the log. The other crates are handed what they need.

pub mod brokers;
pub mod cli;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod entropy;
pub mod listen;
pub mod logging;
pub mod metrics;
pub mod serve;
pub mod shutdown;
pub mod signs;
pub mod traces;
pub mod wiring;
