//! Balance transactions: every movement of money, with Stripe's fee.

use serde_json::{Value, json};

use crate::desk::Desk;

/// Funds can be paid out or transferred this long after the charge, as with a new account.
const AVAILABLE_AFTER_SECONDS: i64 = 2 * 24 * 60 * 60;

/// A European card fee: 1.5 % and 25 of the smallest unit.
const FEE_BASIS_POINTS: i64 = 150;
const FEE_FIXED: i64 = 25;

/// What moved the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Movement {
    Charge,
    Refund,
    RefundFailure,
    Dispute,
}

impl Movement {
    /// Stripe's `type` and `reporting_category`.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Charge => ("charge", "charge"),
            Self::Refund => ("refund", "refund"),
            Self::RefundFailure => ("refund_failure", "refund_failure"),
            Self::Dispute => ("adjustment", "dispute"),
        }
    }
}

/// One balance transaction; amounts are signed from the account's point of view.
#[derive(Debug, Clone)]
pub(crate) struct Transaction {
    id: String,
    movement: Movement,
    pub(crate) amount: i64,
    pub(crate) fee: i64,
    pub(crate) currency: String,
    created: i64,
    pub(crate) available_on: i64,
    source: String,
}

impl Transaction {
    pub(crate) fn net(&self) -> i64 {
        self.amount - self.fee
    }

    pub(crate) fn render(&self, second: i64) -> Value {
        let (kind, category) = self.movement.names();
        let fees = if self.fee == 0 {
            json!([])
        } else {
            json!([{
                "amount": self.fee,
                "application": null,
                "currency": self.currency,
                "description": "Processing fee",
                "type": "stripe_fee",
            }])
        };
        json!({
            "id": self.id,
            "object": "balance_transaction",
            "amount": self.amount,
            "available_on": self.available_on,
            "balance_type": "payments",
            "created": self.created,
            "currency": self.currency,
            "description": null,
            "exchange_rate": null,
            "fee": self.fee,
            "fee_details": fees,
            "net": self.net(),
            "reporting_category": category,
            "source": self.source,
            "status": if self.available_on <= second { "available" } else { "pending" },
            "type": kind,
        })
    }
}

/// Books a movement and gives the id of its transaction.
pub(crate) fn book(
    desk: &mut Desk<'_>,
    movement: Movement,
    amount: i64,
    currency: &str,
    source: &str,
) -> String {
    let fee = match movement {
        Movement::Charge => amount * FEE_BASIS_POINTS / 10_000 + FEE_FIXED,
        Movement::Refund | Movement::RefundFailure | Movement::Dispute => 0,
    };
    let created = desk.second();
    // A charge waits before it can be used; what is taken away again is gone at once.
    let available_on = match movement {
        Movement::Charge => created + AVAILABLE_AFTER_SECONDS,
        Movement::Refund | Movement::RefundFailure | Movement::Dispute => created,
    };
    let id = desk.ids.next("txn");
    let transaction = Transaction {
        id: id.clone(),
        movement,
        amount,
        fee,
        currency: currency.to_owned(),
        created,
        available_on,
        source: source.to_owned(),
    };
    desk.objects.transactions.put(&id, transaction);
    id
}
