//! Disputes: the shopper's bank takes the money back.

use serde_json::{Value, json};

use crate::api::charges::Charge;
use crate::api::ledger::{self, Movement};
use crate::desk::Desk;

/// How long there is to answer.
const EVIDENCE_DUE_AFTER_SECONDS: i64 = 9 * 24 * 60 * 60;

/// One dispute.
#[derive(Debug, Clone)]
pub(crate) struct Dispute {
    id: String,
    amount: i64,
    charge: String,
    payment_intent: String,
    currency: String,
    created: i64,
    transaction: String,
}

impl Dispute {
    pub(crate) fn render(&self, livemode: bool) -> Value {
        json!({
            "id": self.id,
            "object": "dispute",
            "amount": self.amount,
            "balance_transactions": [self.transaction],
            "charge": self.charge,
            "created": self.created,
            "currency": self.currency,
            "evidence": {},
            "evidence_details": {
                "due_by": self.created + EVIDENCE_DUE_AFTER_SECONDS,
                "has_evidence": false,
                "past_due": false,
                "submission_count": 0,
            },
            "is_charge_refundable": false,
            "livemode": livemode,
            "metadata": {},
            "payment_intent": self.payment_intent,
            "reason": "fraudulent",
            "status": "needs_response",
        })
    }
}

/// Disputes all that was captured of a charge.
pub(crate) fn open(desk: &mut Desk<'_>, charge: &mut Charge) {
    let id = desk.ids.next("du");
    let amount = charge.amount_captured;
    let dispute = Dispute {
        transaction: ledger::book(desk, Movement::Dispute, -amount, &charge.currency, &id),
        id: id.clone(),
        amount,
        charge: charge.id.clone(),
        payment_intent: charge.payment_intent.clone(),
        currency: charge.currency.clone(),
        created: desk.second(),
    };
    charge.dispute = Some(id.clone());
    let shown = dispute.render(desk.livemode);
    desk.objects.disputes.put(&id, dispute);
    desk.objects.charges.put(&charge.id, charge.clone());
    desk.tell("charge.dispute.created", shown.clone());
    desk.tell("charge.dispute.funds_withdrawn", shown);
}
