//! Reads the message channels as a shop's worker does: one channel after the other, one message
//! after the other, deleting each after it was handled.

use std::convert::Infallible;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::SignedDuration;
use serde_json::Value;

use crate::client::Request;
use crate::handler;
use crate::journal::{Direction, Note};
use crate::process::Action;
use crate::shop::Shop;
use crate::wire::incoming::{Channel, Deletion, Entry, Name};
use crate::wire::php;

/// As many messages as a shop reads at once.
const LIMIT: u32 = 100;
/// After so long an unpaid or unshipped order is canceled, and a refund is for good.
pub(crate) const TIME_LIMIT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What is wrong with a message, and how a shop takes it.
enum Trouble {
    /// It cannot be decoded: it stays, and comes again at every poll.
    Undecodable(String),
    /// The worker stops at it, and reads nothing behind it.
    Fatal(String),
}

/// Polls until the end of time.
pub(crate) async fn run(shop: &Shop) -> Infallible {
    loop {
        poll_once(shop).await;
        tokio::time::sleep(shop.config().poll_every).await;
    }
}

/// Polls every channel once, then checks the conditions and timeouts of the order process.
pub(crate) async fn poll_once(shop: &Shop) {
    let mut trouble = None;
    for channel in shop.read(crate::state::State::polled_channels) {
        if let Err(why) = poll(shop, channel).await {
            trouble = Some(format!("{}: {why}", channel.name()));
            break;
        }
    }
    if shop.read(|state| state.channel_trouble != trouble) {
        shop.change(|state, _| state.channel_trouble = trouble);
    }
    go_on(shop).await;
}

/// Conditions are read again and again, for every order.
async fn go_on(shop: &Shop) {
    let is_due = |order: &mut crate::order::Order, trigger, now| {
        let before: Vec<_> = order.items.iter().map(|item| item.state).collect();
        order.check_conditions(trigger, now);
        let to_cancel = order.let_time_pass(now, TIME_LIMIT);
        let moved = order.items.iter().map(|item| item.state).ne(before);
        (moved, to_cancel)
    };
    let quiet = shop.read(|state| {
        let now = state.clock(shop.now());
        state.orders.iter().all(|order| {
            let (moved, to_cancel) = is_due(&mut order.clone(), state.trigger, now);
            !moved && to_cancel.is_empty()
        })
    });
    if quiet {
        return;
    }
    let to_cancel: Vec<(String, Vec<i64>)> = shop.change(|state, now| {
        let trigger = state.trigger;
        let each = state.orders.iter_mut().map(|order| {
            let (_, ids) = is_due(order, trigger, now);
            (order.reference.clone(), ids)
        });
        each.filter(|(_, ids)| !ids.is_empty()).collect()
    });
    for (reference, ids) in to_cancel {
        // What could not be sent is noted in the live list, and tried again at the next poll.
        let _ = shop.act(&reference, Action::Cancel, &ids).await;
    }
}

async fn poll(shop: &Shop, channel: Channel) -> Result<(), String> {
    let url = format!("{}/{}?limit={LIMIT}", shop.config().channels, channel.name());
    let request =
        Request { method: Method::GET, url, headers: headers(shop)?, body: String::new() };
    let answer = shop.send(request).await.map_err(|error| error.to_string())?;
    if answer.status != StatusCode::OK {
        return Err(format!("the app answered {}", answer.status));
    }
    // One message of another form, and the shop reads none of the answer.
    let entries: Vec<Entry> = serde_json::from_str(&answer.body)
        .map_err(|error| format!("the answer is not a list of messages: {error}"))?;
    for entry in &entries {
        match take(shop, channel, entry) {
            Ok(()) => delete(shop, channel, entry).await?,
            Err(Trouble::Undecodable(why)) => {
                complain(shop, channel, entry, &format!("{why}. It stays in the channel."));
            }
            Err(Trouble::Fatal(why)) => {
                complain(shop, channel, entry, &why);
                return Err(why);
            }
        }
    }
    Ok(())
}

/// Handles a message and notes it. Also what the handler rejects is gone afterwards.
fn take(shop: &Shop, channel: Channel, entry: &Entry) -> Result<(), Trouble> {
    let name = entry.name();
    let known = Name::from_text(name)
        .ok_or_else(|| Trouble::Undecodable(format!("The shop knows no message {name:?}")))?;
    if known.channel() != channel {
        let right = known.channel().name();
        return Err(Trouble::Fatal(format!(
            "{name} belongs on {right}: the worker stops here and reads nothing behind it"
        )));
    }
    let body: Value = serde_json::from_str(&entry.message_body)
        .map_err(|error| Trouble::Undecodable(format!("The payload is not JSON: {error}")))?;
    let at = shop.now();
    shop.change(|state, now| {
        let handled = handler::handle(state, known, &body, entry.timestamp(), now);
        let (failed, answer) = match handled.done {
            Ok(done) => (false, done),
            Err(why) => (true, format!("The shop rejected the message and deleted it: {why}.")),
        };
        state.journal.add(Note {
            at,
            direction: Direction::In,
            title: name.to_owned(),
            summary: format!("{} · {}", channel.name(), handled.summary),
            failed,
            order: handled.order,
            body: shop.mask().body(&entry.message_body),
            answer,
        });
    });
    Ok(())
}

async fn delete(shop: &Shop, channel: Channel, entry: &Entry) -> Result<(), String> {
    let mut headers = headers(shop)?;
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = php::call(&Deletion { message_ids: [&entry.message_id] });
    let url = format!("{}/{}", shop.config().channels, channel.name());
    let request = Request { method: Method::DELETE, url, headers, body };
    let answer = shop.send(request).await.map_err(|error| error.to_string())?;
    if answer.status.is_success() {
        Ok(())
    } else {
        Err(format!("a message could not be deleted: {}", answer.status))
    }
}

fn headers(shop: &Shop) -> Result<HeaderMap, String> {
    let tenant = HeaderValue::from_str(&shop.config().tenant)
        .map_err(|_| "the tenant identifier cannot stand in a header".to_owned())?;
    Ok(HeaderMap::from_iter([(HeaderName::from_static("consumer-id"), tenant)]))
}

/// Says once what is wrong with a message that stays in its channel.
fn complain(shop: &Shop, channel: Channel, entry: &Entry, why: &str) {
    let at = shop.now();
    let is_known = shop.read(|state| state.complained.contains(&entry.message_id));
    if is_known {
        return;
    }
    shop.change(|state, _| {
        state.complained.insert(entry.message_id.clone());
        state.journal.add(Note {
            at,
            direction: Direction::In,
            title: entry.name().to_owned(),
            summary: format!("{} · not understood", channel.name()),
            failed: true,
            order: None,
            body: shop.mask().body(&entry.message_body),
            answer: why.to_owned(),
        });
    });
}
