//! Events: what happened, with the object as it was then.

use serde_json::{Value, json};

use crate::API_VERSION;
use crate::api::lists;
use crate::desk::Desk;
use crate::error::ApiError;
use crate::params::Params;

/// How long events can be listed, and so be caught up with.
const LISTED_FOR_SECONDS: i64 = 30 * 24 * 60 * 60;

/// At most so many types are asked for at once.
const KINDS_MAX: usize = 20;

/// The call an event follows from; both are none when it happened by itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cause {
    pub(crate) request_id: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) created: i64,
    pub(crate) livemode: bool,
    pub(crate) object: Value,
    pub(crate) cause: Cause,
}

impl Event {
    /// `connected` is the account it happened in, where it is shown to the platform above that account.
    pub(crate) fn render(&self, pending_webhooks: usize, connected: Option<&str>) -> Value {
        let mut event = json!({
            "id": self.id,
            "object": "event",
            "api_version": API_VERSION,
            "created": self.created,
            "data": { "object": self.object },
            "livemode": self.livemode,
            "pending_webhooks": pending_webhooks,
            "request": { "id": self.cause.request_id, "idempotency_key": self.cause.idempotency_key },
            "type": self.kind,
        });
        if let (Some(account), Some(fields)) = (connected, event.as_object_mut()) {
            fields.insert("account".to_owned(), json!(account));
        }
        event
    }
}

pub(crate) fn retrieve(desk: &Desk<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    match desk.objects.events.get(id) {
        Some(event) => Ok(event.render(0, None)),
        None => Err(ApiError::not_found("event", id, "id")),
    }
}

pub(crate) fn list(desk: &Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let kind = params.filled("type")?;
    let kinds = params.list("types")?;
    check_kinds(kind.as_deref(), kinds.as_deref())?;
    params.accept(&["delivery_success"]);
    let page = lists::Page::read(&mut params)?;
    params.finish()?;
    let matching = desk.objects.events.newest_first().filter(|event| {
        kind.as_deref().is_none_or(|kind| matches(kind, event.kind))
            && kinds
                .as_deref()
                .is_none_or(|kinds| kinds.iter().any(|kind| matches(kind, event.kind)))
            && page.created.includes(event.created)
            && event.created > desk.second() - LISTED_FOR_SECONDS
    });
    page.cut("/v1/events", matching, |event| &event.id, |event| event.render(0, None))
}

fn check_kinds(kind: Option<&str>, kinds: Option<&[String]>) -> Result<(), ApiError> {
    let refused = |message: String| Err(ApiError::invalid(message).param("types"));
    match (kind, kinds) {
        (Some(_), Some(_)) => refused("Give either type or types, not both.".to_owned()),
        (_, Some(kinds)) if kinds.len() > KINDS_MAX => {
            refused(format!("At most {KINDS_MAX} types may be given, not {}.", kinds.len()))
        }
        (_, Some(_) | None) => Ok(()),
    }
}

/// Stripe allows `charge.*` here.
fn matches(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => kind.starts_with(start),
        None => pattern == kind,
    }
}
