//! Several processes on one PostgreSQL, and how an installation gets there.
//!
//! Two processes that answer and two that work on one PostgreSQL, under load: they are killed (SIGKILL)
//! at random and replaced at once, and the database falls and comes back in between. At the end every
//! order is where it was meant to be, each result was told once, and no money moved twice. Once the
//! shop polls its messages; once they go through a RabbitMQ that falls and comes back as well, with the
//! commands of half of the orders.
//!
//! `KILL_ROUNDS=200 cargo test --test replicas rabbitmq` kills as often, `… http_channel` for the other
//! way; `KILL_SEED` draws other kills and other orders, and `KILL_LOGS` names a folder for the replicas'
//! logs. From 100 kills on there are more shoppers, the database syncs its data to disk, and the leases
//! of the dead end by themselves, after 60 seconds: a shorter run does not wait for that.
//!
//! Real processes, real sockets, a real database, a real broker.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod book;
mod broker;
#[path = "../simulation/chance.rs"]
#[expect(dead_code, reason = "simulations draw in more ways")]
mod chance;
mod cluster;
mod database;
#[path = "../processes/installation.rs"]
#[expect(dead_code, reason = "the tests of single processes use all of it")]
mod installation;
mod orders;
#[path = "../processes/queues.rs"]
mod queues;
mod relocation;
mod shop;
mod stripe;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use paybridge::demo::journey::Journey;
use paybridge::demo::shop::{Nobody, Shop as FirstShop, TENANT};
use serde_json::Value;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant;

use broker::Broker;
use chance::Chance;
use cluster::{Cluster, Tasks};
use database::Server;
use installation::{Installation, install_tls};
use orders::Order;
use shop::Shop;
use stripe::Stripe;

/// So many kills, unless `KILL_ROUNDS` says otherwise, and so many shoppers.
const KILLS: u64 = 12;
const SHOPPERS: u64 = 8;
/// From so many kills on it is a long run, with so many shoppers.
const LONG: u64 = 100;
const SHOPPERS_LONG: u64 = 24;
/// Between two kills it takes at least and at most so many milliseconds.
const PAUSE_MS: (u64, u64) = (200, 1_200);
/// After so many kills the database falls, in a long run less often: then it takes five seconds to come
/// back. It stays away for at most so many milliseconds before, and so does the broker.
const KILLS_FOR_A_FALL: u64 = 6;
const KILLS_FOR_A_FALL_LONG: u64 = 20;
const FALL_MS_MAX: u64 = 1_500;
/// In so many kills the broker falls once, after a quarter of them. It always takes some seconds to come
/// back: the kills go on, and after three quarters of them wait until it is there.
const KILLS_FOR_A_BROKER: u64 = 12;
const KILLS_FOR_A_BROKER_LONG: u64 = 30;
/// A last message may be hidden from the shop, or a row leased, for so long.
const DRAIN_MAX: Duration = Duration::from_secs(420);

#[derive(Clone, Copy, Debug)]
struct Run {
    kills: u64,
    seed: u64,
    shoppers: u64,
}

impl Run {
    fn from_environment() -> Self {
        let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
        let kills = number("KILL_ROUNDS").unwrap_or(KILLS);
        let shoppers = if kills >= LONG { SHOPPERS_LONG } else { SHOPPERS };
        Self { kills, seed: number("KILL_SEED").unwrap_or(0), shoppers }
    }

    fn is_long(self) -> bool {
        self.kills >= LONG
    }

    fn database_falls(self, kill: u64) -> bool {
        let kills = if self.is_long() { KILLS_FOR_A_FALL_LONG } else { KILLS_FOR_A_FALL };
        kill.is_multiple_of(kills)
    }

    fn broker_falls(self, kill: u64) -> bool {
        kill % self.kills_for_a_broker() == self.kills_for_a_broker() / 4
    }

    fn broker_is_awaited(self, kill: u64) -> bool {
        kill % self.kills_for_a_broker() == self.kills_for_a_broker() * 3 / 4
    }

    fn kills_for_a_broker(self) -> u64 {
        if self.is_long() { KILLS_FOR_A_BROKER_LONG } else { KILLS_FOR_A_BROKER }
    }
}

