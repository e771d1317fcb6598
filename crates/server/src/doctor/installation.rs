//! The installation itself: secrets, who is let in, the public address, the clock.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{Request, Response, header};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use stripe::TransportError;
use url::Url;

use super::{Examination, Finding, Outside};
use crate::config::{Auth, Problem, is_loopback};

/// A clock that differs more from Stripe's than this is told as a warning.
pub const CLOCK_OFF_WARNING: SignedDuration = SignedDuration::from_secs(5);
/// A clock that differs more from Stripe's than this is a problem: tokens and, from 300 seconds on,
/// webhooks are refused.
pub const CLOCK_OFF_MAX: SignedDuration = SignedDuration::from_secs(60);
/// The operator's token should have at least so many characters: what `paybridge keys generate`
/// prints has 44.
pub const TOKEN_CHARS_STRONG: usize = 32;
/// And among them so many different ones.
const TOKEN_LETTERS_STRONG: usize = 10;
/// An HTTP date has whole seconds.
const DATE_STEP: SignedDuration = SignedDuration::from_secs(1);

const NEW_TOKEN: &str = "set PAYBRIDGE_AUTH_TOKEN to what `paybridge keys generate` prints";

impl Examination<'_> {
    pub(super) async fn installation(&self) -> Vec<Finding> {
        let mut findings = self.secrets();
        findings.push(self.sign_in());
        let public = self.public_url();
        let is_usable = public.level == super::Level::Ok;
        findings.push(public);
        if let Some(outside) = &self.outside {
            if is_usable {
                findings.push(self.reach(outside).await);
            }
            findings.push(self.clock(outside).await);
        }
        findings
    }

    fn secrets(&self) -> Vec<Finding> {
        match self.config.secrets() {
            Ok(_) => vec![Finding::ok("configuration", "is complete")],
            Err(error) => error
                .problems()
                .iter()
                .map(|problem| match problem {
                    Problem::Missing { name, advice } => {
                        let text = format!("`{name}` is not set");
                        Finding::problem("configuration", text, advice.as_str())
                    }
                    other => {
                        let next = "docs/configuration.md has every key";
                        Finding::problem("configuration", other.to_string(), next)
                    }
                })
                .collect(),
        }
    }

    fn sign_in(&self) -> Finding {
        let check = "sign-in";
        let provider = match &self.config.auth {
            Auth::Nobody => {
                let text = "nobody is asked for a token (`auth_mode` is \"none\")";
                let next = format!("take `auth_mode` out, and {NEW_TOKEN}");
                return Finding::problem(check, text, next);
            }
            Auth::Token { provider, .. } => provider,
        };
        let token = self.config.secrets().ok().and_then(|secrets| secrets.auth_token);
        if let Some(token) = &token
            && is_weak(token.expose_secret())
        {
            let text = "the operator's token could be guessed: it is short, or repeats itself";
            return Finding::warning(check, text, NEW_TOKEN);
        }
        let mut whose = vec!["tenants' tokens"];
        whose.extend(token.is_some().then_some("the operator's token"));
        let issuer = provider.as_ref().map(|provider| provider.options.issuer.as_str());
        whose.extend(issuer);
        Finding::ok(check, whose.join(", "))
    }

    fn public_url(&self) -> Finding {
        let check = "public address";
        let next = "set PAYBRIDGE_PUBLIC_URL to the https address of the proxy before the app";
        let Some(public) = &self.config.public_url_set else {
            let url = self.config.public_url(self.config.listen);
            let text =
                format!("`public_url` is not set: {url} is no address for Stripe or shoppers");
            return Finding::problem(check, text, next);
        };
        match Url::parse(public.as_str()) {
            Ok(url) if is_loopback(&url) => {
                let text =
                    format!("{public} is this machine: neither Stripe nor a shopper gets there");
                Finding::problem(check, text, next)
            }
            Ok(url) if url.scheme() != "https" => {
                let text = format!("{public} is not https: Stripe sends no live events there");
                Finding::problem(check, text, next)
            }
            Ok(_) => Finding::ok(check, public.as_str()),
            Err(error) => Finding::problem(check, format!("{public}: {error}"), next),
        }
    }

    /// Whether the app answers at its public address, as far as that can be seen from here.
    async fn reach(&self, outside: &Outside) -> Finding {
        let check = "reachable";
        let url = format!("{}/health/live", self.config.public_url(self.config.listen));
        match get(outside, &url).await {
            Ok(answer) if answer.body().starts_with(br#"{"status":"ok"}"#) => {
                Finding::ok(check, format!("{url} answers"))
            }
            Ok(answer) => Finding::warning(
                check,
                format!("{url} answers {}, which is not this app", answer.status().as_u16()),
                "right, where the proxy keeps health checks to itself; else see where it leads to",
            ),
            Err(error) => Finding::warning(
                check,
                format!("{url} is not reached from here: {error}"),
                "is the server running, and does the proxy lead to it? Look from another network too",
            ),
        }
    }

    /// Stripe says its time with every answer, also with the refusal of a call without a key.
    async fn clock(&self, outside: &Outside) -> Finding {
        let check = "clock";
        let url = format!("{}/v1/account", self.config.stripe_api_base);
        let before = self.entropy.now();
        let answer = match get(outside, &url).await {
            Ok(answer) => answer,
            Err(error) => {
                let text = format!("{} is not reached: {error}", self.config.stripe_api_base);
                let next = "let this machine make https connections to Stripe's API";
                return Finding::problem(check, text, next);
            }
        };
        let Some(theirs) = date(&answer) else {
            let text = "Stripe's answer does not say its time";
            return Finding::warning(
                check,
                text,
                "is there a proxy in between? See what it leaves out",
            );
        };
        clock_finding(before, self.entropy.now(), theirs)
    }
}

