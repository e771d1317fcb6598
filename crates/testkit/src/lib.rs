//! What tests of several crates share.
//!
//! - [`TestEntropy`]: a clock that stands still until it is moved, and ids that are counted.
//! - [`aws`]: a server of AWS's API.
//! - [`builders`]: a tenant, an order, a payment and a message with sensible defaults.
//! - [`postgres`] and [`rabbitmq`]: a PostgreSQL and a RabbitMQ for tests; [`Wire`]: what a test cuts
//!   between the app and one of them.
//! - [`UnsureStore`]: a store whose database is lost before or after something was done.
//! - [`TestIdentityProvider`]: signs tokens; [`TestSignIn`]: lets tests in that are about
//!   something else.
//! - [`store_contract`]: what every store has to do; [`store_contract_tests!`] runs it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "this crate runs in tests only, where a panic is how a case fails"
)]

pub mod aws;
pub mod builders;
mod entropy;
pub mod identity_provider;
pub mod postgres;
pub mod rabbitmq;
mod script;
mod sign_in;
pub mod store_contract;
mod unsure_merchants;
mod unsure_store;
mod unsure_upkeep;
mod unsure_watches;
mod wire;

pub use entropy::TestEntropy;
pub use identity_provider::{SigningKey, TestIdentityProvider};
pub use sign_in::TestSignIn;
pub use unsure_store::{Fate, Mishap, UnsureStore};
pub use wire::Wire;
