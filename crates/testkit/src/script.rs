//! A server that one of `scripts/with-…` runs beside a test.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts");

/// The script, whose server ends with this, and with this process however that ends: its input is
/// closed then.
#[derive(Debug)]
pub(crate) struct Script(Child);

impl Script {
    /// Starts a server. Returns what the script says of it in these variables; `missing` says what to
    /// install where nothing comes.
    pub fn start<const N: usize>(
        name: &str,
        variables: [&str; N],
        missing: &str,
    ) -> (Self, [String; N]) {
        let say: String =
            variables.iter().map(|variable| format!("echo \"${variable}\"; ")).collect();
        let mut child = Command::new(Path::new(SCRIPTS).join(name))
            .args(["sh", "-c", &format!("{say}cat >/dev/null")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = variables.map(|_| lines.next().and_then(Result::ok).unwrap_or_default());
        assert!(said.iter().all(|line| !line.is_empty()), "no server started: {missing}");
        (Self(child), said)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
