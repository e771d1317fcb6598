//! Money is conserved: seeded journeys of a marketplace with everything going wrong at once - lost
//! answers, duplicates, retries, refunds and reversals side by side. At the end the balances at
//! Stripe are, to the cent, what our books say, and no payout was ever made beyond what was there.
//!
//! One thread, no sockets, virtual time: a seed repeats. `MARKETPLACE_JOURNEYS=1000 cargo test -p
//! server --test marketplace` runs as many, `MARKETPLACE_JOURNEY=7` one of them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod books;
#[path = "../simulation/chance.rs"]
#[expect(dead_code, reason = "the simulation draws more kinds of chance")]
mod chance;
mod journey;
#[path = "../conformance/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the conformance cases use more of it")]
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// So many journeys are a part of every test run.
const JOURNEYS_IN_TESTS: u64 = 20;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

fn run(seed: u64) -> journey::Tally {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(journey::run(seed))
}

#[test]
fn money_is_conserved_whatever_goes_wrong() {
    let seeds = match setting("MARKETPLACE_JOURNEY") {
        Some(seed) => seed..seed + 1,
        None => 0..setting("MARKETPLACE_JOURNEYS").unwrap_or(JOURNEYS_IN_TESTS),
    };
    let mut all = journey::Tally::default();
    let mut wrong = Vec::new();
    for seed in seeds {
        match catch_unwind(AssertUnwindSafe(|| run(seed))) {
            Ok(tally) => all = all.and(tally),
            Err(_) => wrong.push(seed),
        }
    }
    assert!(wrong.is_empty(), "repeat with MARKETPLACE_JOURNEY=…: {wrong:?}");
    println!("{all:?}");
    if setting("MARKETPLACE_JOURNEY").is_none() {
        assert!(all.paid > 0 && all.taken > 0 && all.failed > 0 && all.refunded > 0, "{all:?}");
    }
}

#[test]
fn a_journey_repeats() {
    assert_eq!(run(3), run(3));
}
