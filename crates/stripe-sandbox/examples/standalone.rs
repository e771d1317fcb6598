//! The sandbox alone on a loopback port: `cargo run -p stripe-sandbox --example standalone -- --listen 127.0.0.1:8081`.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use clap::Parser;
use stripe_sandbox::{Clock, HttpWebhookSender, Options, Sandbox};

#[derive(Parser)]
struct Arguments {
    /// Where to answer.
    #[arg(long, default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    /// Ids and chance follow from it.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

struct RealTime;

impl Clock for RealTime {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the real clock")]
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("another TLS provider is installed already"))?;
    let listener = tokio::net::TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let address = listener.local_addr()?;
    let sandbox = Sandbox::new(Options {
        seed: arguments.seed,
        clock: Arc::new(RealTime),
        webhooks: Arc::new(HttpWebhookSender::new()?),
        base_url: format!("http://{address}"),
    });
    println!("Stripe's stand-in answers on http://{address}");
    sandbox.serve(listener, std::future::pending()).await?;
    Ok(())
}
