//! A PostgreSQL for tests: the one whose address stands in `TEST_POSTGRES`, or one that is started for
//! this process and ends with it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

/// Starts a server, says where it is, and stops it when its input ends: with this process, however that
/// ends.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/with-postgres");
const SAY_AND_WAIT: &str = "echo \"$TEST_POSTGRES\"; cat >/dev/null";

struct Server {
    address: String,
    /// Its input stays open as long as this process lives.
    _script: Option<Child>,
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
    let mut script = Command::new(SCRIPT)
        .args(["sh", "-c", SAY_AND_WAIT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(script.stdout.take().unwrap()).read_line(&mut address).unwrap();
    assert!(!address.is_empty(), "PostgreSQL did not start: install the package `postgresql`");
    Server { address: address.trim().to_owned(), _script: Some(script) }
}
