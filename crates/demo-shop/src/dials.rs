//! The fault dials: what the shop's server asks of the stand-in for Stripe, by its control API.

use http::Method;
use serde_json::{Value, json};

use crate::poller::TIME_LIMIT;
use crate::shop::Shop;

/// How many calls the stand-in does not hear while it is "down": more than anybody makes.
const DOWN_CALLS: u32 = 1_000_000;
/// A fault for more calls than this is the one that [`DOWN_CALLS`] made.
const DOWN_CALLS_LEFT_MIN: u64 = 1_000;
/// How late a slow answer is.
const SLOW_MS: u32 = 4_000;
/// How many answers are slow.
const SLOW_CALLS: u32 = 3;

/// A dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dial {
    Decline,
    Slow,
    LoseAnswer,
    Down,
    Hold,
    Twice,
    Reverse,
    Week,
    Reset,
}

/// What the stand-in is set to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dials {
    pub(crate) declines: u64,
    pub(crate) slow: u64,
    pub(crate) lost_answers: u64,
    pub(crate) is_down: bool,
    pub(crate) holds: bool,
    pub(crate) held: usize,
    pub(crate) twice: bool,
    pub(crate) reverse: bool,
    pub(crate) weeks: i64,
}

impl Dial {
    pub(crate) const ALL: [Self; 9] = [
        Self::Decline,
        Self::LoseAnswer,
        Self::Slow,
        Self::Down,
        Self::Hold,
        Self::Twice,
        Self::Reverse,
        Self::Week,
        Self::Reset,
    ];

    /// The word in its address.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Decline => "decline",
            Self::Slow => "slow",
            Self::LoseAnswer => "lose-answer",
            Self::Down => "down",
            Self::Hold => "hold",
            Self::Twice => "twice",
            Self::Reverse => "reverse",
            Self::Week => "week",
            Self::Reset => "reset",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dial| dial.name() == name)
    }
}

impl Shop {
    /// What the stand-in is set to; an error is a sentence.
    pub(crate) async fn dials(&self) -> Result<Dials, String> {
        let faults = self.control(Method::GET, "faults", None).await?;
        let webhooks = self.control(Method::GET, "webhooks", None).await?;
        // An older stand-in has no such control, and nothing waits there.
        let declines = self.control(Method::GET, "declines", None).await.unwrap_or_default();
        let settings = &webhooks["settings"];
        let deliveries = webhooks["deliveries"].as_array().map(Vec::as_slice).unwrap_or_default();
        let weeks = self.read(|state| state.clock_ahead.as_hours() / TIME_LIMIT.as_hours());
        Ok(Dials {
            declines: times(&declines["declines"], |_| true),
            slow: times(&faults["faults"], |fault| fault["kind"] == "delay"),
            lost_answers: times(&faults["faults"], |fault| fault["kind"] == "lose_answer"),
            is_down: list(&faults["faults"]).iter().any(makes_it_down),
            holds: settings["mode"] == "hold",
            held: deliveries.iter().filter(|delivery| delivery["status"] == "held").count(),
            twice: settings["copies"].as_u64() > Some(1),
            reverse: settings["order"] == "reverse",
            weeks,
        })
    }

    /// Turns a dial. Returns what that means, as a sentence.
    pub(crate) async fn turn(&self, dial: Dial) -> Result<&'static str, String> {
        let now = self.dials().await?;
        match dial {
            Dial::Decline => {
                self.post("declines", json!({"code": "insufficient_funds"})).await?;
                Ok("The next payment will be declined for insufficient funds.")
            }
            Dial::Slow => {
                let fault = json!({"kind": "delay", "delay_ms": SLOW_MS, "times": SLOW_CALLS});
                self.post("faults", fault).await?;
                Ok("The next three answers of Stripe come four seconds late.")
            }
            Dial::LoseAnswer => {
                self.post("faults", json!({"kind": "lose_answer", "method": "POST"})).await?;
                Ok("Stripe will do what it is asked next, but the answer gets lost.")
            }
            Dial::Down if now.is_down => {
                self.up().await?;
                Ok("Stripe answers again.")
            }
            Dial::Down => {
                let fault = json!({"kind": "lose_request", "times": DOWN_CALLS});
                self.post("faults", fault).await?;
                Ok("Nothing reaches Stripe now, until you switch this off.")
            }
            Dial::Hold => self.webhooks(Dials { holds: !now.holds, ..now }).await,
            Dial::Twice => self.webhooks(Dials { twice: !now.twice, ..now }).await,
            Dial::Reverse => self.webhooks(Dials { reverse: !now.reverse, ..now }).await,
            Dial::Week => self.let_a_week_pass().await,
            Dial::Reset => self.reset().await,
        }
    }

    async fn up(&self) -> Result<(), String> {
        let faults = self.control(Method::GET, "faults", None).await?;
        self.control(Method::DELETE, "faults", None).await?;
        for fault in list(&faults["faults"]).iter().filter(|fault| !makes_it_down(fault)) {
            self.post("faults", fault.clone()).await?;
        }
        Ok(())
    }

    async fn webhooks(&self, wanted: Dials) -> Result<&'static str, String> {
        let settings = json!({
            "mode": if wanted.holds { "hold" } else { "deliver" },
            "copies": if wanted.twice { 2 } else { 1 },
            "order": if wanted.reverse { "reverse" } else { "fifo" },
        });
        self.post("webhooks", settings).await?;
        if wanted.holds {
            return Ok("Webhooks are held, until you switch this off.");
        }
        self.post("webhooks/release", json!({})).await?;
        Ok("Webhooks are sent as it says here.")
    }

    async fn let_a_week_pass(&self) -> Result<&'static str, String> {
        let seconds = TIME_LIMIT.as_secs();
        self.post("clock", json!({"advance_seconds": seconds})).await?;
        self.change(|state, _| {
            state.clock_ahead =
                state.clock_ahead.checked_add(TIME_LIMIT).unwrap_or(state.clock_ahead);
        });
        Ok("A week has passed for Stripe and for the shop.")
    }

    async fn reset(&self) -> Result<&'static str, String> {
        self.control(Method::DELETE, "faults", None).await?;
        // See above: an older stand-in has none.
        let _ = self.control(Method::DELETE, "declines", None).await;
        self.post("webhooks", json!({})).await?;
        self.post("webhooks/release", json!({})).await?;
        Ok("Everything works again, and what was held is on its way.")
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value, String> {
        self.control(Method::POST, path, Some(body)).await
    }

    async fn control(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, String> {
        let sandbox = self.config().sandbox.as_ref().ok_or("There is no stand-in to be set.")?;
        let mut request =
            self.client().http().request(method, format!("{sandbox}/_sandbox/{path}"));
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let unreachable = |_| "The stand-in for Stripe does not answer.".to_owned();
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let text = answer.text().await.map_err(unreachable)?;
        if status.is_success() {
            Ok(serde_json::from_str(&text).unwrap_or_default())
        } else {
            Err(format!("The stand-in for Stripe refused it ({status})."))
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// How many calls are still to be hit by the entries of a list.
fn times(entries: &Value, counts: impl Fn(&Value) -> bool) -> u64 {
    list(entries)
        .iter()
        .filter(|entry| counts(entry))
        .filter_map(|entry| entry["times"].as_u64())
        .sum()
}

fn makes_it_down(fault: &Value) -> bool {
    fault["kind"] == "lose_request" && fault["times"].as_u64() > Some(DOWN_CALLS_LEFT_MIN)
}
