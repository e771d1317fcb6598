//! The SQL that the operator's guide gives fits the database and does what the guide says, and the
//! architecture names every table.

use std::collections::BTreeSet;
use std::path::Path;

use app::limits::LEASE;
use app::ports::{InboxItem, InboxKind, InboxOutcome, InboxSettlement, Lease, Received};
use app::{Entropy, Store};
use paybridge::entropy::SystemEntropy;
use payment::{CommandId, TenantId};
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

#[tokio::test]
async fn every_statement_of_the_guide_fits_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, database) = open(folder.path());
    let statements = statements(&read("docs/guide/operate.md"));
    assert!(statements.len() >= 7, "statements are found: {statements:#?}");
    for statement in statements {
        if let Err(error) = database.prepare(&statement) {
            panic!("{error}\n{statement}");
        }
    }
}

#[tokio::test]
async fn a_parked_row_is_tried_again_after_what_the_guide_says() {
    let folder = tempfile::tempdir().unwrap();
    let (store, database) = open(folder.path());
    let now = SystemEntropy.now();
    database
        .execute(
            "INSERT INTO tenant VALUES ('shop', 1, 'CONNECTED', 'acct_1', 'test', '{}', 0, 0)",
            [],
        )
        .unwrap();
    let (tenant, id) = (TenantId::new("shop"), CommandId::new(SystemEntropy.new_id()));
    let item = InboxItem {
        id,
        tenant: tenant.clone(),
        kind: InboxKind::Command,
        external_id: "CapturePayment:1".into(),
        name: "CapturePayment".into(),
        order_key: Some("DE--1".into()),
        body: Vec::new(),
        attributes: "{}".into(),
        received_at: now,
    };
    assert_eq!(store.receive(item).await.unwrap(), Received::New);
    let lease = Lease { worker: "test".into(), now, until: now + LEASE, limit: 1 };
    let fence = store.claim_inbox(&lease).await.unwrap()[0].fence;
    let outcome = InboxOutcome::Parked("the tenant's keys are refused".into());
    let settlement = InboxSettlement { tenant, id, fence, now, outcome };
    store.settle_inbox(settlement).await.unwrap();
    assert_eq!(store.backlog(now).await.unwrap().inbox_parked, 1);
    assert!(store.claim_inbox(&lease).await.unwrap().is_empty());

    let again = statements(&read("docs/guide/operate.md"))
        .into_iter()
        .find(|statement| statement.starts_with("UPDATE inbox"))
        .unwrap();
    let changed = database.execute(&again.replace("THE-ID", &id.to_string()), []).unwrap();
    assert_eq!(changed, 1);
    let claims = store.claim_inbox(&lease).await.unwrap();
    assert_eq!((claims.len(), claims[0].tries), (1, 0), "with all its tries");
    assert_eq!(store.backlog(now).await.unwrap().inbox_parked, 0);
}

#[tokio::test]
async fn the_architecture_names_every_table_and_no_other() {
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
