//! The architecture names every table of the database.

use std::collections::BTreeSet;
use std::path::Path;

use paybridge::entropy::SystemEntropy;
use rusqlite::Connection;
use store::{Keyring, OpenOptions, SqliteStore};

use crate::support::read;

fn open(folder: &Path) -> (SqliteStore, Connection) {
    let path = folder.join("paybridge.db");
    let keyring = Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
    let options = OpenOptions { migrate: true };
    let store = SqliteStore::open(&path, keyring, options, &SystemEntropy).unwrap();
    (store, Connection::open(&path).unwrap())
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
