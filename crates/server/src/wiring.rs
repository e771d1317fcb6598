//! Puts the crates together into a running app.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use app::limits::CUSTOMER_DATA_LIFE;
use app::link::Link;
use app::platform::Platform;
use app::ports::{SignIn, Tokens};
use app::process::{Process, Role};
use app::prune::Retention;
use app::{Context, Entropy, Psp, Site, Store};
use messaging::{Consumer, HttpPush, Intake, POLL, Relay, Routes, Source};
use secrecy::SecretString;
use signin::{CustomerTokens, Doorkeeper, HttpKeySource, IdentityProvider};
use store::{DatabaseOperator, DatabaseStore, Keyring, OpenOptions};
use stripe::{HttpTransport, StripeClient, StripePsp, Timeouts};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use url::Url;
use web::{Limits, TrustedProxies};

use crate::brokers::Brokers;
use crate::config::{
    Auth, Config, ConnectionLimits, Database, IdentityProviderSettings, Transport,
};
use crate::entropy::SystemEntropy;
use crate::listen;

/// What an app is made of. Tests put other parts in.
pub struct Parts {
    /// Durable storage.
    pub store: Arc<dyn Store>,
    /// The payment service provider.
    pub psp: Arc<dyn Psp>,
    /// Time and ids.
    pub entropy: Arc<dyn Entropy>,
    /// Which channels are pushed, and where to.
    pub routes: Routes,
    /// Brokers that deliver commands to a process that works.
    pub sources: Vec<Arc<dyn Source>>,
    /// Whether a command that a broker delivers needs its tenant's token, as over HTTP; else whoever
    /// may write to the queue is trusted.
    pub sources_need_tokens: bool,
    /// How this process is connected to brokers.
    pub links: Vec<Arc<Link>>,
    /// How the app is reached and what it is called.
    pub site: Site,
    /// Tells who calls.
    pub sign_in: Arc<dyn SignIn>,
    /// How much clients may ask.
    pub limits: Limits,
    /// Proxies whose word about a client's address is taken.
    pub trusted_proxies: TrustedProxies,
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
    /// Brokers that deliver commands.
    pub sources: Vec<Arc<dyn Source>>,
    /// Where what they deliver goes.
    pub intake: Intake,
    /// What this process is there for, and whether it was asked to stop.
    pub process: Arc<Process>,
}

impl App {
    /// Puts the parts together, for a process that does everything.
    pub fn new(parts: Parts) -> Self {
        Self::of_role(parts, Role::All)
    }

    /// Puts the parts together, for a process of this role.
    pub fn of_role(parts: Parts, role: Role) -> Self {
        let process = Arc::new(Process::new(role).with_links(parts.links));
        let Parts { store, psp, entropy, routes, site, .. } = parts;
        let Parts { stripe_js_url, metrics, worker, sources, .. } = parts;
        let wake = Arc::new(Notify::new());
        let relay = Relay {
            store: store.clone(),
            entropy: entropy.clone(),
            routes: Arc::new(routes),
            worker: worker.clone(),
            breakers: Arc::default(),
            wake: Arc::default(),
        };
        let context = Context { store, psp, entropy, site: Arc::new(site) };
        let consumer = Consumer {
            context: context.clone(),
            relay,
            worker,
            process: process.clone(),
            retention: Retention::default(),
            reconcile_hour: None,
            customer_data_life: CUSTOMER_DATA_LIFE,
            wake: wake.clone(),
            poll: POLL,
        };
        let intake = Intake {
            context: context.clone(),
            sign_in: parts.sources_need_tokens.then(|| parts.sign_in.clone()),
            wake: wake.clone(),
        };
        let parts = web::WebParts {
            context,
            sign_in: parts.sign_in,
            limits: parts.limits,
            trusted_proxies: parts.trusted_proxies,
            metrics,
            wake: Some(Arc::new(move || wake.notify_one())),
            page: web::PageSettings::new(&stripe_js_url),
            process: process.clone(),
        };
        Self { router: web::router(parts), consumer, sources, intake, process }
    }

