//! The balance: what the ledger adds up to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::api::account::DEFAULT_CURRENCY;
use crate::desk::Desk;
use crate::error::ApiError;
use crate::params::Params;

pub(crate) fn retrieve(desk: &Desk<'_>, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    let now = desk.second();
    let mut available = BTreeMap::from([(DEFAULT_CURRENCY.to_owned(), 0_i64)]);
    let mut pending = available.clone();
    for transaction in desk.objects.transactions.oldest_first() {
        let sums = if transaction.available_on <= now { &mut available } else { &mut pending };
        *sums.entry(transaction.currency.clone()).or_insert(0) += transaction.net();
    }
    Ok(json!({
        "object": "balance",
        "available": funds(available),
        "livemode": desk.livemode,
        "pending": funds(pending),
    }))
}

fn funds(sums: BTreeMap<String, i64>) -> Vec<Value> {
    sums.into_iter()
        .map(|(currency, amount)| {
            json!({ "amount": amount, "currency": currency, "source_types": { "card": amount } })
        })
        .collect()
}
