//! Thousands of bad days in a minute: app, stand-in for Stripe and model shops in one thread,
//! under virtual time and from one seed, so that a run repeats exactly.
//!
//! `cargo xtask simulate --seeds 1000 [--seed 7] [--trace]` runs it; `cargo test` runs the first
//! seeds. It is a program of its own, because a failing seed has to be told by a line that
//! repeats it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a simulation fails by panicking and reports by printing"
)]

mod cart;
mod chance;
mod checkout;
mod checks;
mod clock;
mod day;
mod desk;
mod gate;
mod gated_merchants;
mod gated_store;
mod gated_upkeep;
mod gated_watches;
mod harness;
mod ledger;
mod lost;
mod parting;
mod plan;
#[path = "../conformance/support/plumbing.rs"]
#[expect(dead_code, reason = "the conformance cases use more of it")]
mod plumbing;
mod shop;
mod trace;
mod world;

use std::process::ExitCode;

fn main() -> ExitCode {
    harness::main()
}
