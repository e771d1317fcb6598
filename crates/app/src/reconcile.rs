//! Compares the books with the PSP, payment by payment, and on request takes over what it says.
//!
//! What the PSP says is taken over as an event would be: facts go through the state machine, and
//! the shop is told. No amount is written by itself, and no money moves.

mod compare;
mod nightly;

use std::collections::BTreeMap;

use jiff::Timestamp;
use payment::{Event, Payment, PaymentId, PspTransferId, RefundFact, TenantId};
use tokio::task::JoinSet;

use crate::context::Context;
use crate::learn::{Learned, Moved};
use crate::limits::{COMPARE_AT_ONCE, COMPARE_OPEN, COMPARE_PAGE, CONFLICTS_MAX, SECOND_LOOK};
use crate::operate::advice::word;
use crate::operate::show_command;
use crate::ports::{
    CommitOutcome, CompareQuery, IntentState, IntentView, PspError, StoreError, Stored,
    TransferView,
};
use crate::problem::Problem;

pub use compare::Field;

/// Which payments of a tenant are compared, and what is done.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The shop.
    pub tenant: TenantId,
    /// Payments that have changed since then. Open ones are compared for
    /// [`COMPARE_OPEN`] in any case.
    pub since: Timestamp,
    /// Whether what can be mended safely is mended.
    pub repair: bool,
}

/// A part of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// How many payments were compared.
    pub payments: u64,
    /// How many were left out because a call is open: its outcome settles them.
    pub unsettled: u64,
    /// What differs.
    pub differences: Vec<Difference>,
    /// The payment after which it goes on; none at the end.
    pub next: Option<PaymentId>,
    /// Why it stopped before its end, where it did.
    pub stopped: Option<String>,
}

/// Something that the books and the PSP say differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The shop.
    pub tenant: TenantId,
    /// The payment.
    pub payment: PaymentId,
    /// The order, or the payment's id as long as it has none.
    pub order: String,
    /// The shop's transaction id.
    pub transaction: String,
    /// What differs.
    pub field: Field,
    /// What it is about, where the payment has several: a refund, a transfer.
    pub of: Option<String>,
    /// What the books say.
    pub ours: String,
    /// What the PSP says.
    pub theirs: String,
    /// Whether it was mended.
    pub mended: bool,
    /// The one thing to do next.
    pub next: String,
}

/// How a payment stands at the PSP.
#[derive(Clone, Debug)]
struct Theirs {
    view: IntentView,
    refunds: Vec<RefundFact>,
    transfers: BTreeMap<PspTransferId, TransferView>,
}

impl Theirs {
    /// What an event of all this would say.
    fn learned(&self) -> Learned {
        let mut learned = Learned::from(&self.view);
        learned.facts.extend(self.refunds.iter().cloned().map(Event::Refund));
        learned
    }
}

/// What a look at a payment came to.
enum Look {
    Same,
    Unsettled,
    Differs(Vec<Difference>),
}

impl Context {
    /// Compares the next payments after `after`. Call it until `next` is none.
    ///
    /// What differs is looked at a second time a little later, because the webhook of what has just
    /// happened may be on its way.
    ///
    /// # Errors
    /// The store cannot be used. A PSP that cannot be asked is no error, but
    /// [`Compared::stopped`].
    pub async fn compare_next(
        &self,
        scope: &Scope,
        after: Option<PaymentId>,
    ) -> Result<Compared, StoreError> {
        let query = CompareQuery {
            tenant: scope.tenant.clone(),
            after,
            since: scope.since,
            open_since: scope.since.min(self.entropy.now() - COMPARE_OPEN),
            limit: COMPARE_PAGE,
        };
        let page = self.store.payments_to_compare(&query).await?;
        let is_last = page.len() < usize::try_from(COMPARE_PAGE).unwrap_or(usize::MAX);
        let mut compared = Compared::default();
        let mut differing = Vec::new();
        let mut reached = after;
        for part in page.chunks(COMPARE_AT_ONCE) {
            let looks = self.look_side_by_side(part, false).await?;
            for (stored, look) in part.iter().zip(looks) {
                match look {
                    Ok(look) => {
                        compared.count(&look);
                        if matches!(look, Look::Differs(_)) {
                            differing.push(stored.clone());
                        }
                    }
                    Err(reason) => compared.stopped = Some(reason),
                }
            }
            if compared.stopped.is_some() {
                break;
            }
            reached = part.last().map(|stored| stored.value.id);
        }
        self.look_again(differing, scope.repair, &mut compared).await?;
        compared.next = if is_last && compared.stopped.is_none() { None } else { reached };
        Ok(compared)
    }

