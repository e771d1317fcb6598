//! Looks after the accounts at the payment service provider, beside the work of the consumer and
//! without holding it up.

use std::time::Duration;

use app::Context;

/// How often it is asked which accounts are due.
pub const CARE: Duration = Duration::from_secs(30);

/// Looks after accounts for as long as it is polled. What it has done is durable at each step, so
/// that it may be dropped at any time.
pub(crate) async fn run(
    context: Context,
    worker: &str,
    reconcile_hour: Option<i8>,
) -> std::convert::Infallible {
    let mut care = tokio::time::interval(CARE);
    loop {
        care.tick().await;
        loop {
            match context.look_after_accounts(worker, reconcile_hour).await {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    error.tell("accounts could not be looked after");
                    break;
                }
            }
        }
    }
}
