//! How long the app itself takes for the payment page, Stripe's answer aside, and how large the
//! page is: `cargo run --release -p web --example page_time`.

#![expect(clippy::unwrap_used, reason = "what cannot be set up is not measured")]

use std::time::{Duration, Instant};

use axum::body::Body;
use http::Request;
use support::{App, recorded};

#[path = "../tests/web/support/mod.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod support;

/// So often the page is opened, after as many rounds that are not counted.
const ROUNDS: usize = 2_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let app = App::configured().await;
    app.call(recorded("requests/initialize_payment_guest", None)).await;
    let mut times: Vec<Duration> = Vec::with_capacity(ROUNDS);
    let mut bytes = 0;
    for round in 0..2 * ROUNDS {
        support::log::clear();
        let path = "/app-payment?transactionId=pi_1&tenantIdentifier=tenant-test-0001";
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let begun = Instant::now();
        let answer = app.call(request).await;
        let took = begun.elapsed();
        assert_eq!(answer.status, 200, "{}", answer.body);
        bytes = answer.body.len();
        if round >= ROUNDS {
            times.push(took);
        }
    }
    times.sort_unstable();
    let at = |percent: usize| times.get(ROUNDS * percent / 100).copied().unwrap_or_default();
    println!("{bytes} bytes; median {:?}, 99 of 100 within {:?}", at(50), at(99));
}
