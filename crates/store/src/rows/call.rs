//! What a journaled call carries: written before the call is made, so that its answer, or the
//! webhook that beats the answer, finds the items it has to name.

use app::ports::StoreError;
use payment::{
    Items, MerchantReference, NewReversal, NewTransfer, OrderItemId, PspAccountId, PspChargeId,
    Purpose, RefundId, ReversalId, TransferId,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::checkout::CheckoutRow;
use super::shares::{ShareRow, read_shares};
use super::{MoneyRow, from_json, to_json};
use crate::error::corrupt;

const TABLE: &str = "psp_call";

#[derive(Serialize, Deserialize)]
struct CaptureRow {
    items: Vec<i64>,
    amount: MoneyRow,
    last: bool,
}

#[derive(Serialize, Deserialize)]
struct CancelRow {
    items: Vec<i64>,
}

#[derive(Serialize, Deserialize)]
struct RefundRow {
    refund: String,
    items: Vec<i64>,
    amount: MoneyRow,
}

#[derive(Serialize, Deserialize)]
struct TransferRow {
    transfer: String,
    merchant: String,
    destination: String,
    shares: Vec<ShareRow>,
    amount: MoneyRow,
    source: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ReversalRow {
    reversal: String,
    transfer: String,
    shares: Vec<ShareRow>,
    amount: MoneyRow,
}

/// The parameters of a call; which they are is said by [`Purpose::name`] in another column.
pub(crate) fn purpose_to_json(purpose: &Purpose) -> Result<String, StoreError> {
    match purpose {
        Purpose::Create => Ok("{}".to_owned()),
        Purpose::Update(checkout) => to_json(TABLE, &CheckoutRow::from(checkout.as_ref().clone())),
        Purpose::Capture { items, amount, last } => {
            let row = CaptureRow { items: numbers(items), amount: (*amount).into(), last: *last };
            to_json(TABLE, &row)
        }
        Purpose::Cancel { items } => to_json(TABLE, &CancelRow { items: numbers(items) }),
        Purpose::Refund { refund, items, amount } => {
            let (refund, amount) = (refund.to_string(), (*amount).into());
            to_json(TABLE, &RefundRow { refund, items: numbers(items), amount })
        }
        Purpose::Transfer(new) => {
            let row = TransferRow {
                transfer: new.id.to_string(),
                merchant: new.merchant.as_str().to_owned(),
                destination: new.destination.as_str().to_owned(),
                shares: new.shares.iter().map(ShareRow::of).collect(),
                amount: new.amount.into(),
                source: new.source.as_ref().map(|source| source.as_str().to_owned()),
            };
            to_json(TABLE, &row)
        }
        Purpose::Reverse(new) => {
            let row = ReversalRow {
                reversal: new.id.to_string(),
                transfer: new.transfer.to_string(),
                shares: new.shares.iter().map(ShareRow::of).collect(),
                amount: new.amount.into(),
            };
            to_json(TABLE, &row)
        }
    }
}

pub(crate) fn purpose_from_json(name: &str, text: &str) -> Result<Purpose, StoreError> {
    match name {
        "create" => Ok(Purpose::Create),
        "update" => {
            let row: CheckoutRow = from_json(TABLE, text)?;
            Ok(Purpose::Update(Box::new(row.read(TABLE)?)))
        }
        "capture" => {
            let row: CaptureRow = from_json(TABLE, text)?;
            let (items, amount) = (items(row.items), row.amount.read(TABLE)?);
            Ok(Purpose::Capture { items, amount, last: row.last })
        }
        "cancel" => {
            let row: CancelRow = from_json(TABLE, text)?;
            Ok(Purpose::Cancel { items: items(row.items) })
        }
        "refund" => {
            let row: RefundRow = from_json(TABLE, text)?;
            let refund = RefundId::parse(&row.refund).map_err(|error| corrupt(TABLE, error))?;
            let (items, amount) = (items(row.items), row.amount.read(TABLE)?);
            Ok(Purpose::Refund { refund, items, amount })
        }
        "transfer" => {
            let row: TransferRow = from_json(TABLE, text)?;
            Ok(Purpose::Transfer(Box::new(NewTransfer {
                id: TransferId::parse(&row.transfer).map_err(|error| corrupt(TABLE, error))?,
                merchant: MerchantReference::new(row.merchant),
                destination: PspAccountId::new(row.destination),
                shares: read_shares(TABLE, row.shares)?,
                amount: row.amount.read(TABLE)?,
                source: row.source.map(PspChargeId::new),
            })))
        }
        "reverse" => {
            let row: ReversalRow = from_json(TABLE, text)?;
            Ok(Purpose::Reverse(Box::new(NewReversal {
                id: ReversalId::parse(&row.reversal).map_err(|error| corrupt(TABLE, error))?,
                transfer: TransferId::parse(&row.transfer)
                    .map_err(|error| corrupt(TABLE, error))?,
                shares: read_shares(TABLE, row.shares)?,
                amount: row.amount.read(TABLE)?,
            })))
        }
        other => Err(corrupt(TABLE, format!("unknown purpose {other:?}"))),
    }
}

/// What the parameters are compared by: under one idempotency key they never change.
pub(crate) fn parameters_hash(purpose: &str, parameters: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(purpose);
    digest.update([0]);
    digest.update(parameters);
    hex::encode(digest.finalize())
}

fn numbers(items: &Items) -> Vec<i64> {
    items.iter().map(|item| item.0).collect()
}

fn items(numbers: Vec<i64>) -> Items {
    numbers.into_iter().map(OrderItemId).collect()
}
