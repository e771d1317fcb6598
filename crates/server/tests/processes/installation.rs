//! An installation of real processes: the app, the stand-in for Stripe, a database file.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use paybridge::demo::shop::TENANT;
use secrecy::ExposeSecret;
use store::Keyring;

const OPERATOR_TOKEN: &str = "a-token-for-real-processes";

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub fn install_tls() {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A process that ends with the test.
pub struct Process(pub Child);

impl Process {
    pub fn start(command: &mut Command) -> Self {
        let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
        Self(quiet.spawn().expect("the program starts"))
    }

    pub fn kill(&mut self) {
        self.0.kill().expect("SIGKILL reaches the process");
        self.0.wait().expect("the process was ours");
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        let id = self.0.id().to_string();
        let status = Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
        assert!(status.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How the app is started, the first time and again.
pub struct Installation {
    pub app_port: u16,
    pub sandbox_port: u16,
    pub folder: tempfile::TempDir,
    pub database: String,
    pub encryption_key: String,
    /// The shop's.
    pub token: String,
    /// What else the program is told.
    pub environment: Vec<(&'static str, String)>,
}

impl Installation {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", folder.path().join("paybridge.db").display());
        Self::on(database, folder)
    }

    /// On this database.
    pub fn on(database: String, folder: tempfile::TempDir) -> Self {
        let mut installation = Self {
            app_port: free_port(),
            sandbox_port: free_port(),
            folder,
            database,
            encryption_key: Keyring::generate().unwrap().expose_secret().to_owned(),
            token: String::new(),
            environment: Vec::new(),
        };
        installation.output(&["migrate"]);
        let token = installation.output(&["tenant", "token", "issue", TENANT]);
        installation.token = token.trim().to_owned();
        installation
    }

    /// What a command prints.
    pub fn output(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("the binary starts");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {told}");
        String::from_utf8(output.stdout).expect("it prints text")
    }

    pub fn app(&self) -> String {
        format!("http://127.0.0.1:{}", self.app_port)
    }

    pub fn stripe(&self) -> String {
        format!("http://127.0.0.1:{}", self.sandbox_port)
    }

    pub fn start_sandbox(&self) -> Process {
        let listen = format!("127.0.0.1:{}", self.sandbox_port);
        Process::start(&mut self.command(&["sandbox", "--listen", &listen]))
    }

    pub fn start_app(&self) -> Process {
        Process::start(&mut self.command(&["serve"]))
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_paybridge"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("PAYBRIDGE_LISTEN", format!("127.0.0.1:{}", self.app_port))
            .env("PAYBRIDGE_DATABASE_URL", &self.database)
            .env("PAYBRIDGE_ENCRYPTION_KEY", &self.encryption_key)
            .env("PAYBRIDGE_AUTH_TOKEN", OPERATOR_TOKEN)
            .env("PAYBRIDGE_STRIPE_API_BASE", self.stripe())
            // Nothing stands before the app here.
            .env("PAYBRIDGE_DRAIN_SECONDS", "0")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}
