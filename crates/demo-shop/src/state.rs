//! What the shop remembers, all of it in memory.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::cart::Cart;
use crate::journal::Journal;
use crate::merchant::Merchants;
use crate::order::{Order, Placed};
use crate::process::Trigger;
use crate::wire::incoming::{AppPayload, Channel, MethodConfiguration, MethodPayload};

/// So many orders are kept, then the oldest goes.
const ORDERS_MAX: usize = 200;
/// So many notices wait to be read.
const NOTICES_MAX: usize = 20;
/// The endpoint of a payment method that takes an order.
const AUTHORIZATION: &str = "authorization";
/// The first item's id is one higher.
const FIRST_ITEM: i64 = 1000;

/// Everything that can change.
#[derive(Debug)]
pub struct State {
    /// The orders, the oldest first.
    pub orders: Vec<Order>,
    /// What the shop was told about the app, once it was told something.
    pub app: Option<AppPayload>,
    /// The merchants of a marketplace.
    pub merchants: Merchants,
    /// What a person has set the order process to.
    pub trigger: Trigger,
    /// Every call and message.
    pub journal: Journal,
    /// How much the shop's clock is ahead, because somebody let time pass.
    pub clock_ahead: SignedDuration,
    /// Why the message channels could not be read the last time.
    pub channel_trouble: Option<String>,
    /// Messages that were complained about already.
    pub complained: BTreeSet<String>,
    methods: BTreeMap<String, Method>,
    notices: VecDeque<(u64, Notice)>,
    orders_made: u64,
    items_made: i64,
    notices_made: u64,
}

/// A payment method that was announced once, with the time of the last word about it.
#[derive(Clone, Debug)]
struct Method {
    heard: String,
    /// `None` since it was taken away.
    calls: Option<Calls>,
}

#[derive(Clone, Debug)]
struct Calls {
    provider: String,
    configuration: Option<MethodConfiguration>,
}

impl Calls {
    fn endpoint(&self, name: &str) -> Option<String> {
        let configuration = self.configuration.as_ref()?;
        let endpoint = configuration.endpoints.iter().find(|it| it.name == name)?;
        Some(format!("{}{}", configuration.base_url, endpoint.path))
    }
}

/// A payment method that shoppers can choose.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// Who provides it.
    pub provider: String,
    /// Where a payment is initialized; the configuration named none if it is missing.
    pub authorization: Option<String>,
}

/// A sentence for the person who has just done something.
#[derive(Clone, Debug)]
pub struct Notice {
    /// What there is to say.
    pub text: String,
    /// Whether something went wrong.
    pub failed: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            orders: Vec::new(),
            app: None,
            merchants: Merchants::default(),
            trigger: Trigger::default(),
            journal: Journal::default(),
            clock_ahead: SignedDuration::ZERO,
            channel_trouble: None,
            complained: BTreeSet::new(),
            methods: BTreeMap::new(),
            notices: VecDeque::new(),
            orders_made: 0,
            items_made: FIRST_ITEM,
            notices_made: 0,
        }
    }
}

impl State {
    /// Saves an order. Returns its reference.
    pub fn place(&mut self, cart: &Cart, placed: Placed, new_id: impl Fn() -> Uuid) -> String {
        self.orders_made += 1;
        let reference = format!("DE--{}", self.orders_made);
        let order = Order::of_cart(reference.clone(), cart, placed, self.items_made, new_id);
        self.items_made = order.items.last().map_or(self.items_made, |item| item.id);
        self.orders.push(order);
        if self.orders.len() > ORDERS_MAX {
            self.orders.remove(0);
        }
        reference
    }

    /// The order with this reference.
    #[must_use]
    pub fn order(&self, reference: &str) -> Option<&Order> {
        self.orders.iter().find(|order| order.reference == reference)
    }

    /// The order with this reference, to be changed.
    pub fn order_mut(&mut self, reference: &str) -> Option<&mut Order> {
        self.orders.iter_mut().find(|order| order.reference == reference)
    }

    /// Whether an active app listed this channel: only then a shop sends there, or polls it.
    #[must_use]
    pub fn uses_channel(&self, name: &str) -> bool {
        self.app.as_ref().is_some_and(|app| {
            app.is_active && app.message_channels.iter().any(|channel| channel == name)
        })
    }

    /// The channels that are polled now. App events always are: how else would a shop hear of an
    /// app?
    #[must_use]
    pub fn polled_channels(&self) -> Vec<Channel> {
        let is_polled =
            |channel: &Channel| *channel == Channel::AppEvents || self.uses_channel(channel.name());
        Channel::ALL.into_iter().filter(is_polled).collect()
    }

    /// The payment methods that shoppers can choose.
    #[must_use]
    pub fn offers(&self) -> Vec<Offer> {
        let offered = |(name, method): (&String, &Method)| {
            let calls = method.calls.as_ref()?;
            let authorization = calls.endpoint(AUTHORIZATION);
            Some(Offer { name: name.clone(), provider: calls.provider.clone(), authorization })
        };
        self.methods.iter().filter_map(offered).collect()
    }

    /// The address of a payment method's endpoint, as long as the method is offered.
    #[must_use]
    pub fn endpoint(&self, method: &str, name: &str) -> Option<String> {
        self.methods.get(method)?.calls.as_ref()?.endpoint(name)
    }

    /// A payment method comes or changes. Returns whether that is news: an older word than the
    /// last one is ignored.
    pub fn add_method(&mut self, payload: MethodPayload, said: &str) -> bool {
        let MethodPayload { name, provider_name, payment_method_app_configuration } = payload;
        let calls =
            Calls { provider: provider_name, configuration: payment_method_app_configuration };
        self.hear_of_method(name, said, Some(calls))
    }

    /// A payment method goes.
    pub fn delete_method(&mut self, payload: MethodPayload, said: &str) -> bool {
        self.hear_of_method(payload.name, said, None)
    }

    fn hear_of_method(&mut self, name: String, said: &str, calls: Option<Calls>) -> bool {
        // Timestamps of one form, so that they sort as texts.
        let is_old = self.methods.get(&name).is_some_and(|method| said <= method.heard.as_str());
        if !is_old {
            self.methods.insert(name, Method { heard: said.to_owned(), calls });
        }
        !is_old
    }

    /// Keeps a notice until its page shows. Returns its number.
    pub fn leave_notice(&mut self, notice: Notice) -> u64 {
        self.notices_made += 1;
        self.notices.push_front((self.notices_made, notice));
        self.notices.truncate(NOTICES_MAX);
        self.notices_made
    }

    /// The notice with this number.
    #[must_use]
    pub fn notice(&self, number: u64) -> Option<Notice> {
        let found = self.notices.iter().find(|(known, _)| *known == number);
        found.map(|(_, notice)| notice.clone())
    }

    /// The time by the shop's clock.
    #[must_use]
    pub fn clock(&self, now: Timestamp) -> Timestamp {
        now.checked_add(self.clock_ahead).unwrap_or(now)
    }
}
