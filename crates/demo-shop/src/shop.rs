//! The shop as a whole: what all its parts share.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use jiff::Timestamp;
use reqwest::redirect::Policy;
use tokio::sync::watch;

use crate::client::Client;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::mask::Mask;
use crate::state::{Notice, State};
use crate::{pages, poller};

/// A shop has no timeout; this one ends a call after the app would have ended it.
const CALL_TIMEOUT: Duration = Duration::from_secs(150);

/// A demo shop. Clones are the same shop.
#[derive(Clone)]
pub struct Shop(Arc<Inner>);

struct Inner {
    config: Config,
    entropy: Arc<dyn Entropy>,
    client: Client,
    mask: Mask,
    state: Mutex<State>,
    /// Counts the changes of what pages show.
    version: watch::Sender<u64>,
}

impl Shop {
    /// A shop without orders that has not heard of any app.
    ///
    /// # Errors
    /// No HTTP client can be made.
    pub fn new(config: Config, entropy: Arc<dyn Entropy>) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(CALL_TIMEOUT)
            .redirect(Policy::none())
            .user_agent("demo-shop")
            .build()?;
        let mask = Mask::new(vec![config.token.clone(), config.keys.secret.clone()]);
        Ok(Self(Arc::new(Inner {
            config,
            entropy,
            client: Client::new(http),
            mask,
            state: Mutex::default(),
            version: watch::Sender::new(0),
        })))
    }

    /// Its pages.
    pub fn router(&self) -> Router {
        pages::router(self.clone())
    }

    /// Reads the message channels and lets the order process go on, until `stop` is ready.
    pub async fn run(&self, stop: impl Future<Output = ()> + Send) {
        tokio::select! {
            never = poller::run(self) => match never {},
            () = stop => {}
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        self.0.entropy.as_ref()
    }

    pub(crate) fn mask(&self) -> &Mask {
        &self.0.mask
    }

    /// The time by the clock on the wall.
    pub(crate) fn now(&self) -> Timestamp {
        self.0.entropy.now()
    }

    /// Looks at the state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state())
    }

    /// Changes the state, by the shop's clock, and lets open pages know.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let mut state = self.state();
        let now = state.clock(self.now());
        let result = change(&mut state, now);
        drop(state);
        self.0.version.send_modify(|version| *version += 1);
        result
    }

    pub(crate) fn leave_notice(&self, notice: Notice) -> u64 {
        self.state().leave_notice(notice)
    }

    /// Follows the changes of what pages show.
    pub(crate) fn versions(&self) -> watch::Receiver<u64> {
        self.0.version.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic in between leaves nothing half done that a demo could not live with.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
