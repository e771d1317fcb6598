//! Calls to Stripe's HTTP API: one pinned version, retries under one key, deadlines, and a line in
//! the log for every try.

use std::sync::Arc;
use std::time::Duration;

use app::ports::{PspError, Refusal};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use payment::{IdempotencyKey, PspAccountId};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tracing::Instrument;
use tracing::field::Empty;
use url::Url;

use crate::answer::Tried;
use crate::backoff;
use crate::breaker::Breakers;
use crate::form::Form;
use crate::transport::{Transport, TransportError};
use crate::turns::{CALLS_MAX, Turns};

/// The version of Stripe's API that everything here is written for.
pub const API_VERSION: &str = "2026-10-28.endive";
/// A call is tried at most so often.
pub const TRIES_MAX: u32 = 3;
/// One try may take so long, its connection included.
pub const TRY_TIMEOUT: Duration = Duration::from_secs(20);
/// All tries of a call together may take so long: well within the lease of whoever makes it.
pub const CALL_DEADLINE: Duration = Duration::from_secs(45);

const USER_AGENT: &str = concat!("paybridge/", env!("CARGO_PKG_VERSION"));
const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// A client of Stripe's API. Cheap to clone; clones share the transport.
#[derive(Clone)]
pub struct StripeClient {
    transport: Arc<dyn Transport>,
    base: Url,
    turns: Arc<Turns>,
    breakers: Arc<Breakers>,
}

/// Who calls, and for whom.
#[derive(Clone, Copy)]
pub(crate) struct Access<'a> {
    pub secret_key: &'a SecretString,
    /// The account, where the key is that of a platform above it (`Stripe-Account`).
    pub account: Option<&'a PspAccountId>,
}

/// An account is told by its key, and by its name where the key is the platform's. Only the hash is
/// kept.
pub(crate) type AccountDigest = [u8; 32];

impl Access<'_> {
    /// What tells this account from others.
    pub fn digest(self) -> AccountDigest {
        // No key has a line break.
        Sha256::new()
            .chain_update(self.secret_key.expose_secret())
            .chain_update("\n")
            .chain_update(self.account.map_or("", PspAccountId::as_str))
            .finalize()
            .into()
    }
}

/// One call.
pub(crate) struct Call<'a> {
    /// Its name in logs and metrics.
    pub name: &'static str,
    pub method: Method,
    /// The path below the base, each part in the alphabet of Stripe's ids.
    pub path: String,
    /// The body of a POST, the query of anything else.
    pub form: Form,
    pub access: Access<'a>,
    /// Only for POST: the others change nothing by being repeated.
    pub key: Option<&'a IdempotencyKey>,
}

impl StripeClient {
    /// A client that sends to `base` (`https://api.stripe.com/`, or a stand-in) over `transport`.
    pub fn new(transport: Arc<dyn Transport>, base: Url) -> Self {
        Self { transport, base, turns: Arc::new(Turns::new(CALLS_MAX)), breakers: Arc::default() }
    }

    /// The same with at most so many calls at once for one account.
    #[must_use]
    pub fn with_calls_max(self, calls_max: usize) -> Self {
        Self { turns: Arc::new(Turns::new(calls_max)), ..self }
    }

    /// For how many accounts calls are held back now, because Stripe does not answer.
    pub(crate) fn silent_accounts(&self) -> usize {
        self.breakers.open(Instant::now())
    }

    /// Makes the call, with retries, and returns the body of the success.
    pub(crate) async fn call(&self, call: &Call<'_>) -> Result<Bytes, PspError> {
        let started = Instant::now();
        // For traces; each try has its line in the log.
        let span = tracing::debug_span!(
            "stripe",
            call = call.name,
            account = call.access.account.map(PspAccountId::as_str),
            outcome = Empty
        );
        let result = self.tries(call, started).instrument(span.clone()).await;
        let outcome = outcome(&result);
        span.record("outcome", outcome);
        metrics::counter!(
            "paybridge_psp_requests_total", "call" => call.name, "outcome" => outcome
        )
        .increment(1);
        // What was not sent says nothing of how long Stripe takes.
        if !matches!(result, Err(PspError::NotSent(_))) {
            metrics::histogram!("paybridge_psp_request_seconds", "call" => call.name)
                .record(started.elapsed().as_secs_f64());
        }
        result
    }

    async fn tries(&self, call: &Call<'_>, started: Instant) -> Result<Bytes, PspError> {
        let deadline = started + CALL_DEADLINE;
        let seed = call.key.map_or(call.path.as_str(), IdempotencyKey::as_str);
        let mut doubt = None;
        let mut number = 1;
        loop {
            let tried = self.one_try(call, number, deadline).await?;
            let delay = backoff::delay(seed, number);
            let last = number >= TRIES_MAX || Instant::now() + delay >= deadline;
            if last || !tried.worth_repeating() {
                return self.conclude(call, tried, doubt);
            }
            if tried.leaves_doubt() {
                doubt = Some(tried.reason());
            }
            metrics::counter!("paybridge_psp_retries_total", "call" => call.name).increment(1);
            tokio::time::sleep(delay).await;
            // Held up for longer than it slept: by now Stripe may have forgotten the key.
            if Instant::now() >= deadline {
                return self.conclude(call, tried, doubt);
            }
            number += 1;
        }
    }

