//! `paybridge serve` and `paybridge migrate`: the app on real sockets, a real clock and a database
//! that stays.

use std::sync::Arc;

use anyhow::Context;
use app::process::Role;
use app::{Entropy, Site};
use listenfd::ListenFd;
use tokio::net::TcpListener;
use web::TrustedProxies;

use crate::brokers::Brokers;
use crate::config::{Config, Database, Secrets, Transport};
use crate::entropy::SystemEntropy;
use crate::shutdown::{Reason, StopSignals};
use crate::traces::{self, Traces};
use crate::wiring::{App, Parts, open_store, routes, sign_in, stripe_over_http};
use crate::{logging, metrics, signs};

/// Runs the app until it is asked to stop.
///
/// # Errors
/// It cannot start, or the server broke down.
pub async fn run(
    config: Config,
    secrets: Secrets,
    role: Role,
    migrate: bool,
) -> anyhow::Result<()> {
    let worker = format!("{}-{}", std::process::id(), SystemEntropy.new_id());
    let start = |tracing| Traces::start(tracing, &worker, role.name());
    let traces = config.tracing.as_ref().map(start).transpose()?;
    logging::init(&config.log_filter, config.log_format, traces.as_ref())?;
    let mut signals = StopSignals::new().context("cannot listen for signals")?;
    let handle = metrics::install()?;
    tokio::spawn(metrics::upkeep(handle.clone()));

    let store = open_store(&config.database, secrets.keyring, migrate)?;
    let listener = listener(&config).await?;
    let address = listener.local_addr().context("the listener has no address")?;
    let public_url = config.public_url(address);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let brokers =
        if role.works() { Brokers::new(&config, &entropy).await? } else { Brokers::default() };
    let parts = Parts {
        sign_in: sign_in(&config.auth, secrets.auth_token, store.clone(), &public_url)?,
        store: store.clone(),
        psp: stripe_over_http(
            config.stripe_api_base.as_str(),
            config.limits.stripe_calls,
            config.platform.clone(),
        )?,
        entropy,
        routes: routes(&config, &brokers)?,
        sources: brokers.sources.clone(),
        sources_need_tokens: config.commands.need_token,
        links: brokers.links.clone(),
        site: Site {
            public_url: public_url.clone(),
            app_identifier: config.app_identifier.clone(),
        },
        limits: config.limits.web,
        trusted_proxies: TrustedProxies::new(config.trusted_proxies.iter().copied()),
        stripe_js_url: config.stripe_js_url.clone(),
        metrics: Arc::new(move || handle.render()),
        worker,
    };
    let mut app = App::of_role(parts, role);
    app.consumer.retention = config.retention;
    app.consumer.reconcile_hour = config.reconcile_hour;
    app.consumer.customer_data_life = config.customer_data_life;
    // A process without a worker pushes nothing itself, and gives those that do a sign.
    if config.channels.values().any(|transport| !matches!(transport, Transport::HttpChannel)) {
        store.wake_for_messages(app.consumer.wake.clone());
    }
    signs::pass_on(&config.database, role, &store, &app.consumer.wake);
    if traces.is_some() {
        app.router = traces::continued(app.router);
    }
    if !role.works() && matches!(config.database, Database::Sqlite { .. }) {
        tracing::warn!(
            "this process stores what comes in and carries none of it out, and no other process can \
             use a SQLite database beside it: what comes in waits until one with the role \"all\" or \
             \"worker\" takes its place"
        );
    }
    tracing::info!(
        %address, public_url, role = role.name(), database = %config.database.place(),
        stripe = config.stripe_api_base.as_str(), "paybridge is ready"
    );
    let process = app.process.clone();
    let stop = async move {
        let reason = signals.next().await;
        tracing::info!(%reason, "asked to stop");
        process.stop();
        // A second signal means "at once": what was not finished goes on at the next start.
        tokio::spawn(async move {
            signals.next().await;
            std::process::exit(1);
        });
        match reason {
            // Who looks at readiness needs the time to look, and to send requests elsewhere.
            Reason::Terminate => tokio::time::sleep(config.drain).await,
            Reason::Interrupt => {}
        }
    };
    let connected = brokers.connect();
    app.serve(listener, config.limits.connections, stop, config.shutdown_timeout).await?;
    connected.end().await;
    if let Some(traces) = traces {
        traces.shut_down().await;
    }
    Ok(())
}

/// The socket that a service manager has opened for this process, or a new one. While one process
/// follows the other, connections wait in a socket that was handed over, and none is refused.
async fn listener(config: &Config) -> anyhow::Result<TcpListener> {
    let handed_over = ListenFd::from_env()
        .take_tcp_listener(0)
        .context("what was handed over in LISTEN_FDS is no listening socket")?;
    let Some(socket) = handed_over else {
        let bound = TcpListener::bind(config.listen).await;
        return bound.with_context(|| format!("cannot listen on {}", config.listen));
    };
    socket.set_nonblocking(true).context("the socket that was handed over cannot be used")?;
    TcpListener::from_std(socket).context("the socket that was handed over cannot be used")
}

/// Brings the database up to date and says what was done.
///
/// # Errors
/// It cannot be migrated; nothing is left half done.
pub fn migrate(config: &Config) -> anyhow::Result<String> {
    let applied = match &config.database {
        Database::Sqlite { path } => store::migrate(path, &SystemEntropy)?,
        Database::Postgres(server) => store::migrate_server(server, &SystemEntropy)?,
    };
    let mut text = String::new();
    for migration in &applied {
        text.push_str(&format!("applied {} {}\n", migration.version, migration.name));
    }
    if applied.is_empty() {
        text.push_str("nothing to do: the database is at this version\n");
    }
    Ok(text)
}
