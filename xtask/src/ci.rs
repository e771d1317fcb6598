//! `cargo xtask ci`: every check, one after the other, until one fails.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};

use crate::{deploy, run, tidy};

/// A check: its heading, and what it does.
type Step = (&'static str, fn(&Path) -> anyhow::Result<()>);

/// The quick ones first, so that a slip shows early.
const STEPS: [Step; 10] = [
    ("Format", format),
    ("Rules of structure", tidy::run),
    ("Files to deploy with", deploy::check),
    ("Lints", lints),
    ("Tests", tests),
    ("Examples in the documentation", doc_tests),
    ("Documentation", documentation),
    ("Stripe's own SDK against the sandbox", stripe_sdk),
    ("Schemathesis against the app", schemathesis),
    ("The demo in a real browser", browser),
];

pub fn run(root: &Path) -> anyhow::Result<()> {
    let start = Instant::now();
    for (number, (heading, step)) in STEPS.iter().enumerate() {
        println!("\n== {} of {}: {heading}", number + 1, STEPS.len());
        let step_start = Instant::now();
        step(root).with_context(|| format!("{heading} failed"))?;
        println!("== {heading}: done in {} s", step_start.elapsed().as_secs());
    }
    println!("\nAll {} checks passed in {} s.", STEPS.len(), start.elapsed().as_secs());
    Ok(())
}

fn cargo(root: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = run::cargo(root);
    command.args(arguments);
    run::checked(command)
}

fn format(root: &Path) -> anyhow::Result<()> {
    cargo(root, &["fmt", "--all", "--check"])
}

fn lints(root: &Path) -> anyhow::Result<()> {
    cargo(
        root,
        &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"],
    )
}

/// The driver of the browser asks `serde_json` for another order of keys, and one build has one
/// answer for all: so its crate is built, and run, by itself.
const BY_ITSELF: [&str; 2] = ["--exclude", "browser-tests"];
/// The program with all that it can have; without, it is built for those who call it below.
const WHOLE: [&str; 2] = ["--features", "server/aws"];

/// nextest runs tests of all crates at once; without it cargo's own runner does as well. Both find one
/// PostgreSQL, one RabbitMQ and one server of AWS's API for all of them.
fn tests(root: &Path) -> anyhow::Result<()> {
    if run::succeeds(run::cargo(root).args(["nextest", "--version"])) {
        let arguments = ["nextest", "run", "--workspace", "--no-fail-fast"];
        with_servers(root, &[&arguments[..], &WHOLE, &BY_ITSELF].concat())
    } else {
        println!("cargo-nextest is not installed: `cargo test` runs the tests");
        let arguments = ["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"];
        with_servers(root, &[&arguments[..], &WHOLE, &BY_ITSELF].concat())
    }
}

/// Runs cargo beside servers that end with it.
fn with_servers(root: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let cargo = run::cargo(root);
    let mut command = Command::new(root.join("scripts/with-postgres"));
    command.current_dir(root).args(["scripts/with-rabbitmq", "scripts/with-moto"]);
    command.arg(cargo.get_program()).args(arguments);
    run::checked(command)
}

fn doc_tests(root: &Path) -> anyhow::Result<()> {
    cargo(root, &[&["test", "--workspace", "--doc"][..], &WHOLE, &BY_ITSELF].concat())
}

fn documentation(root: &Path) -> anyhow::Result<()> {
    let mut command = run::cargo(root);
    command.args(["doc", "--workspace", "--no-deps"]).args(WHOLE);
    command.env("RUSTDOCFLAGS", "-D warnings");
    run::checked(command)
}

/// The suite skips itself without the command; here it must run.
fn stripe_sdk(root: &Path) -> anyhow::Result<()> {
    let paybridge = built(root)?;
    let mut command = Command::new(installed(root, "bin/python")?);
    command
        .current_dir(root)
        .args(["-m", "unittest", "discover", "--start-directory", "tests/stripe-sdk", "--verbose"])
        .env("STRIPE_SANDBOX_COMMAND", format!("'{}' sandbox", paybridge.display()));
    run::checked(command)
}

/// Every endpoint is called with what its own description allows, and with what it does not.
fn schemathesis(root: &Path) -> anyhow::Result<()> {
    let paybridge = built(root)?;
    let mut command = Command::new(installed(root, "bin/python")?);
    command.current_dir(root).arg("tests/schemathesis/run.py").env("PAYBRIDGE", paybridge);
    run::checked(command)
}

fn browser(root: &Path) -> anyhow::Result<()> {
    let mut command = run::cargo(root);
    command
        .args(["test", "--package", "browser-tests", "--features", "browser"])
        .env("PAYBRIDGE_AXE", installed(root, "axe/axe_playwright_python/axe.min.js")?);
    run::checked(command)
}

/// The program, built now.
fn built(root: &Path) -> anyhow::Result<PathBuf> {
    cargo(root, &["build", "--package", "server", "--bin", "paybridge"])?;
    Ok(run::target_folder(root).join("debug/paybridge"))
}

/// A file of what `scripts/test` installs for the tests.
pub(crate) fn installed(root: &Path, file: &str) -> anyhow::Result<PathBuf> {
    let path = run::target_folder(root).join("venv").join(file);
    ensure!(path.exists(), "{} is not there: `scripts/test` installs it", path.display());
    Ok(path)
}
