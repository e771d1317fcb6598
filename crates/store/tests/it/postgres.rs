//! What there is on PostgreSQL alone: several processes at once, connections that are lost, clocks that
//! differ, versions side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::limits::LEASE;
use app::ports::{
    After, Commit, CommitOutcome, DeliveryOutcome, Entropy, Expected, InboxItem, InboxOutcome,
    InboxSettlement, Lease, NewMessage, Received, SendOutcome, Store, StoreError, TenantChange,
    TenantCommit,
};
use jiff::SignedDuration;
use store::{DatabaseStore, Keyring, OpenError, OpenOptions, PostgresServer};
use testkit::{TestEntropy, builders};
use tokio_postgres::NoTls;

const MIGRATE: OpenOptions = OpenOptions { migrate: true };
const CHANNEL: &str = "payment-events";
const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'paybridge' AND datname = current_database()";

/// Some processes on one database.
struct Replicas {
    address: String,
    entropy: TestEntropy,
    stores: Vec<Arc<DatabaseStore>>,
}

fn keyring() -> Keyring {
    Keyring::from_base64(&Keyring::generate().unwrap()).unwrap()
}

fn open(
    address: &str,
    options: OpenOptions,
    entropy: &TestEntropy,
) -> Result<DatabaseStore, OpenError> {
    let server = PostgresServer::parse(address).unwrap().with_callers_clock();
    let server = server.with_limits(4, Duration::from_secs(10));
    DatabaseStore::connect(&server, keyring(), options, entropy)
}

impl Replicas {
    async fn new(count: usize) -> Self {
        let address = testkit::postgres::database().await;
        let entropy = TestEntropy::new();
        let stores = (0..count)
            .map(|_| Arc::new(open(&address, MIGRATE, &entropy).unwrap()))
            .collect::<Vec<_>>();
        let commit = TenantCommit {
            tenant: builders::tenant(builders::tenant_id(), &entropy),
            expected: Expected::Absent,
            now: entropy.now(),
            change: TenantChange::Keep,
            messages: Vec::new(),
        };
        assert_eq!(stores[0].commit_tenant(commit).await.unwrap(), CommitOutcome::Committed);
        Self { address, entropy, stores }
    }

    fn lease(&self, worker: usize) -> Lease {
        let now = self.entropy.now();
        Lease { worker: format!("worker-{worker}"), now, until: now + LEASE, limit: 7 }
    }

    async fn cut(&self) {
        testkit::postgres::statement(&self.address, CUT).await;
    }
}

/// Asks again while the database is not available, as every caller does.
async fn insist<T, F>(mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, StoreError>>,
{
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(StoreError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(error) => panic!("{error}"),
        }
    }
}

fn command(entropy: &TestEntropy, order: usize, number: usize) -> InboxItem {
    let item = builders::command(entropy, &format!("{order:02}-{number:03}"));
    InboxItem { order_key: Some(format!("DE--{order}")), ..item }
}

fn message(entropy: &TestEntropy, order: usize, number: usize) -> NewMessage {
    NewMessage {
        order_key: format!("DE--{order}"),
        body: format!("{order}/{number}"),
        ..builders::message(entropy, "PaymentCaptured")
    }
}

/// Receives commands of an order one after the other, now here, now there.
async fn receive(replicas: &Replicas, order: usize) {
    for number in 0..COMMANDS {
        let store = &replicas.stores[number % replicas.stores.len()];
        let item = command(&replicas.entropy, order, number);
        insist(|| store.receive(item.clone())).await;
    }
}

/// Works until everything has ended. What it took is noted when it is taken.
async fn work(replicas: &Replicas, worker: usize, seen: &Seen) {
    let store = &replicas.stores[worker];
    while seen.ended.load(Ordering::SeqCst) < ORDERS * COMMANDS {
        let Ok(claims) = store.claim_inbox(&replicas.lease(worker)).await else { continue };
        if claims.is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        for claim in claims {
            seen.take(&claim.item);
            tokio::task::yield_now().await;
            let settlement = InboxSettlement {
                tenant: claim.item.tenant.clone(),
                id: claim.item.id,
                fence: claim.fence,
                now: replicas.entropy.now(),
                outcome: InboxOutcome::Done("carried out".into()),
            };
            seen.give_back(&claim.item);
            insist(|| store.settle_inbox(settlement.clone())).await;
            seen.ended.fetch_add(1, Ordering::SeqCst);
        }
    }
}

