//! The arguments of `paybridge serve`.

use app::process::Role;
use clap::{Args, ValueEnum};

use crate::cli::EXIT_CODES;
use crate::cli::start::{self, ConfigFile};
use crate::config::reference;

/// Run the app
///
/// Answers the shop and Stripe, applies what comes in, and delivers messages. Pending migrations of
/// the database are applied first. SIGTERM makes `/health/ready` say 503 for `drain_seconds`, then
/// finishes what was begun, for at most `shutdown_timeout_seconds`; Ctrl-C does the latter only, and
/// a second signal stops at once. Nothing is lost in any of them: what was not finished is in the
/// database and goes on at the next start. A listening socket that a service manager hands over
/// (LISTEN_FDS) is used in place of `listen`: connections wait in it while one process follows the
/// other.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXIT_CODES, after_long_help = help_end())]
pub(super) struct ServeArguments {
    /// Where the configuration is read from.
    #[command(flatten)]
    file: ConfigFile,

    /// Do not apply pending migrations: stop with an error when there are any
    #[arg(long)]
    no_migrate: bool,

    /// What this process does
    #[arg(long, value_enum, default_value_t)]
    role: RoleArgument,
}

/// What a process does, as it is typed.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum RoleArgument {
    /// Everything
    #[default]
    All,
    /// Answer requests and store what comes in: a worker has to run beside
    Api,
    /// Carry out what is stored and deliver messages; answer health and metrics only
    Worker,
}

impl From<RoleArgument> for Role {
    fn from(argument: RoleArgument) -> Self {
        match argument {
            RoleArgument::All => Self::All,
            RoleArgument::Api => Self::Api,
            RoleArgument::Worker => Self::Worker,
        }
    }
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
    let (role, migrate) = (arguments.role.into(), !arguments.no_migrate);
    start::runtime()?.block_on(crate::serve::run(config, secrets, role, migrate))
}
