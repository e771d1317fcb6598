//! Idempotency keys: the first executed answer is the answer.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::answer::Answer;
use crate::error::{ApiError, ErrorKind};

/// Stripe keeps keys for at least a day; here exactly one.
pub(crate) const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The longest key, in characters.
pub(crate) const KEY_LENGTH_MAX: usize = 255;

/// What one answer is kept under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyOf {
    pub(crate) account: String,
    pub(crate) livemode: bool,
    pub(crate) key: String,
}

#[derive(Debug)]
struct Kept {
    path: String,
    parameters: String,
    answer: Answer,
    since: Timestamp,
    /// The answer is decided, but its connection still waits for it.
    in_use: bool,
}

/// What a key means for a call.
pub(crate) enum Lookup {
    /// Not seen, or forgotten: go ahead.
    Fresh,
    Replay(Answer),
    Refused(ApiError),
}

/// The answers kept.
#[derive(Debug, Default)]
pub(crate) struct Keys(BTreeMap<KeyOf, Kept>);

impl Keys {
    pub(crate) fn look_up(
        &mut self,
        key: &KeyOf,
        path: &str,
        parameters: &str,
        now: Timestamp,
    ) -> Lookup {
        if key.key.chars().count() > KEY_LENGTH_MAX {
            return Lookup::Refused(ApiError::invalid(format!(
                "An idempotency key has at most {KEY_LENGTH_MAX} characters."
            )));
        }
        let Some(kept) = self.0.get(key) else {
            return Lookup::Fresh;
        };
        if now.duration_since(kept.since) >= KEPT_FOR {
            self.0.remove(key);
            return Lookup::Fresh;
        }
        if kept.path != path {
            return Lookup::Refused(mismatch(format!(
                "The idempotency key '{}' was first used for {}: use it for the same endpoint only.",
                key.key, kept.path
            )));
        }
        if kept.parameters != parameters {
            return Lookup::Refused(mismatch(format!(
                "The idempotency key '{}' was first used with other parameters: use it with the same ones only.",
                key.key
            )));
        }
        if kept.in_use {
            return Lookup::Refused(
                ApiError::new(
                    409,
                    ErrorKind::Idempotency,
                    format!(
                        "Another request with the idempotency key '{}' is still in progress.",
                        key.key
                    ),
                )
                .code("idempotency_key_in_use"),
            );
        }
        Lookup::Replay(kept.answer.replay())
    }

    pub(crate) fn keep(
        &mut self,
        key: KeyOf,
        path: &str,
        parameters: String,
        answer: Answer,
        now: Timestamp,
        in_use: bool,
    ) {
        let kept = Kept { path: path.to_owned(), parameters, answer, since: now, in_use };
        self.0.insert(key, kept);
    }

    /// The connection that waited is gone, answered or not.
    pub(crate) fn release(&mut self, key: &KeyOf) {
        if let Some(kept) = self.0.get_mut(key) {
            kept.in_use = false;
        }
    }
}

fn mismatch(message: String) -> ApiError {
    ApiError::new(400, ErrorKind::Idempotency, message)
}
