//! What a user of the adapter notices. Nothing here opens a connection to anywhere but loopback.

mod calls;
mod events;
mod http_transport;
mod looking_up;
mod requests;
mod retries;
mod script;
mod signatures;
