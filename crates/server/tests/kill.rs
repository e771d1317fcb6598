//! The app is killed (SIGKILL) at twenty points of the main job and started again; every time the
//! journey ends right: each result once, one payment at Stripe, captured once, refunded once.
//!
//! `KILL_ROUNDS=100 cargo test --test kill` tries as many points at random instead, with up to two
//! kills in a journey; `KILL_SEED` repeats them.
//!
//! Real processes, real sockets, a real database file. Stripe's answers are made to come late, so
//! that some kills fall between the effect of a call and its answer.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "processes/installation.rs"]
mod installation;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use installation::{Installation, Process, install_tls};
use paybridge::demo::journey::Journey;
use paybridge::demo::shop::{Bystander, Nobody, Shop};

/// How many points of the journey are tried.
const KILLS: usize = 20;
/// How late Stripe's answers come, in milliseconds.
const ANSWER_DELAY_MS: u64 = 60;
/// How long after a point the kill comes: at once, before the answer of a call begun there, after
/// it.
const KILL_DELAYS_MS: [u64; 4] = [0, 15, 40, 90];

/// Waits for the stand-in and makes its answers late.
async fn slow_stripe_down(stripe: &str) {
    let client = reqwest::Client::new();
    let fault = format!(
        r#"{{"kind":"delay","method":"POST","path":"/v1/*","delay_ms":{ANSWER_DELAY_MS},"times":100000}}"#
    );
    for _ in 0..100 {
        let url = format!("{stripe}/_sandbox/faults");
        let request = client.post(url).header("content-type", "application/json");
        match request.body(fault.clone()).send().await {
            Ok(answer) if answer.status().is_success() => return,
            Ok(answer) => panic!("{}", answer.text().await.unwrap()),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    panic!("the stand-in did not start");
}

/// When the app is killed: at which point of the journey, and how long after it.
#[derive(Clone, Copy, Debug)]
struct Kill {
    point: usize,
    delay: Duration,
}

/// Kills the app and starts it again.
struct Killer {
    installation: Arc<Installation>,
    app: Arc<Mutex<Process>>,
    kills: Vec<Kill>,
    passed: Arc<AtomicUsize>,
}

/// Waiting is no point of the journey: a poll that brings nothing comes any number of times.
fn counts(label: &str) -> bool {
    !label.starts_with("GET")
}

#[async_trait]
impl Bystander for Killer {
    async fn at(&self, label: &str) {
        if !counts(label) {
            return;
        }
        let point = self.passed.fetch_add(1, Ordering::SeqCst);
        let Some(Kill { delay, .. }) = self.kills.iter().find(|kill| kill.point == point).copied()
        else {
            return;
        };
        let (app, installation) = (self.app.clone(), self.installation.clone());
        let kill = async move {
            tokio::time::sleep(delay).await;
            let mut app = app.lock().unwrap();
            app.kill();
            *app = installation.start_app();
        };
        // With a delay the shop goes on, and the kill meets whatever is under way by then.
        if delay.is_zero() { kill.await } else { drop(tokio::spawn(kill)) }
    }
}

struct Counter(Arc<AtomicUsize>);

#[async_trait]
impl Bystander for Counter {
    async fn at(&self, label: &str) {
        if counts(label) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Makes the journey with somebody standing by.
async fn travel(
    make: impl FnOnce(Arc<Installation>, Arc<Mutex<Process>>) -> Box<dyn Bystander>,
) -> anyhow::Result<()> {
    travel_on(Installation::new(), make).await
}

async fn travel_on(
    installation: Installation,
    make: impl FnOnce(Arc<Installation>, Arc<Mutex<Process>>) -> Box<dyn Bystander>,
) -> anyhow::Result<()> {
    let installation = Arc::new(installation);
    let _sandbox = installation.start_sandbox();
    slow_stripe_down(&installation.stripe()).await;
    let app = Arc::new(Mutex::new(installation.start_app()));
    let bystander = make(installation.clone(), app.clone());
    let shop = Shop::new(installation.app(), installation.token.clone(), bystander)?;
    Journey::new(&shop, installation.stripe()).run().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journey_ends_right_wherever_the_app_is_killed() {
    install_tls();
    let points = Arc::new(AtomicUsize::new(0));
    let counter = points.clone();
    travel(move |_, _| Box::new(Counter(counter))).await.expect("the calm journey");
    let points = points.load(Ordering::SeqCst);
    assert!(points >= KILLS, "the journey has only {points} points");

    for (round, kills) in rounds(points).into_iter().enumerate() {
        let passed = Arc::new(AtomicUsize::new(0));
        let (seen, last) = (passed.clone(), kills.iter().map(|kill| kill.point).max().unwrap());
        let at = format!("round {round}, of {points} points: {kills:?}");
        let result =
            travel(move |installation, app| Box::new(Killer { installation, app, kills, passed }))
                .await;
        assert!(seen.load(Ordering::SeqCst) > last, "{at}: the kill never came");
        result.unwrap_or_else(|error| panic!("{at}: {error:#}"));
    }
}

/// The kills of each round: spread over the journey, or drawn where `KILL_ROUNDS` asks for it.
fn rounds(points: usize) -> Vec<Vec<Kill>> {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let Some(rounds) = number("KILL_ROUNDS") else {
        let spread = |kill: usize| Kill {
            point: kill * points / KILLS,
            delay: Duration::from_millis(KILL_DELAYS_MS[kill % KILL_DELAYS_MS.len()]),
        };
        return (0..KILLS).map(|kill| vec![spread(kill)]).collect();
    };
    let seed = number("KILL_SEED").unwrap_or(0);
    let draw = |round: u64, what: u64| mix(seed ^ mix(round ^ mix(what)));
    let kill = |round, first| Kill {
        point: usize::try_from(draw(round, first)).unwrap() % points,
        delay: Duration::from_millis(draw(round, first + 1) % (2 * ANSWER_DELAY_MS)),
    };
    (0..rounds)
        .map(|round| match draw(round, 0) % 3 {
            0 => vec![kill(round, 1), kill(round, 3)],
            _ => vec![kill(round, 1)],
        })
        .collect()
}

/// Spreads bits: the finalizer of splitmix64.
fn mix(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Ends every connection to the database at every other point of the journey.
struct Cutter {
    database: String,
    passed: AtomicUsize,
}

const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'paybridge' AND datname = current_database()";

#[async_trait]
impl Bystander for Cutter {
    async fn at(&self, label: &str) {
        if counts(label) && self.passed.fetch_add(1, Ordering::SeqCst) % 2 == 1 {
            testkit::postgres::statement(&self.database, CUT).await;
        }
    }
}

/// Two processes work on one database, and lose their connections to it again and again.
#[tokio::test(flavor = "multi_thread")]
async fn the_journey_ends_right_on_postgresql() {
    install_tls();
    let database = testkit::postgres::database().await;
    let installation = Installation::on(database.clone(), tempfile::tempdir().unwrap());
    let mut another = installation.command(&["serve"]);
    let another = another.env("PAYBRIDGE_LISTEN", "127.0.0.1:0");
    let _another = Process::start(another);
    let cutter = Cutter { database, passed: AtomicUsize::new(0) };
    travel_on(installation, |_, _| Box::new(cutter)).await.expect("the journey");
}

/// SIGTERM is no kill: what was begun is finished, and the process says so by its exit code.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_graceful() {
    install_tls();
    let installation = Installation::new();
    let _sandbox = installation.start_sandbox();
    slow_stripe_down(&installation.stripe()).await;
    let mut app = installation.start_app();
    let shop = Shop::new(installation.app(), installation.token.clone(), Box::new(Nobody))
        .expect("a client");
    let mut journey = Journey::new(&shop, installation.stripe());
    journey.configure().await.expect("configured");

    app.terminate();
    let status = tokio::task::spawn_blocking(move || app.0.wait().expect("it ends")).await.unwrap();
    assert!(status.success(), "the app ended with {status}");
}
