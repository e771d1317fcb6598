//! Who calls: the [`SignIn`](app::ports::SignIn) port.
//!
//! - [`Doorkeeper`]: the operator's token, the tenants' fixed tokens, and signed tokens.
//! - [`token`]: making a fixed token, and its hash.
//! - [`IdentityProvider`]: signed tokens (JWT) by issuer, audience and key; [`KeySource`] is where
//!   its keys come from.
//! - `keys`: the keys, fetched, cached, rotated. `verifier`: their signatures, by `ring`.

mod doorkeeper;
mod identity_provider;
mod key_source;
mod keys;
pub mod token;
mod verifier;

pub use doorkeeper::{Doorkeeper, Open};
pub use identity_provider::{IdentityProvider, IdentityProviderOptions};
pub use key_source::{HttpKeySource, KeySource};
pub use keys::{KEYS_REFETCH_MIN, KEYS_STALE_MAX, KEYS_TTL};
