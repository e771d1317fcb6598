//! Pays one merchant out for one order, or takes back from one transfer: each asks the payment what
//! is free, journals one call, and makes it (rules R18, R19).

use std::collections::BTreeSet;

use jiff::SignedDuration;
use payment::{
    ItemReference, Money, NewReversal, NewTransfer, Payment, PayoutRefused, PspAccountId,
    PspChargeId, PspTransferId, Purpose, ReversalId, Share, TenantId, Transfer, TransferId, Wanted,
    payout,
};

use crate::calls::Ended;
use crate::context::Context;
use crate::learn::Learned;
use crate::limits::{CALL_PATIENCE, CONFLICTS_MAX, INITIALIZE_POLL};
use crate::ports::{CommitOutcome, PayoutObstacle, Refusal, StoreError, Stored};
use crate::problem::Problem;
use crate::transfers::{Group, Outcome, all};

/// One look at a payment: some items have their outcome, or the next look decides.
enum Step {
    Done(Vec<Outcome>),
    Again,
}

/// What this request has tried so far.
#[derive(Clone, Copy, Default)]
struct Tried {
    /// The PSP was asked how the payment stands: the webhook may have been behind.
    asked: bool,
    /// The charge cannot be passed on: the platform's balance has to do.
    without_source: bool,
}

const BUSY: &str = "the order's payment is busy; ask again in a moment";
const OVERFLOW: &str = "the amounts do not fit together";
const TWICE: &str = "an item is named twice with different amounts";

impl Context {
    /// Pays a group out.
    pub(crate) async fn pay_out(&self, tenant: &TenantId, group: &Group) -> Vec<Outcome> {
        let mut tried = Tried::default();
        for _ in 0..CONFLICTS_MAX {
            match self.try_pay_out(tenant, group, &mut tried).await {
                Ok(Step::Done(outcomes)) => return outcomes,
                Ok(Step::Again) => {}
                Err(problem) => return vec![all(group, Err(told(tenant, &problem)))],
            }
        }
        vec![all(group, Err(BUSY.to_owned()))]
    }

    async fn try_pay_out(
        &self,
        tenant: &TenantId,
        group: &Group,
        tried: &mut Tried,
    ) -> Result<Step, Problem> {
        let found = self.store.latest_payment_of_order(tenant, &group.order).await?;
        let Some(stored) = found else {
            return Ok(done(all(group, Err("the order is not known".to_owned()))));
        };
        if stored.value.open_call.is_some() {
            return self.settle_open_call(stored).await;
        }
        let Some(wanted) = wanted(&stored.value, group) else {
            return Ok(done(all(group, Err(TWICE.to_owned()))));
        };
        let payment = &stored.value;
        let split = payment.split_payout(&group.merchant, &wanted);
        let mut outcomes = standing(payment, &split.standing, &split.differing);
        if split.free.is_empty() {
            return Ok(Step::Done(outcomes));
        }
        let free: Vec<ItemReference> = items(&split.free);
        let new = match self.new_transfer(&stored, group, split.free, tried).await? {
            Ok(new) => new,
            Err(NotNow::Asked) => return Ok(Step::Again),
            Err(NotNow::Refused(why)) => {
                outcomes.push(Outcome { items: free, result: Err(why) });
                return Ok(Step::Done(outcomes));
            }
        };
        let (id, source) = (new.id, new.source.is_some());
        let purpose = Purpose::Transfer(Box::new(new));
        let Some(journaled) = self.journal(stored, purpose).await? else { return Ok(Step::Again) };
        let result = match self.carry_out(journaled).await {
            Ok(Ended { refusal: Some(refusal), .. }) if source && unusable(&refusal) => {
                tried.without_source = true;
                return Ok(Step::Again);
            }
            Ok(ended) => transfer_result(&ended, id),
            Err(problem) => Err(told(tenant, &problem)),
        };
        outcomes.push(Outcome { items: free, result });
        Ok(Step::Done(outcomes))
    }

