//! What was passed on to merchants and taken back, and disputes. Transfers belong to a payment,
//! whatever attempt was paid; disputes to an attempt.

use app::ports::StoreError;
use payment::{
    AttemptId, Dispute, DisputeState, ItemReference, MerchantReference, MoveState, Payment,
    PaymentId, PspAccountId, PspDisputeId, PspReversalId, PspTransferId, Reversal, ReversalId,
    Share, TenantId, Transfer, TransferId,
};

use super::value;
use crate::database::{Database, params};
use crate::error::At;
use crate::rows;

const TABLE: &str = "transfer";

pub(super) const TRANSFERS: &str =
    "SELECT id, reference, merchant, destination, amount_minor, currency, state
    FROM transfer WHERE tenant = ?1 AND payment = ?2 ORDER BY position";
const WRITE_TRANSFER: &str = "INSERT INTO transfer (tenant, id, payment, position, reference,
        merchant, destination, amount_minor, currency, state)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
    ON CONFLICT (tenant, id) DO UPDATE SET reference = excluded.reference, state = excluded.state
    WHERE (transfer.reference, transfer.state)
        IS DISTINCT FROM (excluded.reference, excluded.state)";

const SHARES: &str = "SELECT item, amount_minor, round FROM transfer_share
    WHERE tenant = ?1 AND transfer = ?2 ORDER BY position";
const WRITE_SHARE: &str = "INSERT INTO transfer_share
        (tenant, transfer, position, payment, merchant, item, round, amount_minor, failed)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
    ON CONFLICT (tenant, transfer, position) DO UPDATE SET failed = excluded.failed
    WHERE transfer_share.failed <> excluded.failed";

const REVERSALS: &str = "SELECT id, reference, shares, amount_minor, state FROM reversal
    WHERE tenant = ?1 AND transfer = ?2 ORDER BY position";
const WRITE_REVERSAL: &str = "INSERT INTO reversal
        (tenant, id, transfer, position, reference, shares, amount_minor, state)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (tenant, id) DO UPDATE SET reference = excluded.reference, state = excluded.state
    WHERE (reversal.reference, reversal.state)
        IS DISTINCT FROM (excluded.reference, excluded.state)";

pub(super) const DISPUTES: &str = "SELECT reference, amount_minor, currency, state FROM dispute
    WHERE tenant = ?1 AND attempt = ?2 ORDER BY position";
const WRITE_DISPUTE: &str = "INSERT INTO dispute
        (tenant, attempt, position, reference, amount_minor, currency, state)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (tenant, attempt, position) DO UPDATE SET state = excluded.state
    WHERE dispute.state <> excluded.state";

/// For `statements`, which looks at every one of them.
#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    TRANSFERS,
    WRITE_TRANSFER,
    SHARES,
    WRITE_SHARE,
    REVERSALS,
    WRITE_REVERSAL,
    DISPUTES,
    WRITE_DISPUTE,
];

struct TransferRow {
    id: String,
    reference: Option<String>,
    merchant: String,
    destination: String,
    minor: i64,
    currency: String,
    state: String,
}

pub(super) fn transfers(
    db: &Database,
    tenant: &TenantId,
    payment: PaymentId,
) -> Result<Vec<Transfer>, StoreError> {
    let rows: Vec<TransferRow> = db
        .rows(TRANSFERS, params![tenant.as_str(), payment.to_string()], |row| {
            Ok(TransferRow {
                id: row.get(0)?,
                reference: row.get(1)?,
                merchant: row.get(2)?,
                destination: row.get(3)?,
                minor: row.get(4)?,
                currency: row.get(5)?,
                state: row.get(6)?,
            })
        })
        .at(TABLE)?;
    rows.into_iter().map(|row| read_transfer(db, tenant, row)).collect()
}

fn read_transfer(
    db: &Database,
    tenant: &TenantId,
    row: TransferRow,
) -> Result<Transfer, StoreError> {
    let currency = row.currency;
    Ok(Transfer {
        shares: shares(db, tenant, &row.id, &currency)?,
        reversals: reversals(db, tenant, &row.id, &currency)?,
        id: value::id(TABLE, &row.id, TransferId::parse)?,
        reference: row.reference.map(PspTransferId::new),
        merchant: MerchantReference::new(row.merchant),
        destination: PspAccountId::new(row.destination),
        amount: rows::money(TABLE, row.minor, &currency)?,
        state: value::word(TABLE, &row.state, MoveState::from_name)?,
    })
}

