//! The arguments of `paybridge serve`.

use clap::Args;

use crate::cli::EXIT_CODES;
use crate::cli::start::{self, ConfigFile};
use crate::config::reference;

/// Run the app
///
/// Answers the shop and Stripe, applies what comes in, and delivers messages. Pending migrations of
/// the database are applied first. SIGTERM or Ctrl-C finishes what was begun, for at most
/// `shutdown_timeout_seconds`; a second one stops at once. Nothing is lost either way: what was not
/// finished is in the database and goes on at the next start.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXIT_CODES, after_long_help = help_end())]
pub(super) struct ServeArguments {
    /// Where the configuration is read from.
    #[command(flatten)]
    file: ConfigFile,

    /// Do not apply pending migrations: stop with an error when there are any
    #[arg(long)]
    no_migrate: bool,
}

fn help_end() -> String {
    format!(
        "Example:\n  \
           export PAYBRIDGE_ENCRYPTION_KEY=\"$(paybridge keys generate)\"\n  \
           export PAYBRIDGE_AUTH_TOKEN=\"$(paybridge keys generate)\"\n  \
           paybridge serve\n\n{EXIT_CODES}\n\n{}",
        reference::help()
    )
}

pub(super) fn run(arguments: &ServeArguments) -> anyhow::Result<()> {
    let config = arguments.file.load()?;
    let secrets = config.secrets()?;
    start::install_tls()?;
    start::runtime()?.block_on(crate::serve::run(config, secrets, !arguments.no_migrate))
}
