//! `cargo xtask simulate`: bad days from chosen seeds, in a release build.

use std::path::Path;

use clap::Args;

use crate::run;

/// Which days.
#[derive(Args)]
pub struct Simulate {
    /// How many seeds, one run each
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print what happens, line by line
    #[arg(long)]
    trace: bool,
}

pub fn run(root: &Path, simulate: &Simulate) -> anyhow::Result<()> {
    let mut command = run::cargo(root);
    command
        .args(["test", "--quiet", "--release", "--package", "server", "--test", "simulation", "--"])
        .args(["--seeds", &simulate.seeds.to_string(), "--seed", &simulate.seed.to_string()]);
    if simulate.trace {
        command.arg("--trace");
    }
    run::checked(command)
}
