//! An installation moves from SQLite to PostgreSQL: all of it, or nothing.

use std::path::PathBuf;

use app::ports::{Entropy, Expected, Store, TenantChange, TenantCommit};
use app::tenant::{Access, Credentials};
use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};
use secrecy::{ExposeSecret, SecretString};
use store::{
    DatabaseStore, Keyring, OpenOptions, PostgresServer, RelocateError, Relocated, SqliteStore,
    migrate, relocate,
};
use testkit::{TestEntropy, builders};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

const MIGRATE: OpenOptions = OpenOptions { migrate: true };

/// What columns hold that may hold anything, in the rows of [`Place::fill`].
const TEXTS: [&str; 3] = ["", "Łódź 💶 \t\"quoted\"\n\\N", "it's"];
const NUMBERS: [i64; 3] = [0, 1_795_000_000_123_456, i64::MAX];
const BYTES: [&[u8]; 3] = [b"", b"\0\xff\\x00", b"{\"id\":\"evt_1\"}"];
/// The last row of the inbox is gone, and had this number.
const PRUNED: i64 = 1_000;

/// An installation on SQLite, and an empty database on PostgreSQL.
struct Place {
    folder: tempfile::TempDir,
    key: SecretString,
    entropy: TestEntropy,
    address: String,
}

impl Place {
    async fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
            key: Keyring::generate().unwrap(),
            entropy: TestEntropy::new(),
            address: testkit::postgres::database().await,
        };
        migrate(&place.file(), &place.entropy).unwrap();
        place.fill();
        place
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("paybridge.db")
    }

    fn source(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }

    async fn target(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.address, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    fn keyring(&self) -> Keyring {
        Keyring::from_base64(&self.key).unwrap()
    }

    fn server(&self) -> PostgresServer {
        PostgresServer::parse(&self.address).unwrap()
    }

    fn relocate(&self, rehearsed: bool) -> Result<Relocated, RelocateError> {
        self.relocate_with(&self.keyring(), rehearsed)
    }

    fn relocate_with(
        &self,
        keyring: &Keyring,
        rehearsed: bool,
    ) -> Result<Relocated, RelocateError> {
        let server = self.server();
        relocate(&self.file(), &server, keyring, &self.entropy, rehearsed, &mut |_, _| {})
    }

    fn refusal(&self) -> String {
        self.relocate(false).unwrap_err().to_string()
    }

    /// Puts three rows into every table, the last one with nothing where nothing may be.
    fn fill(&self) {
        let source = self.source();
        source.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        for table in tables(&source).iter().filter(|table| *table != "installation") {
            let columns = columns(&source, table);
            let names: Vec<_> = columns.iter().map(|column| format!("[{}]", column.name)).collect();
            let places = vec!["?"; names.len()].join(", ");
            let insert = format!("INSERT INTO [{table}] ({}) VALUES ({places})", names.join(", "));
            for row in 0..3 {
                let values = columns.iter().map(|column| self.value(table, column, row));
                source.execute(&insert, rusqlite::params_from_iter(values)).unwrap();
            }
        }
        let pruned = format!("UPDATE sqlite_sequence SET seq = {PRUNED} WHERE name = 'inbox'");
        source.execute(&pruned, []).unwrap();
    }

    /// The rows of one number belong together: their tenant's name and their ids end with it.
    fn value(&self, table: &str, column: &Column, row: usize) -> Value {
        let text = |text: &str| Value::Text(text.to_owned());
        let of = |words: [&str; 3]| text(words[row]);
        let number = i64::try_from(row).unwrap();
        match (table, column.name.as_str()) {
            ("tenant", "id") | (_, "tenant") => Value::Text(format!("tenant-{row}")),
            ("data_key", "master") => text(self.keyring().active_id()),
            ("credential", "key_id") | (_, "id" | "payment" | "attempt" | "transfer") => {
                Value::Text(row.to_string())
            }
            ("tenant", "status") => of(["CONNECTED", "DISCONNECTED", "CONNECTED"]),
            (_, "mode") => of(["test", "live", "test"]),
            ("inbox", "kind") => of(["event", "command", "event"]),
            ("inbox", "state") => of(["waiting", "done", "parked"]),
            ("outbox", "state") => of(["waiting", "delivered", "parked"]),
            ("attempt", "state") => of(["open", "refused", "closed"]),
            ("capture", "state") => of(["pending", "succeeded", "failed"]),
            ("refund" | "transfer" | "reversal", "state") => {
                of(["requested", "succeeded", "failed"])
            }
            ("dispute", "state") => of(["opened", "withdrawn", "reinstated"]),
            ("inbox" | "outbox", "due_at") if row > 0 => Value::Null,
            (_, "seq") => Value::Integer(number + 1),
            _ if row == 2 && column.nullable => Value::Null,
            _ if column.is_truth => Value::Integer(number % 2),
            _ => match column.kind.as_str() {
                "TEXT" => of(TEXTS),
                "BLOB" => Value::Blob(BYTES[row].to_vec()),
                _ => Value::Integer(NUMBERS[row]),
            },
        }
    }
}

