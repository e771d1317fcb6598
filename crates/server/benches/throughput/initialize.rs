//! `initialize-payment` at a steady rate: how much of its time is the app's own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use paybridge::entropy::SystemEntropy;
use stripe_sandbox::{HttpWebhookSender, Options, Sandbox};

use crate::arguments::Arguments;
use crate::measure::{median, percentile};
use crate::place::{Database, Place};
use crate::shop::Shop;

/// So many requests a second.
const RATE: u32 = 200;
/// Requests before those that are counted: connections are opened, statements prepared.
const WARM_UP: u32 = 200;
/// Orders are called so, and then a number of so many digits.
const ORDER: &str = "BENCH-";
const DIGITS: usize = 8;

/// How long the stand-in took to answer the calls for each order.
type Stripe = Arc<Mutex<HashMap<String, Duration>>>;

pub async fn run(arguments: &Arguments) {
    for database in [Database::Sqlite, Database::Postgres] {
        let installation = database.installation().await;
        let stripe = Stripe::default();
        let serving = tokio::spawn(stand_in(installation.sandbox_port, stripe.clone()));
        let place = Place::beside_stripe(installation).await;
        let turns = u32::try_from(arguments.turns).unwrap();
        let seconds = u32::try_from(arguments.turn.as_secs()).unwrap() * turns;
        let own = requests(&place, &stripe, RATE * seconds).await;
        println!(
            "{}, {RATE} requests a second for {seconds} s: own time p50 {:.2} ms, p99 {:.2} ms",
            database.name(),
            median(&own),
            percentile(&own, 99)
        );
        serving.abort();
    }
}

/// Asks for so many payments, each when its time has come, however long others take. Returns the
/// app's own time for each, in milliseconds.
async fn requests(place: &Place, stripe: &Stripe, count: u32) -> Vec<f64> {
    let shop = Arc::new(Shop::new(&place.installation));
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
