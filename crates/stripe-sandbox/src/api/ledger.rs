//! Balance transactions: every movement of money, with Stripe's fee.

use serde_json::{Number, Value, json};

use crate::desk::Desk;

/// Funds can be paid out or transferred this long after the charge, as with a new account.
const AVAILABLE_AFTER_SECONDS: i64 = 2 * 24 * 60 * 60;

/// A European card fee: 1.5 % and 25 of the smallest unit.
const FEE_BASIS_POINTS: i64 = 150;
/// A whole, in basis points.
pub(crate) const BASIS_POINTS: i64 = 10_000;
const FEE_FIXED: i64 = 25;

/// What moved the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Movement {
    Charge,
    Refund,
    RefundFailure,
    Dispute,
    /// From a platform to a connected account.
    Transfer,
    /// The same money, as it arrives there.
    TransferReceived,
    /// Back to the platform.
    Reversal,
    /// The same money, as it leaves the connected account.
    ReversalTaken,
    /// Put there, or taken away, by the control API.
    Adjustment,
}

impl Movement {
    /// Stripe's `type` and `reporting_category`.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Charge => ("charge", "charge"),
            Self::Refund => ("refund", "refund"),
            Self::RefundFailure => ("refund_failure", "refund_failure"),
            Self::Dispute => ("adjustment", "dispute"),
            Self::Transfer => ("transfer", "transfer"),
            Self::TransferReceived => ("payment", "charge"),
            Self::Reversal => ("transfer_refund", "transfer_reversal"),
            Self::ReversalTaken => ("payment_refund", "refund"),
            Self::Adjustment => ("adjustment", "other_adjustment"),
        }
    }
}

/// One balance transaction; amounts are signed from the account's point of view.
#[derive(Debug, Clone)]
pub(crate) struct Transaction {
    pub(crate) id: String,
    pub(crate) movement: Movement,
    pub(crate) amount: i64,
    pub(crate) fee: i64,
    /// What the money became here.
    pub(crate) conversion: Conversion,
    pub(crate) created: i64,
    pub(crate) available_on: i64,
    pub(crate) source: String,
}

impl Transaction {
    pub(crate) fn currency(&self) -> &str {
        &self.conversion.currency
    }

    /// Stripe's `type`.
    pub(crate) fn kind(&self) -> &'static str {
        self.movement.names().0
    }

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
                "currency": self.currency(),
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
            "currency": self.currency(),
            "description": null,
            "exchange_rate": self.conversion.exchange_rate(),
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

/// What money becomes in an account: a currency, and the rate it is converted at where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conversion {
    pub(crate) currency: String,
    rate_basis_points: Option<i64>,
}

impl Conversion {
    /// Money that stays what it is.
    pub(crate) fn none(currency: &str) -> Self {
        Self { currency: currency.to_owned(), rate_basis_points: None }
    }

    /// How this account settles money of a currency.
    pub(crate) fn of(desk: &Desk<'_>, currency: &str) -> Self {
        match &desk.settings.settlement {
            Some(settlement) if settlement.currency != currency => Self {
                currency: settlement.currency.clone(),
                rate_basis_points: Some(settlement.rate_basis_points),
            },
            Some(_) | None => Self::none(currency),
        }
    }

    /// The amount after it; a fraction of the smallest unit is dropped.
    pub(crate) fn apply(&self, amount: i64) -> i64 {
        match self.rate_basis_points {
            Some(rate) => amount.saturating_mul(rate) / BASIS_POINTS,
            None => amount,
        }
    }

    /// The rate as Stripe shows it, a decimal fraction. Only shown, never reckoned with.
    fn exchange_rate(&self) -> Option<Number> {
        let rate = self.rate_basis_points?;
        format!("{}.{:04}", rate / BASIS_POINTS, rate % BASIS_POINTS).parse().ok()
    }
}

/// A movement to be written down.
pub(crate) struct Entry<'a> {
    pub(crate) movement: Movement,
    /// Signed, in the currency of the account.
    pub(crate) amount: i64,
    pub(crate) conversion: Conversion,
    /// The object that causes it.
    pub(crate) source: &'a str,
    /// The second its money can be used from.
    pub(crate) available_on: i64,
}

/// Books a movement, converted as the account settles it, and gives the id of its transaction.
pub(crate) fn book(
    desk: &mut Desk<'_>,
    movement: Movement,
    amount: i64,
    currency: &str,
    source: &str,
) -> String {
    let second = desk.second();
    let available_on = match movement {
        // A charge waits before it can be used; what is taken away again is gone at once.
        Movement::Charge => second + AVAILABLE_AFTER_SECONDS,
        Movement::Refund
        | Movement::RefundFailure
        | Movement::Dispute
        | Movement::Transfer
        | Movement::TransferReceived
        | Movement::Reversal
        | Movement::ReversalTaken
        | Movement::Adjustment => second,
    };
    let conversion = Conversion::of(desk, currency);
    let amount = conversion.apply(amount);
    write(desk, Entry { movement, amount, conversion, source, available_on })
}

/// Writes a movement down as it is and gives the id of its transaction.
pub(crate) fn write(desk: &mut Desk<'_>, entry: Entry<'_>) -> String {
    let Entry { movement, amount, conversion, source, available_on } = entry;
    let fee = match movement {
        Movement::Charge => amount * FEE_BASIS_POINTS / BASIS_POINTS + FEE_FIXED,
        Movement::Refund
        | Movement::RefundFailure
        | Movement::Dispute
        | Movement::Transfer
        | Movement::TransferReceived
        | Movement::Reversal
        | Movement::ReversalTaken
        | Movement::Adjustment => 0,
    };
    let id = desk.ids.next("txn");
    let transaction = Transaction {
        id: id.clone(),
        movement,
        amount,
        fee,
        conversion,
        created: desk.second(),
        available_on,
        source: source.to_owned(),
    };
    desk.objects.transactions.put(&id, transaction);
    id
}