    /// The transfer that pays the free items out, if it may be made.
    async fn new_transfer(
        &self,
        stored: &Stored,
        group: &Group,
        free: Vec<Share>,
        tried: &mut Tried,
    ) -> Result<Result<NewTransfer, NotNow>, Problem> {
        let payment = &stored.value;
        let Some(amount) = payout::total(&free) else { return Ok(refuse(OVERFLOW)) };
        let allowed = payment.check_payout(amount);
        let behind = matches!(allowed, Err(PayoutRefused::NotEnough { .. }))
            || payment.attempt().charge.is_none();
        if behind && !tried.asked && payment.reference().is_some() {
            self.ask_for_payment(stored).await?;
            tried.asked = true;
            return Ok(Err(NotNow::Asked));
        }
        if let Err(refused) = allowed {
            return Ok(refuse(refused));
        }
        let destination = match self.account_for(payment, group).await? {
            Ok(account) => account,
            Err(why) => return Ok(refuse(why)),
        };
        let charge = payment.attempt().charge.clone();
        if let Some(why) = self.other_currency(payment, charge.as_ref(), amount).await? {
            return Ok(refuse(why));
        }
        Ok(Ok(NewTransfer {
            id: TransferId::new(self.entropy.new_id()),
            merchant: group.merchant.clone(),
            destination,
            shares: free,
            amount,
            source: charge.filter(|_| !tried.without_source),
        }))
    }

    /// The account of a merchant, at the platform that the payment is pinned to.
    async fn account_for(
        &self,
        payment: &Payment,
        group: &Group,
    ) -> Result<Result<PspAccountId, String>, StoreError> {
        let (tenant, platform) = (&payment.tenant, &payment.account);
        let found = self.store.merchant(tenant, platform, &group.merchant).await?;
        Ok(found.and_then(|stored| stored.value.account).ok_or_else(|| {
            let merchant = &group.merchant;
            format!("the merchant {merchant} is not onboarded; onboard it in the merchant portal")
        }))
    }

    /// Money that came to the platform's balance in another currency than the order's cannot be
    /// passed on as what it was (rule R19).
    async fn other_currency(
        &self,
        payment: &Payment,
        charge: Option<&PspChargeId>,
        amount: Money,
    ) -> Result<Option<String>, Problem> {
        let Some(charge) = charge else { return Ok(None) };
        let credentials = self.credentials_of(payment).await?;
        let asked = self.psp.settlement_currency(&credentials, charge).await;
        let settled = asked.map_err(Problem::from_psp)?;
        let wanted = amount.currency();
        Ok(settled.filter(|settled| *settled != wanted).map(|settled| {
            format!(
                "the order is in {wanted}, but its money was settled in {settled}; have {wanted} \
                 settled as such at the payment provider, or pay this merchant out by hand"
            )
        }))
    }

    /// Takes a group back from its transfer.
    pub(crate) async fn take_back(
        &self,
        tenant: &TenantId,
        group: &Group,
        transfer: &PspTransferId,
    ) -> Vec<Outcome> {
        for _ in 0..CONFLICTS_MAX {
            match self.try_take_back(tenant, group, transfer).await {
                Ok(Step::Done(outcomes)) => return outcomes,
                Ok(Step::Again) => {}
                Err(problem) => return vec![all(group, Err(told(tenant, &problem)))],
            }
        }
        vec![all(group, Err(BUSY.to_owned()))]
    }

