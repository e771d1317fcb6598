//! What the endpoints share.

use std::ops::Deref;
use std::sync::Arc;

use app::Context;
use app::ports::SignIn;
use app::process::Process;

use crate::address::TrustedProxies;
use crate::limits::Limits;

use crate::page::PageSettings;

/// What the endpoints share, as it is put together.
#[derive(Clone)]
pub struct WebParts {
    /// The use cases.
    pub context: Context,
    /// Tells who calls the private API, the message channels and the message broker.
    pub sign_in: Arc<dyn SignIn>,
    /// How much a client may ask, send and take its time.
    pub limits: Limits,
    /// Proxies whose word about a client's address is taken.
    pub trusted_proxies: TrustedProxies,
    /// Writes all metrics in Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Called after something was put into the inbox, so that a worker in this process begins at
    /// once. Without it the worker finds the row at its next look.
    pub wake: Option<Arc<dyn Fn() + Send + Sync>>,
    /// What the payment page needs.
    pub page: PageSettings,
    /// What this process is there for, and whether it was asked to stop.
    pub process: Arc<Process>,
}

/// The same as the endpoints hold it: each layer that a request passes clones no more than a counter.
#[derive(Clone)]
pub struct WebState(Arc<WebParts>);

impl WebState {
    pub(crate) fn new(parts: WebParts) -> Self {
        Self(Arc::new(parts))
    }

    /// Tells the worker that there is something to do.
    pub(crate) fn wake_worker(&self) {
        if let Some(wake) = &self.wake {
            wake();
        }
    }
}

impl Deref for WebState {
    type Target = WebParts;

    fn deref(&self) -> &WebParts {
        &self.0
    }
}
