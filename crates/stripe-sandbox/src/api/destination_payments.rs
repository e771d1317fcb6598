//! What a transfer is to the account that receives it: a payment, shown as a charge.

use serde_json::{Value, json};

use crate::api::ledger::{self, Conversion, Entry, Movement};
use crate::api::transfers::Transfer;
use crate::desk::Desk;

/// One payment received by transfer.
#[derive(Debug, Clone)]
pub(crate) struct DestinationPayment {
    id: String,
    /// As the platform sent it.
    amount: i64,
    currency: String,
    amount_refunded: i64,
    created: i64,
    source_transfer: String,
    transaction: String,
    transfer_group: Option<String>,
}

impl DestinationPayment {
    /// Books a transfer in the account of this desk; the id of the payment.
    pub(crate) fn receive(desk: &mut Desk<'_>, transfer: &Transfer) -> String {
        let id = desk.ids.next("py");
        let conversion = Conversion::of(desk, &transfer.currency);
        let transaction = ledger::write(
            desk,
            Entry {
                movement: Movement::TransferReceived,
                amount: conversion.apply(transfer.amount),
                conversion,
                source: &id,
                available_on: transfer.available_on,
            },
        );
        let payment = Self {
            id: id.clone(),
            amount: transfer.amount,
            currency: transfer.currency.clone(),
            amount_refunded: 0,
            created: desk.second(),
            source_transfer: transfer.id.clone(),
            transaction,
            transfer_group: transfer.transfer_group.clone(),
        };
        desk.objects.payments.put(&id, payment);
        id
    }

    /// What giving back a part takes from this account, in its own currency: what was converted for all that is given
    /// back so far, less what was taken before. So the whole gives back exactly what came.
    pub(crate) fn taking(&self, desk: &Desk<'_>, amount: i64) -> (i64, Conversion) {
        let conversion = desk
            .objects
            .transactions
            .get(&self.transaction)
            .map_or_else(|| Conversion::of(desk, &self.currency), |row| row.conversion.clone());
        let after = conversion.apply(self.amount_refunded + amount);
        (after - conversion.apply(self.amount_refunded), conversion)
    }

    /// Takes a part back out of the account of this desk.
    pub(crate) fn give_back(
        mut self,
        desk: &mut Desk<'_>,
        amount: i64,
        reversal: &str,
        available_on: i64,
    ) {
        let (taken, conversion) = self.taking(desk, amount);
        ledger::write(
            desk,
            Entry {
                movement: Movement::ReversalTaken,
                amount: -taken,
                conversion,
                source: reversal,
                available_on,
            },
        );
        self.amount_refunded += amount;
        desk.objects.payments.put(&self.id.clone(), self);
    }

    /// One line for the merchant.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{} {}, {} of it taken back ({})",
            self.amount,
            self.currency.to_uppercase(),
            self.amount_refunded,
            self.transfer_group.as_deref().unwrap_or(&self.source_transfer),
        )
    }

    pub(crate) fn render(&self, livemode: bool) -> Value {
        json!({
            "id": self.id,
            "object": "charge",
            "amount": self.amount,
            "amount_captured": self.amount,
            "amount_refunded": self.amount_refunded,
            "balance_transaction": self.transaction,
            "captured": true,
            "created": self.created,
            "currency": self.currency,
            "livemode": livemode,
            "metadata": {},
            "paid": true,
            "payment_intent": null,
            "refunded": self.amount_refunded == self.amount,
            "source_transfer": self.source_transfer,
            "status": "succeeded",
            "transfer_group": self.transfer_group,
        })
    }
}
