//! The timeline of the demo: who said what to whom, and when.

use std::fmt::Write;

use jiff::Timestamp;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The shop.
    Shop,
    /// The shopper.
    Shopper,
    /// Paybridge.
    App,
    /// Stripe, or its stand-in.
    Stripe,
}

impl Party {
    fn name(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Shopper => "shopper",
            Self::App => "app",
            Self::Stripe => "stripe",
        }
    }
}

/// One line of the timeline.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who spoke.
    pub from: Party,
    /// To whom.
    pub to: Party,
    /// What.
    pub what: String,
    /// What matters of it.
    pub detail: String,
}

/// The lines in the order of their times, under the headings of the journey.
pub fn render(mut entries: Vec<Entry>, headings: &[(Timestamp, String)]) -> String {
    entries.sort_by_key(|entry| entry.at);
    let start = headings.first().map(|(at, _)| *at);
    let start = start.or_else(|| entries.first().map(|entry| entry.at));
    let Some(start) = start else { return String::new() };
    let mut text = String::new();
    let mut headings = headings.iter().peekable();
    for entry in &entries {
        while let Some((_, heading)) = headings.next_if(|(at, _)| *at <= entry.at) {
            let _ = writeln!(text, "\n  {heading}");
        }
        let seconds = entry.at.duration_since(start).as_millis();
        let (from, to) = (entry.from.name(), entry.to.name());
        let time = format!("{}.{:03}", seconds / 1000, seconds.unsigned_abs() % 1000);
        let line = format!("{time:>9}  {from:>7} → {to:<7} {:<42} {}", entry.what, entry.detail);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + millis).unwrap()
    }

    #[test]
    fn lines_stand_in_the_order_of_their_times_under_their_headings() {
        let entry = |millis, what: &str| Entry {
            at: at(millis),
            from: Party::Shop,
            to: Party::App,
            what: what.into(),
            detail: String::new(),
        };
        let headings = [(at(0), "1  First".to_owned()), (at(20), "2  Second".to_owned())];
        let text = render(vec![entry(30, "c"), entry(5, "a"), entry(1020, "d")], &headings);
        insta::assert_snapshot!(text, @r"

          1  First
            0.005     shop → app     a

          2  Second
            0.030     shop → app     c
            1.020     shop → app     d
        ");
    }
}
