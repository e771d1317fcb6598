//! The state machine, asked for everything it says: as a specification, as a drawing, and under
//! thousands of random lives.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod after_cancel;
mod cells;
mod common;
mod diagram;
mod matrix;
mod payouts;
mod pre_order;
mod properties;
mod transfers;
