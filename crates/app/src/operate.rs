//! What an operator does from a terminal: looks at what is stuck, tries a row again, gives one up.
//!
//! [`advice`] says what the matter is and the one thing to do next.

pub mod advice;

use jiff::{SignedDuration, Timestamp};
use payment::{CommandId, PaymentId, TenantId};
use thiserror::Error;

use crate::limits::CALL_STALE;
use crate::ports::{
    InboxKind, InboxRow, InboxState, Intervention, MessageId, OperatorStore, OutboxRow,
    OutboxState, PaymentFile, StoreError, Touch,
};
use advice::{time, word};

/// So many rows a list has where nothing else is asked for.
pub const LIST_DEFAULT: u32 = 50;
/// At most so many rows a list has.
pub const LIST_MAX: u32 = 1_000;
/// At most so many characters a reason has: it is a sentence, not a report.
pub const REASON_CHARS_MAX: usize = 500;

/// Why an operator's wish was not fulfilled. Nothing was changed.
#[derive(Debug, Error)]
pub enum OperateError {
    /// The tenant was never configured.
    #[error(
        "there is no tenant {}: check the spelling; `paybridge payment list` shows payments of all \
         tenants", word(.0.as_str())
    )]
    UnknownTenant(TenantId),
    /// The tenant has no such payment.
    #[error(
        "tenant {} has no payment, order or transaction {}: see `paybridge payment list --tenant \
         {}`", word(.tenant.as_str()), word(.key), word(.tenant.as_str())
    )]
    NoPayment {
        /// The shop.
        tenant: TenantId,
        /// What was looked for.
        key: String,
    },
    /// The tenant has no such row.
    #[error(
        "tenant {} has no {place} row {id}: see `paybridge {place} list --all --tenant {}`",
        word(.tenant.as_str()), word(.tenant.as_str())
    )]
    NoRow {
        /// `inbox` or `outbox`.
        place: &'static str,
        /// The shop.
        tenant: TenantId,
        /// The row.
        id: String,
    },
    /// The row has ended.
    #[error("it is {0} already: only what waits or is parked can be retried")]
    Ended(&'static str),
    /// The row is not set aside.
    #[error("it is {0}: only what is parked can be discarded, because the rest may still succeed")]
    NotParked(&'static str),
    /// Somebody is at work on it.
    #[error(
        "it, or another one of its order, is being worked on until {} at most: try again then",
        time(*.until)
    )]
    Busy {
        /// Until then at most.
        until: Timestamp,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A row that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed<Row> {
    /// The row as it is now; after a rehearsal, as it would be.
    pub row: Row,
    /// What follows from it, for the shop and the order.
    pub consequence: String,
}

/// Calls that were planned before this and are open were left behind by a crash or a missing
/// answer.
pub fn stuck_since(now: Timestamp) -> Timestamp {
    now - CALL_STALE
}

/// How long ago something was, in one rough figure for people.
pub fn age(since: Timestamp, now: Timestamp) -> String {
    let age = now.duration_since(since).max(SignedDuration::ZERO);
    let (hours, minutes) = (age.as_hours(), age.as_mins());
    match (hours, minutes) {
        (0, 0) => format!("{} s", age.as_secs()),
        (0, minutes) => format!("{minutes} min"),
        (hours @ 1..=47, _) => format!("{hours} h"),
        (hours, _) => format!("{} days", hours / 24),
    }
}

/// Makes sure that a tenant exists before an empty list is taken for good news.
///
/// # Errors
/// [`OperateError::UnknownTenant`].
pub async fn check_tenant(
    store: &dyn OperatorStore,
    tenant: Option<&TenantId>,
) -> Result<(), OperateError> {
    match tenant {
        Some(tenant) if !store.knows_tenant(tenant).await? => {
            Err(OperateError::UnknownTenant(tenant.clone()))
        }
        Some(_) | None => Ok(()),
    }
}

/// Everything about a payment. `key` is an order, a payment id or a transaction id.
///
/// # Errors
/// [`OperateError`].
pub async fn show_payment(
    store: &dyn OperatorStore,
    tenant: &TenantId,
    key: &str,
    now: Timestamp,
) -> Result<PaymentFile, OperateError> {
    check_tenant(store, Some(tenant)).await?;
    let found = store.payment_file(tenant, key, now).await?;
    found.ok_or_else(|| OperateError::NoPayment { tenant: tenant.clone(), key: key.to_owned() })
}

/// One inbox row.
///
/// # Errors
/// [`OperateError`].
pub async fn show_inbox(
    store: &dyn OperatorStore,
    tenant: &TenantId,
    id: CommandId,
    now: Timestamp,
) -> Result<InboxRow, OperateError> {
    check_tenant(store, Some(tenant)).await?;
    store.inbox_row(tenant, id, now).await?.ok_or_else(|| no_inbox_row(tenant, id))
}

/// Has an inbox row that waits or is parked carried out now.
///
/// # Errors
/// [`OperateError`].
pub async fn retry_inbox(
    store: &dyn OperatorStore,
    touch: &Touch<CommandId>,
) -> Result<Changed<InboxRow>, OperateError> {
    check_tenant(store, Some(&touch.tenant)).await?;
    match store.retry_inbox(touch).await? {
        Intervention::Changed(row) => {
            let consequence = match row.state {
                InboxState::Held { by } => {
                    format!("It keeps its place: {by}, an older command of its order, comes first.")
                }
                InboxState::Due { .. }
                | InboxState::Leased { .. }
                | InboxState::Done { .. }
                | InboxState::Foreign { .. }
                | InboxState::Parked { .. }
                | InboxState::Discarded { .. } => format!(
                    "{} is carried out within a second while the server runs, otherwise at its \
                     next start.",
                    row.name
                ),
            };
            Ok(Changed { row, consequence })
        }
        Intervention::Absent => Err(no_inbox_row(&touch.tenant, touch.id)),
        Intervention::Refused(row) => Err(OperateError::Ended(row.state.name())),
        Intervention::Busy { until } => Err(OperateError::Busy { until }),
    }
}

/// Ends a parked inbox row without carrying it out.
///
/// # Errors
/// [`OperateError`].
pub async fn discard_inbox(
    store: &dyn OperatorStore,
    touch: &Touch<CommandId>,
    reason: &str,
) -> Result<Changed<InboxRow>, OperateError> {
    check_tenant(store, Some(&touch.tenant)).await?;
    match store.discard_inbox(touch, reason).await? {
        Intervention::Changed(row) => Ok(Changed { consequence: of_inbox_discarded(&row), row }),
        Intervention::Absent => Err(no_inbox_row(&touch.tenant, touch.id)),
        Intervention::Refused(row) => Err(OperateError::NotParked(row.state.name())),
        Intervention::Busy { until } => Err(OperateError::Busy { until }),
    }
}

/// One outbox row.
///
/// # Errors
/// [`OperateError`].
pub async fn show_outbox(
    store: &dyn OperatorStore,
    tenant: &TenantId,
    id: MessageId,
    now: Timestamp,
) -> Result<OutboxRow, OperateError> {
    check_tenant(store, Some(tenant)).await?;
    store.outbox_row(tenant, id, now).await?.ok_or_else(|| no_outbox_row(tenant, id))
}

/// Has a message that waits or is parked delivered now.
///
/// # Errors
/// [`OperateError`].
pub async fn retry_outbox(
    store: &dyn OperatorStore,
    touch: &Touch<MessageId>,
) -> Result<Changed<OutboxRow>, OperateError> {
    check_tenant(store, Some(&touch.tenant)).await?;
    match store.retry_outbox(touch).await? {
        Intervention::Changed(row) => {
            let consequence = match row.state {
                OutboxState::Held { by } => {
                    format!("It keeps its place: message {} comes first.", by.0)
                }
                OutboxState::Due { .. }
                | OutboxState::Leased { .. }
                | OutboxState::Hidden { .. }
                | OutboxState::Delivered { .. }
                | OutboxState::Parked { .. }
                | OutboxState::Discarded { .. } => format!(
                    "{} is the next message of its order: the shop gets it when it reads the \
                     channel, or within a second where the channel is pushed.",
                    row.name
                ),
            };
            Ok(Changed { row, consequence })
        }
        Intervention::Absent => Err(no_outbox_row(&touch.tenant, touch.id)),
        Intervention::Refused(row) => Err(OperateError::Ended(row.state.name())),
        Intervention::Busy { until } => Err(OperateError::Busy { until }),
    }
}

/// Gives a parked message up.
///
/// # Errors
/// [`OperateError`].
pub async fn discard_outbox(
    store: &dyn OperatorStore,
    touch: &Touch<MessageId>,
    reason: &str,
) -> Result<Changed<OutboxRow>, OperateError> {
    check_tenant(store, Some(&touch.tenant)).await?;
    match store.discard_outbox(touch, reason).await? {
        Intervention::Changed(row) => Ok(Changed { consequence: of_outbox_discarded(&row), row }),
        Intervention::Absent => Err(no_outbox_row(&touch.tenant, touch.id)),
        Intervention::Refused(row) => Err(OperateError::NotParked(row.state.name())),
        Intervention::Busy { until } => Err(OperateError::Busy { until }),
    }
}

fn of_inbox_discarded(row: &InboxRow) -> String {
    let order = row.order_key.as_deref().unwrap_or("its order");
    match (row.kind, row.call_open) {
        (InboxKind::Event, _) => "What the event said is not applied: the payment stays as it is \
                                  until the payment provider says more."
            .to_owned(),
        (InboxKind::Command, true) => "Its call to the payment provider is open and goes on: the \
                                       shop gets the result once it is known."
            .to_owned(),
        (InboxKind::Command, false) => format!(
            "Warning: the shop gets no result for {}. {order} stays where it is in the shop's \
             order process until somebody moves it on there by hand.",
            row.name
        ),
    }
}

fn of_outbox_discarded(row: &OutboxRow) -> String {
    if row.blocks {
        format!(
            "Warning: the shop never gets {}. {} stays where it is in the shop's order process \
             until somebody moves it on there by hand. What waited behind the message goes on.",
            row.name, row.order_key
        )
    } else {
        format!("The shop never gets this {}; nothing waits for it.", row.name)
    }
}

fn no_inbox_row(tenant: &TenantId, id: CommandId) -> OperateError {
    OperateError::NoRow { place: "inbox", tenant: tenant.clone(), id: id.to_string() }
}

fn no_outbox_row(tenant: &TenantId, id: MessageId) -> OperateError {
    OperateError::NoRow { place: "outbox", tenant: tenant.clone(), id: id.0.to_string() }
}

/// The command that shows a payment.
pub fn show_command(tenant: &TenantId, payment: PaymentId) -> String {
    format!("paybridge payment show --tenant {} {payment}", word(tenant.as_str()))
}
