//! The SQL that the operator's guide gives fits the database and does what the guide says, and the
//! architecture names every table.

use std::collections::BTreeSet;
use std::path::Path;

use paybridge::entropy::SystemEntropy;
use rusqlite::Connection;
use store::{Keyring, OpenOptions, SqliteStore};

use crate::support::read;

/// The statements in the blocks of SQL of a document.
fn statements(document: &str) -> Vec<String> {
    let blocks = document.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks
        .flat_map(|block| block.split(';'))
        .map(|statement| statement.trim().to_owned())
        .filter(|statement| !statement.is_empty())
        .collect()
}

fn open(folder: &Path) -> (SqliteStore, Connection) {
    let path = folder.join("paybridge.db");
    let keyring = Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
    let options = OpenOptions { migrate: true };
    let store = SqliteStore::open(&path, keyring, options, &SystemEntropy).unwrap();
    (store, Connection::open(&path).unwrap())
}

#[test]
fn every_statement_of_the_guide_fits_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, database) = open(folder.path());
    let statements = statements(&read("docs/guide/operate.md"));
    assert!(!statements.is_empty(), "the guide says how to make a backup");
    for statement in statements {
        if let Err(error) = database.prepare(&statement) {
            panic!("{error}\n{statement}");
        }
    }
}

#[test]
fn the_architecture_names_every_table_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, database) = open(folder.path());
    let mut query = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        .unwrap();
    let tables: BTreeSet<String> =
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let document = read("ARCHITECTURE.md");
    let (_, section) = document.split_once("\n## Storage\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let named: BTreeSet<String> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_eq!(named, tables);
}
