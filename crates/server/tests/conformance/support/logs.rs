//! What was logged while a case ran, by the thread that ran it.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing::subscriber::DefaultGuard;

/// Writes down what this thread logs, until it is dropped.
pub struct Logs {
    lines: Lines,
    _here: DefaultGuard,
}

impl Logs {
    pub fn record() -> Self {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .without_time()
            .with_writer(move || writer.clone())
            .finish();
        Self { lines, _here: tracing::subscriber::set_default(subscriber) }
    }

    /// The lines of this level.
    pub fn of_level(&self, level: &str) -> Vec<String> {
        let bytes = self.lines.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        text.lines()
            .map(str::trim)
            .filter(|line| line.starts_with(level))
            .map(str::to_owned)
            .collect()
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
