//! Signs between processes on one database that something waits, so that nobody has to look for it. Each is
//! a hint: without any, workers look every half second.

use std::sync::Arc;

use app::process::Role;
use store::DatabaseStore;
use tokio::sync::Notify;

use crate::config::Database;

/// Whoever is woken by `wake` is this process's worker; where it has none, the workers of the others.
pub fn pass_on(database: &Database, role: Role, store: &Arc<DatabaseStore>, wake: &Arc<Notify>) {
    let Database::Postgres(server) = database else { return };
    let (server, store, wake) = (server.clone(), store.clone(), wake.clone());
    if role.works() {
        tokio::spawn(async move { store::hear(&server, move || wake.notify_one()).await });
    } else {
        tokio::spawn(async move { store.pass_on(&wake).await });
    }
}
