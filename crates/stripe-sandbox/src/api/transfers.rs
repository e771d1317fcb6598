//! Transfers: from a platform to its connected accounts.

use serde_json::{Value, json};

use crate::amounts;
use crate::api::capabilities::{self, Status};
use crate::api::charges::{Charge, ChargeStatus};
use crate::api::destination_payments::DestinationPayment;
use crate::api::ledger::{self, Conversion, Entry, Movement};
use crate::api::reversals::Reversal;
use crate::api::{balance, lists};
use crate::desk::Desk;
use crate::error::ApiError;
use crate::params::{Metadata, Params};

/// How many reversals a transfer shows.
const REVERSALS_SHOWN_MAX: usize = 10;

/// One transfer.
#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    pub(crate) id: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) destination: String,
    pub(crate) destination_payment: String,
    created: i64,
    description: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) source_transaction: Option<String>,
    source_type: &'static str,
    transaction: String,
    pub(crate) transfer_group: Option<String>,
    /// The second its money can be used from, on both sides.
    pub(crate) available_on: i64,
    /// Oldest first.
    pub(crate) reversals: Vec<Reversal>,
}

impl Transfer {
    pub(crate) fn amount_reversed(&self) -> i64 {
        self.reversals.iter().map(|reversal| reversal.amount).sum()
    }

    pub(crate) fn render(&self, livemode: bool) -> Value {
        let shown: Vec<Value> =
            self.reversals.iter().rev().take(REVERSALS_SHOWN_MAX).map(Reversal::render).collect();
        json!({
            "id": self.id,
            "object": "transfer",
            "amount": self.amount,
            "amount_reversed": self.amount_reversed(),
            "balance_transaction": self.transaction,
            "created": self.created,
            "currency": self.currency,
            "description": self.description,
            "destination": self.destination,
            "destination_payment": self.destination_payment,
            "livemode": livemode,
            "metadata": self.metadata,
            "reversals": {
                "object": "list",
                "data": shown,
                "has_more": self.reversals.len() > REVERSALS_SHOWN_MAX,
                "url": format!("/v1/transfers/{}/reversals", self.id),
            },
            "reversed": self.amount_reversed() == self.amount,
            "source_transaction": self.source_transaction,
            "source_type": self.source_type,
            "transfer_group": self.transfer_group,
        })
    }
}

pub(crate) fn create(desk: &mut Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let amount = params.integer("amount")?.ok_or_else(|| ApiError::missing("amount"))?;
    let amount = amounts::positive(amount, "amount")?;
    let currency = amounts::currency(&params.required("currency")?)?;
    let destination = params.required("destination")?;
    let source = params.filled("source_transaction")?;
    let source_type = params.choice("source_type", &["bank_account", "card", "fpx"])?;
    let group = params.filled("transfer_group")?;
    let description = params.filled("description")?;
    let mut metadata = Metadata::new();
    params.metadata(&mut metadata)?;
    params.finish()?;
    check_destination(desk, &destination)?;
    let source = source.map(|id| find_source(desk, &id)).transpose()?;
    let (available_on, group) = match &source {
        Some(charge) => {
            check_source(desk, charge, amount, &currency)?;
            (available_on(desk, charge), Some(group_of(desk, charge, group)))
        }
        None => {
            check_balance(desk, amount, &currency)?;
            (desk.second(), group)
        }
    };
    let id = desk.ids.next("tr");
    let conversion = Conversion::none(&currency);
    let transaction = ledger::write(
        desk,
        Entry {
            movement: Movement::Transfer,
            amount: -amount,
            conversion,
            source: &id,
            available_on,
        },
    );
    let mut transfer = Transfer {
        id,
        amount,
        currency,
        destination,
        destination_payment: String::new(),
        created: desk.second(),
        description,
        metadata,
        source_transaction: source.map(|charge| charge.id),
        source_type: source_type.unwrap_or("card"),
        transaction,
        transfer_group: group,
        available_on,
        reversals: Vec::new(),
    };
    transfer.destination_payment =
        desk.at(&transfer.destination.clone(), |desk| DestinationPayment::receive(desk, &transfer));
    desk.objects.transfers.put(&transfer.id, transfer.clone());
    desk.tell("transfer.created", transfer.render(desk.livemode));
    Ok(transfer.render(desk.livemode))
}

/// The destination has to be another account, connected to this one, that can receive transfers.
fn check_destination(desk: &mut Desk<'_>, id: &str) -> Result<(), ApiError> {
    if id == desk.account {
        return Err(
            ApiError::invalid("Transfers can only be made to other accounts.").param("destination")
        );
    }
    if !desk.reaches(id) {
        return Err(ApiError::no_such("destination", id, "destination"));
    }
    // An account with keys of its own is past its onboarding.
    let receives = desk.at(id, |desk| {
        desk.objects.profile.as_ref().is_none_or(|account| {
            account
                .capabilities
                .get(capabilities::TRANSFERS)
                .is_some_and(|transfers| transfers.status == Status::Active)
        })
    });
    if receives {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "The destination account {id} cannot receive transfers: its capability transfers is not active."
    ))
    .code("insufficient_capabilities_for_transfer")
    .executed())
}

