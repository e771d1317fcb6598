//! Programs that run beside a test, and end with it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long a program may take until it says that it is ready.
const START: Duration = Duration::from_secs(60);

/// A process that ends with the test.
pub struct Process(Child);

impl Process {
    /// Starts a program and waits until it has printed what `ready` looks for; what `ready` made of
    /// the lines up to there comes back.
    pub fn start<T: Send + 'static>(
        program: impl AsRef<OsStr>,
        arguments: &[&str],
        ready: impl FnMut(&str) -> Option<T> + Send + 'static,
    ) -> (Self, T) {
        let name = program.as_ref().display().to_string();
        let mut child = Command::new(program)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        let output = child.stdout.take().expect("the output is piped");
        let process = Self(child);
        let found = first(output, ready)
            .recv_timeout(START)
            .unwrap_or_else(|_| panic!("{name} has not said that it is ready"));
        (process, found)
    }
}

/// Reads to the end, so that the program never waits for a reader; the first line that `ready`
/// takes is sent.
fn first<T: Send + 'static>(
    output: ChildStdout,
    mut ready: impl FnMut(&str) -> Option<T> + Send + 'static,
) -> mpsc::Receiver<T> {
    let (found, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Some(value) = ready(&line) {
                // A test that gave up does not listen any more.
                let _ = found.send(value);
            }
        }
    });
    receiver
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
