//! Catches up with what the PSP has told while nobody listened: walks its list of events and puts
//! into the inbox what no webhook has brought.
//!
//! The cursor of an account is a time of the PSP's clock. It moves only when everything before it
//! is in the inbox, and each walk begins a little before it: what was listed late is found then.
//! The inbox knows an event by its id, so that one that came both ways is applied once.

mod steps;

use jiff::{SignedDuration, Timestamp};
use payment::{CommandId, TenantId};

use crate::context::Context;
use crate::limits::{
    EVENT_PAGES_MAX, EVENTS_KEPT, EVENTS_OVERLAP, WATCH_INTERVAL, WATCH_LEASE, WATCHES_MAX,
};
use crate::ports::{
    EventQuery, InboxItem, InboxKind, Lease, ListedEvent, PspEvent, Received, StoreError, Watch,
    WebhookRejected,
};
use crate::problem::Problem;
use crate::tenant::Credentials;
use steps::Steps;

/// What a walk through a list of events came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaughtUp {
    /// Events that no webhook had brought. They are in the inbox now.
    pub missed: u64,
    /// Events that were there before.
    pub known: u64,
    /// When the newest of them happened, by the PSP's clock.
    newest: Option<Timestamp>,
    /// Events that cannot be read: the cursor stays before them.
    unreadable: u64,
}

