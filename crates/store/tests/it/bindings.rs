//! Accounts under the operator's platform, as the contract has them.

use std::sync::Arc;

use store::{Keyring, SqliteStore};
use testkit::{TestEntropy, store_contract};

fn in_memory() -> Arc<SqliteStore> {
    let keyring = Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
    Arc::new(SqliteStore::inline(keyring, &TestEntropy::with_seed(1)).unwrap())
}

#[tokio::test]
async fn r05_an_account_is_bound_to_one_tenant() {
    store_contract::an_account_is_bound_to_one_tenant(in_memory()).await;
}

#[tokio::test]
async fn r05_an_account_of_a_merchant_is_not_bound_to_another_tenant() {
    store_contract::an_account_of_a_merchant_is_not_bound_to_another_tenant(in_memory()).await;
}

#[tokio::test]
async fn a_rehearsed_binding_changes_nothing() {
    store_contract::a_rehearsed_binding_changes_nothing(in_memory()).await;
}

#[tokio::test]
async fn r05_a_tenant_is_connected_through_the_platform_only_while_it_is_bound() {
    store_contract::a_tenant_is_connected_through_the_platform_only_while_it_is_bound(in_memory())
        .await;
}
