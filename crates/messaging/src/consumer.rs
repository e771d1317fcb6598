//! The loop that keeps work going: the inbox, calls left open, and the relay.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use app::Context;
use app::limits::{ERASE_MAX, PRUNE_STEPS};
use app::move_endpoints::Moving;
use app::ports::{Backlog, StoreError};
use app::process::Process;
use app::prune::{Retention, prune};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::caretaker;
use crate::relay::Relay;

/// How long the loop sleeps when there is nothing to do and nobody wakes it: postponed work
/// becomes due without a sign.
pub const POLL: Duration = Duration::from_millis(500);
/// How long it sleeps after the store could not be used.
pub const STORE_RETRY: Duration = Duration::from_secs(2);
/// How often calls that were left open are looked for, and the backlog is counted.
pub const HOUSEKEEPING: Duration = Duration::from_secs(15);
/// How often webhook endpoints that could not follow a changed public address are tried again.
pub const MOVE_RETRY: Duration = Duration::from_secs(300);

/// How often rows that nobody needs any more are given up.
pub const PRUNING: Duration = Duration::from_secs(600);

/// Works through what waits until it is told to stop; what it has begun, it ends.
#[derive(Clone)]
pub struct Consumer {
    /// The use cases.
    pub context: Context,
    /// The relay of pushed channels.
    pub relay: Relay,
    /// The name under which this worker takes leases.
    pub worker: String,
    /// What this process is there for: it is told that the worker comes round.
    pub process: Arc<Process>,
    /// How long what has ended is kept.
    pub retention: Retention,
    /// The full hour, in UTC, at which the books are compared with the payment provider each day;
    /// never where there is none.
    pub reconcile_hour: Option<i8>,
    /// What names customers is kept for so long after the last thing that happened to a payment.
    pub customer_data_life: SignedDuration,
    /// Somebody put something into the inbox, or into the outbox of a pushed channel.
    pub wake: Arc<Notify>,
    /// How long it sleeps when there is nothing to do and nobody wakes it: [`POLL`].
    pub poll: Duration,
}

