//! The HTTP API of paybridge: what the shop, the payment service provider and the operator call.
//!
//! A request passes, from the outside in: the log line and its counter (`observe`), the writing
//! of errors in the format of its endpoint (`error`), the time limit and the catching of panics
//! (`router`), the bearer token (`auth`), and its endpoint (`api`, for shoppers `page`). An
//! endpoint reads its input, calls one use case of the `app` crate, and writes the answer; it
//! decides nothing.

mod api;
mod auth;
mod body;
mod error;
mod glue;
mod observe;
mod page;
mod router;
mod state;
mod tenant;

pub use body::BODY_MAX;
pub use page::PageSettings;
pub use router::{REQUEST_TIMEOUT, router};
pub use state::WebState;
