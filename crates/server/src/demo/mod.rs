//! `paybridge demo`: the app and the stand-in for Stripe in one process, and an order that goes
//! through them over real sockets.

pub mod journey;
pub mod shop;
mod timeline;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use app::{Entropy, Site};
use messaging::Routes;
use secrecy::{ExposeSecret, SecretString};
use store::Keyring;
use stripe_sandbox::{HttpWebhookSender, Options, Sandbox};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::entropy::SystemEntropy;
use crate::metrics;
use crate::shutdown::StopSignals;
use crate::wiring::{App, Parts, open_store, push_over_http, stripe_over_http};
use journey::Journey;
use shop::{Nobody, Shop};

/// Where the app of the demo answers.
const APP_PORT: u16 = 8080;
/// Where the stand-in for Stripe answers.
const SANDBOX_PORT: u16 = 8081;
/// How long the demo waits for what was begun when it ends.
const DRAIN: Duration = Duration::from_secs(2);

/// Takes one order through the app on free ports, prints the timeline, and ends.
///
/// # Errors
/// What broke; the timeline up to there is printed first.
pub async fn check(print: impl Fn(&str)) -> anyhow::Result<()> {
    let running = Running::start(0, 0).await?;
    let result = take_one_order(&running, &print).await;
    running.stop().await;
    result?;
    print(
        "\nEvery step went right: the shop heard each result once, and the money at Stripe agrees.\n",
    );
    Ok(())
}

/// Runs the app and the stand-in, takes one order through them, and waits for a signal.
///
/// # Errors
/// A port is taken, or the order broke.
pub async fn run(print: impl Fn(&str)) -> anyhow::Result<()> {
    let mut signals = StopSignals::new().context("cannot listen for signals")?;
    let running = Running::start(APP_PORT, SANDBOX_PORT).await?;
    take_one_order(&running, &print).await?;
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

/// The app and the stand-in, answering.
struct Running {
    app: String,
    stripe: String,
    token: String,
    stop: Vec<oneshot::Sender<()>>,
    tasks: Vec<JoinHandle<anyhow::Result<()>>>,
    // The database is gone with the demo.
    _folder: tempfile::TempDir,
}

impl Running {
    async fn start(app_port: u16, sandbox_port: u16) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder can be made")?;
        let (stop_sandbox, sandbox_stopped) = oneshot::channel();
        let (stop_app, app_stopped) = oneshot::channel();
        let (stripe, sandbox) = start_sandbox(sandbox_port, sandbox_stopped).await?;
        let token = Keyring::generate()?.expose_secret().to_owned();
        let (app, task) = start_app(app_port, &stripe, &token, folder.path(), app_stopped).await?;
        Ok(Self {
            app,
            stripe,
            token,
            stop: vec![stop_app, stop_sandbox],
            tasks: vec![task, sandbox],
            _folder: folder,
        })
    }

    async fn stop(self) {
        for stop in self.stop {
            // One that has ended already needs no telling.
            let _ = stop.send(());
        }
        for task in self.tasks {
            let _ = tokio::time::timeout(DRAIN, task).await;
        }
    }

    fn addresses(&self) -> String {
        format!("paybridge            {}\nstand-in for Stripe  {}", self.app, self.stripe)
    }

    fn guide(&self) -> String {
        let Self { app, stripe, token, .. } = self;
        format!(
            "\nBoth go on running; Ctrl-C ends them. To look further:\n\n  \
             every call to Stripe       curl {stripe}/_sandbox/calls\n  \
             every webhook from Stripe  curl {stripe}/_sandbox/webhooks\n  \
             the payment at Stripe      curl -u {key}: {stripe}/v1/payment_intents\n  \
             health and metrics         curl {app}/health/ready {app}/metrics\n  \
             a shop's message channel   curl -H 'Consumer-Id: {tenant}' -H 'Authorization: Bearer {token}' \
             '{app}/message-channels/payment-events?limit=10'\n",
            key = journey::SECRET_KEY,
            tenant = shop::TENANT,
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
    token: &str,
    folder: &std::path::Path,
    stopped: oneshot::Receiver<()>,
) -> anyhow::Result<(String, JoinHandle<anyhow::Result<()>>)> {
    let (listener, address) = bind(port).await?;
    let public_url = format!("http://{address}");
    let handle = metrics::install()?;
    let app = App::new(Parts {
        store: open_store(&folder.join("paybridge.db"), &Keyring::generate()?, true)?,
        psp: stripe_over_http(stripe)?,
        entropy: Arc::new(SystemEntropy),
        push: push_over_http()?,
        routes: Routes::default(),
        site: Site { public_url: public_url.clone(), app_identifier: "paybridge".to_owned() },
        auth_token: SecretString::from(token.to_owned()),
        stripe_js_url: format!("{stripe}/stripe.js").parse()?,
        metrics: Arc::new(move || handle.render()),
        worker: SystemEntropy.new_id().to_string(),
    });
    let stop = async move {
        let _ = stopped.await;
    };
    Ok((public_url, tokio::spawn(app.serve(listener, stop, DRAIN))))
}
