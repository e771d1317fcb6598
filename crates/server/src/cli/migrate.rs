//! The arguments of `paybridge migrate`.

use clap::Args;

use crate::cli::start::ConfigFile;
use crate::cli::{EXIT_CODES, output};

/// Bring the database to this version
///
/// Applies pending migrations and prints them, or says that there are none. `serve` does the same
/// at its start; this is for upgrades in steps: `migrate` first, then `serve --no-migrate`. Needs
/// `database_url` alone of the configuration.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXIT_CODES, after_long_help = help_end())]
pub(super) struct MigrateArguments {
    /// Where the configuration is read from.
    #[command(flatten)]
    file: ConfigFile,
}

fn help_end() -> String {
    format!(
        "Example:\n  \
           PAYBRIDGE_DATABASE_URL=sqlite:/var/lib/paybridge/paybridge.db paybridge migrate\n\n\
         {EXIT_CODES}"
    )
}

pub(super) fn run(arguments: &MigrateArguments) -> anyhow::Result<()> {
    output::print(&crate::serve::migrate(&arguments.file.load()?)?)
}