fn find_source(desk: &Desk<'_>, id: &str) -> Result<Charge, ApiError> {
    let charge = desk
        .objects
        .charges
        .get(id)
        .ok_or_else(|| ApiError::no_such("charge", id, "source_transaction"))?;
    if charge.status != ChargeStatus::Succeeded || charge.amount_captured == 0 {
        return Err(ApiError::invalid(format!(
            "Charge {id} cannot be a source_transaction, because nothing of it was captured."
        ))
        .param("source_transaction")
        .executed());
    }
    Ok(charge.clone())
}

/// The transfers out of a charge may not exceed it, and have to be in the currency it was settled in.
fn check_source(
    desk: &Desk<'_>,
    charge: &Charge,
    amount: i64,
    currency: &str,
) -> Result<(), ApiError> {
    let settled: i64 = captures(desk, charge).map(|transaction| transaction.amount).sum();
    let settled_in = captures(desk, charge).next().map_or("", ledger::Transaction::currency);
    if settled_in != currency {
        return Err(ApiError::invalid(format!(
            "The currency of source_transaction's balance transaction ({settled_in}) must be the same as the \
             transfer currency ({currency})."
        ))
        .param("currency")
        .executed());
    }
    let transferred: i64 = desk
        .objects
        .transfers
        .oldest_first()
        .filter(|transfer| transfer.source_transaction.as_ref() == Some(&charge.id))
        .map(|transfer| transfer.amount - transfer.amount_reversed())
        .sum();
    if amount > settled - transferred {
        return Err(ApiError::invalid(format!(
            "Transfers using this transaction as a source must not exceed the source amount of {settled} {currency}; \
             there are already transfers using it of {transferred}."
        ))
        .param("amount")
        .executed());
    }
    Ok(())
}

/// The balance transactions of the captures of a charge.
fn captures<'a>(
    desk: &'a Desk<'_>,
    charge: &'a Charge,
) -> impl Iterator<Item = &'a ledger::Transaction> {
    desk.objects.transactions.oldest_first().filter(|transaction| {
        transaction.movement == Movement::Charge && transaction.source == charge.id
    })
}

/// When the last capture of a charge can be used; at once where that is past.
fn available_on(desk: &Desk<'_>, charge: &Charge) -> i64 {
    let last = captures(desk, charge).map(|transaction| transaction.available_on).max();
    last.unwrap_or_default().max(desk.second())
}

/// The group given, or that of the charge, or a new one that both get.
fn group_of(desk: &mut Desk<'_>, charge: &Charge, given: Option<String>) -> String {
    let group = given
        .or_else(|| charge.transfer_group.clone())
        .unwrap_or_else(|| format!("group_{}", charge.id));
    if charge.transfer_group.is_none() {
        let charge = Charge { transfer_group: Some(group.clone()), ..charge.clone() };
        desk.objects.charges.put(&charge.id.clone(), charge);
    }
    group
}

fn check_balance(desk: &Desk<'_>, amount: i64, currency: &str) -> Result<(), ApiError> {
    let available = balance::funds_in(desk, currency).available;
    if amount <= available {
        return Ok(());
    }
    Err(balance::insufficient(format!(
        "You have insufficient available funds in your Stripe account: {available} of {amount} {currency}."
    )))
}

pub(crate) fn find(desk: &Desk<'_>, id: &str) -> Result<Transfer, ApiError> {
    desk.objects.transfers.get(id).cloned().ok_or_else(|| ApiError::not_found("transfer", id, "id"))
}

pub(crate) fn retrieve(desk: &Desk<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    Ok(find(desk, id)?.render(desk.livemode))
}

pub(crate) fn update(desk: &mut Desk<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    let mut transfer = find(desk, id)?;
    params.metadata(&mut transfer.metadata)?;
    if let Some(description) = params.text("description")? {
        transfer.description = Some(description).filter(|text| !text.is_empty());
    }
    params.finish()?;
    desk.objects.transfers.put(id, transfer.clone());
    desk.tell("transfer.updated", transfer.render(desk.livemode));
    Ok(transfer.render(desk.livemode))
}

pub(crate) fn list(desk: &Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let destination = params.filled("destination")?;
    let group = params.filled("transfer_group")?;
    let page = lists::Page::read(&mut params)?;
    params.finish()?;
    let matching = desk.objects.transfers.newest_first().filter(|transfer| {
        destination.as_ref().is_none_or(|destination| *destination == transfer.destination)
            && (group.is_none() || group == transfer.transfer_group)
            && page.created.includes(transfer.created)
    });
    let render = |transfer: &Transfer| transfer.render(desk.livemode);
    page.cut("/v1/transfers", matching, |transfer| &transfer.id, render)
}
