//! The use cases of paybridge, one file each, and the ports they need.
//!
//! Every use case has the same shape: read, let the `payment` crate decide purely, write once.
//! Nothing here talks to the network while a transaction is open, and nothing here knows SQL,
//! HTTP or the words of a payment service provider.
//!
//! | The shop or the provider says | Use case |
//! |---|---|
//! | configure, disconnect | [`configure`], [`disconnect`] |
//! | initialize a payment | [`initialize`] |
//! | make a payment before its order, confirm it, cancel it | [`pre_order`], [`confirm_pre_order`], [`call_off_pre_order`] |
//! | who pays? | [`customer`] |
//! | an event happened | [`receive_webhook`], then `apply_event` |
//! | capture, cancel, refund | [`receive_command`], then `command` |
//! | a merchant wants to be onboarded | [`onboarding`], then [`onboarding_return`] |
//! | pay merchants out, take payouts back | [`transfers`] |
//! | what is new for me? | [`channel`] |
//!
//! The shopper opens the [`payment_page`] and goes on [`after_payment`].
//!
//! And an operator: what is stuck, why, and what now? [`operate`].
//!
//! What is no longer needed is given up by [`prune`](mod@prune); [`process`] says what readiness is made of,
//! [`link`] whether a broker is there.
//! Webhook endpoints follow a changed public address: [`move_endpoints`].
//!
//! [`work`] carries out what waits in the inbox; `calls` makes the journaled calls.

pub mod after_payment;
mod apply_event;
pub mod call_off_pre_order;
mod calls;
mod catch_up;
pub mod channel;
pub mod checkout;
mod command;
pub mod configure;
pub mod confirm_pre_order;
mod context;
mod credentials;
pub mod customer;
pub mod customer_token_key;
pub mod disconnect;
mod endpoints;
pub mod initialize;
mod late_refunds;
mod learn;
pub mod limits;
pub mod link;
pub mod merchant;
mod merchant_events;
mod merchant_messages;
mod messages;
mod methods;
pub mod move_endpoints;
pub mod offered;
pub mod onboarding;
pub mod onboarding_return;
pub mod operate;
pub mod payment_page;
mod payout_calls;
mod payouts;
pub mod platform;
pub mod ports;
pub mod pre_order;
mod problem;
pub mod process;
pub mod prune;
pub mod receive_command;
pub mod receive_webhook;
pub mod reconcile;
mod redirects;
pub mod settings;
pub mod sign_in;
pub mod tenant;
pub mod transfers;
pub mod work;
mod write;

pub use context::{Context, Site};
pub use ports::{Entropy, Psp, Store};
