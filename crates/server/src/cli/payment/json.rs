//! Payments as a script reads them.

use app::operate::advice::{self, Situation};
use app::ports::{CallEntry, CallOutcome, HistoryEntry, PaymentCase, PaymentFile};
use jiff::Timestamp;
use payment::{Money, Refund, Share, Transfer};
use serde::Serialize;

use crate::cli::inbox::JsonInboxRow;
use crate::cli::outbox::JsonOutboxRow;

/// A payment in a list.
#[derive(Serialize)]
pub(super) struct JsonCase {
    id: String,
    tenant: String,
    /// None for a pre-order.
    order: Option<String>,
    transaction_id: Option<String>,
    account: String,
    mode: &'static str,
    status: &'static str,
    shop_status: &'static str,
    total: JsonMoney,
    authorized: JsonMoney,
    capturable: JsonMoney,
    captured: JsonMoney,
    refunded: JsonMoney,
    method: Option<String>,
    created_at: String,
    updated_at: String,
    open_call: Option<JsonOpenCall>,
    situation: &'static str,
    stuck: bool,
    problem: Option<String>,
    next_step: String,
}

/// A payment with everything that belongs to it.
#[derive(Serialize)]
pub(super) struct JsonFile {
    #[serde(flatten)]
    case: JsonCase,
    refunds: Vec<JsonRefund>,
    transfers: Vec<JsonTransfer>,
    history: Vec<JsonHistory>,
    calls: Vec<JsonCall>,
    inbox: Vec<JsonInboxRow>,
    outbox: Vec<JsonOutboxRow>,
    other_payments: Vec<String>,
}

/// An amount in minor units.
#[derive(Serialize)]
struct JsonMoney {
    minor: i64,
    currency: &'static str,
}

#[derive(Serialize)]
struct JsonOpenCall {
    id: String,
    purpose: &'static str,
    since: String,
    command: Option<String>,
}

#[derive(Serialize)]
struct JsonRefund {
    id: String,
    provider_id: Option<String>,
    items: Vec<i64>,
    amount: JsonMoney,
    state: &'static str,
}

#[derive(Serialize)]
struct JsonTransfer {
    id: String,
    provider_id: Option<String>,
    merchant: String,
    destination: String,
    amount: JsonMoney,
    reversed: JsonMoney,
    state: &'static str,
    items: Vec<JsonShare>,
}

#[derive(Serialize)]
struct JsonShare {
    item: String,
    amount: JsonMoney,
}

#[derive(Serialize)]
struct JsonHistory {
    at: String,
    what: String,
    from: &'static str,
    to: &'static str,
    note: Option<String>,
}

#[derive(Serialize)]
struct JsonCall {
    id: String,
    purpose: String,
    command: Option<String>,
    planned_at: String,
    outcome: &'static str,
    settled_at: Option<String>,
    reason: Option<String>,
}

impl JsonCase {
    pub fn new(case: &PaymentCase, now: Timestamp) -> Self {
        let payment = &case.payment;
        let situation = Situation::of(case, now);
        Self {
            id: payment.id.to_string(),
            tenant: payment.tenant.as_str().to_owned(),
            order: payment.checkout.order_reference.as_ref().map(ToString::to_string),
            transaction_id: payment.reference().map(|reference| reference.as_str().to_owned()),
            account: payment.account.id.as_str().to_owned(),
            mode: payment.account.mode.name(),
            status: payment.status.name(),
            shop_status: payment.shop_status().name(),
            total: payment.checkout.total.into(),
            authorized: payment.authorized.into(),
            capturable: payment.capturable.into(),
            captured: payment.captured.into(),
            refunded: payment.refunded().into(),
            method: payment.method.clone(),
            created_at: payment.created_at.to_string(),
            updated_at: case.updated_at.to_string(),
            open_call: payment.open_call.as_ref().map(|call| JsonOpenCall {
                id: call.id.to_string(),
                purpose: call.purpose.name(),
                since: call.planned_at.to_string(),
                command: call.command.map(|command| command.to_string()),
            }),
            situation: situation.name(),
            stuck: situation.is_stuck(),
            problem: situation.summary(now),
            next_step: advice::of_payment(case, now),
        }
    }
}

impl JsonFile {
    pub fn new(file: &PaymentFile, now: Timestamp) -> Self {
        Self {
            case: JsonCase::new(&file.case, now),
            refunds: file.case.payment.refunds.iter().map(JsonRefund::from).collect(),
            transfers: file.case.payment.transfers.iter().map(JsonTransfer::from).collect(),
            history: file.history.iter().map(JsonHistory::from).collect(),
            calls: file.calls.iter().map(JsonCall::from).collect(),
            inbox: file.case.inbox.iter().map(|row| JsonInboxRow::new(row, now)).collect(),
            outbox: file.case.outbox.iter().map(|row| JsonOutboxRow::new(row, now)).collect(),
            other_payments: file.others.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<Money> for JsonMoney {
    fn from(money: Money) -> Self {
        Self { minor: money.minor(), currency: money.currency().code() }
    }
}

impl From<&Refund> for JsonRefund {
    fn from(refund: &Refund) -> Self {
        Self {
            id: refund.id.to_string(),
            provider_id: refund.reference.as_ref().map(|reference| reference.as_str().to_owned()),
            items: refund.items.iter().map(|item| item.0).collect(),
            amount: refund.amount.into(),
            state: refund.state.name(),
        }
    }
}

impl From<&Transfer> for JsonTransfer {
    fn from(transfer: &Transfer) -> Self {
        let share = |share: &Share| JsonShare {
            item: share.item.as_str().to_owned(),
            amount: share.amount.into(),
        };
        Self {
            id: transfer.id.to_string(),
            provider_id: transfer.reference.as_ref().map(|id| id.as_str().to_owned()),
            merchant: transfer.merchant.as_str().to_owned(),
            destination: transfer.destination.as_str().to_owned(),
            amount: transfer.amount.into(),
            reversed: transfer.reversed().into(),
            state: transfer.state.name(),
            items: transfer.shares.iter().map(share).collect(),
        }
    }
}

impl From<&HistoryEntry> for JsonHistory {
    fn from(entry: &HistoryEntry) -> Self {
        Self {
            at: entry.at.to_string(),
            what: entry.what.clone(),
            from: entry.from.name(),
            to: entry.to.name(),
            note: entry.note.clone(),
        }
    }
}

impl From<&CallEntry> for JsonCall {
    fn from(call: &CallEntry) -> Self {
        let (outcome, settled_at, reason) = match &call.outcome {
            CallOutcome::Open => ("open", None, None),
            CallOutcome::Succeeded { at } => ("succeeded", Some(at.to_string()), None),
            CallOutcome::Failed { at, reason } => ("failed", Some(at.to_string()), reason.clone()),
        };
        Self {
            id: call.id.to_string(),
            purpose: call.purpose.clone(),
            command: call.command.map(|command| command.to_string()),
            planned_at: call.planned_at.to_string(),
            outcome,
            settled_at,
            reason,
        }
    }
}