    /// Answers on `listener` and works, as its role says, until `stop` is ready; then finishes what was begun, for
    /// at most `drain`. What does not end by then is in the database and goes on at the next
    /// start.
    ///
    /// # Errors
    /// The listener broke down.
    pub async fn serve(
        self,
        listener: TcpListener,
        limits: ConnectionLimits,
        stop: impl Future<Output = ()> + Send,
        drain: Duration,
    ) -> anyhow::Result<()> {
        let (stopper, stopped) = watch::channel(false);
        let (works, stop_work) = (self.process.role().works(), until(stopped.clone()));
        let mut taking = tokio::task::JoinSet::new();
        for source in self.sources.into_iter().filter(|_| works) {
            let (intake, stopped) = (self.intake.clone(), stopped.clone());
            taking.spawn(async move { source.run(intake, stopped).await });
        }
        let mut worker = tokio::spawn(async move {
            if works {
                self.consumer.run(stop_work).await
            } else {
                stop_work.await
            }
            taking.join_all().await;
        });
        let serving = listen::serve(listener, self.router, limits, until(stopped));
        let mut server = tokio::spawn(serving);
        tokio::select! {
            ended = &mut server => return ended.context("the HTTP server broke down"),
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

/// Opens the database.
///
/// # Errors
/// It cannot be used; the error says why and what to do.
pub fn open_store(
    database: &Database,
    keyring: Keyring,
    migrate: bool,
) -> anyhow::Result<Arc<DatabaseStore>> {
    let options = OpenOptions { migrate };
    let store = match database {
        Database::Sqlite { path } => DatabaseStore::open(path, keyring, options, &SystemEntropy)?,
        Database::Postgres(server) => {
            DatabaseStore::connect(server, keyring, options, &SystemEntropy)?
        }
    };
    Ok(Arc::new(store))
}

/// Opens the database for a command that an operator gives, which uses it as the app does.
///
/// # Errors
/// As for [`open_store`].
pub fn open_beside(database: &Database, keyring: Keyring) -> anyhow::Result<DatabaseStore> {
    Ok(match database {
        Database::Sqlite { path } => DatabaseStore::beside(path, keyring)?,
        Database::Postgres(server) => DatabaseStore::connect_beside(server, keyring)?,
    })
}

/// Opens the database for an operator, beside a running server.
///
/// # Errors
/// As for [`open_store`].
pub fn open_operator(database: &Database) -> anyhow::Result<DatabaseOperator> {
    Ok(match database {
        Database::Sqlite { path } => DatabaseOperator::open(path)?,
        Database::Postgres(server) => DatabaseOperator::connect(server)?,
    })
}

/// Tells who calls, by the configuration. `public_url` is whom customers' tokens are for.
///
/// # Errors
/// TLS cannot be set up.
pub fn sign_in<S: Store + Tokens + 'static>(
    auth: &Auth,
    operator: Option<SecretString>,
    store: Arc<S>,
    public_url: &str,
) -> anyhow::Result<Arc<dyn SignIn>> {
    let (provider, clock_skew) = match auth {
        Auth::Nobody => {
            tracing::warn!(
                "nobody is asked for a token: whoever reaches this machine's loopback acts for any \
                 tenant and moves its money (auth_mode is \"none\")"
            );
            return Ok(Arc::new(signin::Open));
        }
        Auth::Token { provider, clock_skew } => (provider, *clock_skew),
    };
    let identity_provider = match provider.as_deref() {
        Some(IdentityProviderSettings { options, jwks_url }) => {
            let keys = HttpKeySource::new(jwks_url.clone()).context("auth_jwks_url")?;
            Some(IdentityProvider::new(options.clone(), Box::new(keys)))
        }
        None => None,
    };
    let customer_tokens = CustomerTokens::new(store.clone(), public_url, clock_skew);
    let entropy = Arc::new(SystemEntropy);
    let tokens = store;
    Ok(Arc::new(Doorkeeper { operator, tokens, entropy, identity_provider, customer_tokens }))
}

/// The Stripe adapter over real connections, with at most so many calls at once for one account,
/// and with the operator's own keys where there are some.
///
/// # Errors
/// The address is not usable, or TLS cannot be set up.
pub fn stripe_over_http(
    base: &str,
    calls_max: usize,
    platform: Platform,
) -> anyhow::Result<Arc<dyn Psp>> {
    let base = Url::parse(base).with_context(|| format!("stripe_api_base {base:?}"))?;
    let transport = HttpTransport::new(Timeouts::default())?;
    let client = StripeClient::new(Arc::new(transport), base).with_calls_max(calls_max);
    Ok(Arc::new(StripePsp::new(client).with_platform(platform)))
}

/// Where pushed channels lead, by the configuration: over real connections, and to private addresses
/// only if allowed.
///
/// # Errors
/// TLS cannot be set up.
pub fn routes(config: &Config, brokers: &Brokers) -> anyhow::Result<Routes> {
    let push = HttpPush::new(config.private_targets).context("messages cannot be pushed")?;
    let mut routes = BTreeMap::new();
    for (channel, transport) in &config.channels {
        let sender = match transport {
            Transport::HttpChannel => continue,
            Transport::Http { url } => push.to(url.clone()),
            // Without brokers this process sends nothing: another one does.
            Transport::Amqp => match brokers.amqp() {
                Some(sender) => sender,
                None => continue,
            },
            Transport::Sqs { queue } => match brokers.sqs(queue) {
                Some(sender) => sender,
                None => continue,
            },
            Transport::Sns { topic } => match brokers.sns(topic) {
                Some(sender) => sender,
                None => continue,
            },
        };
        routes.insert(channel.name().to_owned(), sender);
    }
    Ok(Routes(routes))
}
