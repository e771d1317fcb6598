//! Makes a journaled call to the PSP and writes its outcome.
//!
//! The call was committed before it is made. Whatever happens in between - a crash, a timeout, a
//! webhook that beats the answer - it is either repeated under the same key or asked for, never
//! made anew and never taken for a failure.

use payment::{
    Call, CallId, Event, IdempotencyKey, Money, Payment, PayoutFact, PspReference, Purpose,
    RefundFact,
};
use tracing::Instrument;

use crate::context::Context;
use crate::learn::{Learned, Moved};
use crate::limits::{CONFLICTS_MAX, KEY_LIFE};
use crate::ports::{
    CommitOutcome, CreatePayment, IntentState, IntentView, PspError, Refusal, StoreError, Stored,
    UpdatePayment,
};
use crate::problem::Problem;
use crate::tenant::{CallMeans, Credentials};

/// How a call ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    /// The payment afterwards.
    pub stored: Stored,
    /// The PSP's no, where it said no.
    pub refusal: Option<Refusal>,
}

/// What the PSP answered to a call.
struct Answer {
    learned: Learned,
    refusal: Option<Refusal>,
}

impl Context {
    /// Makes the payment's open call, or goes on with it after a crash, and writes what came of it.
    ///
    /// # Errors
    /// [`Problem::Later`] where the outcome is not known: the call stays open.
    pub(crate) async fn carry_out(&self, stored: Stored) -> Result<Ended, Problem> {
        let payment = &stored.value;
        let span = tracing::info_span!(
            "call", tenant = %payment.tenant, payment = %payment.id, order = payment.order_key(),
            transaction = payment.attempt().reference.as_ref().map(PspReference::as_str),
        );
        // On the heap: payments are large, and every use case that may call the PSP holds this.
        let ended = Box::pin(self.carry_out_open_call(stored).instrument(span.clone())).await?;
        // A cancel that found the money to be in is followed by the refund (rule R9).
        let then = ended.stored.value.open_call.as_ref();
        if then.is_some_and(|call| call.command.is_none() && is_refund(call)) {
            return Box::pin(self.carry_out_open_call(ended.stored).instrument(span)).await;
        }
        Ok(ended)
    }

    async fn carry_out_open_call(&self, stored: Stored) -> Result<Ended, Problem> {
        let Some(call) = stored.value.open_call.clone() else {
            return Ok(Ended { stored, refusal: None });
        };
        let means = self.call_means_of(&stored.value).await?;
        let credentials = &means.credentials;
        let age = self.entropy.now().duration_since(call.planned_at);
        let made = if age > KEY_LIFE || call.planned_at < credentials.access_since {
            Err(PspError::KeySpent("the key is too old to be repeated".into()))
        } else {
            self.make(&means, &stored.value, &call).await
        };
        let answer = match made {
            Ok(learned) => Answer { learned, refusal: None },
            Err(PspError::Refused(refusal)) if refusal.unauthorized => {
                let message = refusal.message;
                return Err(Problem::Broken(format!("the tenant's keys are refused: {message}")));
            }
            Err(PspError::Refused(refusal)) => {
                self.weigh_refusal(credentials, &stored.value, &call, *refusal).await?
            }
            Err(PspError::KeySpent(_)) => {
                return self.settle_by_asking(credentials, stored, &call).await;
            }
            Err(error) => return Err(Problem::from_psp(error)),
        };
        self.write_answer(stored, &call, answer).await
    }

    /// The credentials of the account that the payment is pinned to.
    pub(crate) async fn credentials_of(&self, payment: &Payment) -> Result<Credentials, Problem> {
        let found = self.store.credentials(&payment.tenant, &payment.account).await?;
        found.ok_or_else(|| no_credentials(payment))
    }

    /// What a call for the payment is made with.
    async fn call_means_of(&self, payment: &Payment) -> Result<CallMeans, Problem> {
        let found = self.store.call_means(&payment.tenant, &payment.account).await?;
        found.ok_or_else(|| no_credentials(payment))
    }

