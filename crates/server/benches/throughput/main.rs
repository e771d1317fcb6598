//! How fast the app is: `cargo xtask bench`.
//!
//! Every figure that counts is a ratio: what is compared runs in turns on the same machine, in the
//! same run. Absolute figures are told beside it, and hold for this machine and this hour alone.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::float_arithmetic,
    reason = "a benchmark fails by panicking, and its figures are no money"
)]

mod arguments;
mod bare;
mod fill;
mod initialize;
mod load;
mod measure;
mod orders;
mod place;
mod relay;
mod shop;
mod webhooks;

#[path = "../../tests/processes/installation.rs"]
#[expect(dead_code, reason = "the tests use all of it")]
mod installation;

use arguments::{Arguments, Part};

#[tokio::main]
async fn main() {
    installation::install_tls();
    if let Some((port, stripe)) = relay::asked() {
        return relay::serve(port, stripe).await;
    }
    let arguments = Arguments::read();
    for part in Part::ALL {
        if !arguments.parts.contains(&part) {
            continue;
        }
        println!("\n== {}", part.heading());
        match part {
            Part::WebhooksOnPostgres => webhooks::on_postgres(&arguments).await,
            Part::WebhooksOnSqlite => webhooks::on_sqlite(&arguments).await,
            Part::Initialize => initialize::run(&arguments).await,
            Part::Orders => orders::by_workers(&arguments).await,
            Part::OrdersAmongMany => orders::among_many(&arguments).await,
        }
    }
}
