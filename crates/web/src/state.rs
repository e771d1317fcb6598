//! What the endpoints share.

use std::sync::Arc;

use app::Context;
use secrecy::SecretString;

use crate::page::PageSettings;

/// What the endpoints share.
#[derive(Clone)]
pub struct WebState {
    /// The use cases.
    pub context: Context,
    /// The bearer token of the private API, the message channels and the message broker.
    pub auth_token: SecretString,
    /// Writes all metrics in Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Called after something was put into the inbox, so that a worker in this process begins at
    /// once. Without it the worker finds the row at its next look.
    pub wake: Option<Arc<dyn Fn() + Send + Sync>>,
    /// What the payment page needs.
    pub page: PageSettings,
}

impl WebState {
    /// Tells the worker that there is something to do.
    pub(crate) fn wake_worker(&self) {
        if let Some(wake) = &self.wake {
            wake();
        }
    }
}
