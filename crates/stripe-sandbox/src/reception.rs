//! Receiving one call of Stripe's API: who calls, what goes wrong on purpose, what the idempotency key says, and only
//! then what the call does.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use serde_json::Value;

use crate::answer::Answer;
use crate::api::events::Cause;
use crate::api::routes;
use crate::auth::{self, Caller, Grade};
use crate::calls::Call;
use crate::error::{ApiError, ErrorKind};
use crate::faults::{Fault, FaultKind};
use crate::form::{self, Form};
use crate::idempotency::{KeyOf, Lookup};
use crate::params::Params;
use crate::world::{SpaceKey, World};

/// A call as it came over HTTP.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) version: Option<String>,
    /// The `Stripe-Account` header.
    pub(crate) account: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Bytes,
}

/// What becomes of a call.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// None when the connection breaks.
    pub(crate) answer: Option<Answer>,
    /// How long the answer is kept back.
    pub(crate) delay: Duration,
    /// The key that is in use until then.
    pub(crate) in_use: Option<KeyOf>,
}

impl World {
    /// Receives one call.
    pub(crate) fn receive(&mut self, request: &Request, now: Timestamp) -> Outcome {
        self.advance(now);
        let request_id = self.ids.next("req");
        let (who, params) = match self.read(request) {
            Ok(read) => read,
            Err(error) => {
                let answer = Answer::error(&request_id, &error);
                self.record(request, None, Value::Null, &answer, None, now);
                return answered(answer);
            }
        };
        let fault = self.faults.take(
            &mut self.ids,
            request.method.as_str(),
            &request.path,
            &who.space.account,
        );
        let kind = fault.as_ref().map(|fault| fault.kind);
        let shown = Form::Map(params.clone()).to_json();
        if kind == Some(FaultKind::LoseRequest) {
            let mut call = call_of(request, &request_id, Some(&who), shown, now);
            call.fault = kind;
            self.calls.record(call);
            return lost();
        }
        let call = Incoming { request, request_id, who, params, shown, fault };
        let (answer, in_use) = self.answer(&call, now);
        self.record(request, Some(&call.who), call.shown, &answer, kind, now);
        match kind {
            None | Some(FaultKind::Status | FaultKind::LoseRequest) => answered(answer),
            Some(FaultKind::LoseAnswer) => lost(),
            Some(FaultKind::Delay) => Outcome {
                answer: Some(answer),
                delay: Duration::from_millis(call.fault.map_or(0, |fault| fault.delay_ms)),
                in_use,
            },
        }
    }

    /// Lets an idempotency key be used again.
    pub(crate) fn release_key(&mut self, key: &KeyOf) {
        self.keys.release(key);
    }

    /// Who calls, and with which parameters.
    fn read(&mut self, request: &Request) -> Result<(Who, BTreeMap<String, Form>), ApiError> {
        let caller = auth::authenticate(request.authorization.as_deref())?;
        check_version(request.version.as_deref())?;
        let who = self.enter(caller, request.account.as_deref())?;
        let in_body = request.method == Method::POST;
        let form_expected = in_body && !request.body.is_empty();
        let is_form = request
            .content_type
            .as_deref()
            .is_none_or(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        if form_expected && !is_form {
            return Err(ApiError::invalid(
                "Invalid request: the content type of a POST is application/x-www-form-urlencoded.",
            ));
        }
        let encoded: &[u8] = if in_body { &request.body } else { request.query.as_bytes() };
        let params = form::parse(encoded).map_err(ApiError::invalid)?;
        Ok((who, params))
    }

    /// The account the call works in: the key's own, or the connected one of `Stripe-Account`.
    fn enter(&mut self, caller: Caller, connected: Option<&str>) -> Result<Who, ApiError> {
        let account = match connected {
            None | Some("") => caller.account,
            Some(id)
                if id == caller.account || id.starts_with("acct_") && self.lets_in(id, &caller) =>
            {
                id.to_owned()
            }
            Some(id) => return Err(ApiError::no_access(id)),
        };
        Ok(Who { space: SpaceKey { account, livemode: caller.livemode }, grade: caller.grade })
    }

    /// An account that was made by a platform is only there in the mode it was made in.
    fn lets_in(&mut self, account: &str, caller: &Caller) -> bool {
        let key = SpaceKey { account: account.to_owned(), livemode: caller.livemode };
        let is_here = self.spaces.get(&key).is_some_and(|objects| objects.profile.is_some());
        self.connections.enter(account, &caller.account)
            && (is_here || !self.connections.is_made(account))
    }

    /// The answer, from the idempotency key or by carrying the call out.
    fn answer(&mut self, call: &Incoming<'_>, now: Timestamp) -> (Answer, Option<KeyOf>) {
        let refusal = call.fault.as_ref().and_then(|fault| fault_answer(fault, &call.request_id));
        // What is turned away at the door, such as 429, never gets as far as the key.
        if let Some(refusal) = &refusal
            && refusal.status < 500
            && !call.has_effect()
        {
            return (refusal.clone(), None);
        }
        let key = call.key();
        let parameters = call.shown.to_string();
        if let Some(key) = &key {
            match self.keys.look_up(key, &call.request.path, &parameters, now) {
                Lookup::Fresh => {}
                Lookup::Replay(answer) => {
                    let request_id = call.request_id.clone();
                    return (Answer { request_id, ..answer }, None);
                }
                Lookup::Refused(error) => return (Answer::error(&call.request_id, &error), None),
            }
        }
        let (answer, executed) = match refusal {
            Some(refusal) if call.has_effect() => {
                self.carry_out(call, now);
                (refusal, true)
            }
            Some(refusal) => (refusal, true),
            None => self.carry_out(call, now),
        };
        let Some(key) = key.filter(|_| executed) else {
            return (answer, None);
        };
        let in_use = call.fault.as_ref().is_some_and(|fault| fault.kind == FaultKind::Delay);
        self.keys.keep(key.clone(), &call.request.path, parameters, answer.clone(), now, in_use);
        (answer, in_use.then_some(key))
    }

    /// Carries a call out; true when the answer is one to keep.
    fn carry_out(&mut self, call: &Incoming<'_>, now: Timestamp) -> (Answer, bool) {
        let cause = Cause {
            request_id: Some(call.request_id.clone()),
            idempotency_key: call.request.idempotency_key.clone(),
        };
        let request = call.request;
        let result = self.work(&call.who.space, now, cause, |desk| {
            let params = Params::new(call.params.clone());
            routes::perform(desk, call.who.grade, &request.method, &request.path, params)
        });
        match result {
            Ok(body) => (Answer::ok(&call.request_id, body), true),
            Err(error) => (Answer::error(&call.request_id, &error), error.was_executed()),
        }
    }

    fn record(
        &mut self,
        request: &Request,
        who: Option<&Who>,
        params: Value,
        answer: &Answer,
        fault: Option<FaultKind>,
        now: Timestamp,
    ) {
        let mut call = call_of(request, &answer.request_id, who, params, now);
        call.status = Some(answer.status);
        call.replayed = answer.is_replayed();
        call.fault = fault;
        self.calls.record(call);
    }
}

#[derive(Debug)]
struct Who {
    space: SpaceKey,
    grade: Grade,
}

/// A call that was understood.
struct Incoming<'a> {
    request: &'a Request,
    request_id: String,
    who: Who,
    params: BTreeMap<String, Form>,
    shown: Value,
    fault: Option<Fault>,
}

