//! The conformance cases, by number (`c01_…`), on the whole app: its router, its worker, its
//! SQLite store and its Stripe adapter, with the stand-in for Stripe at the other end, all in one
//! thread without sockets. Time stands still until a test moves it, so that a run repeats.

mod support;

mod commands;
