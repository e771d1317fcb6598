//! `paybridge prune`: giving up what nobody needs any more.

use app::Entropy;
use app::ports::{PruneBefore, Pruned, Upkeep};
use clap::Args;
use serde_json::json;

use crate::cli::operator::{help_end, print_json};
use crate::cli::output;
use crate::cli::start::{self, ConfigFile};
use crate::cli::table::{Table, time};
use crate::entropy::SystemEntropy;
use crate::wiring::open_operator;

/// Give up rows that nobody needs any more
///
/// Webhooks and commands that were done with, messages that the shop has, settled calls to Stripe
/// and histories, once they are older than `retention.…` says. The worker does the same every ten
/// minutes; this does it now, beside a running server, in small steps. Payments, refunds, payouts
/// and whatever has not ended stay, however old they are. The database file does not get smaller:
/// the room is used again.
#[derive(Clone, Debug, Args)]
#[command(after_help = help_end(&["paybridge prune --dry-run", "paybridge prune"]))]
pub(super) struct PruneArguments {
    #[command(flatten)]
    file: ConfigFile,

    /// Say what would be given up, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &PruneArguments) -> anyhow::Result<()> {
    let config = arguments.file.load()?;
    let store = open_operator(&config.database)?;
    let before = config.retention.before(SystemEntropy.now());
    let pruned = start::runtime()?.block_on(async {
        if arguments.dry_run {
            store.prunable(&before).await
        } else {
            app::prune::prune(&store, &before, u32::MAX).await
        }
    })?;
    if arguments.json {
        print_json(&report(arguments, &before, pruned))
    } else {
        tell(arguments, &before, pruned)
    }
}

fn report(arguments: &PruneArguments, before: &PruneBefore, pruned: Pruned) -> serde_json::Value {
    let kinds = kinds(before, pruned).map(|(name, before, rows)| {
        json!({"kind": name, "older_than": before.to_string(), "rows": rows})
    });
    json!({"dry_run": arguments.dry_run, "pruned": kinds})
}

fn tell(arguments: &PruneArguments, before: &PruneBefore, pruned: Pruned) -> anyhow::Result<()> {
    let mut table = Table::new(&["KIND", "OLDER THAN (UTC)", "ROWS"]);
    for (name, before, rows) in kinds(before, pruned) {
        table.push(vec![name.to_owned(), time(before), rows.to_string()]);
    }
    let end = if arguments.dry_run {
        "Dry run, nothing was changed: so many rows would be given up.\n"
    } else {
        "So many rows were given up.\n"
    };
    output::print(&(table.render("") + end))
}

fn kinds(before: &PruneBefore, pruned: Pruned) -> [(&'static str, jiff::Timestamp, u64); 4] {
    [
        ("inbox", before.inbox, pruned.inbox),
        ("outbox", before.outbox, pruned.outbox),
        ("calls", before.calls, pruned.calls),
        ("history", before.history, pruned.history),
    ]
}
