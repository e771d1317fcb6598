//! What an operation of the API works with: one account, one mode, one moment.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::api::events::{Cause, Event};
use crate::connections::Connections;
use crate::declines::Declines;
use crate::ids::Ids;
use crate::objects::Objects;
use crate::world::SpaceKey;

/// What can be changed about an account from the control API.
#[derive(Debug, Clone)]
pub(crate) struct AccountSettings {
    /// Whether several captures of one authorization are granted where the card can.
    pub(crate) multicapture: bool,
    /// Whether it has signed up for Connect.
    pub(crate) connect: bool,
    /// The currency its money is converted to; none where every currency is kept as it comes.
    pub(crate) settlement: Option<Settlement>,
}

/// What an account's money is converted to, and at which rate.
#[derive(Debug, Clone)]
pub(crate) struct Settlement {
    pub(crate) currency: String,
    /// What 10,000 of the smallest unit of any other currency come to.
    pub(crate) rate_basis_points: i64,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self { multicapture: true, connect: true, settlement: None }
    }
}

/// The place an operation works at. Operations read and write here and nowhere else; they do no I/O.
pub(crate) struct Desk<'a> {
    pub(crate) now: Timestamp,
    pub(crate) livemode: bool,
    pub(crate) account: &'a str,
    pub(crate) settings: AccountSettings,
    pub(crate) objects: &'a mut Objects,
    pub(crate) ids: &'a mut Ids,
    /// Payments that are to be declined on request.
    pub(crate) declines: &'a mut Declines,
    /// Where the sandbox is reached by a browser; for the links of next actions.
    pub(crate) base_url: &'a str,
    /// The call that causes the events, if any does.
    pub(crate) cause: Cause,
    /// The events made, and where, to be sent to webhook endpoints afterwards.
    pub(crate) told: Vec<(SpaceKey, String)>,
    /// What every other account holds; worked on by [`Desk::at`].
    pub(crate) spaces: &'a mut BTreeMap<SpaceKey, Objects>,
    pub(crate) connections: &'a mut Connections,
    /// The settings of every account that has some.
    pub(crate) all_settings: &'a BTreeMap<String, AccountSettings>,
}

impl Desk<'_> {
    /// The current second, as Stripe writes times.
    pub(crate) fn second(&self) -> i64 {
        self.now.as_second()
    }

    /// Records an event about an object as it is at this moment.
    pub(crate) fn tell(&mut self, kind: &'static str, object: Value) {
        let id = self.ids.next("evt");
        let event = Event {
            id: id.clone(),
            kind,
            created: self.second(),
            livemode: self.livemode,
            object,
            cause: self.cause.clone(),
        };
        self.objects.events.put(&id, event);
        let here = self.space_of(self.account);
        self.told.push((here, id));
    }

    /// Works at the desk of another account, in the same mode. Events made there are that account's.
    pub(crate) fn at<T>(&mut self, account: &str, operation: impl FnOnce(&mut Desk<'_>) -> T) -> T {
        if account == self.account {
            return operation(self);
        }
        let here = self.space_of(self.account);
        let there = self.space_of(account);
        self.spaces.insert(here.clone(), std::mem::take(self.objects));
        let mut objects = self.spaces.remove(&there).unwrap_or_default();
        let mut desk = Desk {
            now: self.now,
            livemode: self.livemode,
            account,
            settings: self.all_settings.get(account).cloned().unwrap_or_default(),
            objects: &mut objects,
            ids: &mut *self.ids,
            declines: &mut *self.declines,
            base_url: self.base_url,
            cause: self.cause.clone(),
            told: std::mem::take(&mut self.told),
            spaces: &mut *self.spaces,
            connections: &mut *self.connections,
            all_settings: self.all_settings,
        };
        let result = operation(&mut desk);
        self.told = desk.told;
        self.spaces.insert(there, objects);
        *self.objects = self.spaces.remove(&here).unwrap_or_default();
        result
    }

    /// Whether an account is connected to this one, in this mode.
    pub(crate) fn reaches(&self, account: &str) -> bool {
        let is_here = || {
            let there = self.spaces.get(&self.space_of(account));
            there.is_some_and(|objects| objects.profile.is_some())
        };
        self.connections.includes(account, self.account)
            && (!self.connections.is_made(account) || is_here())
    }

    /// Any object this account may see, by its id: its own, and accounts and payments of those connected to it.
    pub(crate) fn show(&self, id: &str) -> Option<Value> {
        self.objects.show(id, self.livemode, self.second()).or_else(|| {
            if !id.starts_with("acct_") && !id.starts_with("py_") {
                return None;
            }
            self.spaces
                .iter()
                .filter(|(key, _)| key.livemode == self.livemode)
                .filter(|(key, _)| self.connections.includes(&key.account, self.account))
                .find_map(|(_, objects)| objects.show(id, self.livemode, self.second()))
        })
    }

    fn space_of(&self, account: &str) -> SpaceKey {
        SpaceKey { account: account.to_owned(), livemode: self.livemode }
    }
}
