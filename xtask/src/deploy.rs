//! Checks the files in `deploy/` with the programs that know their formats.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::ci::installed;
use crate::run;

/// How exposed a hardened unit may be, in tenths: 100 is a service without any protection.
const EXPOSURE_MAX: &str = "20";
const PROMTOOL: &str = "prometheus/usr/bin/promtool";

/// A file that is not as its program wants it fails; so does a program that is not there.
pub fn check(root: &Path) -> anyhow::Result<()> {
    with(root, "bin/hadolint", &["deploy/Dockerfile"])?;
    let (one, many) =
        ("deploy/kubernetes/paybridge.yaml", "deploy/kubernetes/paybridge-postgres.yaml");
    with(root, "bin/kubernetes-validate", &["--strict", one, many])?;
    let (one, many) = ("deploy/compose.yaml", "deploy/compose.postgres.yaml");
    with(root, "bin/python", &["tests/deploy/compose.py", one, many])?;
    with(root, PROMTOOL, &["check", "rules", "deploy/prometheus/alerts.yaml"])?;
    let promtool = installed(root, PROMTOOL)?;
    let dashboard = "deploy/grafana/paybridge.json";
    with(
        root,
        "bin/python",
        &["tests/deploy/dashboard.py", &promtool.to_string_lossy(), dashboard],
    )?;
    units(root)
}

fn with(root: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new(installed(root, program)?);
    command.current_dir(root).args(arguments);
    run::checked(command)
}

/// Only systemd itself can check its units; where another program starts services there is nothing
/// to check them with.
fn units(root: &Path) -> anyhow::Result<()> {
    if !run::succeeds(Command::new("systemd-analyze").arg("--version")) {
        println!("systemd is not here: its units are not checked");
        return Ok(());
    }
    let folder = root.join("deploy/systemd");
    let mut units = Vec::new();
    for entry in folder.read_dir().context("deploy/systemd cannot be read")? {
        units.push(entry?.path());
    }
    units.sort();
    // It tells of a unit that cannot be understood and succeeds all the same; and of programs that
    // are not installed where the unit has them.
    let output = Command::new("systemd-analyze").arg("verify").args(&units).output()?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let wrong: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("paybridge") && !line.contains("is not executable"))
        .collect();
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    for service in ["paybridge.service", "paybridge@.service"] {
        let mut security = Command::new("systemd-analyze");
        security
            .args(["security", "--no-pager", "--offline=true", "--threshold", EXPOSURE_MAX])
            .arg(folder.join(service))
            .stdout(std::process::Stdio::null());
        run::checked(security)?;
    }
    Ok(())
}
