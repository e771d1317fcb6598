//! The HTTP API of paybridge: what the shop, the payment service provider and the operator call.
//!
//! A request passes, from the outside in: the log line and its counter (`observe`), the headers
//! that keep browsers safe (`headers`), the writing of errors in the format of its endpoint
//! (`error`), the time limit and the catching of panics (`router`), the rate of its address, who
//! calls (`auth`) and from which origin (`browser`), and its endpoint (`endpoints`, `api`, for shoppers
//! `page`). An endpoint reads its input, calls one use case of the `app` crate, and writes the
//! answer; it decides nothing.

mod address;
mod api;
mod auth;
mod body;
mod browser;
mod endpoints;
mod error;
mod glue;
mod headers;
mod limits;
mod observe;
mod page;
mod rate;
mod reference;
mod router;
mod state;
mod tenant;

pub use address::TrustedProxies;
pub use endpoints::{Access, Endpoint, endpoints};
pub use limits::{
    ADDRESS_REQUESTS_PER_SECOND, BODY_MAX, BODY_TIMEOUT, BROWSER_REQUESTS_PER_SECOND, Limits,
    REQUEST_TIMEOUT, TENANT_REQUESTS_PER_SECOND,
};
pub use page::PageSettings;
pub use reference::{asyncapi, openapi};
pub use router::{router, router_of};
pub use state::{WebParts, WebState};