    fn conclude(
        &self,
        call: &Call<'_>,
        last: Tried,
        doubt: Option<String>,
    ) -> Result<Bytes, PspError> {
        if last.stripe_answers() == Some(false) {
            self.breakers.failed(call.access, Instant::now());
        }
        last.conclude(doubt)
    }

    async fn one_try(
        &self,
        call: &Call<'_>,
        number: u32,
        deadline: Instant,
    ) -> Result<Tried, PspError> {
        let request = self.request(call)?;
        // Before its turn, which those that hang may have for long; and then for good.
        if let Err(wait) = self.breakers.look(call.access, Instant::now()) {
            return Ok(held_back(wait));
        }
        let waiting = tokio::time::timeout_at(deadline, self.turns.wait(call.access));
        let Ok(_turn) = waiting.await else {
            return Ok(Tried::Held("too many calls are under way for this account".to_owned()));
        };
        let started = Instant::now();
        if let Err(wait) = self.breakers.admit(call.access, started) {
            return Ok(held_back(wait));
        }
        let until = deadline.min(started + TRY_TIMEOUT);
        let tried = match tokio::time::timeout_at(until, self.transport.send(request)).await {
            Ok(Ok(response)) => Tried::from(response),
            Ok(Err(error)) => Tried::from(error),
            Err(_) => Tried::from(TransportError::Unknown("no answer in time".to_owned())),
        };
        if tried.stripe_answers() == Some(true) {
            self.breakers.answered(call.access, Instant::now());
        }
        log(call, number, &tried, started.elapsed());
        Ok(tried)
    }

    fn request(&self, call: &Call<'_>) -> Result<Request<Bytes>, PspError> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path().trim_end_matches('/'), call.path));
        let has_body = call.method == Method::POST;
        if !has_body && !call.form.is_empty() {
            url.set_query(Some(&call.form.encode()));
        }
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(url.as_str())
            .header(header::AUTHORIZATION, authorization(call.access.secret_key)?)
            .header(header::USER_AGENT, USER_AGENT)
            .header("Stripe-Version", API_VERSION);
        if let Some(account) = call.access.account {
            request = request.header("Stripe-Account", account.as_str());
        }
        if let Some(key) = call.key {
            request = request.header("Idempotency-Key", key.as_str());
        }
        let body = if has_body {
            request = request.header(header::CONTENT_TYPE, FORM_TYPE);
            Bytes::from(call.form.encode())
        } else {
            Bytes::new()
        };
        request.body(body).map_err(|error| {
            let message = format!("the request cannot be written: {error}");
            PspError::Refused(Box::new(Refusal { message, ..Refusal::default() }))
        })
    }
}

fn held_back(wait: Duration) -> Tried {
    let seconds = wait.as_millis().div_ceil(1000);
    Tried::Held(format!(
        "Stripe does not answer for this account, and is asked again in {seconds} seconds"
    ))
}

fn authorization(secret_key: &SecretString) -> Result<HeaderValue, PspError> {
    let text = format!("Bearer {}", secret_key.expose_secret());
    let Ok(mut value) = HeaderValue::from_str(&text) else {
        let message = "the secret key has characters that no key has".to_owned();
        let refusal = Refusal { message, unauthorized: true, ..Refusal::default() };
        return Err(PspError::Refused(Box::new(refusal)));
    };
    value.set_sensitive(true);
    Ok(value)
}

/// One line for each try. Neither the query nor the body is written: they may name people.
fn log(call: &Call<'_>, try_number: u32, tried: &Tried, latency: Duration) {
    let latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    let (name, method, path) = (call.name, call.method.as_str(), call.path.as_str());
    match tried {
        Tried::Answered(answer) => {
            let status = answer.status.as_u16();
            let (replayed, request_id) = (answer.replayed, answer.request_id.as_deref());
            tracing::info!(
                call = name,
                method,
                path,
                try_number,
                status,
                latency_ms,
                replayed,
                request_id,
                "Stripe answered"
            );
        }
        Tried::NotSent(reason) | Tried::Held(reason) | Tried::Unknown(reason) => {
            tracing::warn!(
                call = name,
                method,
                path,
                try_number,
                latency_ms,
                reason,
                "no answer from Stripe"
            );
        }
    }
}

fn outcome(result: &Result<Bytes, PspError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(PspError::Refused(_)) => "refused",
        Err(PspError::NotSent(_)) => "not_sent",
        Err(PspError::Unknown(_)) => "unknown",
        Err(PspError::KeySpent(_)) => "key_spent",
    }
}
