//! What tests of several crates share.
//!
//! - [`TestEntropy`]: a clock that stands still until it is moved, and ids that are counted.
//! - [`builders`]: a tenant, an order, a payment and a message with sensible defaults.
//! - [`store_contract`]: what every store has to do; [`store_contract_tests!`] runs it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "this crate runs in tests only, where a panic is how a case fails"
)]

pub mod builders;
mod entropy;
pub mod store_contract;

pub use entropy::TestEntropy;
