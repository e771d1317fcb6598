//! Accounts that Stripe does not answer for: calls for them are not sent for a moment, then one goes
//! first and shows whether Stripe is back. Other accounts are not touched.
//!
//! What is held back here was not sent: no idempotency key is spent by it, and its outcome is known.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::client::{Access, AccountDigest, TRY_TIMEOUT};

/// After so many calls in a row, each with all its tries, that Stripe did not answer or turned away as
/// too many, the calls of an account are held back.
pub const BREAKER_FAILURES: u32 = 5;
/// For so long nothing is sent for such an account, then one request; as long as one request may take,
/// so that there are never two.
pub const BREAKER_PAUSE: Duration = TRY_TIMEOUT;
/// An account that nobody has asked for anything for so long is not told of any more. The worker asks
/// every account that is in use more often than this.
const SILENT_KEPT: Duration = Duration::from_secs(30 * 60);
/// Of so many accounts failures are remembered.
const ACCOUNTS_KEPT: usize = 1024;

/// What is known of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Breaker {
    /// Calls go through; the last so many came to nothing.
    Closed { failures: u32, last: Instant },
    /// Nothing was answered since then, and nothing is sent until then.
    Open { since: Instant, until: Instant },
}

impl Breaker {
    /// Whether a request may be sent now; else how long it has to wait.
    fn look(&self, now: Instant) -> Result<(), Duration> {
        match self {
            Self::Open { until, .. } if now < *until => Err(until.duration_since(now)),
            Self::Open { .. } | Self::Closed { .. } => Ok(()),
        }
    }

    /// The same for a request that is sent then. If nobody hears what becomes of one that goes first,
    /// another one follows.
    fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        self.look(now)?;
        if let Self::Open { until, .. } = self {
            *until = now + BREAKER_PAUSE;
        }
        Ok(())
    }

    /// A call came to nothing. Whether the next ones are held back from now on.
    fn failed(&mut self, now: Instant) -> bool {
        match self {
            // A call that began before, or the one that went first: when the next one goes is said.
            Self::Open { .. } => false,
            Self::Closed { failures, .. } if *failures + 1 < BREAKER_FAILURES => {
                *self = Self::Closed { failures: *failures + 1, last: now };
                false
            }
            Self::Closed { .. } => {
                *self = Self::Open { since: now, until: now + BREAKER_PAUSE };
                true
            }
        }
    }

    /// When Stripe was asked for the account last, as far as it matters here.
    fn touched(&self) -> Instant {
        match self {
            Self::Closed { last, .. } => *last,
            Self::Open { until, .. } => *until,
        }
    }

    fn is_open(&self) -> bool {
        match self {
            Self::Closed { .. } => false,
            Self::Open { .. } => true,
        }
    }
}

/// What is known of all accounts. One that Stripe answers for is not in it.
#[derive(Default)]
pub(crate) struct Breakers(Mutex<HashMap<AccountDigest, Breaker>>);

impl Breakers {
    /// Whether there is any use in waiting for a turn.
    ///
    /// # Errors
    /// How long the account's requests are held back.
    pub fn look(&self, access: Access<'_>, now: Instant) -> Result<(), Duration> {
        let accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.is_empty() {
            return Ok(());
        }
        accounts.get(&access.digest()).map_or(Ok(()), |breaker| breaker.look(now))
    }

    /// Whether a request may be sent for the account now. It is sent then.
    ///
    /// # Errors
    /// How long it has to wait.
    pub fn admit(&self, access: Access<'_>, now: Instant) -> Result<(), Duration> {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.get_mut(&access.digest()).map_or(Ok(()), |breaker| breaker.admit(now))
    }

    /// Stripe answered, whatever it said.
    pub fn answered(&self, access: Access<'_>, now: Instant) {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.is_empty() {
            return;
        }
        if let Some(Breaker::Open { since, .. }) = accounts.remove(&access.digest()) {
            let seconds = now.duration_since(since).as_secs();
            tracing::info!(
                account = access.account.map(payment::PspAccountId::as_str),
                seconds,
                "Stripe answers for the account again; what waited for it goes on"
            );
            gauge(&accounts);
        }
    }

    /// A call came to nothing: not answered, answered with an error of Stripe's own, or one too many.
    pub fn failed(&self, access: Access<'_>, now: Instant) {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= ACCOUNTS_KEPT {
            forget(&mut accounts, now);
        }
        let digest = access.digest();
        if accounts.len() >= ACCOUNTS_KEPT && !accounts.contains_key(&digest) {
            return;
        }
        let fresh = Breaker::Closed { failures: 0, last: now };
        if accounts.entry(digest).or_insert(fresh).failed(now) {
            metrics::counter!("paybridge_psp_pauses_total").increment(1);
            tracing::error!(
                account = access.account.map(payment::PspAccountId::as_str),
                probe_seconds = BREAKER_PAUSE.as_secs(),
                "Stripe does not answer for an account, so calls for it wait; one is made now and \
                 then, and all go on by themselves when it is answered. Next: look at Stripe's status \
                 page, and at this machine's way to the internet"
            );
            gauge(&accounts);
        }
    }

    /// How many accounts are held back now.
    pub fn open(&self, now: Instant) -> usize {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        forget(&mut accounts, now);
        gauge(&accounts)
    }
}

fn forget(accounts: &mut HashMap<AccountDigest, Breaker>, now: Instant) {
    accounts.retain(|_, breaker| now.duration_since(breaker.touched()) < SILENT_KEPT);
}

fn gauge(accounts: &HashMap<AccountDigest, Breaker>) -> usize {
    let open = accounts.values().filter(|breaker| breaker.is_open()).count();
    // There are fewer than `ACCOUNTS_KEPT`.
    let shown = u32::try_from(open).unwrap_or(u32::MAX);
    metrics::gauge!("paybridge_psp_accounts_paused").set(f64::from(shown));
    open
}

#[cfg(test)]
mod tests;