impl Incoming<'_> {
    /// Whether a fault lets the call take effect before another status is answered.
    fn has_effect(&self) -> bool {
        self.fault.as_ref().is_some_and(|fault| fault.after_effect)
    }

    /// Only a POST is subject to an idempotency key.
    fn key(&self) -> Option<KeyOf> {
        let key = self.request.idempotency_key.clone()?;
        (self.request.method == Method::POST).then(|| KeyOf {
            account: self.who.space.account.clone(),
            livemode: self.who.space.livemode,
            key,
        })
    }
}

fn answered(answer: Answer) -> Outcome {
    Outcome { answer: Some(answer), delay: Duration::ZERO, in_use: None }
}

fn lost() -> Outcome {
    Outcome { answer: None, delay: Duration::ZERO, in_use: None }
}

fn call_of(
    request: &Request,
    request_id: &str,
    who: Option<&Who>,
    params: Value,
    now: Timestamp,
) -> Call {
    Call {
        at: now,
        request_id: request_id.to_owned(),
        method: request.method.to_string(),
        path: request.path.clone(),
        account: who.map(|who| who.space.account.clone()),
        livemode: who.is_some_and(|who| who.space.livemode),
        idempotency_key: request.idempotency_key.clone(),
        params,
        status: None,
        replayed: false,
        fault: None,
    }
}

/// The answer of a [`FaultKind::Status`].
fn fault_answer(fault: &Fault, request_id: &str) -> Option<Answer> {
    match fault.kind {
        FaultKind::Status => {}
        FaultKind::Delay | FaultKind::LoseRequest | FaultKind::LoseAnswer => return None,
    }
    let status = fault.status.unwrap_or(500);
    let error = match status {
        429 => ApiError::new(
            429,
            ErrorKind::InvalidRequest,
            "Too many requests hit the API too quickly.",
        )
        .code("rate_limit"),
        409 => ApiError::new(
            409,
            ErrorKind::InvalidRequest,
            "The object is locked by another request.",
        )
        .code("lock_timeout"),
        status => ApiError::new(status, ErrorKind::Api, "An unknown error occurred."),
    };
    let mut answer = Answer::error(request_id, &error);
    answer.should_retry = fault.should_retry;
    Some(answer)
}

/// `2026-10-28` or `2026-10-28.endive`.
fn check_version(version: Option<&str>) -> Result<(), ApiError> {
    let Some(version) = version else {
        return Ok(());
    };
    let date = version.split('.').next().unwrap_or_default();
    let parts: Vec<&str> = date.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let digits = parts.iter().all(|part| part.chars().all(|c| c.is_ascii_digit()));
    if lengths == [4, 2, 2] && digits {
        return Ok(());
    }
    Err(ApiError::invalid(format!("Invalid Stripe API version: {version}")))
}