    async fn try_take_back(
        &self,
        tenant: &TenantId,
        group: &Group,
        reference: &PspTransferId,
    ) -> Result<Step, Problem> {
        let Some(stored) = self.store.payment_of_transfer(tenant, reference).await? else {
            return Ok(done(all(group, Err(format!("the transfer {reference} is not known")))));
        };
        if stored.value.open_call.is_some() {
            return self.settle_open_call(stored).await;
        }
        let (transfer, wanted) = match transfer_of(&stored.value, group, reference) {
            Ok(found) => found,
            Err(why) => return Ok(done(all(group, Err(why)))),
        };
        let split = transfer.split_reversal(&wanted);
        let mut outcomes = Vec::new();
        if !split.done.is_empty() {
            outcomes.push(Outcome { items: split.done, result: Ok(reference.clone()) });
        }
        for (item, left) in split.beyond {
            let why = format!("no more than {left} of {reference} is left for this item");
            outcomes.push(Outcome { items: vec![item], result: Err(why) });
        }
        if split.free.is_empty() {
            return Ok(Step::Done(outcomes));
        }
        let free = items(&split.free);
        let Some(amount) = payout::total(&split.free) else {
            return Ok(done(all(group, Err(OVERFLOW.to_owned()))));
        };
        let id = ReversalId::new(self.entropy.new_id());
        let new = NewReversal { id, transfer: transfer.id, shares: split.free, amount };
        let purpose = Purpose::Reverse(Box::new(new));
        let Some(journaled) = self.journal(stored, purpose).await? else { return Ok(Step::Again) };
        let result = match self.carry_out(journaled).await {
            Ok(Ended { refusal: Some(refusal), .. }) => Err(explained(&refusal)),
            Ok(Ended { refusal: None, .. }) => Ok(reference.clone()),
            Err(problem) => Err(told(tenant, &problem)),
        };
        outcomes.push(Outcome { items: free, result });
        Ok(Step::Done(outcomes))
    }

    /// Another call has the payment: wait for it a moment, then go on with it under its key. What
    /// is not known is settled before anything is decided (rule R18).
    async fn settle_open_call(&self, stored: Stored) -> Result<Step, Problem> {
        let Some(call) = &stored.value.open_call else { return Ok(Step::Again) };
        let waited = self.entropy.now().duration_since(call.planned_at);
        // Planned while the clock was ahead: nobody waits until it is as late as that again.
        let (id, mut waited) = (call.id, waited.max(SignedDuration::ZERO));
        let mut stored = stored;
        while waited < CALL_PATIENCE {
            tokio::time::sleep(INITIALIZE_POLL.unsigned_abs()).await;
            waited += INITIALIZE_POLL;
            stored = self.read_again(&stored).await?;
            if stored.value.open_call.as_ref().map(|open| open.id) != Some(id) {
                return Ok(Step::Again);
            }
        }
        self.carry_out(stored).await?;
        Ok(Step::Again)
    }

    /// Asks the PSP how the payment stands, and writes it down.
    async fn ask_for_payment(&self, stored: &Stored) -> Result<(), Problem> {
        let Some(reference) = stored.value.reference() else { return Ok(()) };
        let credentials = self.credentials_of(&stored.value).await?;
        let asked = self.psp.retrieve(&credentials, reference).await;
        let view = asked.map_err(Problem::from_psp)?;
        let moved = self.learn(&stored.value, &Learned::from(&view));
        match self.write(stored, moved, None).await? {
            // Where somebody else was faster, the next look sees what they wrote.
            CommitOutcome::Committed | CommitOutcome::Conflict | CommitOutcome::Duplicate => Ok(()),
        }
    }
}

/// Why a transfer is not made now.
enum NotNow {
    /// The payment was brought up to date first: look again.
    Asked,
    /// It may not be made.
    Refused(String),
}

fn refuse(why: impl ToString) -> Result<NewTransfer, NotNow> {
    Err(NotNow::Refused(why.to_string()))
}

fn done(outcome: Outcome) -> Step {
    Step::Done(vec![outcome])
}

fn items(shares: &[Share]) -> Vec<ItemReference> {
    shares.iter().map(|share| share.item.clone()).collect()
}

