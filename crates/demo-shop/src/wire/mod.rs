//! What goes over the wire, in the shop's words (contract, shop, sections 1 and 2). These types
//! are the shop's own: it shares none with the app.

pub mod command;
pub mod incoming;
pub mod merchant;
pub mod order_data;
pub mod php;
pub mod transfers;
