//! What is asked of Stripe to find what we were never told.

use app::ports::{AuditPsp, EventPage, EventQuery, ListedEvent, PspError, TransferView};
use app::tenant::Credentials;
use async_trait::async_trait;
use http::Method;
use jiff::Timestamp;
use payment::{PspReference, PspTransferId, RefundFact};
use serde_json::Value;

use crate::amount::from_stripe;
use crate::answer::read;
use crate::client::{Access, Call};
use crate::form::Form;
use crate::objects::{List, Refund, Transfer};
use crate::psp::{PAGE_SIZE, StripePsp, checked, unreadable};
use crate::requests::{ENABLED_EVENTS, MERCHANT_EVENTS};
use crate::translate::refund_fact;

#[async_trait]
impl AuditPsp for StripePsp {
    async fn list_events(
        &self,
        credentials: &Credentials,
        query: &EventQuery<'_>,
    ) -> Result<EventPage, PspError> {
        let access = self.access(credentials)?;
        let call = Call {
            name: "list_events",
            method: Method::GET,
            path: "/v1/events".to_owned(),
            form: events(query),
            access: Access { account: query.merchant.or(access.account), ..access },
            key: None,
        };
        page(read(&self.client.call(&call).await?)?, query)
    }

    async fn list_refunds(
        &self,
        credentials: &Credentials,
        reference: &PspReference,
    ) -> Result<Vec<RefundFact>, PspError> {
        let mut refunds = Vec::new();
        let list = ("/v1/refunds", Form::new().with("payment_intent", reference));
        // Nothing is picked, so that every page is read.
        let collect = |refund: Refund| -> Option<()> {
            refunds.push(refund);
            None
        };
        self.search("list_refunds", credentials, list, collect).await?;
        refunds.iter().map(refund_fact).collect::<Result<_, _>>().map_err(unreadable)
    }

    async fn retrieve_transfer(
        &self,
        credentials: &Credentials,
        transfer: &PspTransferId,
    ) -> Result<TransferView, PspError> {
        let path = format!("/v1/transfers/{}", checked(transfer.as_str())?);
        let found: Transfer =
            self.get("retrieve_transfer", self.access(credentials)?, path, Form::new()).await?;
        let money = |amount| from_stripe(amount, &found.currency);
        match (money(found.amount), money(found.amount_reversed)) {
            (Ok(amount), Ok(reversed)) => Ok(TransferView { amount, reversed }),
            (Err(error), _) | (_, Err(error)) => Err(unreadable(error.into())),
        }
    }
}

/// What an endpoint of ours is sent, and nothing else: Stripe takes up to twenty types.
fn events(query: &EventQuery<'_>) -> Form {
    let kinds: &[&str] = match query.merchant {
        Some(_) => &MERCHANT_EVENTS,
        None => &ENABLED_EVENTS,
    };
    let mut form =
        Form::new().with("limit", PAGE_SIZE).with("created[gte]", query.from.as_second().max(0));
    if let Some(until) = query.until {
        form = form.with("created[lt]", until.as_second().max(0));
    }
    form = form.with_some("starting_after", query.after);
    kinds.iter().fold(form, |form, kind| form.with("types[]", kind))
}

/// Events that are listed in an account do not say which one it is; those that a platform is sent do.
fn page(list: List<Value>, query: &EventQuery<'_>) -> Result<EventPage, PspError> {
    let mut next = None;
    let mut events = Vec::with_capacity(list.data.len());
    for mut event in list.data {
        if let (Some(account), Some(fields)) = (query.merchant, event.as_object_mut()) {
            fields.insert("account".to_owned(), Value::from(account.as_str()));
        }
        let at = event.get("created").and_then(Value::as_i64);
        let at = at.and_then(|second| Timestamp::from_second(second).ok());
        let (Some(at), Some(id)) = (at, event.get("id").and_then(Value::as_str)) else {
            return Err(PspError::Unknown("an event of the list has no id or no time".to_owned()));
        };
        next = Some(id.to_owned());
        events.push(ListedEvent { at, body: event.to_string().into_bytes() });
    }
    Ok(EventPage { events, next: next.filter(|_| list.has_more) })
}
