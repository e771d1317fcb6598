//! The sandbox as other code holds it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::api::events::Cause;
use crate::audit::{self, BalanceAudit, IntentAudit, TransferAudit};
use crate::calls::Call;
use crate::declines::DeclineNext;
use crate::desk::Desk;
use crate::faults::Fault;
use crate::idempotency::KeyOf;
use crate::objects::Objects;
use crate::reception::{Outcome, Request};
use crate::sender::WebhookSender;
use crate::signature;
use crate::webhooks::{COPIES_MAX, Delivery, Parcel, WebhookSettings};
use crate::world::World;

/// The longest step the clock can be put forward by: ten years.
pub const ADVANCE_SECONDS_MAX: i64 = 10 * 365 * 24 * 60 * 60;

/// Where the time comes from. The sandbox adds what its own clock was put forward by.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// What a sandbox is made of.
pub struct Options {
    /// Ids, chance and so every answer follow from it.
    pub seed: u64,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How webhooks are sent.
    pub webhooks: Arc<dyn WebhookSender>,
    /// Where a browser reaches the sandbox, for the links in next actions.
    pub base_url: String,
}

/// A stand-in for Stripe. Clones share their state.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

struct Shared {
    world: Mutex<World>,
    clock: Arc<dyn Clock>,
    webhooks: Arc<dyn WebhookSender>,
    /// Wakes the delivery loop when there may be something to send.
    wake: Notify,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sandbox").finish_non_exhaustive()
    }
}

