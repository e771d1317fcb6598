//! The use cases of paybridge, one file each, and the ports they need.
//!
//! Every use case has the same shape: read, let the `payment` crate decide purely, write once.
//! Nothing here talks to the network while a transaction is open, and nothing here knows SQL,
//! HTTP or the words of a payment service provider.

pub mod limits;
pub mod ports;
pub mod tenant;

pub use ports::{Entropy, Psp, Store};
