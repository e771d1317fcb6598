//! `cargo xtask bench`: how fast the app is, as ratios, beside a PostgreSQL that waits for its disk.

use std::path::Path;
use std::process::Command;

use clap::Args;

use crate::run;

/// What is measured.
#[derive(Args)]
pub struct Bench {
    /// webhooks-postgres, webhooks-sqlite, initialize, orders, orders-among-many; all if none is named.
    /// Then `--seconds N` a turn, `--turns N` of each side, `--payments N` that are many
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub fn run(root: &Path, bench: &Bench) -> anyhow::Result<()> {
    let cargo = run::cargo(root);
    let mut command = Command::new(root.join("scripts/with-postgres"));
    command
        .current_dir(root)
        .arg("--durable")
        .arg(cargo.get_program())
        .args(["bench", "--quiet", "--package", "server", "--bench", "throughput", "--"])
        .args(&bench.arguments);
    run::checked(command)
}
