//! The Stripe adapter: the [`Psp`](app::Psp) port on Stripe's HTTP API. Nothing outside this crate
//! knows Stripe's words.
//!
//! - [`StripePsp`]: the port; build it from a [`StripeClient`].
//! - [`StripeClient`]: one pinned API version, retries under one idempotency key, and an error for
//!   each thing a caller can do next.
//! - [`Transport`]: what carries a request: [`HttpTransport`] to Stripe, or a function call in
//!   simulations.
//! - [`amount`]: Stripe's units and limits of amounts, the only place that knows them.
//!
//! Facts about Stripe are cited by their section of `contract/stripe.md`, rules as R1 to R24.

pub mod amount;
mod answer;
mod audit;
mod backoff;
mod breaker;
mod client;
mod form;
mod http_transport;
mod kinds;
mod marketplace;
mod metadata;
mod objects;
mod payer;
mod psp;
mod requests;
mod shopper;
mod translate;
mod transport;
mod turns;
mod webhook;

pub use breaker::{BREAKER_FAILURES, BREAKER_PAUSE};
pub use client::{API_VERSION, CALL_DEADLINE, StripeClient, TRIES_MAX, TRY_TIMEOUT};
pub use http_transport::{
    ANSWER_BYTES_MAX, CONNECT_TIMEOUT, HttpTransport, HttpTransportError, Timeouts,
};
pub use kinds::MANUAL_CAPTURE_METHODS;
pub use psp::{CLOCK_SKEW, PAGES_MAX, StripePsp};
pub use requests::ENABLED_EVENTS;
pub use transport::{Transport, TransportError};
pub use turns::CALLS_MAX;
pub use webhook::SIGNATURE_TOLERANCE;
