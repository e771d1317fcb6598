//! What a demo shop is told at its start.

use std::time::Duration;

use secrecy::SecretString;

/// Where everything is, and who the shop is to the app.
#[derive(Clone, Debug)]
pub struct Config {
    /// The shop's own address, without a slash at its end. The app sends shoppers back to it.
    pub address: String,
    /// The app's address, without a slash at its end.
    pub app: String,
    /// Where the message channels are, without a slash at its end.
    pub channels: String,
    /// The address of the stand-in for Stripe, whose `/_sandbox/` the fault dials drive. Without
    /// one there are no dials.
    pub sandbox: Option<String>,
    /// The bearer token that the shop shows to the app.
    pub token: SecretString,
    /// The tenant identifier.
    pub tenant: String,
    /// The keys that the Apps page offers.
    pub keys: Keys,
    /// How long the poller waits after it found nothing.
    pub poll_every: Duration,
}

/// A pair of Stripe keys.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The one that pages are given.
    pub publishable: String,
    /// The one that calls are made with.
    pub secret: SecretString,
}
