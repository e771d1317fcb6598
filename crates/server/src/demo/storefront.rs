//! The demo shop beside the app: its start, and a look at its pages.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use demo_shop::{Config, Keys, Shop};
use http::StatusCode;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::journey::{PUBLISHABLE_KEY, SECRET_KEY};
use crate::entropy::SystemEntropy;

/// The shop's tenant. The journey of `--check` is another one's, so that neither reads the
/// messages of the other.
pub(super) const TENANT: &str = "kessel-soehne";
/// How often the shop polls: often enough that a person sees the messages come.
const POLL_EVERY: Duration = Duration::from_millis(500);
/// The pages that there are without an order, and what stands on each.
const PAGES: [(&str, &str); 8] = [
    ("/", "id=\"add-kettle\""),
    ("/cart", "Your cart"),
    ("/orders", "No orders yet"),
    ("/merchants", "sells its own goods only"),
    ("/apps", "id=\"connect\""),
    ("/messages", "id=\"dial-hold\""),
    ("/static/shop.css", "--accent"),
    ("/static/shop.js", "use strict"),
];

/// What the shop is told at its start.
pub(super) fn config(address: &str, app: &str, stripe: &str, token: &str) -> Config {
    Config {
        address: address.to_owned(),
        app: app.to_owned(),
        channels: format!("{app}/message-channels"),
        sandbox: Some(stripe.to_owned()),
        token: SecretString::from(token.to_owned()),
        tenant: TENANT.to_owned(),
        keys: Keys {
            publishable: PUBLISHABLE_KEY.to_owned(),
            secret: SecretString::from(SECRET_KEY.to_owned()),
        },
        poll_every: POLL_EVERY,
    }
}

/// Answers on `listener` and polls, until `stopped`.
pub(super) fn start(
    config: Config,
    listener: TcpListener,
    stopped: oneshot::Receiver<()>,
) -> anyhow::Result<JoinHandle<anyhow::Result<()>>> {
    let shop = Shop::new(config, Arc::new(SystemEntropy))?;
    let (stop, stops) = watch::channel(());
    let until_stopped = |mut stops: watch::Receiver<()>| async move {
        // An error means that the sender is gone, which is the signal.
        let _ = stops.changed().await;
    };
    let server =
        axum::serve(listener, shop.router()).with_graceful_shutdown(until_stopped(stops.clone()));
    Ok(tokio::spawn(async move {
        let signal = async move {
            let _ = stopped.await;
            drop(stop);
        };
        let (served, (), ()) =
            tokio::join!(server.into_future(), shop.run(until_stopped(stops)), signal);
        Ok(served?)
    }))
}

/// Looks at every page that there is without an order.
pub(super) async fn check_pages(shop: &str) -> anyhow::Result<()> {
    for (path, part) in PAGES {
        let answer = reqwest::get(format!("{shop}{path}")).await?;
        let status = answer.status();
        ensure!(status == StatusCode::OK, "{path}: {status}");
        ensure!(answer.text().await?.contains(part), "{path} is there, but not as it should be");
    }
    Ok(())
}
