//! The whole state of the sandbox: accounts, time, and the way of events to webhook endpoints.
//!
//! Everything here is synchronous and takes the time as a value: what happens depends on the seed, the time and the
//! calls before it, and on nothing else.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use crate::api::events::Cause;
use crate::api::timers;
use crate::calls::Calls;
use crate::connections::Connections;
use crate::declines::Declines;
use crate::desk::{AccountSettings, Desk};
use crate::faults::{Fault, Faults};
use crate::idempotency::Keys;
use crate::ids::Ids;
use crate::objects::Objects;
use crate::webhooks::{Addressed, Parcel, Queue};

/// One account in one mode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SpaceKey {
    pub(crate) account: String,
    pub(crate) livemode: bool,
}

/// The state.
#[derive(Debug)]
pub(crate) struct World {
    seed: u64,
    pub(crate) ids: Ids,
    base_url: String,
    pub(crate) clock_offset: SignedDuration,
    pub(crate) spaces: BTreeMap<SpaceKey, Objects>,
    pub(crate) settings: BTreeMap<String, AccountSettings>,
    pub(crate) connections: Connections,
    pub(crate) keys: Keys,
    pub(crate) faults: Faults,
    pub(crate) declines: Declines,
    pub(crate) calls: Calls,
    pub(crate) webhooks: Queue,
}

impl World {
    pub(crate) fn new(seed: u64, base_url: String) -> Self {
        Self {
            seed,
            ids: Ids::new(seed),
            base_url,
            clock_offset: SignedDuration::ZERO,
            spaces: BTreeMap::new(),
            settings: BTreeMap::new(),
            connections: Connections::default(),
            keys: Keys::default(),
            faults: Faults::default(),
            declines: Declines::default(),
            calls: Calls::default(),
            webhooks: Queue::default(),
        }
    }

    /// Back to the beginning, the seed included.
    pub(crate) fn reset(&mut self) {
        let webhooks = Queue::after(&self.webhooks);
        *self = Self::new(self.seed, std::mem::take(&mut self.base_url));
        self.webhooks = webhooks;
    }

    /// Takes the webhooks that are due. Endpoints that were deleted or disabled meanwhile get nothing more.
    pub(crate) fn take_due_webhooks(&mut self, now: Timestamp) -> Vec<Parcel> {
        self.advance(now);
        let Self { webhooks, ids, spaces, .. } = self;
        webhooks.take_due(now, ids, |endpoint| {
            spaces
                .values()
                .any(|objects| objects.endpoints.get(endpoint).is_some_and(|row| row.enabled))
        })
    }

    /// Lets everything happen that was due until now.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        while let Some(key) = self.space_with_next_timer(now) {
            let timer = self.spaces.get_mut(&key).and_then(|objects| objects.take_timer(now));
            let Some((at, action)) = timer else {
                return;
            };
            self.work(&key, at, Cause::default(), |desk| timers::fire(desk, action));
        }
    }

    fn space_with_next_timer(&self, now: Timestamp) -> Option<SpaceKey> {
        self.spaces
            .iter()
            .filter_map(|(key, objects)| Some((objects.next_timer()?, key)))
            .filter(|(at, _)| *at <= now)
            .min()
            .map(|(_, key)| key.clone())
    }

    /// The first account and mode whose objects are the ones looked for.
    pub(crate) fn space_where(&self, wanted: impl Fn(&Objects) -> bool) -> Option<SpaceKey> {
        let (key, _) = self.spaces.iter().find(|(_, objects)| wanted(objects))?;
        Some(key.clone())
    }

    /// The fault that hits the loading of a script or a page: one that names its path.
    pub(crate) fn take_fault_of_file(&mut self, path: &str) -> Option<Fault> {
        self.faults.take_named(&mut self.ids, path)
    }

    /// When something happens by itself next, by the sandbox's clock.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let timers = self.spaces.values().filter_map(Objects::next_timer).min();
        timers.into_iter().chain(self.webhooks.next_due()).min()
    }

    /// Works at the desk of an account, and sends what it told to the webhook endpoints.
    pub(crate) fn work<T>(
        &mut self,
        key: &SpaceKey,
        now: Timestamp,
        cause: Cause,
        operation: impl FnOnce(&mut Desk<'_>) -> T,
    ) -> T {
        let Self { spaces, settings, connections, ids, declines, base_url, .. } = self;
        let mut objects = spaces.remove(key).unwrap_or_default();
        let mut desk = Desk {
            now,
            livemode: key.livemode,
            account: &key.account,
            settings: settings.get(&key.account).cloned().unwrap_or_default(),
            objects: &mut objects,
            ids,
            declines,
            base_url,
            cause,
            told: Vec::new(),
            spaces,
            connections,
            all_settings: settings,
        };
        let result = operation(&mut desk);
        let told = desk.told;
        self.spaces.insert(key.clone(), objects);
        for (space, event) in told {
            self.address(&space, &event, now);
        }
        result
    }

    /// Addresses an event to the endpoints of its account, and to the platforms' endpoints for connected accounts.
    fn address(&mut self, key: &SpaceKey, event: &str, now: Timestamp) {
        let Some(event) = self.spaces.get(key).and_then(|objects| objects.events.get(event)) else {
            return;
        };
        let own = self.endpoints(&key.account, key.livemode, false);
        let above = self
            .connections
            .platforms_of(&key.account)
            .flat_map(|platform| self.endpoints(platform, key.livemode, true));
        let receivers: Vec<_> = own
            .into_iter()
            .map(|endpoint| (endpoint, None))
            .chain(above.map(|endpoint| (endpoint, Some(key.account.as_str()))))
            .filter(|(endpoint, _)| endpoint.wants(event.kind))
            .collect();
        let addressed: Vec<Addressed> = receivers
            .iter()
            .map(|(endpoint, connected)| Addressed {
                event: event.id.clone(),
                kind: event.kind,
                account: key.account.clone(),
                endpoint: endpoint.id.clone(),
                url: endpoint.url.clone(),
                secret: endpoint.secret.clone(),
                body: Bytes::from(event.render(receivers.len(), *connected).to_string()),
            })
            .collect();
        for addressed in &addressed {
            self.webhooks.add(addressed, now);
        }
    }

    fn endpoints(
        &self,
        account: &str,
        livemode: bool,
        connect: bool,
    ) -> Vec<&crate::api::webhook_endpoints::WebhookEndpoint> {
        let key = SpaceKey { account: account.to_owned(), livemode };
        self.spaces
            .get(&key)
            .map(|objects| {
                objects.endpoints.oldest_first().filter(|row| row.connect == connect).collect()
            })
            .unwrap_or_default()
    }
}
