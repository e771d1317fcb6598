//! Accounts under the operator's platform, as the contract has them.

use std::sync::Arc;

use store::{DatabaseStore, Keyring, OpenOptions, PostgresServer};
use testkit::{TestEntropy, store_contract};

/// One on each database.
async fn stores() -> [Arc<DatabaseStore>; 2] {
    let keyring = || Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
    let entropy = TestEntropy::with_seed(1);
    let in_memory = DatabaseStore::inline(keyring(), &entropy).unwrap();
    let server = PostgresServer::parse(&testkit::postgres::database().await).unwrap();
    let options = OpenOptions { migrate: true };
    let on_a_server = DatabaseStore::connect(&server, keyring(), options, &entropy).unwrap();
    [Arc::new(in_memory), Arc::new(on_a_server)]
}

#[tokio::test]
async fn r05_an_account_is_bound_to_one_tenant() {
    for store in stores().await {
        store_contract::an_account_is_bound_to_one_tenant(store).await;
    }
}

#[tokio::test]
async fn r05_an_account_of_a_merchant_is_not_bound_to_another_tenant() {
    for store in stores().await {
        store_contract::an_account_of_a_merchant_is_not_bound_to_another_tenant(store).await;
    }
}

#[tokio::test]
async fn a_rehearsed_binding_changes_nothing() {
    for store in stores().await {
        store_contract::a_rehearsed_binding_changes_nothing(store).await;
    }
}

#[tokio::test]
async fn r05_a_tenant_is_connected_through_the_platform_only_while_it_is_bound() {
    for store in stores().await {
        store_contract::a_tenant_is_connected_through_the_platform_only_while_it_is_bound(store)
            .await;
    }
}