    async fn make(
        &self,
        means: &CallMeans,
        payment: &Payment,
        call: &Call,
    ) -> Result<Learned, PspError> {
        let CallMeans { credentials, settings } = means;
        let key = &call.key;
        match &call.purpose {
            Purpose::Create => {
                let view = self.create_attempt(means, payment, key).await?;
                Ok(Learned::from(&view))
            }
            Purpose::Update(checkout) => {
                let reference = reference_of(payment)?;
                let terms = settings.terms_of(checkout);
                let change = UpdatePayment { terms: &terms, checkout };
                let view = self.psp.update_payment(credentials, reference, &change, key).await?;
                Ok(updated(&view))
            }
            Purpose::Capture { amount, last, .. } => {
                let reference = reference_of(payment)?;
                let view = self.psp.capture(credentials, reference, *amount, *last, key).await?;
                Ok(captured(&view, *amount))
            }
            Purpose::Cancel { .. } => {
                let view = self.let_go(credentials, payment, key).await?;
                Ok(Learned::from(&view))
            }
            Purpose::Refund { refund, amount, .. } => {
                let reference = reference_of(payment)?;
                let view = self.psp.refund(credentials, reference, *refund, *amount, key).await?;
                // Whatever the PSP kept of our metadata: this answer is about this refund.
                let fact = RefundFact { refund: Some(*refund), ..view.fact };
                Ok(Learned { facts: vec![Event::Refund(fact)], ..Learned::default() })
            }
            Purpose::Transfer(new) => self.make_transfer(credentials, payment, new, key).await,
            Purpose::Reverse(new) => self.make_reversal(credentials, payment, new, key).await,
        }
    }

    /// Cancels an attempt. One of which something was captured cannot be canceled any more: the
    /// rest is let go of by a last capture of nothing (rule R8).
    async fn let_go(
        &self,
        credentials: &Credentials,
        payment: &Payment,
        key: &IdempotencyKey,
    ) -> Result<IntentView, PspError> {
        let reference = reference_of(payment)?;
        if payment.captured.is_zero() {
            return self.psp.cancel(credentials, reference, key).await;
        }
        let nothing = Money::zero(payment.captured.currency());
        self.psp.capture(credentials, reference, nothing, true, key).await
    }

    async fn create_attempt(
        &self,
        means: &CallMeans,
        payment: &Payment,
        key: &IdempotencyKey,
    ) -> Result<IntentView, PspError> {
        let CallMeans { credentials, settings } = means;
        let installation = self.store.installation().await.map_err(not_sent)?;
        let request = CreatePayment {
            tenant: &payment.tenant,
            installation,
            payment: payment.id,
            attempt: payment.attempt().id,
            business_model: settings.business_model,
            statement_descriptor_suffix: settings.statement_descriptor_suffix.as_deref(),
            terms: &settings.terms_of(&payment.checkout),
            checkout: &payment.checkout,
        };
        self.psp.create_payment(credentials, &request, key).await
    }

    /// The PSP said no. Where it says so because the attempt has moved on, its state decides: a
    /// payment that is captured already is no failed capture.
    async fn weigh_refusal(
        &self,
        credentials: &Credentials,
        payment: &Payment,
        call: &Call,
        refusal: Refusal,
    ) -> Result<Answer, Problem> {
        let view = match (&refusal.view, payment.reference()) {
            (Some(view), _) => Some(view.clone()),
            (None, Some(reference)) if refusal.unexpected_state => {
                let asked = self.psp.retrieve(credentials, reference).await;
                Some(asked.map_err(Problem::from_psp)?)
            }
            (None, _) => None,
        };
        let mut learned = view.as_ref().map(Learned::from).unwrap_or_default();
        let reason = refusal.message.clone();
        let refused = match &call.purpose {
            Purpose::Create => Event::CreationRefused { reason },
            Purpose::Update(_) => Event::AmountUpdateRefused { reason },
            Purpose::Capture { .. } => Event::CaptureRefused { reason },
            Purpose::Cancel { .. } => {
                Event::CancelRefused { reason, processing: refusal.processing }
            }
            Purpose::Refund { refund, .. } => Event::RefundRefused { refund: *refund, reason },
            Purpose::Transfer(new) => {
                learned.payout = Some(PayoutFact::TransferRefused { id: new.id, reason });
                return Ok(Answer { learned, refusal: Some(refusal) });
            }
            Purpose::Reverse(new) => {
                learned.payout = Some(PayoutFact::ReversalRefused { id: new.id, reason });
                return Ok(Answer { learned, refusal: Some(refusal) });
            }
        };
        learned.facts.push(refused);
        Ok(Answer { learned, refusal: Some(refusal) })
    }

