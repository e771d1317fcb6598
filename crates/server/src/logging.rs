//! The log: to the standard error, so that the standard output belongs to what a command prints.

use std::io::IsTerminal;

use anyhow::{Context, anyhow};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Whatever the filter says: the client of RabbitMQ writes whole messages to the log, with their
/// tokens, and every error once more.
const NEVER: &str = "lapin=off";

/// Starts the log of this process.
///
/// # Errors
/// When the filter cannot be understood, or a log was started before.
pub fn init(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)
        .with_context(|| format!("the log filter {filter:?} cannot be understood"))?
        .add_directive(NEVER.parse().context("a directive of the log cannot be understood")?);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_ansi(false).try_init(),
    }
    .map_err(|error| anyhow!("the log cannot be started: {error}"))
}
