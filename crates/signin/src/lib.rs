//! Who calls: the [`SignIn`](app::ports::SignIn) port.
//!
//! - [`Doorkeeper`]: the operator's token, the tenants' fixed tokens, and signed tokens.
//! - [`token`]: making a fixed token, and its hash.
//! - [`IdentityProvider`]: signed tokens (JWT) by issuer, audience and key; [`KeySource`] is where
//!   its keys come from.
//! - [`CustomerTokens`]: tokens that shops sign themselves, for their customers' browsers.
//! - `signed`: what signed tokens have in common. `keys`: the keys, fetched, cached, rotated. `verifier`: their signatures, by `ring`.

mod customer_tokens;
mod doorkeeper;
mod identity_provider;
mod key_source;
mod keys;
mod signed;
pub mod token;
mod verifier;

pub use customer_tokens::{CUSTOMER_TOKEN_LIFE_MAX, CustomerTokens};
pub use doorkeeper::{Doorkeeper, Open};
pub use identity_provider::{IdentityProvider, IdentityProviderOptions};
pub use key_source::{HttpKeySource, KeySource};
pub use keys::{KEYS_REFETCH_MIN, KEYS_STALE_MAX, KEYS_TTL};
