//! A small shop in the browser that speaks the shop's side of the contract, and shares no code
//! with the app that it tests and shows.
//!
//! A storefront to buy in, a back office with the default order process, an Apps page that
//! connects and disconnects the app, merchants who are onboarded and paid
//! out where the shop is a marketplace, a live list of every call and message, and dials that make
//! the stand-in for Stripe misbehave. State lives in memory. [`Shop::router`] has the pages,
//! [`Shop::run`] reads the message channels as a shop's worker does.
//!
//! It is for one's own machine: its pages answer only under the names of loopback, and only its
//! own forms can change something.

mod apps;
mod cart;
mod catalog;
mod client;
mod config;
mod customer;
mod desk;
mod dials;
mod entropy;
mod handler;
mod journal;
mod mask;
mod merchant;
mod money;
mod onboarding;
mod order;
mod pages;
mod payment;
mod payout;
mod poller;
mod process;
mod shop;
mod state;
mod transmission;
mod wire;

pub use config::{Config, Keys};
pub use entropy::Entropy;
pub use process::{Action, ItemState, PaymentStatus, ResultMessage, Trigger, Week};
pub use shop::Shop;
