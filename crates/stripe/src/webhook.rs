//! Webhooks: the proof that Stripe sent one, what it says, and what of it may be stored.

pub(crate) mod event;
pub(crate) mod redact;
pub(crate) mod signature;

pub use signature::SIGNATURE_TOLERANCE;
