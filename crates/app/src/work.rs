//! The worker: carries out what waits in the inbox, and finishes calls that were left open.

use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::context::Context;
use crate::limits::{CALL_STALE, CLAIM_MAX, INBOX_TRIES_MAX, LEASE, retry_delay};
use crate::operate::advice;
use crate::ports::{CallClaim, InboxClaim, InboxKind, InboxOutcome, Lease, StoreError};
use crate::problem::Problem;

impl Context {
    /// Carries out what is due in the inbox, once. Returns how many rows were worked on; none
    /// means that there is nothing to do now.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn work_inbox(&self, worker: &str) -> Result<usize, StoreError> {
        let claims = self.store.claim_inbox(&self.lease(worker)).await?;
        let count = claims.len();
        let mut running = tokio::task::JoinSet::new();
        for claim in claims {
            let context = self.clone();
            let span = tracing::info_span!(
                "work", tenant = %claim.item.tenant, inbox = %claim.item.id,
                name = claim.item.name, order = claim.item.order_key, outcome = Empty
            );
            running.spawn(async move { context.work_claim(claim).await }.instrument(span));
        }
        while let Some(done) = running.join_next().await {
            if let Err(error) = done {
                // The row's lease ends by itself, and it is tried again.
                tracing::error!(%error, "a piece of inbox work ended in a panic");
            }
        }
        Ok(count)
    }

    /// Finishes calls that nobody is waiting for: what a crash or a missing answer left behind.
    /// Returns how many were worked on.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn finish_open_calls(&self, worker: &str) -> Result<usize, StoreError> {
        let claims = self.store.claim_open_calls(&self.lease(worker), CALL_STALE).await?;
        for claim in &claims {
            if let Err(problem) = self.finish_open_call(claim).await
                && !problem.is_told()
            {
                tracing::warn!(
                    tenant = %claim.tenant, payment = %claim.payment, %problem,
                    "a call to the payment provider is still open; it is tried again"
                );
            }
        }
        Ok(claims.len())
    }

    fn lease(&self, worker: &str) -> Lease {
        let now = self.entropy.now();
        Lease { worker: worker.to_owned(), now, until: now + LEASE, limit: CLAIM_MAX }
    }

    async fn finish_open_call(&self, claim: &CallClaim) -> Result<(), Problem> {
        if let Some(stored) = self.store.payment(&claim.tenant, claim.payment).await? {
            self.carry_out(stored).await?;
        }
        Ok(())
    }

    async fn work_claim(&self, claim: InboxClaim) {
        let worked = match claim.item.kind {
            InboxKind::Event => self.apply_event(&claim).await,
            InboxKind::Command => self.carry_out_command(&claim).await,
        };
        let Err(problem) = worked else {
            Span::current().record("outcome", "done");
            return;
        };
        let outcome = self.after_problem(&claim, &problem);
        let parked = matches!(outcome, InboxOutcome::Parked(_));
        Span::current().record("outcome", if parked { "parked" } else { "later" });
        if let Err(problem) = self.end(&claim, outcome).await
            && !problem.is_told()
        {
            // The row keeps its lease until that ends by itself.
            tracing::error!(inbox = %claim.item.id, %problem, "the inbox row could not be postponed");
        }
    }

    /// What becomes of a row whose work did not end: nothing that could succeed later fails, and
    /// nothing is tried for ever without a person knowing.
    fn after_problem(&self, claim: &InboxClaim, problem: &Problem) -> InboxOutcome {
        let item = &claim.item;
        let reason = problem.to_string();
        match problem {
            Problem::Later(_)
            | Problem::Store(
                StoreError::Unavailable(_) | StoreError::Full(_) | StoreError::Sealed { .. },
            ) => {
                tracing::info!(
                    tenant = %item.tenant, inbox = %item.id, name = item.name, reason,
                    "postponed"
                );
                self.put_off(claim, reason)
            }
            Problem::Broken(_) | Problem::Store(StoreError::Corrupt { .. }) => {
                if claim.tries >= INBOX_TRIES_MAX {
                    let next =
                        |verb| advice::inbox_command(verb, &item.tenant, &item.id.to_string());
                    let (show, retry) = (next("show"), next("retry"));
                    tracing::error!(
                        tenant = %item.tenant, inbox = %item.id, name = item.name, reason,
                        "parked. Next: mend the cause that `{show}` tells, then `{retry}` has it tried again"
                    );
                    return InboxOutcome::Parked(reason);
                }
                tracing::warn!(
                    tenant = %item.tenant, inbox = %item.id, name = item.name, reason,
                    tries = claim.tries, "failed; it is tried again"
                );
                let at = self.entropy.now() + retry_delay(claim.tries);
                InboxOutcome::Later { at, reason }
            }
        }
    }

    /// Puts off a row that waits for something, ever longer. However long that takes, it has all its
    /// tries left for what somebody would have to look at.
    pub(crate) fn put_off(&self, claim: &InboxClaim, reason: String) -> InboxOutcome {
        let at = self.entropy.now() + retry_delay(claim.leases_before());
        InboxOutcome::PutOff { at, reason }
    }
}