/// Compares the moments between which Stripe answered with the second that it named.
fn clock_finding(before: Timestamp, after: Timestamp, theirs: Timestamp) -> Finding {
    let ahead = before.duration_since(theirs) - DATE_STEP;
    let behind = theirs.duration_since(after);
    let (off, direction) = if ahead > behind { (ahead, "ahead of") } else { (behind, "behind") };
    let off = off.max(SignedDuration::ZERO);
    let next = "let it be set by NTP (`timedatectl set-ntp true`); webhooks are refused when it is \
                more than 300 s ahead, signed tokens when it is off by auth_clock_skew_seconds";
    let text = format!("{} s {direction} Stripe's", off.as_secs());
    if off > CLOCK_OFF_MAX {
        Finding::problem("clock", text, next)
    } else if off > CLOCK_OFF_WARNING {
        Finding::warning("clock", text, next)
    } else {
        let tolerance = CLOCK_OFF_WARNING.as_secs();
        Finding::ok("clock", format!("within {tolerance} s of Stripe's"))
    }
}

async fn get(outside: &Outside, url: &str) -> Result<Response<Bytes>, String> {
    let request = Request::get(url).body(Bytes::new()).map_err(|error| error.to_string())?;
    outside.web.send(request).await.map_err(|error| match error {
        TransportError::NotSent(reason) | TransportError::Unknown(reason) => reason,
    })
}

fn date(answer: &Response<Bytes>) -> Option<Timestamp> {
    let text = answer.headers().get(header::DATE)?.to_str().ok()?;
    DateTimeParser::new().parse_timestamp(text).ok()
}

fn is_weak(token: &str) -> bool {
    let letters: BTreeSet<char> = token.chars().collect();
    token.chars().count() < TOKEN_CHARS_STRONG || letters.len() < TOKEN_LETTERS_STRONG
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn found(ours_s: i64, theirs_s: i64) -> (Level, String) {
        let at = |seconds| Timestamp::from_second(1_790_000_000 + seconds).unwrap();
        let finding = clock_finding(at(ours_s), at(ours_s), at(theirs_s));
        (finding.level, finding.text)
    }

    #[test]
    fn a_clock_is_compared_with_the_second_that_stripe_names() {
        assert_eq!(found(0, 0), (Level::Ok, "within 5 s of Stripe's".to_owned()));
        assert_eq!(found(6, 0).0, Level::Ok, "Stripe's second was nearly over");
        assert_eq!(found(7, 0), (Level::Warning, "6 s ahead of Stripe's".to_owned()));
        assert_eq!(found(0, 6), (Level::Warning, "6 s behind Stripe's".to_owned()));
        assert_eq!(found(62, 0), (Level::Problem, "61 s ahead of Stripe's".to_owned()));
        assert_eq!(found(0, 400), (Level::Problem, "400 s behind Stripe's".to_owned()));
    }

    #[test]
    fn a_token_is_weak_when_it_is_short_or_repeats_itself() {
        assert!(is_weak("correct-horse-battery"));
        assert!(is_weak(&"ab".repeat(30)));
        assert!(!is_weak("q0mUeF9xW3yGk1ZpT7sVdB2nH5jL8rCa4EoXi6tYuKw="));
    }
}
