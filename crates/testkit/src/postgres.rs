//! A PostgreSQL for tests: the one whose address stands in `TEST_POSTGRES`, or one that is started for
//! this process and ends with it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

use crate::script::Script;

struct Server {
    address: String,
    _script: Option<Script>,
}

static SERVER: OnceLock<Server> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// Makes an empty database. Returns its address.
///
/// # Panics
/// PostgreSQL is not there or does not work.
pub async fn database() -> String {
    let server = SERVER.get_or_init(server);
    let number = DATABASES.fetch_add(1, Ordering::Relaxed);
    let name = format!("test_{}_{number}", std::process::id());
    statement(&format!("{}/postgres", server.address), &format!("CREATE DATABASE {name}")).await;
    format!("{}/{name}", server.address)
}

/// Carries out statements on a connection of its own, as somebody beside the app would.
///
/// # Panics
/// They do not come about.
pub async fn statement(address: &str, text: &str) {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(text).await.unwrap();
    drop(client);
    let _ = connection.await;
}

fn server() -> Server {
    if let Ok(address) = std::env::var("TEST_POSTGRES") {
        return Server { address, _script: None };
    }
    let missing = "install the package `postgresql`";
    let (script, [address]) = Script::start("with-postgres", ["TEST_POSTGRES"], missing);
    Server { address, _script: Some(script) }
}
