//! Bank transfers: the money may come in pieces, too little or too much (rule R16).

use crate::{Message, Money, Payment, ResultKind, Status, Transition};

impl Payment {
    /// A part came in. It changes no status: the rest may follow.
    pub(crate) fn partially_funded(mut self, received: Money) -> Transition {
        if self.received.covers(received) {
            return self.unchanged();
        }
        self.0.received = received;
        self.noted(&format!("{received} received so far"))
    }

    /// More came in than was asked for. The PSP captures what was asked for and keeps the rest, so
    /// that only this tells that there is one; it may tell it before it tells the capture.
    pub(crate) fn overfunded(mut self, left: Money) -> Transition {
        let Ok(received) = self.checkout.total.plus(left) else { return self.unchanged() };
        if left.is_zero() || self.received.covers(received) {
            return self.unchanged();
        }
        self.0.received = received;
        let captured = self.captured.covers(self.checkout.total);
        let mut tell = Vec::new();
        if captured && self.status != Status::CancelRequested {
            tell.push(Message::result(ResultKind::Overpaid, self.items(), received));
        }
        Transition { payment: self, tell, settled: None }
    }

    /// Whether a cancel now would end the payment short: money came in, and the shop has not asked
    /// for the cancel.
    pub(crate) fn came_short(&self) -> bool {
        !self.received.is_zero() && self.open_cancel().is_none()
    }

    /// The attempt ended with less than was asked for. What came in lies with the PSP, on the
    /// payer's balance, so that nothing is captured and nothing was canceled by the shop.
    pub(crate) fn end_short(mut self, reason: Option<String>) -> Transition {
        let items = self.remaining_items();
        let settled = self.settle_by_cancel();
        self.close_attempt(reason);
        let mut tell = Vec::new();
        if !items.is_empty() {
            let total = self.checkout.total;
            tell.push(Message::result(ResultKind::CaptureFailed, items.clone(), total));
            tell.push(Message::result(ResultKind::Underpaid, items, self.received));
        }
        Transition { payment: self, tell, settled }
    }
}
