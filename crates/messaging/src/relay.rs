//! The relay: pushes what waits in the outbox, strictly in order for each tenant and order, in
//! parallel across them, at least once and under a stable message id.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::limits::{CLAIM_MAX, LEASE, retry_delay};
use app::operate::advice;
use app::ports::{DeliveryOutcome, Lease, OutboxClaim, SendOutcome, StoreError};
use app::{Entropy, Store};

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
}

impl Relay {
    /// Sends what is due, once. Of each tenant and order only the oldest message is taken, so
    /// the next one goes only after this one has arrived. Returns how many were tried.
    ///
    /// # Errors
    /// The store cannot be used. What was sent meanwhile is sent again under the same id.
    pub async fn relay_once(&self) -> Result<usize, StoreError> {
        let ready = self.routes.0.iter().filter(|(_, sender)| sender.is_ready());
        let channels: Vec<String> = ready.map(|(channel, _)| channel.clone()).collect();
        if channels.is_empty() {
            return Ok(0);
        }
        let now = self.entropy.now();
        let worker = self.worker.clone();
        let lease = Lease { worker, now, until: now + LEASE, limit: CLAIM_MAX };
        let claims = self.store.claim_outbox(&lease, &channels).await?;
        let count = claims.len();
        let mut sending = tokio::task::JoinSet::new();
        for claim in claims {
            let relay = self.clone();
            sending.spawn(async move { relay.send(claim).await });
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
        let sent = match self.routes.0.get(&claim.channel) {
            Some(sender) => sender.send(&claim).await,
            None => Err(SendError::Later("the channel has no route any more".into())),
        };
        let outcome = self.outcome(&claim, sent);
        let label = match &outcome {
            SendOutcome::Delivered => "delivered",
            SendOutcome::Later { .. } => "later",
            SendOutcome::Parked(_) => "parked",
        };
        metrics::counter!("paybridge_pushed_total", "channel" => claim.channel, "outcome" => label)
            .increment(1);
        DeliveryOutcome {
            tenant: claim.tenant,
            id: claim.message.id,
            fence: claim.fence,
            now: self.entropy.now(),
            outcome,
        }
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
