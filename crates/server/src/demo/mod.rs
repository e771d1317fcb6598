//! `paybridge demo`: the app, the stand-in for Stripe and a shop in the browser, in one process and
//! over real sockets. `--check` plays an order of its own and judges it.

pub mod journey;
pub mod shop;
mod storefront;
mod timeline;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use app::platform::Platform;
use app::ports::{NewToken, SignIn, Tokens};
use app::{Entropy, Site};
use messaging::Routes;
use payment::TenantId;
use secrecy::ExposeSecret;
use store::{DatabaseStore, Keyring};
use stripe_sandbox::{HttpWebhookSender, Options, Sandbox};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use web::{Limits, TrustedProxies};

use crate::config::{Auth, ConnectionLimits, Database};
use crate::entropy::SystemEntropy;
use crate::metrics;
use crate::shutdown::StopSignals;
use crate::wiring::{App, Parts, open_store, sign_in, stripe_over_http};
use journey::Journey;
use shop::{Nobody, Shop};

/// Where the app of the demo answers.
const APP_PORT: u16 = 8080;
/// Where the stand-in for Stripe answers.
const SANDBOX_PORT: u16 = 8081;
/// Where the shop answers.
const SHOP_PORT: u16 = 8082;
/// How long the demo waits for what was begun when it ends.
const DRAIN: Duration = Duration::from_secs(2);

/// Takes one order through the app on free ports, prints the timeline, looks at every page of the
/// shop, and ends.
///
/// # Errors
/// What broke; the timeline up to there is printed first.
pub async fn check(print: impl Fn(&str)) -> anyhow::Result<()> {
    let running = Running::start([0, 0, 0]).await?;
    let result = check_all(&running, &print).await;
    running.stop().await;
    result?;
    print(
        "\nEvery step went right: the shop heard each result once, the money at Stripe agrees, \
         and the pages of the shop answer.\n",
    );
    Ok(())
}

async fn check_all(running: &Running, print: &impl Fn(&str)) -> anyhow::Result<()> {
    take_one_order(running, print).await?;
    storefront::check_pages(&running.shop).await.context("looking at the pages of the shop")
}

/// Runs the app, the stand-in and the shop until a signal comes. The app is not connected yet: the
/// first thing that a newcomer does, and sees.
///
/// # Errors
/// A port is taken.
pub async fn run(print: impl Fn(&str)) -> anyhow::Result<()> {
    let mut signals = StopSignals::new().context("cannot listen for signals")?;
    let running = Running::start([APP_PORT, SANDBOX_PORT, SHOP_PORT]).await?;
    print(&running.guide());
    signals.next().await;
    running.stop().await;
    Ok(())
}

async fn take_one_order(running: &Running, print: &impl Fn(&str)) -> anyhow::Result<()> {
    print(&format!("{}\n", running.addresses()));
    let shop = Shop::new(running.app.clone(), running.token.clone(), Box::new(Nobody))?;
    let mut journey = Journey::new(&shop, running.stripe.clone());
    let result = journey.run().await;
    let mut entries = journey.stripe_entries().await?;
    entries.extend(shop.notes.lock().map(|notes| notes.clone()).unwrap_or_default());
    print(&timeline::render(entries, &journey.headings));
    result
}

/// The app, the stand-in and the shop, answering.
pub struct Running {
    /// The app's address.
    pub app: String,
    /// The address of the stand-in for Stripe.
    pub stripe: String,
    /// The shop's address.
    pub shop: String,
    token: String,
    stop: Vec<oneshot::Sender<()>>,
    tasks: Vec<JoinHandle<anyhow::Result<()>>>,
    // The database is gone with the demo.
    _folder: tempfile::TempDir,
}

impl Running {
    /// Starts all three on these ports: the app's, the stand-in's, the shop's; 0 is any that is
    /// free.
    ///
    /// # Errors
    /// A port is taken.
    pub async fn start([app_port, sandbox_port, shop_port]: [u16; 3]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder can be made")?;
        let (stop_sandbox, sandbox_stopped) = oneshot::channel();
        let (stop_app, app_stopped) = oneshot::channel();
        let (stop_shop, shop_stopped) = oneshot::channel();
        let (stripe, sandbox) = start_sandbox(sandbox_port, sandbox_stopped).await?;
        let token = signin::token::generate()?.expose_secret().to_owned();
        let shop_token = signin::token::generate()?.expose_secret().to_owned();
        let tokens = [(shop::TENANT, token.as_str()), (storefront::TENANT, &shop_token)];
        let (app, task) = start_app(app_port, &stripe, tokens, folder.path(), app_stopped).await?;
        let (listener, address) = bind(shop_port).await?;
        let address = format!("http://{address}");
        let config = storefront::config(&address, &app, &stripe, &shop_token);
        let (shop, storefront) = (address, storefront::start(config, listener, shop_stopped)?);
        Ok(Self {
            app,
            stripe,
            shop,
            token,
            // The shop first: it calls the app.
            stop: vec![stop_shop, stop_app, stop_sandbox],
            tasks: vec![storefront, task, sandbox],
            _folder: folder,
        })
    }

