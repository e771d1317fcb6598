//! The store contract on a file, with the threads that a server has.

use std::sync::Arc;

use app::Store;
use store::{Keyring, OpenOptions, SqliteStore};
use tempfile::TempDir;
use testkit::TestEntropy;

async fn in_a_file() -> (Arc<dyn Store>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let keyring = Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
    let store = SqliteStore::open(
        &folder.path().join("paybridge.db"),
        keyring,
        OpenOptions { migrate: true },
        &TestEntropy::with_seed(1),
    )
    .unwrap();
    (Arc::new(store), folder)
}

testkit::store_contract_tests!(in_a_file);
