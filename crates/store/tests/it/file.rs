//! The database as a file: what an operator and a restart meet.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::limits::{CALL_STALE, LEASE};
use app::ports::{
    Commit, CommitOutcome, Entropy, Expected, Lease, PaymentChange, Received, Store, StoreError,
    TenantChange, TenantCommit, Upkeep,
};
use jiff::SignedDuration;
use payment::{Mode, Purpose};
use secrecy::{ExposeSecret, SecretString};
use store::{Keyring, OpenError, OpenOptions, SqliteStore, migrate};
use tempfile::TempDir;
use testkit::{TestEntropy, builders};

const MIGRATE: OpenOptions = OpenOptions { migrate: true };
const CHECK: OpenOptions = OpenOptions { migrate: false };

/// A place for a database, with a key and a clock.
struct Place {
    folder: TempDir,
    key: SecretString,
    entropy: TestEntropy,
}

impl Place {
    fn new() -> Self {
        let key = Keyring::generate().unwrap();
        Self { folder: tempfile::tempdir().unwrap(), key, entropy: TestEntropy::new() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("data/paybridge.db")
    }

    fn keyring(&self) -> Keyring {
        Keyring::from_base64(&self.key).unwrap()
    }

    fn try_open(&self, options: OpenOptions) -> Result<SqliteStore, OpenError> {
        SqliteStore::open(&self.path(), self.keyring(), options, &self.entropy)
    }

    fn open(&self) -> SqliteStore {
        self.try_open(MIGRATE).unwrap()
    }

    async fn connect(&self, store: &SqliteStore) {
        let credentials = builders::credentials(builders::account());
        let commit = TenantCommit {
            tenant: builders::tenant(builders::tenant_id(), &self.entropy),
            expected: Expected::Absent,
            now: self.entropy.now(),
            change: TenantChange::Credentials(Box::new(credentials)),
            messages: Vec::new(),
        };
        assert_eq!(store.commit_tenant(commit).await.unwrap(), CommitOutcome::Committed);
    }

    fn lease(&self, worker: &str) -> Lease {
        let now = self.entropy.now();
        Lease { worker: worker.into(), now, until: now + LEASE, limit: 32 }
    }
}

fn refusal(result: Result<SqliteStore, OpenError>) -> String {
    result.map(|_| ()).unwrap_err().to_string()
}

fn bytes_of_all_files(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        bytes.extend(fs::read(entry.unwrap().path()).unwrap());
    }
    bytes
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn secrets_are_nowhere_in_the_files_in_plain_text() {
    let place = Place::new();
    let store = place.open();
    place.connect(&store).await;
    let credentials = builders::credentials(builders::account());
    let of_endpoints = credentials.endpoints().map(|endpoint| &endpoint.secret);
    let secrets = of_endpoints
        .chain(&credentials.webhook_secrets)
        .chain(credentials.own_keys().map(|pair| &pair.secret));
    let secrets: Vec<_> = secrets.map(|secret| secret.expose_secret().to_owned()).collect();
    assert_eq!(secrets.len(), 3);
    let check = |when: &str| {
        let bytes = bytes_of_all_files(place.path().parent().unwrap());
        assert!(contains(&bytes, builders::tenant_id().as_str()), "the row is in the files");
        for secret in &secrets {
            assert!(!contains(&bytes, secret), "{secret} {when}");
        }
    };
    check("while it is open: the log");
    drop(store);
    check("after it was closed: the database");
}

#[tokio::test]
async fn a_missing_key_is_named_by_its_id() {
    let place = Place::new();
    let store = place.open();
    place.connect(&store).await;
    drop(store);
    let other = Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
    let store = SqliteStore::open(&place.path(), other, MIGRATE, &place.entropy).unwrap();
    let error = store
        .credentials(&builders::tenant_id(), &builders::account())
        .await
        .expect_err("another key opens nothing");
    let StoreError::Sealed { key_id, .. } = &error else { panic!("{error}") };
    assert_eq!(key_id, place.keyring().active_id());
    assert!(error.to_string().contains(key_id.as_str()));
    let all = store.all_credentials(&builders::tenant_id()).await;
    assert!(matches!(all, Err(StoreError::Sealed { .. })));
    let tenant = store.tenant(&builders::tenant_id()).await.unwrap();
    assert!(tenant.is_some(), "what is not secret is still readable");
}

#[tokio::test]
async fn a_key_that_was_replaced_still_opens_what_it_sealed() {
    let mut place = Place::new();
    let store = place.open();
    place.connect(&store).await;
    drop(store);
    let old = std::mem::replace(&mut place.key, Keyring::generate().unwrap());
    let keyring = place.keyring().with_older(&old).unwrap();
    let store = SqliteStore::open(&place.path(), keyring, MIGRATE, &place.entropy).unwrap();
    let opened = store.credentials(&builders::tenant_id(), &builders::account()).await.unwrap();
    let opened = opened.unwrap();
    let key = &opened.own_keys().unwrap().secret;
    assert_eq!(key.expose_secret(), "sk_test_of_acct_test_1");
}

#[tokio::test]
async fn sealed_credentials_do_not_open_in_another_row() {
    let place = Place::new();
    let store = place.open();
    place.connect(&store).await;
    drop(store);
    let database = rusqlite::Connection::open(place.path()).unwrap();
    database.execute("UPDATE credential SET mode = 'live'", []).unwrap();
    drop(database);
    let live = builders::account_named("acct_test_1", Mode::Live);
    let opened = place.open().credentials(&builders::tenant_id(), &live).await;
    assert!(matches!(opened, Err(StoreError::Sealed { .. })), "test keys never become live ones");
}

#[tokio::test]
async fn a_restart_keeps_everything_and_clears_the_leases() {
    let place = Place::new();
    let store = place.open();
    place.connect(&store).await;
    let installation = store.installation().await.unwrap();
    let plan = builders::call(&place.entropy, Purpose::Create);
    let payment = builders::payment(&place.entropy).plan(plan).unwrap();
    let change = PaymentChange {
        payment: payment.clone(),
        expected: Expected::Absent,
        settled: None,
        history: Vec::new(),
    };
    let message = builders::message(&place.entropy, "PaymentCreated");
    let commit = Commit {
        tenant: builders::tenant_id(),
        now: place.entropy.now(),
        payment: Some(change),
        messages: vec![message.clone()],
        inbox: None,
        ends: None,
    };
    store.commit(commit).await.unwrap();
    let event = builders::event(&place.entropy, "evt_1");
    store.receive(event.clone()).await.unwrap();
    place.entropy.advance(CALL_STALE + SignedDuration::from_secs(1));
    let channels = ["payment-events".to_owned()];
    let lease = place.lease("the worker that dies");
    assert_eq!(store.claim_inbox(&lease).await.unwrap().len(), 1);
    assert_eq!(store.claim_outbox(&lease, &channels).await.unwrap().len(), 1);
    assert_eq!(store.claim_open_calls(&lease, CALL_STALE).await.unwrap().len(), 1);
    drop(store);

    let store = place.open();
    let next = place.lease("the worker after it");
    let inbox = store.claim_inbox(&next).await.unwrap();
    assert_eq!((&inbox[0].item, inbox[0].leases_before()), (&event, 1));
    let outbox = store.claim_outbox(&next, &channels).await.unwrap();
    assert_eq!((outbox[0].message.id, outbox[0].tries), (message.id, 1));
    assert_eq!(store.claim_open_calls(&next, CALL_STALE).await.unwrap().len(), 1);
    let stored = store.payment(&payment.tenant, payment.id).await.unwrap().unwrap();
    assert_eq!(stored.value, payment);
    assert_eq!(store.installation().await.unwrap(), installation);
    assert_eq!(store.all_credentials(&builders::tenant_id()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_second_process_is_refused_until_the_first_one_ends() {
    let place = Place::new();
    let store = place.open();
    let refused = refusal(place.try_open(MIGRATE));
    assert!(refused.contains("another paybridge uses this database"), "{refused}");
    assert!(matches!(migrate(&place.path(), &place.entropy), Err(OpenError::InUse { .. })));
    drop(store);
    place.open();
}

#[tokio::test]
async fn without_leave_to_migrate_a_new_database_is_refused_and_not_made() {
    let place = Place::new();
    let refused = refusal(place.try_open(CHECK));
    assert!(refused.contains("`paybridge migrate`"), "{refused}");
    assert!(!place.path().exists());
    fs::create_dir_all(place.path().parent().unwrap()).unwrap();
    fs::write(place.path(), "").unwrap();
    assert!(refusal(place.try_open(CHECK)).contains("`paybridge migrate`"), "an empty one too");

    let applied = migrate(&place.path(), &place.entropy).unwrap();
    assert_eq!((applied[0].version, applied[0].name), (1, "first"));
    assert_eq!(migrate(&place.path(), &place.entropy).unwrap(), []);
    let store = place.try_open(CHECK).unwrap();
    store.installation().await.unwrap();
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let place = Place::new();
    drop(place.open());
    let database = rusqlite::Connection::open(place.path()).unwrap();
    database.execute("INSERT INTO schema_migration VALUES (999, 'later', 0)", []).unwrap();
    drop(database);
    for options in [MIGRATE, CHECK] {
        let refused = refusal(place.try_open(options));
        assert!(refused.contains("999") && refused.contains("newer paybridge"), "{refused}");
    }
    assert!(matches!(migrate(&place.path(), &place.entropy), Err(OpenError::Newer { .. })));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let place = Place::new();
    fs::create_dir_all(place.path().parent().unwrap()).unwrap();
    fs::write(place.path(), "this is a text of more than a hundred bytes. ".repeat(10)).unwrap();
    let refused = refusal(place.try_open(MIGRATE));
    assert!(refused.contains("not a database"), "{refused}");
}

#[tokio::test]
async fn a_row_that_does_not_read_is_named_and_nothing_panics() {
    let place = Place::new();
    let store = place.open();
    place.connect(&store).await;
    let payment = builders::payment(&place.entropy);
    let change = PaymentChange {
        payment: payment.clone(),
        expected: Expected::Absent,
        settled: None,
        history: Vec::new(),
    };
    let commit = Commit {
        tenant: builders::tenant_id(),
        now: place.entropy.now(),
        payment: Some(change),
        messages: Vec::new(),
        inbox: None,
        ends: None,
    };
    store.commit(commit).await.unwrap();
    drop(store);
    for damage in [
        "status = 'spent'",
        "captured_currency = 'XXX'",
        "checkout = '{}'",
        "canceled_items = 'none'",
        "created_at = 9223372036854775807",
    ] {
        let database = rusqlite::Connection::open(place.path()).unwrap();
        database.execute_batch("CREATE TABLE kept AS SELECT * FROM payment").unwrap();
        database.execute(&format!("UPDATE payment SET {damage}"), []).unwrap();
        drop(database);
        let store = place.open();
        let read = store.payment(&payment.tenant, payment.id).await;
        let Err(StoreError::Corrupt { table: "payment", .. }) = read else {
            panic!("{damage}: {read:?}")
        };
        drop(store);
        let database = rusqlite::Connection::open(place.path()).unwrap();
        let restore = "UPDATE payment SET (status, captured_currency, checkout, canceled_items,
            created_at) = (SELECT status, captured_currency, checkout, canceled_items, created_at
            FROM kept); DROP TABLE kept";
        database.execute_batch(restore).unwrap();
    }
    let read = place.open().payment(&payment.tenant, payment.id).await.unwrap();
    assert_eq!(read.unwrap().value, payment, "repaired");
}

#[tokio::test]
async fn many_writers_at_once_share_transactions_and_lose_nothing() {
    let place = Place::new();
    let store = Arc::new(place.open());
    let before = store.write_counts();
    let writes: Vec<_> = (0..300)
        .map(|number| {
            let item = builders::event(&place.entropy, &format!("evt_{number}"));
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.receive(item).await.unwrap() })
        })
        .collect();
    for write in writes {
        write.await.unwrap();
    }
    let after = store.write_counts();
    assert_eq!(after.writes - before.writes, 300);
    let transactions = after.transactions - before.transactions;
    assert!(transactions < 150, "{transactions} transactions for 300 writes");
    drop(store);
    let backlog = place.open().backlog(place.entropy.now()).await.unwrap();
    assert_eq!(backlog.inbox_waiting, 300);
}

/// SQLite itself would go on writing to a file that nobody finds again.
#[tokio::test]
async fn a_database_that_was_moved_away_is_not_written_until_it_is_back() {
    let place = Place::new();
    let store = place.open();
    let aside = place.folder.path().join("aside.db");
    fs::rename(place.path(), &aside).unwrap();
    let refused = store.receive(builders::event(&place.entropy, "evt_1")).await.unwrap_err();
    assert!(refused.to_string().contains("put it back"), "{refused}");
    assert!(store.check().await.is_err(), "and readiness says so");

    fs::write(place.path(), b"").unwrap();
    let refused = store.receive(builders::event(&place.entropy, "evt_1")).await.unwrap_err();
    assert!(refused.to_string().contains("another file took the place"), "{refused}");

    fs::rename(&aside, place.path()).unwrap();
    store.check().await.unwrap();
    assert_eq!(
        store.receive(builders::event(&place.entropy, "evt_1")).await.unwrap(),
        Received::New
    );
    drop(store);
    let again = place.open();
    let known = again.receive(builders::event(&place.entropy, "evt_1")).await.unwrap();
    assert_eq!(known, Received::Duplicate, "it was written where it is found");
}
