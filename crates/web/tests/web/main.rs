//! The HTTP API over a store in memory and a payment service provider that does as it is told.

#![expect(clippy::unwrap_used, reason = "a case that cannot be set up has failed")]

mod anything;
mod calls;
mod catalog;
mod errors;
mod page;
mod reference;
mod sign_in;
mod support;
