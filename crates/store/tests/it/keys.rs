//! Envelope encryption and rotation, on files as a server and an operator have them open.

use std::path::Path;
use std::sync::Arc;

use app::ports::{
    Entropy, Expected, NewToken, Store, StoreError, TenantChange, TenantCommit, TokenHash, Tokens,
};
use app::tenant::Credentials;
use jiff::SignedDuration;
use payment::TenantId;
use rusqlite::Connection;
use secrecy::{ExposeSecret, SecretString};
use store::{KeyUse, Keyring, OpenOptions, SqliteOperator, SqliteStore};
use testkit::{TestEntropy, builders};

fn key() -> SecretString {
    Keyring::generate().unwrap()
}

/// The first key is the active one.
fn ring(keys: &[&SecretString]) -> Keyring {
    let (active, older) = keys.split_first().unwrap();
    let ring = Keyring::from_base64(active).unwrap();
    older.iter().fold(ring, |ring, key| ring.with_older(key).unwrap())
}

fn open(path: &Path, keys: &[&SecretString]) -> SqliteStore {
    let options = OpenOptions { migrate: true };
    SqliteStore::inline_at(path, ring(keys), options, &TestEntropy::new()).unwrap()
}

fn tenant(number: usize) -> TenantId {
    TenantId::new(format!("tenant-{number}"))
}

async fn configure(store: &SqliteStore, number: usize) {
    let entropy = TestEntropy::new();
    let commit = TenantCommit {
        tenant: builders::tenant(tenant(number), &entropy),
        expected: Expected::Absent,
        now: entropy.now(),
        change: TenantChange::Credentials(Box::new(builders::credentials(builders::account()))),
        messages: Vec::new(),
    };
    store.commit_tenant(commit).await.unwrap();
}

async fn secret_key(store: &SqliteStore, number: usize) -> Result<String, StoreError> {
    let found = store.credentials(&tenant(number), &builders::account()).await?.unwrap();
    Ok(secret_key_of(&found))
}

fn secret_key_of(credentials: &Credentials) -> String {
    credentials.own_keys().unwrap().secret.expose_secret().to_owned()
}

fn uses(operator: &[KeyUse]) -> Vec<(u64, bool)> {
    operator.iter().filter(|key| key.secrets > 0).map(|key| (key.secrets, key.in_ring)).collect()
}

#[tokio::test]
async fn a_rotation_that_stops_in_between_goes_on_and_nothing_is_ever_unreadable() {
    const TENANTS: usize = 70;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("paybridge.db");
    let (old, new) = (key(), key());
    let first = open(&path, &[&old]);
    for number in 0..TENANTS {
        configure(&first, number).await;
    }
    drop(first);

    let server = open(&path, &[&new, &old]);
    let both = Arc::new(ring(&[&new, &old]));
    let now = TestEntropy::new().now();
    let operator = SqliteOperator::open(&path).unwrap();
    let step = operator.rotate_some(both.clone(), now).await.unwrap();
    assert!(step.moved > 0 && !step.done, "{step:?}");
    assert_eq!(operator.key_uses(&both).await.unwrap().len(), 2);
    for number in 0..TENANTS {
        secret_key(&server, number).await.unwrap();
    }
    drop(operator);

    // Somebody configures a tenant meanwhile, and another operator goes on.
    configure(&server, TENANTS).await;
    let operator = SqliteOperator::open(&path).unwrap();
    while !operator.rotate_some(both.clone(), now).await.unwrap().done {}
    let only_new = ring(&[&new]);
    let left = operator.key_uses(&only_new).await.unwrap();
    assert_eq!(uses(&left), [(71, true)], "nothing needs the old key: {left:?}");
    drop((operator, server));
    let server = open(&path, &[&new]);
    for number in 0..=TENANTS {
        secret_key(&server, number).await.unwrap();
    }
}

#[tokio::test]
async fn an_old_backup_needs_the_old_key_and_the_error_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup.db");
    let (old, new) = (key(), key());
    let server = open(&backup, &[&old]);
    configure(&server, 1).await;
    drop(server);

    let restored = open(&backup, &[&new]);
    let old_id = ring(&[&old]).active_id().to_owned();
    match secret_key(&restored, 1).await {
        Err(StoreError::Sealed { key_id, .. }) => assert_eq!(key_id, old_id),
        other => panic!("{other:?}"),
    }
    let needed = SqliteOperator::open(&backup).unwrap().key_uses(&ring(&[&new])).await.unwrap();
    let needed: Vec<_> = needed.iter().filter(|key| !key.in_ring).collect();
    assert_eq!((needed.len(), needed[0].secrets, &needed[0].key_id), (1, 1, &old_id));
    drop(restored);
    secret_key(&open(&backup, &[&new, &old]), 1).await.unwrap();
}

