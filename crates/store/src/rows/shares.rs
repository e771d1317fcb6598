//! What items have in a transfer or a reversal.

use app::ports::StoreError;
use payment::{ItemReference, Share};
use serde::{Deserialize, Serialize};

use super::{MoneyRow, from_json, to_json};

#[derive(Serialize, Deserialize)]
pub(super) struct ShareRow {
    item: String,
    amount: MoneyRow,
    round: u32,
}

impl ShareRow {
    pub(super) fn of(share: &Share) -> Self {
        let item = share.item.as_str().to_owned();
        Self { item, amount: share.amount.into(), round: share.round }
    }
}

pub(super) fn read_shares(
    table: &'static str,
    rows: Vec<ShareRow>,
) -> Result<Vec<Share>, StoreError> {
    rows.into_iter()
        .map(|row| {
            let (item, amount) = (ItemReference::new(row.item), row.amount.read(table)?);
            Ok(Share { item, amount, round: row.round })
        })
        .collect()
}

pub(crate) fn shares_to_json(table: &'static str, shares: &[Share]) -> Result<String, StoreError> {
    to_json(table, &shares.iter().map(ShareRow::of).collect::<Vec<_>>())
}

pub(crate) fn shares_from_json(table: &'static str, text: &str) -> Result<Vec<Share>, StoreError> {
    read_shares(table, from_json(table, text)?)
}
