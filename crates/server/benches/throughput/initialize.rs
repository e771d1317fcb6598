//! `initialize-payment` at a steady rate: how much of its time is not Stripe's, and how much of that
//! the way to the app and to Stripe takes by itself, and the disk.

use std::collections::HashMap;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use paybridge::entropy::SystemEntropy;
use stripe_sandbox::{HttpWebhookSender, Options, Sandbox};

use crate::arguments::Arguments;
use crate::installation::Installation;
use crate::measure::{median, percentile};
use crate::place::{Database, Place};
use crate::relay;
use crate::shop::Shop;

/// So many requests a second.
const RATE: u32 = 200;
/// Requests before those that are counted: connections are opened, statements prepared.
const WARM_UP: u32 = 200;
/// Orders are called so, and then a number of so many digits.
const ORDER: &str = "BENCH-";
const DIGITS: usize = 8;

/// So much is written at once to try the disk, in bytes: about as much as a commit.
const COMMIT: usize = 64 * 1024;
/// So many commits an initialization waits for.
const COMMITS: u32 = 2;

/// How long the stand-in took to answer the calls for each order.
type Stripe = Arc<Mutex<HashMap<String, Duration>>>;

pub async fn run(arguments: &Arguments) {
    let seconds = u32::try_from(arguments.turn.as_secs()).unwrap();
    let disk = tokio::task::spawn_blocking(move || disk(RATE * seconds)).await.unwrap();
    let times = format!("{COMMITS} writes of {} KiB, each waited for", COMMIT / 1024);
    tell("The disk by itself", &times, &disk);
    tell("A relay that does nothing else", "the way there and back", &way(RATE * seconds).await);
    for database in [Database::Sqlite, Database::Postgres] {
        let installation = database.installation().await;
        let stripe = Stripe::default();
        let serving = tokio::spawn(stand_in(installation.sandbox_port, stripe.clone()));
        let place = Place::beside_stripe(installation).await;
        let seconds = seconds * u32::try_from(arguments.turns).unwrap();
        let own = requests(&place.installation, &stripe, RATE * seconds).await;
        let times = format!("own time at {RATE} requests a second for {seconds} s");
        tell(database.name(), &times, &own);
        serving.abort();
    }
}

fn tell(who: &str, what: &str, times: &[f64]) {
    let (half, most) = (median(times), percentile(times, 99));
    println!("{who}, {what}: p50 {half:.2} ms, p99 {most:.2} ms");
}

/// What the way takes to a program that does nothing but ask Stripe, and back.
async fn way(count: u32) -> Vec<f64> {
    let (installation, stripe) = (Installation::new(), Stripe::default());
    let serving = tokio::spawn(stand_in(installation.sandbox_port, stripe.clone()));
    let _relay = relay::start(&installation).await;
    let times = requests(&installation, &stripe, count).await;
    serving.abort();
    times
}

/// What the disk takes for so many times the commits of one initialization, in milliseconds.
fn disk(count: u32) -> Vec<f64> {
    let file = tempfile::tempfile().unwrap();
    let (commit, places) = (vec![1; COMMIT], 256);
    for place in 0..places {
        file.write_all_at(&commit, place * COMMIT as u64).unwrap();
    }
    file.sync_all().unwrap();
    let begun = Instant::now();
    let times = (0..count).map(|number| {
        let due = Duration::from_secs(1) * number / RATE;
        std::thread::sleep(due.saturating_sub(begun.elapsed()));
        let began = Instant::now();
        for commit_number in 0..COMMITS {
            let place = u64::from(number * COMMITS + commit_number) % places;
            file.write_all_at(&commit, place * COMMIT as u64).unwrap();
            file.sync_data().unwrap();
        }
        began.elapsed().as_secs_f64() * 1000.0
    });
    times.collect()
}

/// Asks for so many payments, each when its time has come, however long others take. Returns the
/// app's own time for each, in milliseconds.
async fn requests(installation: &Installation, stripe: &Stripe, count: u32) -> Vec<f64> {
    let shop = Arc::new(Shop::new(installation));
    let begun = Instant::now();
    let mut asked = Vec::new();
    for number in 0..WARM_UP + count {
        let due = begun + Duration::from_secs(1) * number / RATE;
        tokio::time::sleep_until(due.into()).await;
        let shop = shop.clone();
        asked.push(tokio::spawn(async move {
            let order = format!("{ORDER}{number:0DIGITS$}");
            let sent = Instant::now();
            shop.initialize(&order).await;
            (order, sent.elapsed())
        }));
    }
    let mut own = Vec::new();
    for asked in asked {
        let (order, total) = asked.await.unwrap();
        let theirs = stripe.lock().unwrap().get(&order).copied().expect("Stripe was asked");
        own.push(total.saturating_sub(theirs).as_secs_f64() * 1000.0);
    }
    own.split_off(usize::try_from(WARM_UP).unwrap())
}

/// The stand-in for Stripe in this process, with a clock beside every call.
async fn stand_in(port: u16, stripe: Stripe) {
    let address = format!("127.0.0.1:{port}");
    let sandbox = Sandbox::new(Options {
        seed: 0,
        clock: Arc::new(SystemEntropy),
        webhooks: Arc::new(HttpWebhookSender::new().unwrap()),
        base_url: format!("http://{address}"),
    });
    let router = sandbox.router().layer(from_fn_with_state(stripe, clocked));
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    axum::serve(listener, router).await.unwrap();
}

async fn clocked(State(stripe): State<Stripe>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8_lossy(&body);
    let order = text.find(ORDER).and_then(|at| text.get(at..at + ORDER.len() + DIGITS));
    let order = order.map(str::to_owned);
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if let Some(order) = order {
        *stripe.lock().unwrap().entry(order).or_default() += begun.elapsed();
    }
    response
}
