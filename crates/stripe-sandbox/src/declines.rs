//! Payments declined on request: whatever is paid with next is refused, with a reason of choice.

use serde::{Deserialize, Serialize};

use crate::methods::{self, Decline};

/// How many requests for a decline may wait at once.
pub const DECLINES_MAX: usize = 1_000;

/// A request to decline the payments that are tried next, whatever they are paid with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclineNext {
    /// Stripe's decline code, such as `insufficient_funds`; `generic_decline` if missing.
    #[serde(default = "generic")]
    pub code: String,
    /// The account it is for; any if missing.
    #[serde(default)]
    pub account: Option<String>,
    /// How many attempts it declines before it is gone; 1 if missing.
    #[serde(default = "one")]
    pub times: u32,
}

fn generic() -> String {
    "generic_decline".to_owned()
}

fn one() -> u32 {
    1
}

impl Default for DeclineNext {
    fn default() -> Self {
        Self { code: generic(), account: None, times: one() }
    }
}

/// The requests that wait, in the order they were made.
#[derive(Debug, Default)]
pub(crate) struct Declines(Vec<DeclineNext>);

impl Declines {
    pub(crate) fn add(&mut self, request: DeclineNext) -> Result<(), String> {
        if methods::decline(&request.code).is_none() {
            return Err(format!(
                "code must be one of {}, not {}",
                methods::decline_codes().join(", "),
                request.code
            ));
        }
        if self.0.len() >= DECLINES_MAX {
            return Err(format!("at most {DECLINES_MAX} declines can wait at once"));
        }
        if request.times > 0 {
            self.0.push(request);
        }
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn waiting(&self) -> &[DeclineNext] {
        &self.0
    }

    /// The decline that meets an attempt in this account, if one waits.
    pub(crate) fn take(&mut self, account: &str) -> Option<Decline> {
        let request = self
            .0
            .iter_mut()
            .find(|request| request.account.as_deref().is_none_or(|wanted| wanted == account))?;
        request.times -= 1;
        let decline = methods::decline(&request.code);
        self.0.retain(|request| request.times > 0);
        decline
    }
}