impl Sandbox {
    /// A sandbox without accounts; each comes into being with the first call that uses its key.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let Options { seed, clock, webhooks, base_url } = options;
        Self {
            shared: Arc::new(Shared {
                world: Mutex::new(World::new(seed, base_url)),
                clock,
                webhooks,
                wake: Notify::new(),
            }),
        }
    }

    /// Sends every webhook that is due now, one after the other, and gives how many were tried. An answer other than
    /// 2xx is a failure and is tried again after [`crate::RETRY_AFTER`].
    pub async fn deliver_due(&self) -> usize {
        let now = self.now();
        let parcels = self.world().take_due_webhooks(now);
        for parcel in &parcels {
            let result = match self.request_of(parcel) {
                Ok(request) => self.shared.webhooks.send(request).await,
                Err(error) => Err(error.to_string()),
            };
            let mut world = self.world();
            match result {
                Ok(status) if status.is_success() => {
                    world.webhooks.delivered(parcel, status.as_u16());
                }
                Ok(status) => world.webhooks.failed(parcel, status.as_u16().to_string()),
                Err(reason) => world.webhooks.failed(parcel, reason),
            }
        }
        parcels.len()
    }

    /// Signed with the time of the caller's clock, not of the sandbox's: that is the one its receivers live by.
    fn request_of(&self, parcel: &Parcel) -> Result<http::Request<Bytes>, http::Error> {
        let second = self.shared.clock.now().as_second();
        http::Request::post(parcel.url.as_str())
            .header("content-type", "application/json; charset=utf-8")
            .header("user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
            .header("stripe-signature", signature::header(&parcel.secret, second, &parcel.body))
            .body(parcel.body.clone())
    }

    /// When [`Sandbox::deliver_due`] has work again, by the caller's clock: a webhook to send, or something that
    /// happens by itself, such as the end of an authorization.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let world = self.world();
        let due = world.next_due()?;
        Some(due.checked_sub(world.clock_offset).unwrap_or(Timestamp::MIN))
    }

    /// Every call received since the start, oldest first, as far as [`crate::CALLS_KEPT`] reaches.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.world().calls.all()
    }

    /// What every payment intent comes to.
    #[must_use]
    pub fn audit(&self) -> Vec<IntentAudit> {
        self.with_world(|world, _| audit::audit(world))
    }

    /// What every account has in every currency, and what it is made of.
    #[must_use]
    pub fn balances(&self) -> Vec<BalanceAudit> {
        self.with_world(|world, now| audit::balances(world, now))
    }

    /// Every transfer of every account, oldest first within each.
    #[must_use]
    pub fn transfers(&self) -> Vec<TransferAudit> {
        self.with_world(|world, _| audit::transfers(world))
    }

    /// Every webhook there was, with what became of it.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.world().webhooks.all()
    }

    /// Lets something go wrong.
    ///
    /// # Errors
    /// A sentence about what is wrong with the fault.
    pub fn inject(&self, fault: Fault) -> Result<(), String> {
        self.world().faults.add(fault)
    }

    /// The faults that wait.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.world().faults.waiting().to_vec()
    }

    /// Forgets the faults that wait.
    pub fn clear_faults(&self) {
        self.world().faults.clear();
    }

    /// Declines the payments that are tried next.
    ///
    /// # Errors
    /// A sentence about what is wrong with the request.
    pub fn decline_next(&self, request: DeclineNext) -> Result<(), String> {
        self.world().declines.add(request)
    }

    /// The declines that wait.
    #[must_use]
    pub fn declines(&self) -> Vec<DeclineNext> {
        self.world().declines.waiting().to_vec()
    }

    /// Forgets the declines that wait.
    pub fn clear_declines(&self) {
        self.world().declines.clear();
    }

    /// How webhooks are treated from now on.
    #[must_use]
    pub fn webhook_settings(&self) -> WebhookSettings {
        self.world().webhooks.settings
    }

    /// Changes how webhooks are treated; those waiting stay as they are, but for the order they are sent in.
    ///
    /// # Errors
    /// When there are no copies, or more than [`COPIES_MAX`].
    pub fn set_webhooks(&self, settings: WebhookSettings) -> Result<(), String> {
        if !(1..=COPIES_MAX).contains(&settings.copies) {
            return Err(format!(
                "copies must be between 1 and {COPIES_MAX}, not {}; to send none, set the mode to drop",
                settings.copies
            ));
        }
        self.world().webhooks.settings = settings;
        Ok(())
    }

    /// Lets go the webhooks that are held; gives how many. They are due at once.
    pub fn release_webhooks(&self) -> usize {
        let now = self.now();
        let released = self.world().webhooks.release(now);
        self.shared.wake.notify_one();
        released
    }

    /// The sandbox's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let offset = self.world().clock_offset;
        self.shared.clock.now().checked_add(offset).unwrap_or(Timestamp::MAX)
    }

    /// Puts the sandbox's clock forward and lets everything happen that falls due; gives the new time.
    ///
    /// # Errors
    /// When the step is negative or longer than [`ADVANCE_SECONDS_MAX`].
    pub fn advance_clock(&self, seconds: i64) -> Result<Timestamp, String> {
        if !(0..=ADVANCE_SECONDS_MAX).contains(&seconds) {
            return Err(format!(
                "advance_seconds must be between 0 and {ADVANCE_SECONDS_MAX}, not {seconds}"
            ));
        }
        let step = SignedDuration::from_secs(seconds);
        {
            let mut world = self.world();
            world.clock_offset = world.clock_offset.saturating_add(step);
        }
        let now = self.now();
        self.world().advance(now);
        self.shared.wake.notify_one();
        Ok(now)
    }

    /// Forgets everything; the same seed starts over.
    pub fn reset(&self) {
        self.world().reset();
        self.shared.wake.notify_one();
    }

    /// Whether several captures of one authorization are granted in an account. They are unless this says no.
    pub fn set_multicapture(&self, account: &str, granted: bool) {
        let mut world = self.world();
        world.settings.entry(account.to_owned()).or_default().multicapture = granted;
    }

    /// Does something to a payment intent from outside the API, as the shopper or her bank would.
    pub(crate) fn with_intent<T>(
        &self,
        id: &str,
        operation: impl FnOnce(&mut Desk<'_>) -> Result<T, String>,
    ) -> Result<T, String> {
        let found = |objects: &Objects| objects.intents.get(id).is_some();
        self.with_space(found, operation)
            .unwrap_or_else(|| Err(format!("There is no payment intent {id}")))
    }

    /// Does something from outside the API in the account that holds what is looked for; none where none does.
    pub(crate) fn with_space<T>(
        &self,
        wanted: impl Fn(&Objects) -> bool,
        operation: impl FnOnce(&mut Desk<'_>) -> T,
    ) -> Option<T> {
        self.with_world(|world, now| {
            let key = world.space_where(wanted)?;
            Some(world.work(&key, now, Cause::default(), operation))
        })
    }

    /// Looks at, or changes, the whole state, once everything has happened that was due.
    pub(crate) fn with_world<T>(&self, operation: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        let now = self.now();
        let mut world = self.world();
        world.advance(now);
        let result = operation(&mut world, now);
        drop(world);
        self.shared.wake.notify_one();
        result
    }

    pub(crate) fn receive(&self, request: &Request) -> Outcome {
        let now = self.now();
        let outcome = self.world().receive(request, now);
        self.shared.wake.notify_one();
        outcome
    }

    /// The fault that hits the loading of a script or a page.
    pub(crate) fn fault_of_file(&self, path: &str) -> Option<Fault> {
        self.world().take_fault_of_file(path)
    }

    pub(crate) fn release_key(&self, key: &KeyOf) {
        self.world().release_key(key);
    }

    /// Waits until something may have become due.
    pub(crate) async fn woken(&self) {
        self.shared.wake.notified().await;
    }

    /// The caller's time, without what the sandbox's clock was put forward by.
    pub(crate) fn callers_now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// A panic elsewhere leaves the state as it was before the call that panicked; going on with it is right.
    fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
