//! The log: to the standard error, so that the standard output belongs to what a command prints.

use std::fmt;
use std::io::IsTerminal;

use anyhow::{Context, anyhow};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::LogFormat;
use crate::traces::{self, Traces};

/// Whatever the filter says: the client of RabbitMQ writes whole messages to the log, with their
/// tokens, and every error once more.
const NEVER: &str = "lapin=off";

/// Starts the log of this process, and lets `traces` see what it does.
///
/// # Errors
/// When the filter cannot be understood, or a log was started before.
pub fn init(filter: &str, format: LogFormat, traces: Option<&Traces>) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)
        .with_context(|| format!("the log filter {filter:?} cannot be understood"))?
        .add_directive(NEVER.parse().context("a directive of the log cannot be understood")?);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines: Box<dyn Layer<_> + Send + Sync> = match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => {
            let json = lines.json().flatten_event(true).with_ansi(false);
            if traces.is_some() { json.map_event_format(WithTrace).boxed() } else { json.boxed() }
        }
    };
    // The first layer: the trace that a span belongs to is known when its lines are written.
    Registry::default()
        .with(traces.map(Traces::layer))
        .with(lines.with_filter(filter))
        .try_init()
        .map_err(|error| anyhow!("the log cannot be started: {error}"))
}

/// Lines of JSON that begin with the trace they belong to, as the collector knows it.
struct WithTrace<F>(F);

impl<S, N, F> FormatEvent<S, N> for WithTrace<F>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(trace) = traces::current() else {
            return self.0.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        match line.strip_prefix('{') {
            Some(fields) => write!(writer, "{{\"trace\":\"{trace}\",{fields}"),
            None => writer.write_str(&line),
        }
    }
}