fn shares(
    db: &Database,
    tenant: &TenantId,
    transfer: &str,
    currency: &str,
) -> Result<Vec<Share>, StoreError> {
    let rows: Vec<(String, i64, u32)> = db
        .rows(SHARES, params![tenant.as_str(), transfer], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .at("transfer_share")?;
    rows.into_iter()
        .map(|(item, minor, round)| {
            let amount = rows::money("transfer_share", minor, currency)?;
            Ok(Share { item: ItemReference::new(item), amount, round })
        })
        .collect()
}

fn reversals(
    db: &Database,
    tenant: &TenantId,
    transfer: &str,
    currency: &str,
) -> Result<Vec<Reversal>, StoreError> {
    type ReversalRow = (String, Option<String>, String, i64, String);
    let rows: Vec<ReversalRow> = db
        .rows(REVERSALS, params![tenant.as_str(), transfer], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })
        .at("reversal")?;
    rows.into_iter()
        .map(|(id, reference, shares, minor, state)| {
            Ok(Reversal {
                id: value::id("reversal", &id, ReversalId::parse)?,
                reference: reference.map(PspReversalId::new),
                shares: rows::shares_from_json("reversal", &shares)?,
                amount: rows::money("reversal", minor, currency)?,
                state: value::word("reversal", &state, MoveState::from_name)?,
            })
        })
        .collect()
}

pub(super) fn write_transfers(db: &Database, payment: &Payment) -> Result<(), StoreError> {
    for (index, transfer) in payment.transfers.iter().enumerate() {
        db.send(
            WRITE_TRANSFER,
            params![
                payment.tenant.as_str(),
                transfer.id.to_string(),
                payment.id.to_string(),
                value::position(index),
                transfer.reference.as_ref().map(PspTransferId::as_str),
                transfer.merchant.as_str(),
                transfer.destination.as_str(),
                transfer.amount.minor(),
                transfer.amount.currency().code(),
                transfer.state.name(),
            ],
        )
        .at(TABLE)?;
        write_shares(db, payment, transfer)?;
        write_reversals(db, payment, transfer)?;
    }
    Ok(())
}

fn write_shares(db: &Database, payment: &Payment, transfer: &Transfer) -> Result<(), StoreError> {
    for (index, share) in transfer.shares.iter().enumerate() {
        db.send(
            WRITE_SHARE,
            params![
                payment.tenant.as_str(),
                transfer.id.to_string(),
                value::position(index),
                payment.id.to_string(),
                transfer.merchant.as_str(),
                share.item.as_str(),
                share.round,
                share.amount.minor(),
                transfer.state == MoveState::Failed,
            ],
        )
        .at("transfer_share")?;
    }
    Ok(())
}

fn write_reversals(
    db: &Database,
    payment: &Payment,
    transfer: &Transfer,
) -> Result<(), StoreError> {
    for (index, reversal) in transfer.reversals.iter().enumerate() {
        db.send(
            WRITE_REVERSAL,
            params![
                payment.tenant.as_str(),
                reversal.id.to_string(),
                transfer.id.to_string(),
                value::position(index),
                reversal.reference.as_ref().map(PspReversalId::as_str),
                rows::shares_to_json("reversal", &reversal.shares)?,
                reversal.amount.minor(),
                reversal.state.name(),
            ],
        )
        .at("reversal")?;
    }
    Ok(())
}

pub(super) fn disputes(
    db: &Database,
    tenant: &TenantId,
    attempt: AttemptId,
) -> Result<Vec<Dispute>, StoreError> {
    let rows: Vec<(String, i64, String, String)> = db
        .rows(DISPUTES, params![tenant.as_str(), attempt.to_string()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .at("dispute")?;
    rows.into_iter()
        .map(|(reference, minor, currency, state)| {
            Ok(Dispute {
                reference: PspDisputeId::new(reference),
                amount: rows::money("dispute", minor, &currency)?,
                state: value::word("dispute", &state, DisputeState::from_name)?,
            })
        })
        .collect()
}

pub(super) fn write_disputes(db: &Database, payment: &Payment) -> Result<(), StoreError> {
    let attempt = payment.attempt().id.to_string();
    for (index, dispute) in payment.disputes.iter().enumerate() {
        db.send(
            WRITE_DISPUTE,
            params![
                payment.tenant.as_str(),
                attempt,
                value::position(index),
                dispute.reference.as_str(),
                dispute.amount.minor(),
                dispute.amount.currency().code(),
                dispute.state.name(),
            ],
        )
        .at("dispute")?;
    }
    Ok(())
}
