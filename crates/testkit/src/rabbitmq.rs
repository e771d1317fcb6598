//! A RabbitMQ for tests: the one whose address stands in `TEST_AMQP`, or one that is started for this
//! process and ends with it; and one for a test alone, which may stop it.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::script::Script;

static SHARED: OnceLock<Server> = OnceLock::new();
static NAMES: AtomicU32 = AtomicU32::new(0);

/// A server that a test has for itself. It ends with this.
#[derive(Debug)]
pub struct Server {
    /// Its address.
    pub address: String,
    /// A folder with what it is told by: see the script.
    tools: PathBuf,
    _script: Option<Script>,
}

/// The address of the server that tests share.
///
/// # Panics
/// RabbitMQ is not there or does not work.
pub fn address() -> String {
    let shared = SHARED.get_or_init(|| match std::env::var("TEST_AMQP") {
        Ok(address) => Server { address, tools: PathBuf::new(), _script: None },
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
        let (script, [address, tools]) = Script::start(
            "with-rabbitmq",
            ["TEST_AMQP", "TEST_RABBITMQ"],
            "install the package `rabbitmq-server`",
        );
        Self { address, tools: tools.into(), _script: Some(script) }
    }

    /// Gives it a command, such as `stop_app`, as its operator would.
    ///
    /// # Panics
    /// It does not come about.
    pub fn control(&self, arguments: &[&str]) {
        self.run("rabbitmqctl", arguments);
    }

    /// Kills its process (SIGKILL). What it had on disk stays.
    ///
    /// # Panics
    /// It does not run.
    pub fn fall(&self) {
        self.run("fall", &[]);
    }

    /// Starts it again, with what it had on disk, and waits until it answers: some seconds.
    ///
    /// # Panics
    /// It does not start.
    pub fn rise(&self) {
        self.run("rise", &[]);
    }

    fn run(&self, tool: &str, arguments: &[&str]) {
        let output = Command::new(self.tools.join(tool)).args(arguments).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{tool} {arguments:?}: {told}");
    }
}