const ORDERS: usize = 6;
const COMMANDS: usize = 12;

/// Which commands were taken, and which orders somebody works on.
#[derive(Default)]
struct Seen {
    taken: Mutex<Vec<String>>,
    busy: Mutex<BTreeSet<String>>,
    ended: AtomicUsize,
}

impl Seen {
    fn take(&self, item: &InboxItem) {
        let order = item.order_key.clone().unwrap();
        assert!(self.busy.lock().unwrap().insert(order), "two commands of an order at once");
        self.taken.lock().unwrap().push(item.external_id.clone());
    }

    fn give_back(&self, item: &InboxItem) {
        self.busy.lock().unwrap().remove(item.order_key.as_ref().unwrap());
    }

    /// The ids in the order in which they were taken, for each order.
    fn of_orders(&self) -> BTreeMap<String, Vec<String>> {
        let mut of_orders = BTreeMap::<_, Vec<_>>::new();
        for id in self.taken.lock().unwrap().iter() {
            of_orders.entry(id[..2].to_owned()).or_default().push(id.clone());
        }
        of_orders
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_of_an_order_keep_their_order_whoever_receives_them_and_works() {
    let replicas = Replicas::new(3).await;
    let seen = Seen::default();
    let received =
        futures_util::future::join_all((0..ORDERS).map(|order| receive(&replicas, order)));
    let worked =
        futures_util::future::join_all((0..3).map(|worker| work(&replicas, worker, &seen)));
    tokio::time::timeout(PATIENCE, async { tokio::join!(received, worked) })
        .await
        .expect("nothing is stuck");
    for (order, taken) in seen.of_orders() {
        let expected: Vec<_> = (0..COMMANDS).map(|number| format!("{order}-{number:03}")).collect();
        assert_eq!(taken, expected);
    }
}

/// However long a loaded machine takes.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_connections_are() {
    let replicas = Replicas::new(2).await;
    let done = AtomicBool::new(false);
    let cutting = async {
        while !done.load(Ordering::SeqCst) {
            replicas.cut().await;
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    };
    let receiving = async {
        futures_util::future::join_all((0..ORDERS).map(|order| receive(&replicas, order))).await;
        done.store(true, Ordering::SeqCst);
    };
    tokio::time::timeout(PATIENCE, async { tokio::join!(receiving, cutting) })
        .await
        .expect("nothing is stuck");
    let store = &replicas.stores[0];
    let backlog = insist(|| store.backlog(replicas.entropy.now())).await;
    assert_eq!(backlog.inbox_waiting, u64::try_from(ORDERS * COMMANDS).unwrap());
    let again = insist(|| store.receive(command(&replicas.entropy, 1, 1))).await;
    assert_eq!(again, Received::Duplicate, "whoever asks again is told so");
}

/// Tells messages of an order one after the other.
async fn tell(replicas: &Replicas, order: usize) {
    for number in 0..COMMANDS {
        let store = &replicas.stores[number % replicas.stores.len()];
        let mut messages = vec![message(&replicas.entropy, order, number)];
        if order == 0 && number == COMMANDS / 2 {
            let last = builders::message(&replicas.entropy, "AppConfigUpdated");
            messages.push(NewMessage { order_key: "app".into(), after: After::Everything, ..last });
        }
        let (tenant, now) = (builders::tenant_id(), replicas.entropy.now());
        let commit = Commit { tenant, now, payment: None, messages, inbox: None, ends: None };
        assert_eq!(insist(|| store.commit(commit.clone())).await, CommitOutcome::Committed);
    }
}

/// Delivers until everything is through.
async fn deliver(replicas: &Replicas, worker: usize, delivered: &Mutex<Vec<String>>) {
    let (store, channels) = (&replicas.stores[worker], [CHANNEL.to_owned()]);
    while delivered.lock().unwrap().len() < ORDERS * COMMANDS + 1 {
        let lease = replicas.lease(worker);
        let claims = insist(|| store.claim_outbox(&lease, &channels)).await;
        if claims.is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        for claim in claims {
            delivered.lock().unwrap().push(claim.message.body.clone());
            let outcome = DeliveryOutcome {
                tenant: claim.tenant,
                id: claim.message.id,
                fence: claim.fence,
                now: replicas.entropy.now(),
                outcome: SendOutcome::Delivered,
            };
            insist(|| store.settle_outbox(vec![outcome.clone()])).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_an_order_keep_their_order_and_the_last_one_comes() {
    let replicas = Replicas::new(3).await;
    let delivered = Mutex::default();
    let told = futures_util::future::join_all((0..ORDERS).map(|order| tell(&replicas, order)));
    let sent =
        futures_util::future::join_all((0..3).map(|worker| deliver(&replicas, worker, &delivered)));
    tokio::time::timeout(PATIENCE, async { tokio::join!(told, sent) })
        .await
        .expect("nothing is stuck");
    let delivered = delivered.into_inner().unwrap();
    for order in 0..ORDERS {
        let of_order = format!("{order}/");
        let bodies = delivered.iter().filter_map(|body| body.strip_prefix(&of_order));
        let expected: Vec<_> = (0..COMMANDS).map(|number| number.to_string()).collect();
        assert_eq!(bodies.collect::<Vec<_>>(), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_number_of_programs_may_start_at_once() {
    let address = testkit::postgres::database().await;
    let starts = (0..6).map(|seed| {
        let address = address.clone();
        tokio::task::spawn_blocking(move || {
            open(&address, MIGRATE, &TestEntropy::with_seed(seed)).unwrap()
        })
    });
    let mut ids = BTreeSet::new();
    for store in futures_util::future::join_all(starts).await {
        ids.insert(store.unwrap().installation().await.unwrap());
    }
    assert_eq!(ids.len(), 1, "it is one installation");
}

fn refusal(opened: Result<DatabaseStore, OpenError>) -> String {
    opened.map(|_| ()).unwrap_err().to_string()
}

#[tokio::test]
async fn a_program_goes_on_beside_a_newer_one_as_far_as_the_migrations_say() {
    let replicas = Replicas::new(1).await;
    let (address, entropy) = (&replicas.address, &replicas.entropy);
    let later = "INSERT INTO schema_migration VALUES (998, 'added a column', 1, 0)";
    testkit::postgres::statement(address, later).await;
    drop(open(address, MIGRATE, entropy).unwrap());
    let later = "INSERT INTO schema_migration VALUES (999, 'removed a column', 998, 0)";
    testkit::postgres::statement(address, later).await;
    assert!(refusal(open(address, MIGRATE, entropy)).contains("by a newer paybridge"));
}

const TABLES: &str = "SELECT table_name::text FROM information_schema.tables
    WHERE table_schema = 'public' ORDER BY 1";

/// What a migration may do in one step: more columns, more tables.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_go_on_while_a_newer_one_adds_to_every_table() {
    let replicas = Replicas::new(2).await;
    let (seen, address) = (Seen::default(), &replicas.address);
    let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
    tokio::spawn(connection);
    let expanding = async {
        for table in client.query(TABLES, &[]).await.unwrap() {
            let table: String = table.get(0);
            let expand = format!("ALTER TABLE {table} ADD COLUMN of_tomorrow TEXT DEFAULT 'x'");
            client.batch_execute(&expand).await.unwrap();
        }
        let journal = "CREATE TABLE of_tomorrow (n INTEGER);
            INSERT INTO schema_migration VALUES (998, 'more', 1, 0)";
        client.batch_execute(journal).await.unwrap();
        drop(open(address, MIGRATE, &replicas.entropy).unwrap());
    };
    let received =
        futures_util::future::join_all((0..ORDERS).map(|order| receive(&replicas, order)));
    let worked =
        futures_util::future::join_all((0..2).map(|worker| work(&replicas, worker, &seen)));
    let told = futures_util::future::join_all((0..ORDERS).map(|order| tell(&replicas, order)));
    tokio::time::timeout(PATIENCE, async { tokio::join!(received, worked, told, expanding) })
        .await
        .expect("nothing is stuck");
    assert_eq!(seen.ended.load(Ordering::SeqCst), ORDERS * COMMANDS);
}

#[tokio::test]
async fn an_empty_database_is_only_changed_when_that_is_allowed() {
    let address = testkit::postgres::database().await;
    let refused = refusal(open(&address, OpenOptions { migrate: false }, &TestEntropy::new()));
    assert!(refused.contains("run `paybridge migrate`"), "{refused}");
}

#[tokio::test]
async fn events_that_come_in_at_once_share_transactions_and_one_that_fails_fails_alone() {
    let replicas = Replicas::new(1).await;
    let store = &replicas.stores[0];
    let before = store.write_counts();
    let writes: Vec<_> = (0..300)
        .map(|number| {
            // PostgreSQL takes no text with a zero in it.
            let bad = if number % 100 == 99 { "\0" } else { "" };
            let item = builders::event(&replicas.entropy, &format!("evt_{number}{bad}"));
            let store = Arc::clone(store);
            tokio::spawn(async move { store.receive(item).await })
        })
        .collect();
    let mut taken = 0;
    for (number, write) in writes.into_iter().enumerate() {
        match write.await.unwrap() {
            Ok(received) => {
                assert_eq!((received, number % 100 == 99), (Received::New, false), "{number}");
                taken += 1;
            }
            Err(error) => assert_eq!(number % 100, 99, "{number}: {error}"),
        }
    }
    assert_eq!(taken, 297);
    let transactions = store.write_counts().transactions - before.transactions;
    assert!(transactions < 280, "{transactions} transactions for 300 writes");
    let again = builders::event(&replicas.entropy, "evt_0");
    assert_eq!(store.receive(again).await.unwrap(), Received::Duplicate);
    assert_eq!(store.backlog(replicas.entropy.now()).await.unwrap().inbox_waiting, 297);
}

/// Rule R22: a worker whose clock is fast takes nothing from the others.
#[tokio::test]
async fn r22_leases_are_reckoned_by_the_databases_clock() {
    let replicas = Replicas::new(1).await;
    let event = builders::event(&replicas.entropy, "evt_1");
    assert_eq!(replicas.stores[0].receive(event).await.unwrap(), Received::New);
    let server = PostgresServer::parse(&replicas.address).unwrap();
    let store = DatabaseStore::connect(&server, keyring(), MIGRATE, &TestEntropy::new()).unwrap();
    assert_eq!(store.claim_inbox(&replicas.lease(1)).await.unwrap().len(), 1);
    replicas.entropy.advance(SignedDuration::from_hours(100_000));
    assert!(store.claim_inbox(&replicas.lease(2)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    let address = "postgres://paybridge:hunter2@127.0.0.1:1/books";
    let refused = refusal(open(address, MIGRATE, &TestEntropy::new()));
    assert!(
        refused.starts_with("cannot connect to PostgreSQL at 127.0.0.1:1/books: "),
        "{refused}"
    );
    assert!(refused.contains("Connection refused") && !refused.contains("hunter2"), "{refused}");
}

#[tokio::test]
async fn while_the_database_is_gone_nothing_is_available_and_then_all_goes_on() {
    let replicas = Replicas::new(1).await;
    let name = replicas.address.rsplit_once('/').unwrap();
    let admin = format!("{}/postgres", name.0);
    let close = format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", name.1);
    testkit::postgres::statement(&admin, &close).await;
    let cut = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
        name.1
    );
    testkit::postgres::statement(&admin, &cut).await;
    let store = &replicas.stores[0];
    for gone in [store.tenants(None, 1).await.err(), store.installation().await.err()] {
        assert!(matches!(gone, Some(StoreError::Unavailable(_))), "{gone:?}");
    }
    let open = format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", name.1);
    testkit::postgres::statement(&admin, &open).await;
    store.tenants(None, 1).await.unwrap();
    store.installation().await.expect("that it could not be read is not remembered");
}
