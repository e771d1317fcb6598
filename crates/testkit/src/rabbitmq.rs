//! A RabbitMQ for tests: the one whose address stands in `TEST_AMQP`, or one that is started for this
//! process and ends with it; and one for a test alone, which may stop it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Starts a server, says where it is, and stops it when its input ends: with this process, however that
/// ends.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/with-rabbitmq");
const SAY_AND_WAIT: &str = "echo \"$TEST_AMQP\"; echo \"$TEST_RABBITMQCTL\"; cat >/dev/null";

static SHARED: OnceLock<Server> = OnceLock::new();
static NAMES: AtomicU32 = AtomicU32::new(0);

/// A server that a test has for itself. It ends with this.
#[derive(Debug)]
pub struct Server {
    /// Its address.
    pub address: String,
    control: String,
    /// Its input stays open as long as this lives.
    script: Option<Child>,
}

/// The address of the server that tests share.
///
/// # Panics
/// RabbitMQ is not there or does not work.
pub fn address() -> String {
    let shared = SHARED.get_or_init(|| match std::env::var("TEST_AMQP") {
        Ok(address) => Server { address, control: String::new(), script: None },
        Err(_) => Server::start(),
    });
    shared.address.clone()
}

/// A name that no other test has.
pub fn name() -> String {
    let number = NAMES.fetch_add(1, Ordering::Relaxed);
    format!("test-{}-{number}", std::process::id())
}

impl Server {
    /// Starts one.
    ///
    /// # Panics
    /// RabbitMQ is not there or does not work.
    pub fn start() -> Self {
        let mut script = Command::new(SCRIPT)
            .args(["sh", "-c", SAY_AND_WAIT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(script.stdout.take().unwrap()).lines();
        let mut line = || lines.next().and_then(Result::ok).unwrap_or_default();
        let (address, control) = (line(), line());
        assert!(!address.is_empty(), "RabbitMQ did not start: install `rabbitmq-server`");
        Self { address, control, script: Some(script) }
    }

    /// Gives it a command, such as `stop_app`, as its operator would.
    ///
    /// # Panics
    /// It does not come about.
    pub fn control(&self, arguments: &[&str]) {
        let output = Command::new(&self.control).args(arguments).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {told}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut script) = self.script.take() {
            drop(script.stdin.take());
            let _ = script.wait();
        }
    }
}