impl Consumer {
    /// Runs until `stop` is ready.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let (stopper, stopped) = watch::channel(false);
        let relaying = self.relay.clone().run(self.poll, stopped);
        let working = async move {
            let (context, worker) = (self.context.clone(), self.worker.clone());
            let caring = caretaker::run(context, &worker, self.reconcile_hour);
            tokio::select! {
                () = Box::pin(self.work(stop)) => {}
                never = Box::pin(caring) => match never {},
            }
            // The relay is gone only if it broke down.
            let _ = stopper.send(true);
        };
        tokio::join!(Box::pin(working), Box::pin(relaying));
    }

    async fn work(self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
        let mut pruning = tokio::time::interval(PRUNING);
        // The address is the same as long as this runs: once all have moved, it is done.
        let mut moving = Some(Instant::now());
        loop {
            let worked = self.context.work_inbox(&self.worker).await;
            // It looks also when nothing was worked off: a request may have told the shop something.
            self.relay.wake.send_replace(());
            let pause = match worked {
                Ok(0) => self.poll,
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    error.tell("work waits until the database can be used again");
                    STORE_RETRY
                }
            };
            self.process.worker_came_round(self.context.entropy.now());
            tokio::select! {
                () = &mut stop => return,
                _ = housekeeping.tick() => {
                    if moving.is_some_and(|due| due <= Instant::now()) {
                        moving = self.move_endpoints().await;
                    }
                    self.keep_house().await;
                }
                _ = pruning.tick() => self.prune().await,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Does what is due now, once: works the inbox off, then relays. Returns how much that was.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn work_once(&self) -> Result<usize, StoreError> {
        let worked = self.context.work_inbox(&self.worker).await?;
        Ok(worked + self.relay.relay_once().await?)
    }

    /// Lets webhook endpoints follow a changed public address. Returns when to try again.
    async fn move_endpoints(&self) -> Option<Instant> {
        match self.context.move_endpoints().await {
            Ok(Moving::Done) => return None,
            Ok(Moving::Later) => {}
            Err(error) => error.tell("endpoints could not be looked for"),
        }
        Some(Instant::now() + MOVE_RETRY)
    }

    /// What the loop does every `HOUSEKEEPING`, once.
    pub async fn keep_house(&self) {
        // What is wrong the store tells of itself, and that it is over.
        let _ = self.context.store.check().await;
        self.bring_back().await;
        if let Err(error) = self.context.finish_open_calls(&self.worker).await {
            error.tell("open calls could not be looked for");
        }
        if let Err(error) = self.context.call_off_forgotten_pre_orders().await {
            error.tell("pre-orders that were left could not be looked for");
        }
        if let Err(error) = self.context.finish_disconnects().await {
            error.tell("endpoints of disconnected tenants could not be looked for");
        }
        self.erase_what_is_old().await;
        match self.context.store.backlog(self.context.entropy.now()).await {
            Ok(backlog) => self.gauge(&backlog),
            Err(error) => error.tell("the backlog could not be counted"),
        }
    }

    /// Finds what was put off by a clock that was ahead.
    async fn bring_back(&self) {
        let channels: Vec<String> = self.relay.routes.0.keys().cloned().collect();
        match self.context.store.bring_back(self.context.entropy.now(), &channels).await {
            Ok(0) => {}
            Ok(rows) => tracing::warn!(
                rows,
                "work was due later than anything is put off, so it is due now: the clock was ahead. \
                 Next: `paybridge doctor` compares it with the payment provider's"
            ),
            Err(error) => error.tell("work that is due too late could not be looked for"),
        }
    }

    async fn prune(&self) {
        let before = self.retention.before(self.context.entropy.now());
        match prune(self.context.store.as_ref(), &before, PRUNE_STEPS).await {
            Ok(pruned) if pruned.total() == 0 => {}
            Ok(pruned) => tracing::info!(
                inbox = pruned.inbox,
                outbox = pruned.outbox,
                calls = pruned.calls,
                history = pruned.history,
                "rows that nobody needs any more were given up"
            ),
            Err(error) => error.tell("old rows could not be given up"),
        }
    }

    async fn erase_what_is_old(&self) {
        let now = self.context.entropy.now();
        let before = now.saturating_sub(self.customer_data_life).unwrap_or(Timestamp::MIN);
        match self.context.store.erase_older(before, now, ERASE_MAX).await {
            Ok(0) => {}
            Ok(payments) => tracing::info!(payments, "customer data that are old were erased"),
            Err(error) => error.tell("old customer data could not be erased"),
        }
    }

    fn gauge(&self, backlog: &Backlog) {
        let now = self.context.entropy.now();
        metrics::gauge!("paybridge_inbox_waiting").set(as_gauge(backlog.inbox_waiting));
        metrics::gauge!("paybridge_inbox_parked").set(as_gauge(backlog.inbox_parked));
        metrics::gauge!("paybridge_outbox_parked").set(as_gauge(backlog.outbox_parked));
        metrics::gauge!("paybridge_calls_open").set(as_gauge(backlog.calls_open));
        for channel in protocol::Channel::ALL {
            let waits = backlog.outbox_waiting.iter().find(|row| row.channel == channel.name());
            let waiting = waits.map_or(0, |row| row.waiting);
            let age = waits.map_or(0, |row| now.duration_since(row.oldest).as_secs().max(0));
            metrics::gauge!("paybridge_outbox_waiting", "channel" => channel.name())
                .set(as_gauge(waiting));
            metrics::gauge!("paybridge_outbox_oldest_age_seconds", "channel" => channel.name())
                .set(as_gauge(age.unsigned_abs()));
        }
        if backlog.inbox_parked + backlog.outbox_parked > 0 {
            tracing::warn!(
                inbox = backlog.inbox_parked,
                outbox = backlog.outbox_parked,
                "parked work waits for an operator. Next: `paybridge inbox list --parked` and \
                 `paybridge outbox list --parked` show each row with its reason"
            );
        }
    }
}

/// Gauges are floats; a count that does not fit exactly is no count anybody reads digit by digit.
fn as_gauge(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
