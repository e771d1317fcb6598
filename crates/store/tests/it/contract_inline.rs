//! The store contract on a database in memory, without threads: as simulations use it.

use std::sync::Arc;

use app::Store;
use store::{Keyring, SqliteStore};
use testkit::TestEntropy;

async fn in_memory() -> (Arc<dyn Store>, ()) {
    let keyring = Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
    let store = SqliteStore::inline(keyring, &TestEntropy::with_seed(1)).unwrap();
    (Arc::new(store), ())
}

testkit::store_contract_tests!(in_memory);