/// As the first versions wrote them: sealed by the master key itself.
#[tokio::test]
async fn credentials_from_before_data_keys_are_moved_under_one_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("paybridge.db");
    let master = key();
    let server = open(&path, &[&master]);
    configure(&server, 1).await;
    drop(server);
    let sealed = seal_directly(&path, &master);
    assert_eq!(sealed, 1);

    let another = key();
    let without = open(&path, &[&another]);
    assert!(matches!(secret_key(&without, 1).await, Err(StoreError::Sealed { .. })));
    drop(without);
    assert_eq!(sealed_directly(&path, &master), 1, "what does not open stays as it is");

    let server = open(&path, &[&master]);
    assert_eq!(secret_key(&server, 1).await.unwrap(), builders_secret_key());
    assert_eq!(sealed_directly(&path, &master), 0);
}

#[tokio::test]
async fn a_data_key_that_was_moved_to_another_tenant_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("paybridge.db");
    let master = key();
    let server = open(&path, &[&master]);
    configure(&server, 1).await;
    configure(&server, 2).await;
    drop(server);
    let db = Connection::open(&path).unwrap();
    db.execute_batch(
        "DELETE FROM data_key WHERE tenant = 'tenant-2';
         INSERT INTO data_key SELECT 'tenant-2', id, master, wrapped, created_at
             FROM data_key WHERE tenant = 'tenant-1';
         UPDATE credential SET key_id = (SELECT id FROM data_key WHERE tenant = 'tenant-1'),
             sealed = (SELECT sealed FROM credential WHERE tenant = 'tenant-1')
             WHERE tenant = 'tenant-2'",
    )
    .unwrap();
    drop(db);
    let server = open(&path, &[&master]);
    secret_key(&server, 1).await.unwrap();
    assert!(matches!(secret_key(&server, 2).await, Err(StoreError::Sealed { .. })));
}

#[tokio::test]
async fn a_token_opens_until_it_is_revoked_or_ends_and_only_its_hash_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("paybridge.db");
    let master = key();
    let server = open(&path, &[&master]);
    let entropy = TestEntropy::new();
    let (now, hash) = (entropy.now(), TokenHash([7; 32]));
    let id = entropy.new_id();
    let token = NewToken {
        id,
        tenant: tenant(1),
        hash,
        label: "shop".into(),
        created_at: now,
        expires_at: Some(now + SignedDuration::from_hours(1)),
    };
    let operator = SqliteOperator::open(&path).unwrap();
    operator.add_token(token).await.unwrap();
    assert_eq!(server.tenant_of_token(&hash, now).await.unwrap(), Some(tenant(1)));
    assert_eq!(server.tenant_of_token(&TokenHash([8; 32]), now).await.unwrap(), None);
    let later = now + SignedDuration::from_hours(1);
    assert_eq!(server.tenant_of_token(&hash, later).await.unwrap(), None, "it has ended");

    assert_eq!(operator.revoke_token(&tenant(2), id, now).await.unwrap(), None, "of another");
    assert_eq!(server.tenant_of_token(&hash, now).await.unwrap(), Some(tenant(1)));
    let revoked = operator.revoke_token(&tenant(1), id, now).await.unwrap().unwrap();
    assert_eq!(revoked.revoked_at, Some(now));
    assert_eq!(server.tenant_of_token(&hash, now).await.unwrap(), None, "at once");
    let again = operator.revoke_token(&tenant(1), id, later).await.unwrap().unwrap();
    assert_eq!(again.revoked_at, Some(now));
    assert_eq!(server.tokens(&tenant(1)).await.unwrap(), [again]);
}

fn builders_secret_key() -> String {
    secret_key_of(&builders::credentials(builders::account()))
}

/// Writes the credentials of tenant 1 as the first versions did. Returns how many.
fn seal_directly(path: &Path, master: &SecretString) -> usize {
    use base64::Engine;
    use chacha20poly1305::aead::{Aead, Payload};
    use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

    let bytes = base64::engine::general_purpose::STANDARD.decode(master.expose_secret()).unwrap();
    let cipher = XChaCha20Poly1305::new(bytes.as_slice().into());
    let account = builders::account();
    let parts = ["credential", "tenant-1", account.id.as_str(), account.mode.name()];
    let context: String = parts.iter().map(|part| format!("{}:{part};", part.len())).collect();
    let plain = format!(
        r#"{{"secret_key":{:?},"publishable_key":"pk_test_1","endpoint":null,"webhook_secrets":[]}}"#,
        builders_secret_key()
    );
    let nonce = [9; 24];
    let payload = Payload { msg: plain.as_bytes(), aad: context.as_bytes() };
    let text = cipher.encrypt(XNonce::from_slice(&nonce), payload).unwrap();
    let sealed = [nonce.as_slice(), &text].concat();
    let db = Connection::open(path).unwrap();
    db.execute("DELETE FROM data_key", []).unwrap();
    let key_id = ring(&[master]).active_id().to_owned();
    db.execute(
        "UPDATE credential SET key_id = ?1, sealed = ?2 WHERE tenant = 'tenant-1'",
        rusqlite::params![key_id, sealed],
    )
    .unwrap()
}

fn sealed_directly(path: &Path, master: &SecretString) -> i64 {
    let key_id = ring(&[master]).active_id().to_owned();
    Connection::open(path)
        .unwrap()
        .query_row("SELECT count(*) FROM credential WHERE key_id = ?1", [key_id], |row| row.get(0))
        .unwrap()
}