/// Everything there is.
struct World {
    run: Run,
    database: Server,
    installation: Arc<Installation>,
    cluster: Arc<Cluster>,
    shop: Shop,
    stripe: Stripe,
    /// No more orders are begun.
    closing: AtomicBool,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_over_the_http_channel_while_replicas_and_database_fall() {
    live_through(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_over_rabbitmq_while_replicas_database_and_broker_fall() {
    live_through(Some(Broker::start())).await;
}

async fn live_through(broker: Option<Broker>) {
    install_tls();
    let run = Run::from_environment();
    let database = Server::start(run.is_long());
    let mut installation = Installation::on(database.address(), tempfile::tempdir().unwrap());
    if let Some(broker) = &broker {
        installation.environment = broker.environment();
        installation.output(&["broker", "setup", "--tenant", TENANT]);
    }
    let installation = Arc::new(installation);
    let _sandbox = installation.start_sandbox();
    let stripe = Stripe::at(installation.stripe()).await;
    let (cluster, _tasks) = Cluster::start(installation.clone());
    configure(&cluster, &installation).await;
    let shop = Shop::new(cluster.addresses(), installation.token.clone(), broker);
    let closing = AtomicBool::new(false);
    let world = Arc::new(World { run, database, installation, cluster, shop, stripe, closing });

    let begun = Instant::now();
    let _readers = world.read();
    let orders = world.clone().order_while(World::kill_all).await;
    let worked = begun.elapsed();
    world.drain().await;
    let drained = begun.elapsed() - worked;
    world.check(&orders).await;
    world.tell(orders.len(), worked, drained);
}

async fn configure(cluster: &Cluster, installation: &Installation) {
    let door = cluster.door().to_owned();
    let shop = FirstShop::new(door, installation.token.clone(), Box::new(Nobody)).unwrap();
    Journey::new(&shop, installation.stripe()).configure().await.unwrap();
}

impl World {
    /// Two read at once.
    fn read(self: &Arc<Self>) -> Tasks {
        let reader = || {
            let world = self.clone();
            tokio::spawn(async move { world.shop.keep_reading().await })
        };
        Tasks(vec![reader(), reader()])
    }

    /// Shoppers order, one order after the other each, until `meanwhile` has ended. Returns the orders
    /// with their transactions; all of them have come to their end.
    async fn order_while<F: Future<Output = ()>>(
        self: Arc<Self>,
        meanwhile: impl FnOnce(Arc<Self>) -> F,
    ) -> Vec<(Order, String)> {
        let shoppers: Vec<_> = (0..self.run.shoppers)
            .map(|shopper| tokio::spawn(self.clone().shop_on(shopper)))
            .collect();
        meanwhile(self.clone()).await;
        self.closing.store(true, Ordering::SeqCst);
        let mut orders = Vec::new();
        let ended = async {
            for shopper in shoppers {
                orders.extend(shopper.await.unwrap());
            }
        };
        tokio::select! {
            () = ended => {}
            never = self.let_time_pass() => match never {},
        }
        orders
    }

    async fn shop_on(self: Arc<Self>, shopper: u64) -> Vec<(Order, String)> {
        let mut orders = Vec::new();
        for number in 0.. {
            if self.closing.load(Ordering::SeqCst) {
                break;
            }
            let order = Order::draw(self.run.seed, shopper, number);
            let transaction = order.live(&self.shop, &self.stripe).await;
            orders.push((order, transaction));
        }
        orders
    }

    async fn kill_all(self: Arc<Self>) {
        let chance = Chance::new(self.run.seed);
        let mut broker_back = None;
        for kill in 1..=self.run.kills {
            chance.pause(PAUSE_MS.0, PAUSE_MS.1).await;
            self.cluster.kill(chance.index(4));
            if self.shop.broker.is_some() && self.run.broker_falls(kill) {
                let away_ms = chance.between(0, FALL_MS_MAX);
                broker_back = Some(self.clone().let_broker_fall(away_ms));
            }
            if let Some(back) = broker_back.take_if(|_| self.run.broker_is_awaited(kill)) {
                back.await.unwrap();
            }
            if self.run.database_falls(kill) {
                self.let_database_fall(&chance).await;
            }
            self.end_leases_of_the_dead().await;
        }
        if let Some(back) = broker_back {
            back.await.unwrap();
        }
    }

    async fn let_database_fall(&self, chance: &Chance) {
        chance.pause(PAUSE_MS.0, PAUSE_MS.1).await;
        self.database.fall();
        chance.pause(0, FALL_MS_MAX).await;
        if chance.percent(50) {
            self.cluster.kill(chance.index(4));
        }
        self.database.rise();
        // Who works has not been able to write down how far it came, either.
        self.end_leases("TRUE").await;
    }

    /// At once; it is back when this has ended.
    fn let_broker_fall(self: Arc<Self>, away_ms: u64) -> JoinHandle<()> {
        spawn_blocking(move || {
            let broker = self.shop.broker.as_ref().expect("a broker");
            broker.fall();
            std::thread::sleep(Duration::from_millis(away_ms));
            broker.rise();
        })
    }

    async fn let_time_pass(&self) -> Infallible {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.end_leases_of_the_dead().await;
        }
    }

    async fn end_leases_of_the_dead(&self) {
        let living: Vec<_> = self.cluster.ids().iter().map(|id| format!("'{id}'")).collect();
        let living = living.join(", ");
        self.end_leases(&format!("split_part(lease_owner, '-', 1) NOT IN ({living})")).await;
    }

    /// As if their time had passed, in a short run.
    async fn end_leases(&self, whose: &str) {
        if !self.run.is_long() {
            let end = ["inbox", "outbox"].map(|table| {
                format!(
                    "UPDATE {table} SET due_at = 0
                        WHERE due_at IS NOT NULL AND lease_owner IS NOT NULL AND {whose};"
                )
            });
            testkit::postgres::statement(&self.database.address(), &end.concat()).await;
        }
    }

    /// Waits until nothing waits, neither to be worked off nor to be read.
    async fn drain(&self) {
        let deadline = Instant::now() + DRAIN_MAX;
        loop {
            let lists: [&[&str]; 3] = [&["inbox"], &["outbox"], &["payment", "--stuck"]];
            let left = lists.map(|list| {
                let list = [&list[..1], &["list", "--json"], &list[1..]].concat();
                let told: Value = serde_json::from_str(&self.installation.output(&list)).unwrap();
                told["rows"].as_array().expect("rows").clone()
            });
            if left.iter().all(Vec::is_empty) {
                break;
            }
            assert!(Instant::now() < deadline, "left: {left:?}");
            self.end_leases_of_the_dead().await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        if let Some(broker) = &self.shop.broker {
            // Nothing waits in the app, but some messages may wait at RabbitMQ.
            while self.shop.poll().await > 0 {}
            broker.check().await;
        }
        assert_eq!(self.shop.poll().await, 0, "nothing comes any more");
    }

    async fn check(&self, orders: &[(Order, String)]) {
        let mut money = self.stripe.money().await;
        for (order, transaction) in orders {
            let entry = self.shop.of(&order.reference);
            assert_eq!(entry.results, order.results(), "{order:?}");
            entry.check_news(&order.reference);
            assert_eq!(money.remove(transaction), Some(order.money()), "{order:?}");
        }
        assert!(money.is_empty(), "payments that no order has: {money:?}");
        // The books say the same, payment by payment.
        self.installation.output(&["reconcile", "--tenant", TENANT]);
    }

    fn tell(&self, orders: usize, worked: Duration, drained: Duration) {
        let Self { run, shop, cluster, .. } = self;
        let (messages, again) = shop.read();
        println!(
            "{run:?}: {orders} orders in {} s and {} s to drain; {messages} messages, {again} read \
             again; {} requests repeated; {} starts without a database; the database fell {} times",
            worked.as_secs(),
            drained.as_secs(),
            shop.repeated.load(Ordering::SeqCst),
            cluster.revived.load(Ordering::SeqCst),
            (1..=run.kills).filter(|kill| run.database_falls(*kill)).count(),
        );
        if let Some(broker) = &shop.broker {
            println!(
                "RabbitMQ fell {} times, and the shop connected again {} times",
                (1..=run.kills).filter(|kill| run.broker_falls(*kill)).count(),
                broker.connected_again.load(Ordering::SeqCst),
            );
        }
    }
}
