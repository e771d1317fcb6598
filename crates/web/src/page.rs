//! The payment page: contract, shop, "Payment page", and contract, Stripe, section 8.
//!
//! One document with its style and script inside, so that the first paint waits for nothing else;
//! the payment form in it is Stripe's. Card data never touches the app.

mod address;
mod amount;
mod colour;
mod failure;
mod language;
mod order;
pub(crate) mod pay;
mod policy;
pub(crate) mod redirect;
pub(crate) mod report;
mod texts;
mod view;
mod visit;

pub(crate) use failure::{PATHS, write_failure};
pub use policy::PageSettings;