    /// Writes an answer. Where a webhook or another worker settled the call meanwhile, there is
    /// nothing left to write.
    async fn write_answer(
        &self,
        stored: Stored,
        call: &Call,
        answer: Answer,
    ) -> Result<Ended, Problem> {
        let mut stored = stored;
        for _ in 0..CONFLICTS_MAX {
            if open_call_id(&stored.value) != Some(call.id) {
                return Ok(Ended { stored, refusal: answer.refusal });
            }
            let moved = self.learn(&stored.value, &answer.learned);
            let moved = match answer.refusal {
                None => moved.counted(self.entropy.now()),
                Some(_) => moved,
            };
            let after = moved.payment.clone();
            match self.write(&stored, moved, None).await? {
                CommitOutcome::Committed if open_call_id(&after) != Some(call.id) => {
                    let stored = Stored { value: after, version: stored.version + 1 };
                    return Ok(Ended { stored, refusal: answer.refusal });
                }
                CommitOutcome::Committed => {
                    return Err(Problem::Broken(format!(
                        "the provider's answer to {} does not say what came of it",
                        call.purpose.name()
                    )));
                }
                CommitOutcome::Conflict | CommitOutcome::Duplicate => {
                    stored = self.read_again(&stored).await?;
                }
            }
        }
        Err(Problem::Later("the payment changes too quickly".into()))
    }

    pub(crate) async fn read_again(&self, stored: &Stored) -> Result<Stored, Problem> {
        let payment = &stored.value;
        let found = self.store.payment(&payment.tenant, payment.id).await?;
        found.ok_or_else(|| Problem::Broken(format!("payment {} is gone", payment.id)))
    }

    /// The call may not be repeated under its key any more. Ask what is there: either it happened,
    /// and that is its outcome, or it provably did not, and it is made under a new key (rule R15).
    async fn settle_by_asking(
        &self,
        credentials: &Credentials,
        stored: Stored,
        call: &Call,
    ) -> Result<Ended, Problem> {
        let found = self.look_for(credentials, &stored.value, call).await;
        if let Some(learned) = found.map_err(Problem::from_psp)? {
            return self.write_answer(stored, call, Answer { learned, refusal: None }).await;
        }
        let key = IdempotencyKey::new(self.entropy.new_id().to_string());
        let rekeyed = stored.value.clone().rekey(key, self.entropy.now());
        match self.write(&stored, Moved::start(rekeyed), None).await? {
            CommitOutcome::Committed => {
                Err(Problem::Later("the call goes on under a new key".into()))
            }
            CommitOutcome::Conflict | CommitOutcome::Duplicate => {
                Err(Problem::Later("the payment was changed meanwhile".into()))
            }
        }
    }

