//! The shop's wire: the names, attributes and payloads of its messages, and the bodies of its
//! calls, as serde types. Pure: no I/O, no clock, no domain.
//!
//! What arrives was written by PHP, so the incoming types read both of its ways to write the same
//! thing (see [`php`]); what leaves is strict, because the shop loses what it cannot decode.
//!
//! - [`names`]: channels and messages, and which belongs to which.
//! - [`attributes`]: what travels beside a payload, and how it is named as an HTTP header.
//! - [`message`]: the payloads of the messages.
//! - [`channel`]: reading and deleting messages over HTTP.
//! - [`order`]: the order data of an initialize call.
//! - [`pre_order`]: the calls about a payment that was made before its order.
//! - [`customer`]: who pays.
//! - [`glue`]: the same for front ends, as JSON:API.
//! - [`transfers`] and [`merchant`]: what a marketplace pays out, and whom.
//! - [`configure`]: the configuration of a tenant.
//! - [`schema`]: how the schemas of these types say what PHP may write.
//! - [`form`]: the PHP-bracket form of old shops.
//! - [`decode`]: turning a body into one of these, or naming the field that is wrong.

pub mod attributes;
pub mod channel;
pub mod configure;
pub mod customer;
pub mod decode;
pub mod form;
pub mod glue;
pub mod merchant;
pub mod message;
pub mod names;
pub mod order;
pub mod php;
pub mod pre_order;
pub mod schema;
pub mod transfers;

pub use attributes::{Attributes, Dialect, OutgoingAttributes};
pub use decode::{Invalid, from_json, from_value};
pub use names::{Channel, MessageName};