    async fn look_again(
        &self,
        differing: Vec<Stored>,
        repair: bool,
        compared: &mut Compared,
    ) -> Result<(), StoreError> {
        if differing.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(SECOND_LOOK.unsigned_abs()).await;
        for part in differing.chunks(COMPARE_AT_ONCE) {
            for look in self.look_side_by_side(part, repair).await? {
                match look {
                    Ok(Look::Differs(found)) => compared.differences.extend(found),
                    Ok(Look::Same | Look::Unsettled) => {}
                    Err(reason) => compared.stopped = Some(reason),
                }
            }
        }
        Ok(())
    }

    async fn look_side_by_side(
        &self,
        part: &[Stored],
        repair: bool,
    ) -> Result<Vec<Result<Look, String>>, StoreError> {
        let mut running = JoinSet::new();
        for (place, stored) in part.iter().cloned().enumerate() {
            let context = self.clone();
            running.spawn(async move { (place, context.look(stored, repair).await) });
        }
        let mut found = BTreeMap::new();
        while let Some(done) = running.join_next().await {
            match done {
                Ok((place, Ok(look))) => found.insert(place, Ok(look)),
                Ok((_, Err(Problem::Store(error)))) => return Err(error),
                Ok((place, Err(problem))) => found.insert(place, Err(problem.to_string())),
                Err(error) => found.insert(usize::MAX, Err(error.to_string())),
            };
        }
        Ok(found.into_values().collect())
    }

    /// Asks the PSP first and reads our books afterwards: what they learned meanwhile is no
    /// difference.
    async fn look(&self, asked: Stored, repair: bool) -> Result<Look, Problem> {
        let mut asked = asked;
        for _ in 0..CONFLICTS_MAX {
            // What was never made at the PSP has nothing there to differ from.
            if asked.value.reference().is_none() {
                return Ok(Look::Same);
            }
            let theirs = self.ask_all(&asked.value).await?;
            let stored = self.read_again(&asked).await?;
            if stored.version == asked.version {
                match self.weigh(&stored, theirs, repair).await? {
                    Some(look) => return Ok(look),
                    None => asked = self.read_again(&stored).await?,
                }
            } else {
                asked = stored;
            }
        }
        Err(Problem::Later("the payment changes too quickly".into()))
    }

    /// How the payment stands at the PSP; none where it does not know it.
    async fn ask_all(&self, payment: &Payment) -> Result<Option<Theirs>, Problem> {
        let credentials = self.credentials_of(payment).await?;
        let Some(reference) = payment.reference() else { return Ok(None) };
        let view = match self.psp.retrieve(&credentials, reference).await {
            Ok(view) => view,
            Err(PspError::Refused(refusal)) if refusal.status == NOT_FOUND => return Ok(None),
            Err(error) => return Err(Problem::from_psp(error)),
        };
        let refunds = match &view.state {
            IntentState::Captured { .. } | IntentState::Authorized { .. } => {
                let asked = self.psp.list_refunds(&credentials, reference).await;
                asked.map_err(Problem::from_psp)?
            }
            IntentState::AwaitingPayment
            | IntentState::Processing
            | IntentState::PartiallyFunded { .. }
            | IntentState::Canceled { .. } => Vec::new(),
        };
        let mut transfers = BTreeMap::new();
        for reference in payment.transfers.iter().filter_map(|of| of.reference.as_ref()) {
            let asked = self.psp.retrieve_transfer(&credentials, reference).await;
            transfers.insert(reference.clone(), asked.map_err(Problem::from_psp)?);
        }
        Ok(Some(Theirs { view, refunds, transfers }))
    }