struct Column {
    name: String,
    kind: String,
    nullable: bool,
    is_truth: bool,
}

fn tables(source: &Connection) -> Vec<String> {
    let list = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
        AND name <> 'schema_migration' ORDER BY name";
    let mut statement = source.prepare(list).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn columns(source: &Connection, table: &str) -> Vec<Column> {
    let list = "SELECT name, type, [notnull], (SELECT sql FROM sqlite_schema WHERE name = ?1)
        FROM pragma_table_info(?1)";
    let mut statement = source.prepare(list).unwrap();
    let read = |row: &rusqlite::Row| {
        let (name, not_null): (String, bool) = (row.get(0)?, row.get(2)?);
        let is_truth = row.get::<_, String>(3)?.contains(&format!("CHECK ({name} IN (0, 1))"));
        Ok(Column { name, kind: row.get(1)?, nullable: !not_null, is_truth })
    };
    statement.query_map([table], read).unwrap().map(Result::unwrap).collect()
}

/// All rows of a table, each value as PostgreSQL writes it.
fn rows(source: &Connection, table: &str) -> Vec<Vec<Option<String>>> {
    let names: Vec<_> = columns(source, table).into_iter().map(|column| column.name).collect();
    let list = format!("SELECT [{}] FROM [{table}]", names.join("], ["));
    let mut statement = source.prepare(&list).unwrap();
    let read = |row: &rusqlite::Row| {
        let value = |at| match row.get_ref(at).unwrap() {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Text(text) => Some(String::from_utf8(text.to_vec()).unwrap()),
            ValueRef::Blob(bytes) => {
                Some(bytes.iter().fold("\\x".to_owned(), |hex, byte| format!("{hex}{byte:02x}")))
            }
            ValueRef::Real(number) => panic!("{number} is no value of ours"),
        };
        Ok((0..names.len()).map(value).collect::<Vec<_>>())
    };
    let mut rows: Vec<_> = statement.query_map([], read).unwrap().map(Result::unwrap).collect();
    rows.sort();
    rows
}

/// The same columns there.
async fn arrived(target: &Client, source: &Connection, table: &str) -> Vec<Vec<Option<String>>> {
    let names: Vec<_> = columns(source, table).into_iter().map(|column| column.name).collect();
    let list = format!("SELECT \"{}\" FROM {table}", names.join("\", \""));
    let mut rows = Vec::new();
    for message in target.simple_query(&list).await.unwrap() {
        if let SimpleQueryMessage::Row(row) = message {
            let value = |at| row.get(at).map(str::to_owned);
            rows.push((0..names.len()).map(value).collect::<Vec<_>>());
        }
    }
    rows.sort();
    rows
}

async fn number(target: &Client, query: &str) -> i64 {
    target.query_one(query, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn every_row_of_every_table_arrives_as_it_was() {
    let place = Place::new().await;
    let before: Vec<_> = {
        let source = place.source();
        tables(&source).into_iter().map(|table| (rows(&source, &table), table)).collect()
    };
    let rehearsed = place.relocate(true).unwrap();
    let moved = place.relocate(false).unwrap();
    assert_eq!(rehearsed, moved, "a rehearsal tells what will be");
    let mut names: Vec<&str> = moved.tables.iter().map(|(table, _)| *table).collect();
    names.sort_unstable();
    assert_eq!(names, before.iter().map(|(_, table)| table).collect::<Vec<_>>());

    let (source, target) = (place.source(), place.target().await);
    for (was, table) in before {
        assert!(!was.is_empty(), "{table}");
        assert_eq!(arrived(&target, &source, &table).await, was, "{table}");
        assert_eq!(rows(&source, &table), was, "the file is as it was: {table}");
    }
}

#[tokio::test]
async fn what_comes_next_gets_numbers_that_nothing_had_before() {
    let place = Place::new().await;
    place.relocate(false).unwrap();
    let target = place.target().await;
    let counted = "SELECT table_name || '.' || column_name FROM information_schema.columns
        WHERE is_identity = 'YES' AND table_schema = 'public' ORDER BY 1";
    let counted = target.query(counted, &[]).await.unwrap();
    let counted: Vec<String> = counted.iter().map(|row| row.get(0)).collect();
    let known =
        ["inbox.seq", "outbox.seq", "payment.rowid", "payment_history.seq", "psp_call.rowid"];
    assert_eq!(counted, known);
    for (column, last) in counted.iter().zip([PRUNED, 3, 3, 3, 3]) {
        let (table, column) = column.split_once('.').unwrap();
        let next = format!("SELECT nextval(pg_get_serial_sequence('{table}', '{column}'))");
        assert_eq!(number(&target, &next).await, last + 1, "{table}");
    }
    // In the order in which the file has them.
    let first = "SELECT rowid FROM payment WHERE id = '0'";
    assert_eq!(number(&target, first).await, 1);
}

/// Stripe knows payments by the installation's id, and what was sealed opens with the same key.
#[tokio::test]
async fn it_is_the_same_installation_with_the_same_secrets() {
    let place = Place::new().await;
    let store = SqliteStore::open(&place.file(), place.keyring(), MIGRATE, &place.entropy).unwrap();
    let (tenant, account) = (builders::tenant_id(), builders::account());
    let commit = TenantCommit {
        tenant: builders::tenant(tenant.clone(), &place.entropy),
        expected: Expected::Absent,
        now: place.entropy.now(),
        change: TenantChange::Credentials(Box::new(builders::credentials(account.clone()))),
        messages: Vec::new(),
    };
    store.commit_tenant(commit).await.unwrap();
    let id = store.installation().await.unwrap();
    let credentials = store.credentials(&tenant, &account).await.unwrap().unwrap();
    drop(store);

    place.relocate(false).unwrap();
    let (server, keyring) = (place.server(), place.keyring());
    let moved = DatabaseStore::connect(&server, keyring, MIGRATE, &place.entropy).unwrap();
    assert_eq!(moved.installation().await.unwrap(), id);
    let opened = moved.credentials(&tenant, &account).await.unwrap().unwrap();
    assert_eq!(secret(&opened), secret(&credentials));
}

fn secret(credentials: &Credentials) -> String {
    match &credentials.access {
        Access::Own(keys) => keys.secret.expose_secret().to_owned(),
        Access::Platform => panic!("they are the tenant's own"),
    }
}

#[tokio::test]
async fn a_file_that_is_in_use_or_absent_or_older_stays() {
    let place = Place::new().await;
    let server =
        SqliteStore::open(&place.file(), place.keyring(), MIGRATE, &place.entropy).unwrap();
    assert!(place.refusal().contains("another paybridge uses this database"));
    drop(server);
    let undo = "DELETE FROM schema_migration WHERE version = 9";
    place.source().execute(undo, []).unwrap();
    let refusal = place.refusal();
    assert!(
        refusal.contains("lacks 1 migration(s)") && refusal.contains("run `paybridge migrate`")
    );
    std::fs::remove_file(place.file()).unwrap();
    assert!(place.refusal().contains("there is no file"));
    assert!(!place.file().exists(), "and none is made");
}

#[tokio::test]
async fn without_the_key_that_opens_its_secrets_it_stays() {
    let place = Place::new().await;
    let other = Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
    let refusal = place.relocate_with(&other, false).unwrap_err().to_string();
    let missing = place.keyring().active_id().to_owned();
    assert!(refusal.starts_with(&format!("3 secrets need key {missing}")), "{refusal}");
    place.relocate(false).unwrap();
}

#[tokio::test]
async fn a_rehearsal_leaves_the_server_without_a_table() {
    let place = Place::new().await;
    place.relocate(true).unwrap();
    let tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'";
    assert_eq!(number(&place.target().await, tables).await, 0);
}

#[tokio::test]
async fn a_server_with_an_installation_or_a_program_on_it_stays() {
    let place = Place::new().await;
    let server = place.server();
    let store = DatabaseStore::connect(&server, place.keyring(), MIGRATE, &place.entropy).unwrap();
    store.installation().await.unwrap();
    assert!(place.refusal().contains("of another paybridge use the database to move to"));
    let event = builders::event(&place.entropy, "evt_1");
    store.receive(event).await.unwrap();
    drop(store);
    let refusal = loop {
        // The server notices a moment later that a connection has ended.
        let refusal = place.refusal();
        if !refusal.contains("of another paybridge") {
            break refusal;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert!(refusal.contains("has rows in `inbox` already"), "{refusal}");
}

/// PostgreSQL's texts have no zero byte. None of ours has one; should there be one all the same, nothing is
/// moved.
#[tokio::test]
async fn what_cannot_arrive_keeps_all_of_it() {
    let place = Place::new().await;
    place.source().execute("UPDATE outbox SET note = 'a' || char(0)", []).unwrap();
    let refusal = place.refusal();
    assert!(refusal.starts_with("`outbox` could not be moved, and nothing was"), "{refusal}");
    assert_eq!(number(&place.target().await, "SELECT count(*) FROM tenant").await, 0);
    place.source().execute("UPDATE outbox SET note = 'a'", []).unwrap();
    place.relocate(false).unwrap();
}
