//! A stand-in for Stripe, good enough that Stripe's own SDKs work against it.
//!
//! It speaks the part of Stripe's API that taking a payment needs: payment intents, charges, refunds, customers,
//! balance, account, webhook endpoints and events; and the part a marketplace needs: connected accounts, links to their
//! onboarding, transfers and reversals. All with Stripe's form encoding, lists, expansions, errors and idempotency keys.
//! Any `sk_test_…` key works and is an account of its own. Webhooks are signed and tried again. State lives in memory.
//!
//! It repeats itself exactly: ids, faults and outcomes follow from [`Options::seed`], the time from [`Options::clock`]
//! and nothing else. [`Sandbox::router`] and [`Sandbox::deliver_due`] work without sockets, so that a simulation can
//! run it in its own process; [`Sandbox::serve`] puts it on a port.
//!
//! # Making things go wrong
//!
//! Tests steer it by the methods of [`Sandbox`], or from outside by JSON below `/_sandbox/`:
//!
//! | Control | Body | What it does |
//! |---|---|---|
//! | `GET`, `POST`, `DELETE /_sandbox/faults` | a [`Fault`] | lists, adds, clears what goes wrong |
//! | `GET`, `POST`, `DELETE /_sandbox/declines` | a [`DeclineNext`] | lists, adds, clears payments to decline |
//! | `POST /_sandbox/webhooks` | [`WebhookSettings`] | holds, drops, copies or reorders webhooks |
//! | `GET /_sandbox/webhooks` | | every [`Delivery`] and what became of it |
//! | `POST /_sandbox/webhooks/release` | | lets go what is held |
//! | `POST /_sandbox/clock` | `{"advance_seconds":60}` | puts the clock forward; what falls due happens |
//! | `POST /_sandbox/reset` | | forgets everything |
//! | `GET /_sandbox/calls` | | every [`Call`] received |
//! | `GET`, `POST /_sandbox/accounts/{id}` | `{"multicapture":false}`, … | settings of an account, and its state |
//! | `POST /_sandbox/accounts/{id}/onboarding` | `{"outcome":"complete"}`, … | a merchant's onboarding ends |
//! | `POST /_sandbox/accounts/{id}/balance` | `{"currency":"eur","available":500}` | sets a balance |
//! | `POST /_sandbox/accounts/{id}/deauthorize` | | the platform is sent away |
//! | `POST /_sandbox/payment_intents/{id}/fund` | `{"amount":500}` | money arrives for a bank transfer |
//! | `POST /_sandbox/payment_intents/{id}/next_action` | `{"outcome":"succeed"}` or `fail` | 3-D Secure, redirects |
//! | `POST /_sandbox/payment_intents/{id}/settle` | `{"outcome":"succeed"}` or `fail` | a debit settles |
//!
//! An unknown field is refused by name. The README beside this crate shows each with `curl`.
//!
//! # In the browser
//!
//! `/endive/stripe.js` stands in for Stripe.js: a Payment Element in a frame of the sandbox's origin, 3-D Secure in a
//! dialog, a test bank. A page that works with Stripe's script works with this one.
//!
//! # Broken connections
//!
//! A lost request or answer closes the connection without a byte. Without sockets there is none to close: the response
//! then carries [`ConnectionLost`] among its extensions, and whoever called the router turns it into an error.

mod account_control;
mod amounts;
mod answer;
mod api;
mod audit;
mod auth;
mod authenticate;
mod calls;
mod connect_pages;
mod connections;
mod control;
mod cors;
mod declines;
mod desk;
mod error;
mod faults;
mod form;
mod http_api;
mod idempotency;
mod ids;
mod language;
mod methods;
mod objects;
mod page;
mod params;
mod reception;
mod sandbox;
mod sender;
mod serve;
mod signature;
mod stripe_js;
mod table;
mod webhooks;
mod world;

pub use audit::{BalanceAudit, IntentAudit, TransferAudit};
pub use calls::{CALLS_KEPT, Call};
pub use declines::{DECLINES_MAX, DeclineNext};
pub use faults::{DELAY_MS_MAX, FAULTS_MAX, Fault, FaultKind};
pub use http_api::{BODY_BYTES_MAX, ConnectionLost};
pub use sandbox::{ADVANCE_SECONDS_MAX, Clock, Options, Sandbox};
pub use sender::{BoxFuture, HttpWebhookSender, WEBHOOK_TIMEOUT, WebhookSender};
pub use webhooks::{
    COPIES_MAX, Delivery, DeliveryStatus, RETRY_AFTER, WebhookMode, WebhookOrder, WebhookSettings,
};

/// The version of Stripe's API that events are rendered in, and that is spoken where a call names none.
pub const API_VERSION: &str = "2026-10-28.endive";
