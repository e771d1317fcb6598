//! The balance: what the ledger adds up to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::api::account;
use crate::api::ledger::Transaction;
use crate::api::lists;
use crate::desk::Desk;
use crate::error::ApiError;
use crate::objects::Objects;
use crate::params::Params;

/// What an account has in one currency, in its smallest unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Funds {
    /// What can be transferred.
    pub(crate) available: i64,
    /// What can be later.
    pub(crate) pending: i64,
}

/// The balance of an account by currency, at a second.
pub(crate) fn funds(objects: &Objects, second: i64) -> BTreeMap<String, Funds> {
    let mut sums: BTreeMap<String, Funds> = BTreeMap::new();
    for transaction in objects.transactions.oldest_first() {
        let funds = match sums.get_mut(transaction.currency()) {
            Some(funds) => funds,
            None => sums.entry(transaction.currency().to_owned()).or_default(),
        };
        if transaction.available_on <= second {
            funds.available += transaction.net();
        } else {
            funds.pending += transaction.net();
        }
    }
    sums
}

/// The balance of this account in one currency.
pub(crate) fn funds_in(desk: &Desk<'_>, currency: &str) -> Funds {
    funds(desk.objects, desk.second()).get(currency).copied().unwrap_or_default()
}

/// The refusal of a movement the balance cannot bear; Stripe keeps it under the idempotency key.
pub(crate) fn insufficient(message: String) -> ApiError {
    ApiError::invalid(message).code("balance_insufficient").executed()
}

pub(crate) fn retrieve(desk: &Desk<'_>, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    let mut sums = funds(desk.objects, desk.second());
    sums.entry(account::default_currency(desk)).or_default();
    let shown = |part: fn(&Funds) -> i64| -> Vec<Value> {
        sums.iter()
            .map(|(currency, funds)| {
                let amount = part(funds);
                json!({ "amount": amount, "currency": currency, "source_types": { "card": amount } })
            })
            .collect()
    };
    Ok(json!({
        "object": "balance",
        "available": shown(|funds| funds.available),
        "livemode": desk.livemode,
        "pending": shown(|funds| funds.pending),
    }))
}

pub(crate) fn retrieve_transaction(
    desk: &Desk<'_>,
    id: &str,
    params: Params,
) -> Result<Value, ApiError> {
    params.finish()?;
    match desk.objects.transactions.get(id) {
        Some(transaction) => Ok(transaction.render(desk.second())),
        None => Err(ApiError::not_found("balance transaction", id, "id")),
    }
}

pub(crate) fn list_transactions(desk: &Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let currency = params.filled("currency")?;
    let source = params.filled("source")?;
    let kind = params.filled("type")?;
    let page = lists::Page::read(&mut params)?;
    params.finish()?;
    let matching = desk.objects.transactions.newest_first().filter(|transaction| {
        currency.as_deref().is_none_or(|currency| currency == transaction.currency())
            && source.as_ref().is_none_or(|source| *source == transaction.source)
            && kind.as_deref().is_none_or(|kind| kind == transaction.kind())
            && page.created.includes(transaction.created)
    });
    let render = |transaction: &Transaction| transaction.render(desk.second());
    page.cut("/v1/balance_transactions", matching, |transaction| &transaction.id, render)
}