    /// Compares, and mends. None where somebody else was faster.
    async fn weigh(
        &self,
        stored: &Stored,
        theirs: Option<Theirs>,
        repair: bool,
    ) -> Result<Option<Look>, Problem> {
        let payment = &stored.value;
        if payment.open_call.is_some() {
            return Ok(Some(Look::Unsettled));
        }
        let Some(theirs) = theirs else {
            return Ok(Some(Look::Differs(vec![unknown_there(payment)])));
        };
        let found = compare::differences(payment, &theirs);
        if found.is_empty() {
            return Ok(Some(Look::Same));
        }
        let now = self.entropy.now();
        let moved = Moved::start(payment.clone()).learn(&theirs.learned(), now);
        let left = compare::differences(&moved.payment, &theirs);
        // What comes in after a cancel is given back (rule R9); that moves money.
        let owes = self.plan_what_is_owed(&moved.payment).is_some();
        let mendable = |found: &compare::Found| {
            !owes && !left.iter().any(|left| left.field == found.field && left.of == found.of)
        };
        let mended = repair && found.iter().any(mendable);
        if mended {
            match self.write(stored, moved, None).await? {
                CommitOutcome::Committed => {}
                CommitOutcome::Conflict | CommitOutcome::Duplicate => return Ok(None),
            }
        }
        let differences = found.into_iter().map(|found| {
            let can_be = mendable(&found);
            let next = next_step(payment, &found, can_be, owes, mended);
            difference(payment, found, mended && can_be, next)
        });
        Ok(Some(Look::Differs(differences.collect())))
    }
}

const NOT_FOUND: u16 = 404;

impl Compared {
    fn count(&mut self, look: &Look) {
        match look {
            Look::Same | Look::Differs(_) => self.payments += 1,
            Look::Unsettled => self.unsettled += 1,
        }
    }
}

fn unknown_there(payment: &Payment) -> Difference {
    let found = compare::Found {
        field: Field::Transaction,
        of: None,
        ours: payment.status.name().to_owned(),
        theirs: "not known".to_owned(),
    };
    let next = "the account does not have it: were its test data deleted, or was a database of \
                another installation restored?"
        .to_owned();
    difference(payment, found, false, next)
}

fn difference(payment: &Payment, found: compare::Found, mended: bool, next: String) -> Difference {
    let reference = payment.reference().map(|reference| reference.as_str().to_owned());
    Difference {
        tenant: payment.tenant.clone(),
        payment: payment.id,
        order: payment.order_key(),
        transaction: reference.unwrap_or_default(),
        field: found.field,
        of: found.of,
        ours: found.ours,
        theirs: found.theirs,
        mended,
        next,
    }
}

/// The one thing to do about a difference.
fn next_step(
    payment: &Payment,
    found: &compare::Found,
    mendable: bool,
    owes: bool,
    mended: bool,
) -> String {
    let tenant = word(payment.tenant.as_str());
    let show = show_command(&payment.tenant, payment.id);
    match (mendable, mended, found.field) {
        (true, true, _) => "mended: the shop is told of it as by an event".to_owned(),
        (true, false, _) => {
            format!("`paybridge reconcile --tenant {tenant} --repair` takes over what Stripe says")
        }
        (false, _, _) if owes => {
            "the order was canceled before the money came in: give it back in Stripe's dashboard, \
             and the event of that settles the books"
                .to_owned()
        }
        (false, _, Field::Amount | Field::Currency) => format!(
            "nothing was changed: compare `{show}` with the payment in Stripe's dashboard; whoever \
             changed it there has to tell the shop"
        ),
        (false, _, Field::Transfer | Field::Reversed) => format!(
            "money was moved to or from the merchant in Stripe's dashboard: compare `{show}` with \
             the transfer there, and settle it with the merchant"
        ),
        (false, _, _) => format!(
            "the books cannot take this over: compare `{show}` with the payment in Stripe's \
             dashboard, and resend its events from there"
        ),
    }
}
