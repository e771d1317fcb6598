//! `cargo xtask docs`: the tests that check generated documents can also write them.

use std::path::Path;

use crate::run;

pub fn run(root: &Path) -> anyhow::Result<()> {
    let mut command = run::cargo(root);
    command
        .args(["test", "--quiet", "--package", "server", "--package", "payment"])
        .args(["--test", "documentation", "--test", "machine"])
        .env("UPDATE_DOCS", "1");
    run::checked(command)
}
