//! `paybridge serve` and `paybridge migrate`: the app on real sockets, a real clock and a database
//! that stays.

use std::sync::Arc;

use anyhow::Context;
use app::{Entropy, Site};
use tokio::net::TcpListener;
use web::TrustedProxies;

use crate::config::{Config, Database, Secrets};
use crate::entropy::SystemEntropy;
use crate::shutdown::StopSignals;
use crate::wiring::{App, Parts, open_store, push_over_http, routes, sign_in, stripe_over_http};
use crate::{logging, metrics};

/// Runs the app until it is asked to stop.
///
/// # Errors
/// It cannot start, or the server broke down.
pub async fn run(config: Config, secrets: Secrets, migrate: bool) -> anyhow::Result<()> {
    logging::init(&config.log_filter, config.log_format)?;
    let mut signals = StopSignals::new().context("cannot listen for signals")?;
    let handle = metrics::install()?;
    tokio::spawn(metrics::upkeep(handle.clone()));

    let Database::Sqlite { path } = &config.database;
    let store = open_store(path, secrets.keyring, migrate)?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener.local_addr().context("the listener has no address")?;
    let public_url = config.public_url(address);
    let app = App::new(Parts {
        sign_in: sign_in(&config.auth, secrets.auth_token, store.clone())?,
        store,
        psp: stripe_over_http(
            config.stripe_api_base.as_str(),
            config.limits.stripe_calls,
            config.platform.clone(),
        )?,
        entropy: Arc::new(SystemEntropy),
        push: push_over_http(config.private_targets)?,
        routes: routes(&config),
        site: Site {
            public_url: public_url.clone(),
            app_identifier: config.app_identifier.clone(),
        },
        limits: config.limits.web,
        trusted_proxies: TrustedProxies::new(config.trusted_proxies.iter().copied()),
        stripe_js_url: config.stripe_js_url.clone(),
        metrics: Arc::new(move || handle.render()),
        worker: format!("{}-{}", std::process::id(), SystemEntropy.new_id()),
    });
    tracing::info!(
        %address, public_url, database = %path.display(),
        stripe = config.stripe_api_base.as_str(), "paybridge is ready"
    );
    let stop = async move {
        let reason = signals.next().await;
        tracing::info!(%reason, "asked to stop");
        // A second signal means "at once": what was not finished goes on at the next start.
        tokio::spawn(async move {
            signals.next().await;
            std::process::exit(1);
        });
    };
    app.serve(listener, config.limits.connections, stop, config.shutdown_timeout).await
}

/// Brings the database up to date and says what was done.
///
/// # Errors
/// It cannot be migrated; nothing is left half done.
pub fn migrate(config: &Config) -> anyhow::Result<String> {
    let Database::Sqlite { path } = &config.database;
    let applied = store::migrate(path, &SystemEntropy)?;
    let mut text = String::new();
    for migration in &applied {
        text.push_str(&format!("applied {} {}\n", migration.version, migration.name));
    }
    if applied.is_empty() {
        text.push_str("nothing to do: the database is at this version\n");
    }
    Ok(text)
}
