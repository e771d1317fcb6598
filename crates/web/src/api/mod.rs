//! The endpoints, one file each.

pub(crate) mod cancel_pre_order_payment;
pub(crate) mod configure;
pub(crate) mod confirm_pre_order_payment;
pub(crate) mod customer;
pub(crate) mod disconnect;
pub(crate) mod health;
pub(crate) mod initialize_payment;
pub(crate) mod merchant_onboarding;
pub(crate) mod message_broker;
pub(crate) mod message_channels;
pub(crate) mod metrics;
pub(crate) mod onboarding_return;
pub(crate) mod pre_order_payment;
pub(crate) mod transfers;
pub(crate) mod webhooks;
