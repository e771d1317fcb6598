//! Developer tasks: `cargo xtask ci`, `cargo xtask tidy`, `cargo xtask docs`,
//! `cargo xtask simulate`, `cargo xtask mutate`, `cargo xtask bench`.

mod bench;
mod ci;
mod deploy;
mod docs;
mod mutate;
mod run;
mod simulate;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

/// Tasks of those who work on paybridge.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every check, as `scripts/test` does
    Ci,
    /// Check the rules of structure
    Tidy,
    /// Rewrite the generated parts of the documents
    Docs,
    /// Simulate bad days, each from a seed that repeats it
    Simulate(simulate::Simulate),
    /// Measure how fast the app is, side by side with what it is compared with
    Bench(bench::Bench),
    /// Plant faults in a copy of the tree, and see whether the simulation finds each
    Mutate,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = repository().and_then(|root| match cli.task {
        Task::Ci => ci::run(&root),
        Task::Tidy => tidy::run(&root),
        Task::Docs => docs::run(&root),
        Task::Bench(bench) => bench::run(&root, &bench),
        Task::Mutate => mutate::run(&root),
        Task::Simulate(simulate) => simulate::run(&root, &simulate),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace, which this crate is one folder below.
fn repository() -> anyhow::Result<PathBuf> {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .context("start it as `cargo xtask`, which says where the repository is")?;
    let root = Path::new(&here).parent().context("xtask lies in no folder")?;
    Ok(root.to_owned())
}
