//! `paybridge health`: is the app of this configuration ready?

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;

use crate::cli::operator::help_end;
use crate::cli::output;
use crate::cli::start::{self, ConfigFile};

/// Longer than the app takes to find out that its database does not answer.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Ask a running app whether it is ready
///
/// Asks `/health/ready` at the address that the configuration has in `listen`, prints the answer, and
/// fails when it is not 200: for a container that has no other program to ask with.
#[derive(Clone, Debug, Args)]
#[command(after_help = help_end(&["paybridge health"]))]
pub(super) struct HealthArguments {
    #[command(flatten)]
    file: ConfigFile,
}

pub(super) fn run(arguments: &HealthArguments) -> anyhow::Result<()> {
    let url = format!("http://{}/health/ready", reachable(arguments.file.load()?.listen));
    start::install_tls()?;
    start::runtime()?.block_on(async {
        let client = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?;
        let answer = client.get(&url).send().await;
        let answer =
            answer.with_context(|| format!("nobody answers at {url}; is the app running?"))?;
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        ensure!(status.is_success(), "the app is not ready: {status} {text}");
        output::print(&(text + "\n"))
    })
}

/// "Every interface" is no address that could be called; this machine itself is one of them.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
