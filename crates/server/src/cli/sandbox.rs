//! `paybridge sandbox`: the stand-in for Stripe, alone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use stripe_sandbox::{HttpWebhookSender, Options, Sandbox};
use tokio::net::TcpListener;

use crate::cli::{EXIT_CODES, output, start};
use crate::config::LogFormat;
use crate::entropy::SystemEntropy;
use crate::logging;
use crate::shutdown::StopSignals;

/// After a signal, calls that are being answered are given so long.
const DRAIN: Duration = Duration::from_secs(3);

/// Run the stand-in for Stripe alone
///
/// It answers the part of Stripe's API that taking a payment needs, sends signed webhooks, and
/// keeps everything in memory. Any secret key that begins with `sk_test_` works and is an account
/// of its own. Faults, webhooks and its clock are steered below `/_sandbox/`. It reads no
/// configuration.
#[derive(Clone, Copy, Debug, Args)]
#[command(after_help = EXIT_CODES, after_long_help = help_end())]
pub(super) struct SandboxArguments {
    /// Where it answers; port 0 takes a free one and prints it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,

    /// Ids and chance follow from it: the same calls get the same answers
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
}

fn help_end() -> String {
    format!(
        "Examples:\n  \
           paybridge sandbox\n  \
           curl -u sk_test_x: http://127.0.0.1:8081/v1/payment_intents -d amount=500 -d \
         currency=eur\n  \
           curl http://127.0.0.1:8081/_sandbox/calls\n  \
           PAYBRIDGE_STRIPE_API_BASE=http://127.0.0.1:8081 paybridge config\n\n{EXIT_CODES}"
    )
}

pub(super) fn run(arguments: &SandboxArguments) -> anyhow::Result<()> {
    logging::init("info", LogFormat::Text, None)?;
    start::install_tls()?;
    start::runtime()?.block_on(serve(arguments))
}

async fn serve(arguments: &SandboxArguments) -> anyhow::Result<()> {
    let mut signals = StopSignals::new().context("cannot listen for signals")?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let address = listener.local_addr().context("the listener has no address")?;
    let sandbox = Sandbox::new(Options {
        seed: arguments.seed,
        clock: Arc::new(SystemEntropy),
        webhooks: Arc::new(HttpWebhookSender::new().context("cannot send webhooks")?),
        base_url: format!("http://{address}"),
    });
    output::print(&format!("Stripe's stand-in answers on http://{address}\n"))?;

    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = sandbox.serve(listener, async move {
        // The sender only goes away when this function ends, and the server with it.
        let _ = stopped.await;
    });
    tokio::pin!(server);
    tokio::select! {
        result = &mut server => return result.context("the stand-in broke down"),
        _ = signals.next() => {}
    }
    let _ = stop.send(());
    tokio::select! {
        result = &mut server => result.context("the stand-in broke down"),
        _ = signals.next() => Ok(()),
        () = tokio::time::sleep(DRAIN) => Ok(()),
    }
}
