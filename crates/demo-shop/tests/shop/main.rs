//! The demo shop against a small stand-in for the app, over the wire.

mod channels;
mod pages;
mod process;
mod recorded;
mod support;