    /// Looks for the effect of a call at the PSP; `None` is the proof that there is none.
    async fn look_for(
        &self,
        credentials: &Credentials,
        payment: &Payment,
        call: &Call,
    ) -> Result<Option<Learned>, PspError> {
        match &call.purpose {
            Purpose::Create => {
                let attempt = payment.attempt().id;
                let since = payment.created_at;
                let found = self.psp.find_payment(credentials, attempt, since).await?;
                Ok(found.as_ref().map(Learned::from))
            }
            Purpose::Refund { refund, .. } => {
                let reference = reference_of(payment)?;
                let found = self.psp.find_refund(credentials, reference, *refund).await?;
                Ok(found.map(|view| Learned {
                    facts: vec![Event::Refund(view.fact)],
                    ..Learned::default()
                }))
            }
            Purpose::Update(checkout) => {
                let view = self.psp.retrieve(credentials, reference_of(payment)?).await?;
                if view.amount == checkout.total {
                    return Ok(Some(updated(&view)));
                }
                // What is being paid over another amount is not changed to this one any more.
                let paid = !matches!(view.state, IntentState::AwaitingPayment);
                let refused = Event::AmountUpdateRefused { reason: PAID_OTHERWISE.to_owned() };
                Ok(paid.then(|| with_refusal(&view, refused)))
            }
            Purpose::Capture { .. } => {
                let view = self.psp.retrieve(credentials, reference_of(payment)?).await?;
                let refused = Event::CaptureRefused { reason: ENDED_OTHERWISE.to_owned() };
                Ok(captured_more(&view, payment).then(|| settled_by(&view, refused)))
            }
            Purpose::Cancel { .. } => {
                let view = self.psp.retrieve(credentials, reference_of(payment)?).await?;
                let over = matches!(
                    view.state,
                    IntentState::Canceled { .. } | IntentState::Captured { .. }
                );
                let reason = ENDED_OTHERWISE.to_owned();
                let refused = Event::CancelRefused { reason, processing: false };
                Ok(over.then(|| settled_by(&view, refused)))
            }
            Purpose::Transfer(new) => self.look_for_transfer(credentials, payment, new).await,
            Purpose::Reverse(new) => self.look_for_reversal(credentials, payment, new).await,
        }
    }
}

/// Why a change of the amount came to nothing.
const PAID_OTHERWISE: &str = "the payment is being paid over another amount";

/// Why a call came to nothing whose attempt was ended by somebody else.
const ENDED_OTHERWISE: &str = "the payment was ended in another way";

fn open_call_id(payment: &Payment) -> Option<CallId> {
    payment.open_call.as_ref().map(|open| open.id)
}

fn is_refund(call: &Call) -> bool {
    matches!(call.purpose, Purpose::Refund { .. })
}

fn no_credentials(payment: &Payment) -> Problem {
    Problem::Broken(format!(
        "there are no credentials of account {} any more: configure the tenant with it",
        payment.account.id
    ))
}

/// What is needed for a call could not be read, so it was not made.
fn not_sent(error: StoreError) -> PspError {
    PspError::NotSent(error.to_string())
}

/// What the PSP says settles the call. Where our books know all of it and the attempt is over, the
/// call itself came to nothing; one that it settles is not touched by that.
fn settled_by(view: &IntentView, came_to_nothing: Event) -> Learned {
    if matches!(view.state, IntentState::Captured { .. } | IntentState::Canceled { .. }) {
        with_refusal(view, came_to_nothing)
    } else {
        Learned::from(view)
    }
}

fn with_refusal(view: &IntentView, refused: Event) -> Learned {
    let mut learned = Learned::from(view);
    learned.facts.push(refused);
    learned
}

/// Whether the PSP has captured more than our books say, or lets nothing more be captured.
fn captured_more(view: &IntentView, payment: &Payment) -> bool {
    match &view.state {
        IntentState::Authorized { captured, .. } => !payment.captured.covers(*captured),
        IntentState::Captured { .. } | IntentState::Canceled { .. } | IntentState::Processing => {
            true
        }
        IntentState::AwaitingPayment | IntentState::PartiallyFunded { .. } => false,
    }
}

/// The answer to a capture of `amount`. What was captured beyond it and is not in our books yet was
/// captured before, by somebody at the PSP.
fn captured(view: &IntentView, amount: Money) -> Learned {
    let mut learned = Learned::from(view);
    let Some(Event::Captured { total, capturable }) = learned.facts.last() else { return learned };
    let before = total.minus_or_zero(amount).ok().filter(|before| !before.is_zero());
    if let (Some(total), Ok(capturable)) = (before, capturable.plus(amount)) {
        let at = learned.facts.len() - 1;
        learned.facts.insert(at, Event::Captured { total, capturable });
    }
    learned
}

/// The answer to a change of the amount. What else the view says happened after it.
fn updated(view: &IntentView) -> Learned {
    let mut learned = Learned::from(view);
    learned.facts.insert(0, Event::AmountUpdated);
    learned
}

fn reference_of(payment: &Payment) -> Result<&PspReference, PspError> {
    payment.reference().ok_or_else(|| {
        PspError::NotSent("the payment is not known at the payment provider yet".into())
    })
}
