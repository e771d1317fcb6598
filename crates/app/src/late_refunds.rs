//! Refunds that came back when the shop no longer listens: a person has to give the money back
//! (rule R13).

use jiff::Timestamp;
use payment::{Money, Payment, PspRefundId, Refund, RefundState, Status};

use crate::limits::REFUND_WATCH;
use crate::operate::advice;

/// The refunds that came back between `before` and `after`, and nobody at the shop will act on it:
/// its order process waited for [`REFUND_WATCH`] and has gone on, or ended with a cancel. Where it
/// is not known when a refund succeeded, a person rather looks once too often.
pub(crate) fn came_back(before: &Payment, after: &Payment, now: Timestamp) -> Vec<Refund> {
    let succeeded_before = |refund: &&Refund| {
        let known = before.refunds.iter().find(|known| known.id == refund.id);
        known.is_some_and(|known| known.state == RefundState::Succeeded)
    };
    let too_late = |refund: &&Refund| {
        let old = refund.succeeded_at.is_none_or(|since| now.duration_since(since) > REFUND_WATCH);
        old || before.status == Status::Canceled
    };
    let failed = after.refunds.iter().filter(|refund| refund.state.came_to_nothing());
    failed.filter(succeeded_before).filter(too_late).cloned().collect()
}

/// Tells the operator, once each: what it was written with is committed.
pub(crate) fn report(payment: &Payment, refunds: &[Refund]) {
    for refund in refunds {
        alert(payment, refund.reference.as_ref(), refund.amount);
    }
}

/// One line of the log and one count for a refund that came back too late.
pub(crate) fn alert(payment: &Payment, refund: Option<&PspRefundId>, amount: Money) {
    metrics::counter!("paybridge_late_refund_failures_total").increment(1);
    tracing::error!(
        tenant = %payment.tenant,
        order = payment.order_key(),
        payment = %payment.id,
        refund = refund.map(PspRefundId::as_str),
        %amount,
        "a refund came back and the shop no longer listens. Next: give the money back by another \
         way, or refund again in the provider's dashboard, and tell the shop"
    );
}

/// What the PSP has just refused to give back of an order that was canceled, or sent back (rule R9).
pub(crate) fn kept(before: &Payment, after: &Payment) -> Option<Money> {
    after.not_given_back().filter(|_| before.not_given_back().is_none())
}

/// Tells the operator, once each: what it was written with is committed.
pub(crate) fn report_kept(payment: &Payment, amount: Money) {
    let show = advice::payment_command(payment);
    tracing::error!(
        tenant = %payment.tenant,
        order = payment.order_key(),
        payment = %payment.id,
        %amount,
        "the money of a canceled order could not be given back. Next: `{show}` says why; refund it in \
         the provider's dashboard, then the shop is told that its order is canceled"
    );
}
