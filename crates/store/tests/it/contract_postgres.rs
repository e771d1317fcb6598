//! The store contract on PostgreSQL. There is no inline way: its driver waits for a network, which
//! paused time cannot stand still for.

use std::sync::Arc;
use std::time::Duration;

use app::Store;
use store::{DatabaseStore, Keyring, OpenOptions, PostgresServer};
use testkit::TestEntropy;

async fn on_a_server() -> (Arc<dyn Store>, ()) {
    let address = testkit::postgres::database().await;
    let server = PostgresServer::parse(&address).unwrap().with_callers_clock();
    let server = server.with_limits(3, Duration::from_secs(10));
    let keyring = Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
    let options = OpenOptions { migrate: true };
    let entropy = TestEntropy::with_seed(1);
    let store = DatabaseStore::connect(&server, keyring, options, &entropy).unwrap();
    (Arc::new(store), ())
}

testkit::store_contract_tests!(on_a_server);
