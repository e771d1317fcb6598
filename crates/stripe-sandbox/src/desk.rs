//! What an operation of the API works with: one account, one mode, one moment.

use jiff::Timestamp;
use serde_json::Value;

use crate::api::events::{Cause, Event};
use crate::ids::Ids;
use crate::objects::Objects;

/// What can be changed about an account from the control API.
#[derive(Debug, Clone)]
pub(crate) struct AccountSettings {
    /// Whether several captures of one authorization are granted where the card can.
    pub(crate) multicapture: bool,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self { multicapture: true }
    }
}

/// The place an operation works at. Operations read and write here and nowhere else; they do no I/O.
pub(crate) struct Desk<'a> {
    pub(crate) now: Timestamp,
    pub(crate) livemode: bool,
    pub(crate) account: &'a str,
    pub(crate) settings: &'a AccountSettings,
    pub(crate) objects: &'a mut Objects,
    pub(crate) ids: &'a mut Ids,
    /// Where the sandbox is reached by a browser; for the links of next actions.
    pub(crate) base_url: &'a str,
    /// The call that causes the events, if any does.
    pub(crate) cause: Cause,
    /// The ids of events made at this desk, to be sent to webhook endpoints afterwards.
    pub(crate) told: Vec<String>,
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
        self.told.push(id);
    }
}
