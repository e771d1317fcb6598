//! Several processes of one installation on one PostgreSQL.

use std::sync::Arc;

use app::Store;
use paybridge::wiring::App;
use store::{DatabaseStore, OpenOptions, PostgresServer};
use testkit::TestEntropy;

use super::plumbing::Pushes;
use super::{TestApp, keyring};

impl TestApp {
    /// An app on this database of a PostgreSQL server.
    pub fn on_postgres(address: &str) -> Self {
        Self::pushing_on_postgres(address, Pushes::new())
    }

    /// The same, with some channels pushed.
    pub fn pushing_on_postgres(address: &str, pushes: Pushes) -> Self {
        let entropy = Arc::new(TestEntropy::new());
        let store = connect(address, &entropy);
        Self::on(store, entropy, pushes)
    }

    /// Another process of the installation, with connections of its own, and its store.
    pub fn another_process(&self, address: &str) -> (App, Arc<DatabaseStore>) {
        let store = Arc::new(connect(address, &self.entropy));
        let site = self.app.consumer.context.site.as_ref().clone();
        (self.started_again(store.clone() as Arc<dyn Store>, site), store)
    }
}

fn connect(address: &str, entropy: &TestEntropy) -> DatabaseStore {
    let server = PostgresServer::parse(address).unwrap().with_callers_clock();
    let options = OpenOptions { migrate: true };
    DatabaseStore::connect(&server, keyring(), options, entropy).unwrap()
}
