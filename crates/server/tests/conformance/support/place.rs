//! An installation on disk that is stopped and started again, beside a stand-in that goes on.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;
use store::{Keyring, OpenOptions, SqliteOperator, SqliteStore};
use stripe_sandbox::{Sandbox, WebhookMode, WebhookSettings};
use testkit::TestEntropy;

use super::{Pushes, TestApp, sandbox};

/// A folder with a database, its key, and Stripe. No webhook is sent but by the test itself.
pub struct Place {
    folder: tempfile::TempDir,
    pub key: SecretString,
    entropy: Arc<TestEntropy>,
    sandbox: Sandbox,
}

impl Place {
    pub fn new() -> Self {
        let entropy = Arc::new(TestEntropy::new());
        let sandbox = sandbox(&entropy, &Arc::default());
        let settings = WebhookSettings { mode: WebhookMode::Drop, ..WebhookSettings::default() };
        sandbox.set_webhooks(settings).unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self { folder, key: Keyring::generate().unwrap(), entropy, sandbox }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("paybridge.db")
    }

    /// Starts the app. The last one has to be stopped, that is dropped, before.
    pub fn start(&self, key: &SecretString) -> TestApp {
        let keyring = Keyring::from_base64(key).unwrap();
        let options = OpenOptions { migrate: true };
        let entropy = self.entropy.as_ref();
        let store = SqliteStore::open(&self.path(), keyring, options, entropy).unwrap();
        TestApp::beside(self.sandbox.clone(), store, self.entropy.clone(), Pushes::new())
    }

    /// What an operator sees of the database.
    pub fn operator(&self) -> SqliteOperator {
        SqliteOperator::open(&self.path()).unwrap()
    }
}
