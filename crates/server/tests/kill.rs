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

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use paybridge::demo::journey::Journey;
use paybridge::demo::shop::{Bystander, Nobody, Shop, TENANT};
use secrecy::ExposeSecret;
use store::Keyring;

/// How many points of the journey are tried.
const KILLS: usize = 20;
/// How late Stripe's answers come, in milliseconds.
const ANSWER_DELAY_MS: u64 = 60;
/// How long after a point the kill comes: at once, before the answer of a call begun there, after
/// it.
const KILL_DELAYS_MS: [u64; 4] = [0, 15, 40, 90];
const OPERATOR_TOKEN: &str = "a-token-for-the-kill-test";

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A process that ends with the test.
struct Process(Child);

impl Process {
    fn kill(&mut self) {
        self.0.kill().expect("SIGKILL reaches the process");
        self.0.wait().expect("the process was ours");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How the app is started, the first time and again.
struct Installation {
    app_port: u16,
    sandbox_port: u16,
    folder: tempfile::TempDir,
    encryption_key: String,
    /// The shop's.
    token: String,
}

impl Installation {
    fn new() -> Self {
        let mut installation = Self {
            app_port: free_port(),
            sandbox_port: free_port(),
            folder: tempfile::tempdir().unwrap(),
            encryption_key: Keyring::generate().unwrap().expose_secret().to_owned(),
            token: String::new(),
        };
        installation.output(&["migrate"]);
        let token = installation.output(&["tenant", "token", "issue", TENANT]);
        installation.token = token.trim().to_owned();
        installation
    }

    /// What a command prints.
    fn output(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("the binary starts");
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).expect("it prints text")
    }

    fn app(&self) -> String {
        format!("http://127.0.0.1:{}", self.app_port)
    }

    fn stripe(&self) -> String {
        format!("http://127.0.0.1:{}", self.sandbox_port)
    }

    fn start_sandbox(&self) -> Process {
        let listen = format!("127.0.0.1:{}", self.sandbox_port);
        self.start(&["sandbox", "--listen", &listen])
    }

    fn start_app(&self) -> Process {
        self.start(&["serve"])
    }

    fn start(&self, arguments: &[&str]) -> Process {
        let mut command = self.command(arguments);
        let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
        Process(quiet.spawn().expect("the binary starts"))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let database: &Path = &self.folder.path().join("paybridge.db");
        let mut command = Command::new(env!("CARGO_BIN_EXE_paybridge"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("PAYBRIDGE_LISTEN", format!("127.0.0.1:{}", self.app_port))
            .env("PAYBRIDGE_DATABASE_URL", format!("sqlite:{}", database.display()))
            .env("PAYBRIDGE_ENCRYPTION_KEY", &self.encryption_key)
            .env("PAYBRIDGE_AUTH_TOKEN", OPERATOR_TOKEN)
            .env("PAYBRIDGE_STRIPE_API_BASE", self.stripe());
        command
    }

    /// Waits for the stand-in and makes its answers late.
    async fn slow_stripe_down(&self) {
        let client = reqwest::Client::new();
        let fault = format!(
            r#"{{"kind":"delay","method":"POST","path":"/v1/*","delay_ms":{ANSWER_DELAY_MS},"times":100000}}"#
        );
        for _ in 0..100 {
            let url = format!("{}/_sandbox/faults", self.stripe());
            let request = client.post(url).header("content-type", "application/json");
            match request.body(fault.clone()).send().await {
                Ok(answer) if answer.status().is_success() => return,
                Ok(answer) => panic!("{}", answer.text().await.unwrap()),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        panic!("the stand-in did not start");
    }
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
    let installation = Arc::new(Installation::new());
    let _sandbox = installation.start_sandbox();
    installation.slow_stripe_down().await;
    let app = Arc::new(Mutex::new(installation.start_app()));
    let bystander = make(installation.clone(), app.clone());
    let shop = Shop::new(installation.app(), installation.token.clone(), bystander)?;
    Journey::new(&shop, installation.stripe()).run().await
}

fn install_tls() {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
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

/// SIGTERM is no kill: what was begun is finished, and the process says so by its exit code.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_graceful() {
    install_tls();
    let installation = Installation::new();
    let _sandbox = installation.start_sandbox();
    installation.slow_stripe_down().await;
    let mut app = installation.start_app();
    let shop = Shop::new(installation.app(), installation.token.clone(), Box::new(Nobody))
        .expect("a client");
    let mut journey = Journey::new(&shop, installation.stripe());
    journey.configure().await.expect("configured");

    let id = app.0.id().to_string();
    let stopped = Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
    assert!(stopped.success());
    let status = tokio::task::spawn_blocking(move || app.0.wait().expect("it ends")).await.unwrap();
    assert!(status.success(), "the app ended with {status}");
}
