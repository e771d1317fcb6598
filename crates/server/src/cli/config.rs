//! `paybridge config`: the effective configuration.

use clap::Args;

use crate::cli::start::ConfigFile;
use crate::cli::{EXIT_CODES, output};
use crate::config::report::Report;
use crate::config::{Config, Settings, reference};

/// Show the effective configuration, secrets masked
///
/// Reads the file and the variables as `serve` does and prints every key with its value and where
/// that came from: a variable, the file, or the default. Anything that `serve` would refuse is
/// told, all of it at once. Secrets show as asterisks; those that are missing are marked.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES, after_long_help = help_end())]
pub(super) struct ConfigArguments {
    #[command(flatten)]
    file: ConfigFile,

    /// Print JSON: keys with value, source, variable, secret and required
    #[arg(long)]
    json: bool,
}

fn help_end() -> String {
    format!(
        "Examples:\n  \
           paybridge config\n  \
           PAYBRIDGE_LISTEN=127.0.0.1:9000 paybridge config --json | jq '.keys.listen'\n\n\
         {EXIT_CODES}\n\n{}",
        reference::help()
    )
}

pub(super) fn run(arguments: &ConfigArguments) -> anyhow::Result<()> {
    let settings = Settings::gather(arguments.file.sources()?)?;
    let config = Config::from_settings(&settings)?;
    let report = Report::new(&settings, &config);
    if arguments.json { output::print(&report.json()?) } else { output::print(&report.text()) }
}
