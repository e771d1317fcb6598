//! Webhooks: how many a second are durable and answered.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use app::Entropy;
use hmac::{Hmac, KeyInit, Mac};
use paybridge::demo::shop::TENANT;
use paybridge::entropy::SystemEntropy;
use serde_json::json;
use sha2::Sha256;

use crate::arguments::Arguments;
use crate::bare;
use crate::load::{Maker, closed_loop};
use crate::measure::{median, memory, ratio};
use crate::place::{Database, Place, WEBHOOK_SECRET};

/// So many connections send at once.
const CONNECTIONS: [usize; 2] = [8, 32];
/// What a process tells of its transactions.
const TRANSACTIONS: &str = "paybridge_database_transactions_total ";
/// The app has nothing to do before its memory is read.
const IDLE: Duration = Duration::from_secs(3);

/// An event of which nothing follows but that it is kept and looked at: as long as Stripe's are.
pub fn body(number: u64) -> String {
    json!({
        "id": format!("evt_bench_{number:012}"), "object": "event", "livemode": false,
        "type": "payment_intent.processing", "created": 1_790_000_000, "api_version": "2025-09-30.clover",
        "data": {"object": {
            "id": format!("pi_bench_{number:012}"), "object": "payment_intent", "livemode": false,
            "amount": 18_979, "amount_capturable": 0, "amount_received": 0, "currency": "eur",
            "capture_method": "manual", "status": "processing",
            "metadata": {"tenant": TENANT, "order_reference": format!("DE--{number}")},
            "description": "a text that makes this as long as an event about a card payment is. ".repeat(20),
        }},
    })
    .to_string()
}

/// The request with which Stripe sends it.
fn request(number: u64) -> Vec<u8> {
    let body = body(number);
    let second = SystemEntropy.now().as_second();
    let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).unwrap();
    mac.update(format!("{second}.{body}").as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    format!(
        "POST /webhooks/test?tenantIdentifier={TENANT} HTTP/1.1\r\nhost: localhost\r\n\
         content-type: application/json\r\nstripe-signature: t={second},v1={signature}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// One side: the app under so many connections, in turns with another.
struct Turns {
    place: Place,
    make: Arc<Maker>,
    numbers: Arc<AtomicU64>,
}

impl Turns {
    fn new(place: Place) -> Self {
        Self { place, make: Arc::new(request), numbers: Arc::default() }
    }

    async fn turn(&self, connections: usize, time: Duration) -> f64 {
        let address = self.place.address();
        closed_loop(&address, connections, time, self.make.clone(), &self.numbers).await
    }

    /// How many transactions wrote something since the process began.
    async fn transactions(&self) -> f64 {
        let installation = &self.place.installation;
        let asked = reqwest::Client::new().get(format!("{}/metrics", installation.app()));
        let answer = asked.bearer_auth(&installation.token).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(TRANSACTIONS));
        line.and_then(|count| count.trim().parse().ok()).unwrap_or_else(|| panic!("{text}"))
    }

    fn memory(&self) -> (f64, f64) {
        memory(self.place.app.0.id())
    }
}

/// Against pgbench with as many connections. The process only takes webhooks in: others work.
pub async fn on_postgres(arguments: &Arguments) {
    let database = testkit::postgres::database().await;
    let turns = Turns::new(Place::with_workers(database.clone(), 0).await);
    tokio::time::sleep(IDLE).await;
    let (idle, _) = turns.memory();
    let pgbench = bare::Pgbench::new(&database).await;
    for connections in CONNECTIONS {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..arguments.turns {
            ours.push(turns.turn(connections, arguments.turn).await);
            theirs.push(pgbench.turn(connections, arguments.turn));
        }
        println!(
            "{connections} connections: {:.0} webhooks a second, pgbench {:.0}; ratio {}",
            median(&ours),
            median(&theirs),
            ratio(&ours, &theirs)
        );
    }
    let (_, most) = turns.memory();
    println!("memory of the process: {idle:.1} MiB idle, {most:.1} MiB at most in this part");
}

/// Against a loop of inserts on one connection; with more connections commits are shared. How many of
/// ours there were, beside how many of theirs, says what is left without that.
pub async fn on_sqlite(arguments: &Arguments) {
    let installation = Database::Sqlite.installation().await;
    let stripe = Some(installation.start_sandbox());
    let turns = Turns::new(Place::start(installation, stripe, &["api"]).await);
    let bare = bare::Sqlite::new(turns.place.installation.folder.path());
    for connections in [1, 4, CONNECTIONS[0], CONNECTIONS[1]] {
        let (mut ours, mut theirs, mut commits) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..arguments.turns {
            let (before, begun) = (turns.transactions().await, Instant::now());
            ours.push(turns.turn(connections, arguments.turn).await);
            let made = turns.transactions().await - before;
            commits.push(made / begun.elapsed().as_secs_f64());
            theirs.push(bare.turn(arguments.turn));
        }
        println!(
            "{connections} connections: {:.0} webhooks a second, the bare loop {:.0}; ratio {}; \
             by commits {}",
            median(&ours),
            median(&theirs),
            ratio(&ours, &theirs),
            ratio(&commits, &theirs)
        );
    }
}
