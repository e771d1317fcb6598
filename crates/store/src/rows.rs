//! What is stored as JSON in one column, in a shape of its own: the domain's types may change
//! without changing what old rows mean.

mod call;
mod checkout;
mod settings;
mod shares;

pub(crate) use call::{parameters_hash, purpose_from_json, purpose_to_json};
pub(crate) use checkout::{checkout_from_json, checkout_to_json};
pub(crate) use settings::{
    credentials_from_json, credentials_to_json, settings_from_json, settings_to_json,
};
pub(crate) use shares::{shares_from_json, shares_to_json};

use app::ports::StoreError;
use payment::{Currency, Items, Money, OrderItemId};
use serde::{Deserialize, Serialize};

use crate::error::corrupt;

/// An amount inside a JSON column.
#[derive(Serialize, Deserialize)]
struct MoneyRow {
    minor: i64,
    currency: String,
}

impl From<Money> for MoneyRow {
    fn from(money: Money) -> Self {
        Self { minor: money.minor(), currency: money.currency().code().to_owned() }
    }
}

impl MoneyRow {
    fn read(&self, table: &'static str) -> Result<Money, StoreError> {
        money(table, self.minor, &self.currency)
    }
}

/// An amount from its two columns.
pub(crate) fn money(table: &'static str, minor: i64, currency: &str) -> Result<Money, StoreError> {
    let currency = Currency::parse(currency).map_err(|error| corrupt(table, error))?;
    Money::new(minor, currency).map_err(|error| corrupt(table, error))
}

/// A set of order items as a JSON list of numbers.
pub(crate) fn items_to_json(table: &'static str, items: &Items) -> Result<String, StoreError> {
    to_json(table, &items.iter().map(|item| item.0).collect::<Vec<_>>())
}

pub(crate) fn items_from_json(table: &'static str, text: &str) -> Result<Items, StoreError> {
    let numbers: Vec<i64> = from_json(table, text)?;
    Ok(numbers.into_iter().map(OrderItemId).collect())
}

/// Writes JSON. It cannot fail for the shapes here; if it did, nothing is written.
pub(crate) fn to_json(table: &'static str, value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| corrupt(table, error))
}

pub(crate) fn from_json<'a, T: Deserialize<'a>>(
    table: &'static str,
    text: &'a str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| corrupt(table, error))
}
