//! Channels through RabbitMQ: a [`Publisher`] sends messages to each shop's queue, [`CommandQueue`]
//! takes what shops send, and [`topology`] is what has to be there for it.
//!
//! Nothing is lost: a message counts as delivered when RabbitMQ has confirmed it, and a command is
//! acknowledged when it is in the inbox. So both may come twice, a message under its stable id, a
//! command recognized by its sender's.
//!
//! Both have a connection of their own, because RabbitMQ stops reading from one that publishes when
//! it runs out of room, and acknowledgements shall still arrive then.

mod commands;
mod confirm;
mod connection;
mod headers;
mod names;
mod publisher;
pub mod topology;

pub use commands::{CommandQueue, PREFETCH};
pub use connection::{BadAddress, Server};
pub use names::{Names, UnusableName};
pub use publisher::Publisher;