impl Context {
    /// Looks after accounts at the PSP that are due: catches up with their events, and once a day
    /// compares the books with them. Returns how many accounts were looked after.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn look_after_accounts(
        &self,
        worker: &str,
        reconcile_hour: Option<i8>,
    ) -> Result<usize, StoreError> {
        let now = self.entropy.now();
        let until = now + WATCH_LEASE;
        let lease = Lease { worker: worker.to_owned(), now, until, limit: WATCHES_MAX };
        let claims = self.store.claim_watches(&lease).await?;
        for watch in &claims {
            match self.look_after(watch, reconcile_hour).await {
                Ok(()) => {}
                Err(Problem::Store(error)) if error.is_told() => return Err(error),
                Err(problem) => tracing::warn!(
                    tenant = %watch.tenant, account = %watch.account.id, %problem,
                    "the account could not be looked after; it is tried again"
                ),
            }
        }
        Ok(claims.len())
    }

    async fn look_after(&self, claimed: &Watch, reconcile_hour: Option<i8>) -> Result<(), Problem> {
        let mut watch = claimed.clone();
        let done = self.look_at(&mut watch, reconcile_hour).await;
        let due_at = self.entropy.now() + WATCH_INTERVAL;
        self.store.move_watch(&watch, due_at).await?;
        done
    }

    async fn look_at(&self, watch: &mut Watch, reconcile_hour: Option<i8>) -> Result<(), Problem> {
        let Some(tenant) = self.store.tenant(&watch.tenant).await? else { return Ok(()) };
        let Some(credentials) = self.credentials_for(watch).await? else { return Ok(()) };
        if self.is_gone(&tenant.value.id, tenant.value.status).await? {
            return Ok(());
        }
        let walked = self.catch_up(watch, &credentials).await;
        let outcome = if walked.is_ok() { "walked" } else { "failed" };
        metrics::counter!("paybridge_event_lists_total", "outcome" => outcome).increment(1);
        // Keys that may not list events may still ask how a payment stands.
        if watch.account == tenant.value.account {
            self.compare_nightly(watch, reconcile_hour).await?;
        }
        walked
    }

    /// The keys that lead to an account: its own, or those of the marketplace it belongs to.
    async fn credentials_for(&self, watch: &Watch) -> Result<Option<Credentials>, StoreError> {
        let mut account = watch.account.clone();
        if let Some(platform) = watch.platform.clone() {
            account.id = platform;
        }
        self.store.credentials(&watch.tenant, &account).await
    }

    /// Puts everything into the inbox that happened since the cursor, and moves the cursor.
    async fn catch_up(&self, watch: &mut Watch, credentials: &Credentials) -> Result<(), Problem> {
        let began_at = watch.events_until;
        // A clock that ran ahead once must not keep the cursor there.
        let now = self.entropy.now();
        let mut steps = Steps::new(began_at.min(now) - EVENTS_OVERLAP);
        let mut missed = 0;
        loop {
            let until = steps.until();
            let (walked, complete) = self.walk(watch, credentials, steps.from, until).await?;
            missed += walked.missed;
            if !complete && !steps.halve(walked.newest) {
                let reason = "more events happened in one second than can be listed".to_owned();
                return Err(Problem::Later(reason));
            }
            if !complete {
                continue;
            }
            if walked.unreadable > 0 {
                let count = walked.unreadable;
                let reason = format!("{count} events cannot be read; the log names them");
                return Err(Problem::Broken(reason));
            }
            // Never by our own clock: what it has not reached may still be to come.
            let reached = until.or(walked.newest).unwrap_or(began_at);
            watch.events_until = reached.max(watch.events_until);
            let Some(until) = until else { break };
            self.store.move_watch(watch, self.entropy.now() + WATCH_LEASE).await?;
            steps.reached(until);
        }
        report(watch, missed, now.duration_since(began_at));
        Ok(())
    }

    /// Goes through the pages of a list, the newest first; each is durable before the next one is
    /// asked for. Says whether it came to the end.
    async fn walk(
        &self,
        watch: &Watch,
        credentials: &Credentials,
        from: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<(CaughtUp, bool), Problem> {
        let merchant = watch.platform.as_ref().map(|_| &watch.account.id);
        let mut walked = CaughtUp::default();
        let mut after: Option<String> = None;
        for _ in 0..EVENT_PAGES_MAX {
            let query = EventQuery { merchant, from, until, after: after.as_deref() };
            let asked = self.psp.list_events(credentials, &query).await;
            let page = asked.map_err(Problem::from_psp)?;
            for event in &page.events {
                self.take_listed(watch, event, &mut walked).await?;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok((walked, true)),
            }
        }
        Ok((walked, false))
    }

    /// Takes an event of the list as its webhook would have been taken.
    async fn take_listed(
        &self,
        watch: &Watch,
        listed: &ListedEvent,
        walked: &mut CaughtUp,
    ) -> Result<(), StoreError> {
        walked.newest = walked.newest.max(Some(listed.at));
        let kept = match self.psp.read_event(&listed.body) {
            Ok(event) if event.mode != watch.account.mode => return Ok(()),
            Ok(event) => self.keep_event(watch.tenant.clone(), event, &listed.body).await?,
            Err(rejected) => Err(rejected),
        };
        let outcome = match kept {
            Ok(Received::New) => {
                walked.missed += 1;
                "missed"
            }
            Ok(Received::Duplicate) => {
                walked.known += 1;
                "known"
            }
            Err(error) => {
                walked.unreadable += 1;
                tracing::error!(tenant = %watch.tenant, at = %listed.at, %error,
                    "an event in the payment provider's list is not readable");
                "unreadable"
            }
        };
        metrics::counter!("paybridge_listed_events_total", "outcome" => outcome).increment(1);
        Ok(())
    }

    /// Puts an event into a tenant's inbox, without what opens a payment to a reader.
    pub(crate) async fn keep_event(
        &self,
        tenant: TenantId,
        event: PspEvent,
        body: &[u8],
    ) -> Result<Result<Received, WebhookRejected>, StoreError> {
        match self.inbox_item(tenant, event, body) {
            Ok(item) => self.store.receive(item).await.map(Ok),
            Err(rejected) => Ok(Err(rejected)),
        }
    }

    /// An event as it is kept.
    pub(crate) fn inbox_item(
        &self,
        tenant: TenantId,
        event: PspEvent,
        body: &[u8],
    ) -> Result<InboxItem, WebhookRejected> {
        Ok(InboxItem {
            body: self.psp.storable_event(body)?,
            id: CommandId::new(self.entropy.new_id()),
            tenant,
            kind: InboxKind::Event,
            external_id: event.id,
            name: event.kind,
            order_key: event.subject.order.map(|order| order.as_str().to_owned()),
            attributes: "{}".to_owned(),
            received_at: self.entropy.now(),
        })
    }
}

/// Few missed events are webhooks on their way; that they are here already harms nobody.
fn report(watch: &Watch, missed: u64, behind: SignedDuration) {
    let (tenant, account) = (watch.tenant.as_str(), watch.account.id.as_str());
    if missed > 0 {
        tracing::info!(tenant, account, missed, "events without a webhook were found in the list");
    }
    if missed > 0 && behind > EVENTS_KEPT {
        tracing::warn!(
            tenant,
            account,
            days = behind.as_hours() / 24,
            "the payment provider lists no events from so long ago. Next: `paybridge reconcile` \
             compares the books with it"
        );
    }
}
