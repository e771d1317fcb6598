//! The arguments of `paybridge demo`.

use clap::Args;

use crate::cli::{EXIT_CODES, output, start};
use crate::config::LogFormat;
use crate::logging;

/// The demo's own output is its log; only what goes wrong is logged beside it.
const LOG: &str = "warn";

/// See a payment go through, without an account anywhere
///
/// Starts the app (port 8080), a stand-in for Stripe (8081) and a small shop (8082) in this process,
/// on loopback, with keys of their own and a database in a temporary folder, and prints what to
/// click. It reads no configuration.
#[derive(Clone, Copy, Debug, Args)]
#[command(after_help = EXIT_CODES, after_long_help = help_end())]
pub(super) struct DemoArguments {
    /// On free ports and by itself: take one order from its configuration to its last refund, print every call, webhook and
    /// message with its time, and end: 0 when all went right, 1 with what broke
    #[arg(long)]
    check: bool,
}

fn help_end() -> String {
    format!("Examples:\n  paybridge demo\n  paybridge demo --check\n\n{EXIT_CODES}")
}

pub(super) fn run(arguments: DemoArguments) -> anyhow::Result<()> {
    logging::init(LOG, LogFormat::Text, None)?;
    start::install_tls()?;
    // A reader of the output who has gone away ends nothing that is under way.
    let print = |text: &str| {
        let _ = output::print(text);
    };
    let runtime = start::runtime()?;
    if arguments.check {
        runtime.block_on(crate::demo::check(print))
    } else {
        runtime.block_on(crate::demo::run(print))
    }
}
