//! What a database does by itself with the same rows: what the app is compared with.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use app::Entropy;
use paybridge::entropy::SystemEntropy;
use rusqlite::{Connection, params};

use crate::measure::rate;
use crate::webhooks::body;

/// A table like the app's inbox, with all its indexes.
const LIKE_INBOX: &str = "CREATE TABLE bare_inbox (LIKE inbox INCLUDING ALL)";

/// `pgbench`: one insert a transaction.
pub struct Pgbench {
    program: PathBuf,
    database: String,
    script: tempfile::NamedTempFile,
}

impl Pgbench {
    pub async fn new(database: &str) -> Self {
        testkit::postgres::statement(database, LIKE_INBOX).await;
        let script = tempfile::NamedTempFile::new().unwrap();
        let insert = format!(
            "INSERT INTO bare_inbox (tenant, id, kind, external_id, name, order_key, body, attributes,
                received_at, state, due_at)
            VALUES ('demo-shop', gen_random_uuid(), 'event', gen_random_uuid(),
                'payment_intent.processing', NULL, '\\x{}', '{{}}', 1790000000000000, 'waiting',
                1790000000000000)
            ON CONFLICT (tenant, kind, external_id) DO NOTHING;\n",
            // A colon would begin a variable of pgbench's.
            hex::encode(body(0))
        );
        std::fs::write(script.path(), insert.replace('\n', " ")).unwrap();
        Self { program: pgbench(), database: database.to_owned(), script }
    }

    /// How many transactions a second.
    pub fn turn(&self, connections: usize, time: Duration) -> f64 {
        let output = Command::new(&self.program)
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--file"])
            .arg(self.script.path())
            .arg(format!("--client={connections}"))
            .arg(format!("--time={}", time.as_secs()))
            .arg(&self.database)
            .output()
            .expect("pgbench starts");
        let told = String::from_utf8_lossy(&output.stdout);
        let rate = told.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = rate.and_then(|rest| rest.split(' ').next()).and_then(|word| word.parse().ok());
        rate.unwrap_or_else(|| panic!("{told}{}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// Where the distribution puts it, the newest one.
fn pgbench() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.map(|version| version.path().join("bin/pgbench")).max();
    newest.filter(|program| program.exists()).unwrap_or_else(|| "pgbench".into())
}

/// The app's database in its folder.
const DATABASE: &str = "paybridge.db";

/// A loop of insert and fsync in a file of its own.
pub struct Sqlite {
    connection: Connection,
    number: Cell<u64>,
}

impl Sqlite {
    /// In this folder, which is the app's: on the same disk, with a table like the app's inbox and all
    /// its indexes.
    pub fn new(folder: &Path) -> Self {
        let connection = Connection::open(folder.join("bare.db")).unwrap();
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL").unwrap();
        let app = Connection::open(folder.join(DATABASE)).unwrap();
        let mut schema = app
            .prepare("SELECT sql FROM sqlite_master WHERE tbl_name = 'inbox' AND sql IS NOT NULL")
            .unwrap();
        let mut statements = schema.query([]).unwrap();
        while let Some(row) = statements.next().unwrap() {
            connection.execute_batch(&row.get::<_, String>(0).unwrap()).unwrap();
        }
        Self { connection, number: Cell::new(0) }
    }

    /// How many inserts a second, each in a transaction of its own.
    pub fn turn(&self, time: Duration) -> f64 {
        let mut insert = self
            .connection
            .prepare(
                "INSERT INTO inbox (tenant, id, kind, external_id, name, body, attributes,
                    received_at, state, due_at)
                VALUES ('demo-shop', ?1, 'event', ?2, 'payment_intent.processing', ?3, '{}', ?4,
                    'waiting', ?4)",
            )
            .unwrap();
        let (begun, first) = (Instant::now(), self.number.get());
        while begun.elapsed() < time {
            let number = self.number.replace(self.number.get() + 1);
            let id = SystemEntropy.new_id().to_string();
            let event = format!("evt_bench_{number:012}");
            let now = SystemEntropy.now().as_microsecond();
            insert.execute(params![id, event, body(number).as_bytes(), now]).unwrap();
        }
        rate(self.number.get() - first, begun.elapsed())
    }
}