    /// Ends all three.
    pub async fn stop(self) {
        for stop in self.stop {
            // One that has ended already needs no telling.
            let _ = stop.send(());
        }
        for task in self.tasks {
            let _ = tokio::time::timeout(DRAIN, task).await;
        }
    }

    fn addresses(&self) -> String {
        let Self { app, stripe, shop, .. } = self;
        format!(
            "paybridge            {app}\nstand-in for Stripe  {stripe}\nshop                 {shop}"
        )
    }

    fn guide(&self) -> String {
        let Self { app, stripe, shop, .. } = self;
        format!(
            "{addresses}\n\n\
             Open the shop in a browser, then:\n\n  \
             1. {shop}/apps      press Connect: the shop gets a payment method\n  \
             2. {shop}/          put something into the cart, order, and pay with 4242 4242 4242 4242\n  \
             3. {shop}/orders    ship the order, take something back, watch the messages arrive\n  \
             4. {shop}/messages  make it hard: let Stripe fail, and watch the app cope\n  \
             5. {shop}/apps      connect as a marketplace: onboard two merchants, pay them out\n\n\
             Ctrl-C ends all three, and nothing is kept. To look further:\n\n  \
             every call to Stripe       curl {stripe}/_sandbox/calls\n  \
             every webhook from Stripe  curl {stripe}/_sandbox/webhooks\n  \
             the payments at Stripe     curl -u {key}: {stripe}/v1/payment_intents\n  \
             health and metrics         curl {app}/health/ready {app}/metrics\n",
            addresses = self.addresses(),
            key = journey::SECRET_KEY,
        )
    }
}

async fn bind(port: u16) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: end the program that does, then try again")
    })?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

async fn start_sandbox(
    port: u16,
    stopped: oneshot::Receiver<()>,
) -> anyhow::Result<(String, JoinHandle<anyhow::Result<()>>)> {
    let (listener, address) = bind(port).await?;
    let base_url = format!("http://{address}");
    let sandbox = Sandbox::new(Options {
        seed: 0,
        clock: Arc::new(SystemEntropy),
        webhooks: Arc::new(HttpWebhookSender::new().context("cannot send webhooks")?),
        base_url: base_url.clone(),
    });
    let served = sandbox.serve(listener, async move {
        let _ = stopped.await;
    });
    Ok((base_url, tokio::spawn(async move { Ok(served.await?) })))
}

async fn start_app(
    port: u16,
    stripe: &str,
    tokens: [(&str, &str); 2],
    folder: &std::path::Path,
    stopped: oneshot::Receiver<()>,
) -> anyhow::Result<(String, JoinHandle<anyhow::Result<()>>)> {
    let (listener, address) = bind(port).await?;
    let public_url = format!("http://{address}");
    let handle = metrics::install()?;
    let keyring = Keyring::from_base64(&Keyring::generate()?)?;
    let store = open_store(&Database::Sqlite { path: folder.join("paybridge.db") }, keyring, true)?;
    let app = App::new(Parts {
        sign_in: shop_sign_in(tokens, store.clone(), &public_url).await?,
        store,
        psp: stripe_over_http(stripe, stripe::CALLS_MAX, Platform::default())?,
        entropy: Arc::new(SystemEntropy),
        routes: Routes::default(),
        sources: Vec::new(),
        sources_need_tokens: true,
        links: Vec::new(),
        site: Site { public_url: public_url.clone(), app_identifier: "paybridge".to_owned() },
        limits: Limits::default(),
        trusted_proxies: TrustedProxies::default(),
        stripe_js_url: format!("{stripe}/stripe.js").parse()?,
        metrics: Arc::new(move || handle.render()),
        worker: SystemEntropy.new_id().to_string(),
    });
    let stop = async move {
        let _ = stopped.await;
    };
    Ok((public_url, tokio::spawn(app.serve(listener, ConnectionLimits::default(), stop, DRAIN))))
}

/// Each tenant of the demo has a token of its own, as real ones would.
async fn shop_sign_in(
    of_tenants: [(&str, &str); 2],
    tokens: Arc<DatabaseStore>,
    public_url: &str,
) -> anyhow::Result<Arc<dyn SignIn>> {
    for (tenant, token) in of_tenants {
        let issued = NewToken {
            id: SystemEntropy.new_id(),
            tenant: TenantId::new(tenant),
            hash: signin::token::hash(token),
            label: "demo".to_owned(),
            created_at: SystemEntropy.now(),
            expires_at: None,
        };
        tokens.add_token(issued).await?;
    }
    let auth = Auth::Token { provider: None, clock_skew: Duration::ZERO };
    sign_in(&auth, None, tokens, public_url)
}
