//! Faults: what goes wrong on purpose.

use serde::{Deserialize, Serialize};

use crate::ids::Ids;

/// How many faults may wait at once.
pub const FAULTS_MAX: usize = 1_000;

/// The longest delay a fault may cause.
pub const DELAY_MS_MAX: u64 = 600_000;

/// What a fault does to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Another status is answered; see [`Fault::status`] and [`Fault::after_effect`].
    Status,
    /// The effect happens at once, the answer comes [`Fault::delay_ms`] later. Meanwhile the idempotency key is in
    /// use.
    Delay,
    /// The connection breaks before anything happened.
    LoseRequest,
    /// The connection breaks after the effect; the answer is kept under the idempotency key.
    LoseAnswer,
}

/// A fault that waits for calls to hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The method it is for; any if missing.
    #[serde(default)]
    pub method: Option<String>,
    /// The path it is for, where `*` stands for one segment; any if missing.
    #[serde(default)]
    pub path: Option<String>,
    /// The account it is for; any if missing.
    #[serde(default)]
    pub account: Option<String>,
    /// What it does.
    pub kind: FaultKind,
    /// The status of a [`FaultKind::Status`]; 500 if missing.
    #[serde(default)]
    pub status: Option<u16>,
    /// For a [`FaultKind::Status`]: whether the call takes effect before the other status is answered.
    #[serde(default)]
    pub after_effect: bool,
    /// For a [`FaultKind::Status`]: the `Stripe-Should-Retry` header, absent if missing.
    #[serde(default)]
    pub should_retry: Option<bool>,
    /// Milliseconds of a [`FaultKind::Delay`].
    #[serde(default)]
    pub delay_ms: u64,
    /// How many calls it hits before it is gone; 1 if missing.
    #[serde(default = "one")]
    pub times: u32,
    /// How many matching calls it lets pass first.
    #[serde(default)]
    pub skip: u32,
    /// How likely it hits a matching call, in percent, drawn from the seed; 100 if missing.
    #[serde(default = "always")]
    pub percent: u8,
}

fn one() -> u32 {
    1
}

fn always() -> u8 {
    100
}

impl Fault {
    /// A fault of this kind for the next call, whatever it is.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self {
            method: None,
            path: None,
            account: None,
            kind,
            status: None,
            after_effect: false,
            should_retry: None,
            delay_ms: 0,
            times: one(),
            skip: 0,
            percent: always(),
        }
    }

    /// Only for calls of this method and path; `*` stands for one segment.
    #[must_use]
    pub fn on(mut self, method: &str, path: &str) -> Self {
        self.method = Some(method.to_owned());
        self.path = Some(path.to_owned());
        self
    }

    /// What is wrong with it, as a sentence.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(status) = self.status
            && !(400..600).contains(&status)
        {
            return Err(format!("status must be between 400 and 599, not {status}"));
        }
        if self.delay_ms > DELAY_MS_MAX {
            return Err(format!("delay_ms must be at most {DELAY_MS_MAX}, not {}", self.delay_ms));
        }
        if self.percent > 100 {
            return Err(format!("percent must be at most 100, not {}", self.percent));
        }
        if self.kind == FaultKind::Delay && self.delay_ms == 0 {
            return Err("a delay needs delay_ms".to_owned());
        }
        Ok(())
    }

    fn matches(&self, method: &str, path: &str, account: &str) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.account.as_ref().is_none_or(|wanted| wanted == account)
            && self.path.as_ref().is_none_or(|wanted| matches_path(wanted, path))
    }
}

fn matches_path(pattern: &str, path: &str) -> bool {
    let mut wanted = pattern.trim_matches('/').split('/');
    let mut given = path.trim_matches('/').split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(a), Some(b)) if a == b => {}
            (Some(_), Some(_)) | (Some(_), None) | (None, Some(_)) => return false,
        }
    }
}

/// The faults that wait, in the order they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) -> Result<(), String> {
        fault.check()?;
        if self.0.len() >= FAULTS_MAX {
            return Err(format!("at most {FAULTS_MAX} faults can wait at once"));
        }
        if fault.times > 0 {
            self.0.push(fault);
        }
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn waiting(&self) -> &[Fault] {
        &self.0
    }

    /// The fault that hits this call, if one does. Every matching one counts the call; the first that is ready hits.
    pub(crate) fn take(
        &mut self,
        ids: &mut Ids,
        method: &str,
        path: &str,
        account: &str,
    ) -> Option<Fault> {
        self.hit(ids, |fault| fault.matches(method, path, account))
    }

    /// The fault that hits the loading of a script or a page. Only one that names the path does: whoever asks for the
    /// next call to fail means a call of the API.
    pub(crate) fn take_named(&mut self, ids: &mut Ids, path: &str) -> Option<Fault> {
        self.hit(ids, |fault| {
            fault.path.is_some() && fault.account.is_none() && fault.matches("GET", path, "")
        })
    }

    fn hit(&mut self, ids: &mut Ids, matches: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut hit = None;
        for fault in &mut self.0 {
            if hit.is_some() || !matches(fault) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            // A certain fault draws nothing, so that adding one does not shift the others' chances.
            if fault.percent < 100 && ids.number("fault", 100) >= u64::from(fault.percent) {
                continue;
            }
            fault.times -= 1;
            hit = Some(fault.clone());
        }
        self.0.retain(|fault| fault.times > 0);
        hit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_capture() -> Fault {
        Fault::new(FaultKind::LoseAnswer).on("POST", "/v1/payment_intents/*/capture")
    }

    #[test]
    fn a_star_stands_for_one_segment() {
        let fault = on_capture();
        assert!(fault.matches("POST", "/v1/payment_intents/pi_1/capture", "acct_1"));
        assert!(!fault.matches("POST", "/v1/payment_intents/pi_1/cancel", "acct_1"));
        assert!(!fault.matches("GET", "/v1/payment_intents/pi_1/capture", "acct_1"));
        assert!(!fault.matches("POST", "/v1/payment_intents/pi_1", "acct_1"));
    }

    #[test]
    fn a_fault_skips_then_hits_so_many_times() {
        let mut ids = Ids::new(1);
        let mut faults = Faults::default();
        let fault = Fault { skip: 1, times: 2, ..Fault::new(FaultKind::LoseRequest) };
        faults.add(fault).unwrap();
        let hits: Vec<bool> = (0..4)
            .map(|_| faults.take(&mut ids, "GET", "/v1/balance", "acct_1").is_some())
            .collect();
        assert_eq!(hits, [false, true, true, false]);
    }
}
