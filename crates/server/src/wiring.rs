//! Puts the crates together into a running app.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use app::{Context, Entropy, Psp, Site, Store};
use messaging::{Consumer, HttpPush, PushTransport, Relay, Routes};
use secrecy::SecretString;
use store::{Keyring, OpenOptions, SqliteStore};
use stripe::{HttpTransport, StripeClient, StripePsp, Timeouts};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use url::Url;

use crate::config::{Config, Transport};
use crate::entropy::SystemEntropy;

/// What an app is made of. Tests put other parts in.
pub struct Parts {
    /// Durable storage.
    pub store: Arc<dyn Store>,
    /// The payment service provider.
    pub psp: Arc<dyn Psp>,
    /// Time and ids.
    pub entropy: Arc<dyn Entropy>,
    /// How pushed messages travel.
    pub push: Arc<dyn PushTransport>,
    /// Which channels are pushed, and where to.
    pub routes: Routes,
    /// How the app is reached and what it is called.
    pub site: Site,
    /// What callers of the private API show.
    pub auth_token: SecretString,
    /// Where the payment page loads Stripe's script from.
    pub stripe_js_url: Url,
    /// Writes all metrics.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// The name under which this process takes leases.
    pub worker: String,
}

/// An app: its HTTP side and its worker.
pub struct App {
    /// Answers requests.
    pub router: axum::Router,
    /// Carries out what waits.
    pub consumer: Consumer,
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let Parts { store, psp, entropy, push, routes, site, auth_token, .. } = parts;
        let Parts { stripe_js_url, metrics, worker, .. } = parts;
        let wake = Arc::new(Notify::new());
        let relay = Relay {
            store: store.clone(),
            entropy: entropy.clone(),
            transport: push,
            routes: Arc::new(routes),
            worker: worker.clone(),
        };
        let context = Context { store, psp, entropy, site: Arc::new(site) };
        let consumer = Consumer { context: context.clone(), relay, worker, wake: wake.clone() };
        let state = web::WebState {
            context,
            auth_token,
            metrics,
            wake: Some(Arc::new(move || wake.notify_one())),
            page: web::PageSettings::new(&stripe_js_url),
        };
        Self { router: web::router(state), consumer }
    }

    /// Answers on `listener` and works until `stop` is ready; then finishes what was begun, for
    /// at most `drain`. What does not end by then is in the database and goes on at the next
    /// start.
    ///
    /// # Errors
    /// The listener broke down.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send,
        drain: Duration,
    ) -> anyhow::Result<()> {
        let (stopper, stopped) = watch::channel(false);
        let mut worker = tokio::spawn(self.consumer.run(until(stopped.clone())));
        let server = axum::serve(listener, self.router).with_graceful_shutdown(until(stopped));
        let mut server = tokio::spawn(async move { server.await });
        tokio::select! {
            ended = &mut server => return ended?.context("the HTTP server broke down"),
            ended = &mut worker => return ended.context("the worker broke down"),
            () = stop => {}
        }
        tracing::info!(drain_seconds = drain.as_secs(), "stopping: finishing what was begun");
        // Nobody listens any more only if both have ended already.
        let _ = stopper.send(true);
        let both = async { tokio::join!(&mut server, &mut worker) };
        if tokio::time::timeout(drain, both).await.is_err() {
            tracing::warn!("stopped with work unfinished; it goes on at the next start");
            server.abort();
            worker.abort();
        }
        Ok(())
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Opens the SQLite database at `path`.
///
/// # Errors
/// It cannot be used; the error says why and what to do.
pub fn open_store(
    path: &Path,
    encryption_key: &SecretString,
    migrate: bool,
) -> anyhow::Result<Arc<dyn Store>> {
    let keyring = Keyring::from_base64(encryption_key).context("encryption_key")?;
    let store = SqliteStore::open(path, keyring, OpenOptions { migrate }, &SystemEntropy)?;
    Ok(Arc::new(store))
}

/// The Stripe adapter over real connections.
///
/// # Errors
/// The address is not usable, or TLS cannot be set up.
pub fn stripe_over_http(base: &str) -> anyhow::Result<Arc<dyn Psp>> {
    let base = Url::parse(base).with_context(|| format!("stripe_api_base {base:?}"))?;
    let transport = HttpTransport::new(Timeouts::default())?;
    Ok(Arc::new(StripePsp::new(StripeClient::new(Arc::new(transport), base))))
}

/// The transport of pushed messages over real connections.
///
/// # Errors
/// TLS cannot be set up.
pub fn push_over_http() -> anyhow::Result<Arc<dyn PushTransport>> {
    Ok(Arc::new(HttpPush::new().context("messages cannot be pushed")?))
}

/// Where pushed channels lead, by the configuration.
pub fn routes(config: &Config) -> Routes {
    let pushed = config.channels.iter().filter_map(|(channel, transport)| match transport {
        Transport::HttpChannel => None,
        Transport::Http { url } => Some((channel.name().to_owned(), url.clone())),
    });
    Routes(pushed.collect::<BTreeMap<_, _>>())
}
