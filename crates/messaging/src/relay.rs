//! The relay: pushes what waits in the outbox, strictly in order for each tenant and order, in
//! parallel across them, at least once and under a stable message id. Channels go beside each other,
//! and a target that does not answer rests: neither holds up anything else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use app::limits::{LEASE, retry_delay};
use app::operate::advice;
use app::ports::{DeliveryOutcome, Lease, OutboxClaim, SendOutcome, StoreError};
use app::{Entropy, Store};
use tokio::sync::watch;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::breaker::{Breakers, Turn};
use crate::consumer::STORE_RETRY;
use crate::push::{SendError, Sender};

/// Where pushed channels lead, by their names. A channel that is not here is polled by the shop.
#[derive(Clone, Default)]
pub struct Routes(pub BTreeMap<String, Arc<dyn Sender>>);

/// Pushes messages of the channels that have a route.
#[derive(Clone)]
pub struct Relay {
    /// Where messages wait.
    pub store: Arc<dyn Store>,
    /// The clock.
    pub entropy: Arc<dyn Entropy>,
    /// Where they go.
    pub routes: Arc<Routes>,
    /// The name under which this relay takes leases.
    pub worker: String,
    /// Which targets rest.
    pub breakers: Arc<Breakers>,
    /// Somebody may have put something into the outbox.
    pub wake: Arc<watch::Sender<()>>,
}

impl Relay {
    /// Sends what is due until `stop` is true, each channel by itself; what it has begun, it ends.
    /// When nothing is due and nobody wakes it, it looks again after `poll`.
    pub async fn run(self, poll: Duration, stop: watch::Receiver<bool>) {
        let mut channels = tokio::task::JoinSet::new();
        for channel in self.routes.0.keys().cloned() {
            channels.spawn(self.clone().run_channel(channel, poll, stop.clone()));
        }
        channels.join_all().await;
    }

    async fn run_channel(self, channel: String, poll: Duration, mut stop: watch::Receiver<bool>) {
        let mut wake = self.wake.subscribe();
        loop {
            let pause = match self.relay([&channel]).await {
                Ok(0) => poll,
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    error.tell("messages wait until the database can be used again");
                    STORE_RETRY
                }
            };
            tokio::select! {
                // An error means that whoever would stop it is gone.
                _ = stop.wait_for(|stop| *stop) => return,
                Ok(()) = wake.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Sends what is due on every channel, once. Of each tenant and order only the oldest message is
    /// taken, so the next one goes only after this one has arrived. Returns how many were tried.
    ///
    /// # Errors
    /// The store cannot be used. What was sent meanwhile is sent again under the same id.
    pub async fn relay_once(&self) -> Result<usize, StoreError> {
        self.relay(self.routes.0.keys()).await
    }

    async fn relay(
        &self,
        channels: impl IntoIterator<Item = &String>,
    ) -> Result<usize, StoreError> {
        let now = self.entropy.now();
        let mut claims = Vec::new();
        for channel in channels {
            let is_ready = self.routes.0.get(channel).is_some_and(|sender| sender.is_ready());
            let limit = self.breakers.room(channel, now);
            if is_ready && limit > 0 {
                let lease = Lease { worker: self.worker.clone(), now, until: now + LEASE, limit };
                let channel = std::slice::from_ref(channel);
                claims.extend(self.store.claim_outbox(&lease, channel).await?);
            }
        }
        let count = claims.len();
        let mut sending = tokio::task::JoinSet::new();
        for claim in claims {
            let relay = self.clone();
            let span = tracing::info_span!(
                "deliver", tenant = %claim.tenant, channel = claim.channel,
                message = %claim.message.id.0, order = claim.order_key, outcome = Empty
            );
            sending.spawn(async move { relay.send(claim).await }.instrument(span));
        }
        let mut outcomes = Vec::with_capacity(count);
        while let Some(sent) = sending.join_next().await {
            match sent {
                Ok(outcome) => outcomes.push(outcome),
                // Its lease ends by itself, and it is sent again.
                Err(error) => tracing::error!(%error, "sending a message ended in a panic"),
            }
        }
        if !outcomes.is_empty() {
            self.store.settle_outbox(outcomes).await?;
        }
        Ok(count)
    }

    async fn send(&self, claim: OutboxClaim) -> DeliveryOutcome {
        let outcome = match self.routes.0.get(&claim.channel) {
            Some(sender) => self.send_through(sender.as_ref(), &claim).await,
            None => {
                let reason = "the channel has no route any more".to_owned();
                self.outcome(&claim, Err(SendError::Later(reason)))
            }
        };
        DeliveryOutcome {
            tenant: claim.tenant,
            id: claim.message.id,
            fence: claim.fence,
            now: self.entropy.now(),
            outcome,
        }
    }

    async fn send_through(&self, sender: &dyn Sender, claim: &OutboxClaim) -> SendOutcome {
        let (channel, target) = (&claim.channel, sender.target(claim));
        if let Turn::Wait { until, reason } =
            self.breakers.turn(channel, &target, self.entropy.now())
        {
            return SendOutcome::PutOff { at: until, reason };
        }
        let sent = sender.send(claim).await;
        match &sent {
            Ok(()) | Err(SendError::Rejected(_)) => self.breakers.answered(channel, &target),
            // What is gone says itself when it is back, and then all is sent at once.
            Err(SendError::Later(_)) if !sender.is_ready() => {}
            Err(SendError::Later(reason)) => {
                self.breakers.failed(channel, &target, self.entropy.now(), reason);
            }
        }
        let label = match &sent {
            Ok(()) => "delivered",
            Err(SendError::Later(_)) => "later",
            Err(SendError::Rejected(_)) => "parked",
        };
        Span::current().record("outcome", label);
        let channel = channel.clone();
        metrics::counter!("paybridge_pushed_total", "channel" => channel, "outcome" => label)
            .increment(1);
        self.outcome(claim, sent)
    }

    fn outcome(&self, claim: &OutboxClaim, sent: Result<(), SendError>) -> SendOutcome {
        match sent {
            Ok(()) => SendOutcome::Delivered,
            Err(SendError::Later(reason)) => {
                tracing::warn!(
                    tenant = %claim.tenant, channel = claim.channel, message = %claim.message.id.0,
                    reason, "the message was not delivered; it is tried again"
                );
                SendOutcome::Later { at: self.entropy.now() + retry_delay(claim.tries), reason }
            }
            Err(SendError::Rejected(reason)) => {
                let id = claim.message.id.0.to_string();
                let next = |verb| advice::outbox_command(verb, &claim.tenant, &id);
                let (show, retry) = (next("show"), next("retry"));
                tracing::error!(
                    tenant = %claim.tenant, channel = claim.channel, message = id, reason,
                    "parked: the shop cannot read the message. Next: mend what `{show}` tells, then `{retry}` has it sent again"
                );
                SendOutcome::Parked(reason)
            }
        }
    }
}