/// What is wanted, without signs, in the payment's currency; `None` where an item is named twice.
fn wanted(payment: &Payment, group: &Group) -> Option<Vec<Wanted>> {
    let currency = payment.checkout.total.currency();
    let mut named = BTreeSet::new();
    let mut all = Vec::new();
    for asked in &group.items {
        let minor = asked.amount.as_ref().ok()?.checked_abs()?;
        let amount = Money::new(minor, currency).ok()?;
        if !named.insert(&asked.item) {
            return None;
        }
        all.push(Wanted { item: asked.item.clone(), amount });
    }
    Some(all)
}

/// The outcomes of items that were paid out before.
fn standing(
    payment: &Payment,
    standing: &std::collections::BTreeMap<TransferId, Vec<ItemReference>>,
    differing: &[(ItemReference, TransferId, Money)],
) -> Vec<Outcome> {
    let reference = |id: TransferId| {
        let known = payment.transfer(id).and_then(|transfer| transfer.reference.clone());
        known.ok_or_else(|| BUSY.to_owned())
    };
    let again =
        standing.iter().map(|(id, items)| Outcome { items: items.clone(), result: reference(*id) });
    let other = differing.iter().map(|(item, id, amount)| {
        let by = reference(*id).map(|by| by.as_str().to_owned()).unwrap_or_default();
        let why =
            format!("the item was paid out already, with {amount} by {by}; take that back first");
        Outcome { items: vec![item.clone()], result: Err(why) }
    });
    again.chain(other).collect()
}

/// The transfer of a group, with what is to be taken back of it. The shop names order and merchant
/// as well: all of it has to fit.
fn transfer_of<'a>(
    payment: &'a Payment,
    group: &Group,
    reference: &PspTransferId,
) -> Result<(&'a Transfer, Vec<Wanted>), String> {
    let unknown = || format!("the transfer {reference} is not known");
    let transfer = payment.transfer_by_reference(reference).ok_or_else(unknown)?;
    if payment.checkout.order_reference.as_ref() != Some(&group.order) {
        return Err(format!("the transfer {reference} belongs to another order"));
    }
    if transfer.merchant != group.merchant {
        return Err(format!("the transfer {reference} belongs to another merchant"));
    }
    let wanted = wanted(payment, group).ok_or_else(|| TWICE.to_owned())?;
    Ok((transfer, wanted))
}

fn transfer_result(ended: &Ended, id: TransferId) -> Result<PspTransferId, String> {
    if let Some(refusal) = &ended.refusal {
        return Err(explained(refusal));
    }
    let transfer = ended.stored.value.transfer(id);
    transfer.and_then(|transfer| transfer.reference.clone()).ok_or_else(|| BUSY.to_owned())
}

fn unusable(refusal: &Refusal) -> bool {
    refusal.obstacle == Some(PayoutObstacle::SourceUnusable)
}

/// The PSP's no, with what somebody can do about it.
fn explained(refusal: &Refusal) -> String {
    let next = match refusal.obstacle {
        Some(PayoutObstacle::InsufficientBalance) => {
            "wait until money is available at the payment provider, or add some there, and ask \
             again"
        }
        Some(PayoutObstacle::AccountNotReady) => {
            "the merchant has to complete the onboarding; then ask again"
        }
        Some(PayoutObstacle::Currency) => {
            "have the order's currency settled as such at the payment provider, or pay this \
             merchant out by hand"
        }
        Some(PayoutObstacle::SourceUnusable) | None => {
            "correct it at the payment provider and ask again"
        }
    };
    format!("{} Next: {next}", refusal.message)
}

/// What the shop is told of a problem; what is inside is for the log.
fn told(tenant: &TenantId, problem: &Problem) -> String {
    tracing::warn!(%tenant, %problem, "a payout or its reversal did not come to its end");
    match problem {
        Problem::Later(reason) => {
            format!("{reason}; whether money has moved is found out when you ask again")
        }
        Problem::Store(_) => "the app cannot reach its data now; ask again in a moment".to_owned(),
        Problem::Broken(reason) => reason.clone(),
    }
}
