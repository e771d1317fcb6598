//! The store as its users meet it. One program, because each links all of SQLite.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as the tests do"
)]

mod bindings;
mod contract_inline;
mod contract_postgres;
mod contract_threads;
mod file;
mod keys;
mod operator;
mod postgres;
mod relocate;
