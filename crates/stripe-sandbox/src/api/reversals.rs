//! Transfer reversals: money taken back from a connected account.

use serde_json::{Value, json};

use crate::amounts;
use crate::api::ledger::{self, Conversion, Entry, Movement};
use crate::api::transfers::{self, Transfer};
use crate::api::{balance, lists};
use crate::desk::Desk;
use crate::error::ApiError;
use crate::params::{Metadata, Params};

/// One reversal. It is kept in its transfer.
#[derive(Debug, Clone)]
pub(crate) struct Reversal {
    pub(crate) id: String,
    pub(crate) amount: i64,
    currency: String,
    created: i64,
    metadata: Metadata,
    transaction: String,
    transfer: String,
}

impl Reversal {
    pub(crate) fn render(&self) -> Value {
        json!({
            "id": self.id,
            "object": "transfer_reversal",
            "amount": self.amount,
            "balance_transaction": self.transaction,
            "created": self.created,
            "currency": self.currency,
            "destination_payment_refund": null,
            "metadata": self.metadata,
            "source_refund": null,
            "transfer": self.transfer,
        })
    }
}

pub(crate) fn create(
    desk: &mut Desk<'_>,
    transfer: &str,
    mut params: Params,
) -> Result<Value, ApiError> {
    let mut transfer = transfers::find(desk, transfer)?;
    let amount = params.integer("amount")?;
    let mut metadata = Metadata::new();
    params.metadata(&mut metadata)?;
    params.accept(&["description", "refund_application_fee"]);
    params.finish()?;
    let amount = checked_amount(&transfer, amount)?;
    let id = desk.ids.next("trr");
    take_back(desk, &transfer, amount, &id)?;
    let conversion = Conversion::none(&transfer.currency);
    let entry = Entry {
        movement: Movement::Reversal,
        amount,
        conversion,
        source: &id,
        available_on: transfer.available_on,
    };
    let reversal = Reversal {
        transaction: ledger::write(desk, entry),
        amount,
        currency: transfer.currency.clone(),
        created: desk.second(),
        metadata,
        transfer: transfer.id.clone(),
        id,
    };
    let shown = reversal.render();
    transfer.reversals.push(reversal);
    desk.objects.transfers.put(&transfer.id.clone(), transfer.clone());
    desk.tell("transfer.reversed", transfer.render(desk.livemode));
    Ok(shown)
}

fn checked_amount(transfer: &Transfer, asked: Option<i64>) -> Result<i64, ApiError> {
    let rest = transfer.amount - transfer.amount_reversed();
    if rest == 0 {
        return Err(ApiError::invalid(format!(
            "Transfer {} has already been reversed in whole.",
            transfer.id
        ))
        .executed());
    }
    let amount = match asked {
        None => return Ok(rest),
        Some(amount) => amounts::positive(amount, "amount")?,
    };
    if amount > rest {
        return Err(ApiError::invalid(format!(
            "Transfer reversal amount ({amount}) is greater than unreversed amount on transfer ({rest})"
        ))
        .param("amount")
        .executed());
    }
    Ok(amount)
}

/// Takes the money out of the connected account, as far as there is some. What still waits there can be taken, too:
/// it is then missing when it would have become available.
fn take_back(
    desk: &mut Desk<'_>,
    transfer: &Transfer,
    amount: i64,
    reversal: &str,
) -> Result<(), ApiError> {
    let id = &transfer.destination;
    if !desk.reaches(id) {
        return Err(ApiError::invalid(format!(
            "The account {id} of this transfer is not connected to yours any more."
        ))
        .code("account_invalid")
        .executed());
    }
    desk.at(id, |desk| {
        let Some(payment) = desk.objects.payments.get(&transfer.destination_payment).cloned()
        else {
            return Err(ApiError::not_found("charge", &transfer.destination_payment, "id"));
        };
        let (taken, conversion) = payment.taking(desk, amount);
        let funds = balance::funds_in(desk, &conversion.currency);
        let there = funds.available + funds.pending;
        if taken > there {
            return Err(balance::insufficient(format!(
                "The account {id} has insufficient funds for this reversal: {there} of {taken} {}.",
                conversion.currency
            )));
        }
        payment.give_back(desk, amount, reversal, transfer.available_on);
        Ok(())
    })
}

fn find(transfer: &Transfer, id: &str) -> Result<usize, ApiError> {
    transfer
        .reversals
        .iter()
        .position(|reversal| reversal.id == id)
        .ok_or_else(|| ApiError::not_found("transfer reversal", id, "id"))
}

pub(crate) fn retrieve(
    desk: &Desk<'_>,
    transfer: &str,
    id: &str,
    params: Params,
) -> Result<Value, ApiError> {
    params.finish()?;
    let transfer = transfers::find(desk, transfer)?;
    let position = find(&transfer, id)?;
    Ok(transfer.reversals[position].render())
}

pub(crate) fn update(
    desk: &mut Desk<'_>,
    transfer: &str,
    id: &str,
    mut params: Params,
) -> Result<Value, ApiError> {
    let mut transfer = transfers::find(desk, transfer)?;
    let position = find(&transfer, id)?;
    params.metadata(&mut transfer.reversals[position].metadata)?;
    params.finish()?;
    let shown = transfer.reversals[position].render();
    desk.objects.transfers.put(&transfer.id.clone(), transfer);
    Ok(shown)
}

pub(crate) fn list(desk: &Desk<'_>, transfer: &str, mut params: Params) -> Result<Value, ApiError> {
    let page = lists::Page::read(&mut params)?;
    params.finish()?;
    let transfer = transfers::find(desk, transfer)?;
    let url = format!("/v1/transfers/{}/reversals", transfer.id);
    page.cut(&url, transfer.reversals.iter().rev(), |reversal| &reversal.id, Reversal::render)
}
