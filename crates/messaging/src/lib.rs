//! How messages travel: the relay that pushes them to shops, and the consumer that works through
//! the inbox.
//!
//! The http-channel, which current shops poll, needs neither: the outbox itself is the channel,
//! read by `app::channel` and served by `web`. Channels that are pushed are listed in
//! [`relay::Routes`].

pub mod aws_address;
pub mod aws_places;
mod breaker;
mod caretaker;
mod consumer;
mod intake;
pub mod public_only;
mod push;
pub mod relay;

pub use breaker::Breakers;
pub use consumer::{Consumer, POLL};
pub use intake::{Intake, Source, Taken};
pub use push::{HttpPush, SendError, Sender};
pub use relay::{Relay, Routes};
