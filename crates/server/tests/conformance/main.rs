//! The conformance cases, by number (`c01_…`), on the whole app: its router, its worker, its
//! SQLite store and its Stripe adapter, with the stand-in for Stripe at the other end, all in one
//! thread without sockets. Time stands still until a test moves it, so that a run repeats. Only
//! those of `rabbitmq` talk to a real one.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

mod bad_input;
mod by_hand;
mod cancel;
mod capture;
mod catch_up;
mod channels;
mod clock_jumps;
mod commands;
mod configuration;
mod customer;
mod disconnect;
mod doctor;
mod durable;
mod erasure;
mod glue;
mod identity;
mod initialize;
mod initialize_again;
mod intake;
mod isolation;
mod late;
mod lost_answers;
mod moved;
mod onboarding;
mod one_at_a_time;
mod payment_methods;
mod payment_page;
mod payouts;
mod payouts_in_trouble;
mod platform;
mod pre_order;
mod pre_order_calls;
mod pre_order_money;
mod rabbitmq;
mod reconcile;
mod recorded;
mod refund;
mod regressions;
mod rotation;
mod signs;
mod stripe_gone;
mod transfers;
mod unsure;
mod webhook_order;
mod webhook_retries;
mod webhooks;
