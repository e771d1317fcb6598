//! Stripe's API: one file a resource. Each operation is a plain function of a desk and the call's parameters.

pub(crate) mod account;
pub(crate) mod attempts;
pub(crate) mod balance;
pub(crate) mod captures;
pub(crate) mod cash_balance;
pub(crate) mod charges;
pub(crate) mod customers;
pub(crate) mod disputes;
pub(crate) mod events;
pub(crate) mod expand;
pub(crate) mod intent_params;
pub(crate) mod intents;
pub(crate) mod ledger;
pub(crate) mod lists;
pub(crate) mod method_options;
pub(crate) mod next_actions;
pub(crate) mod payment_methods;
pub(crate) mod refunds;
pub(crate) mod routes;
pub(crate) mod timers;
pub(crate) mod webhook_endpoints;
