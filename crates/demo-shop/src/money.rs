//! Amounts of the currencies that the shop sells in.

use std::fmt;

/// A currency of the shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Currency {
    /// Euro.
    #[default]
    Eur,
    /// US dollar.
    Usd,
    /// Pound sterling.
    Gbp,
    /// Swiss franc.
    Chf,
    /// Yen, which has no smaller unit.
    Jpy,
}

impl Currency {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::Eur, Self::Usd, Self::Gbp, Self::Chf, Self::Jpy];

    /// The ISO code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Eur => "EUR",
            Self::Usd => "USD",
            Self::Gbp => "GBP",
            Self::Chf => "CHF",
            Self::Jpy => "JPY",
        }
    }

    /// The currency of an ISO code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|currency| currency.code() == code)
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Eur => "€",
            Self::Usd => "$",
            Self::Gbp => "£",
            Self::Chf => "CHF\u{a0}",
            Self::Jpy => "¥",
        }
    }

    fn has_cents(self) -> bool {
        match self {
            Self::Eur | Self::Usd | Self::Gbp | Self::Chf => true,
            Self::Jpy => false,
        }
    }
}

/// An amount in the currency's minor unit. It displays as an English page writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    /// The amount, in minor units; below zero where money goes back.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

/// An amount of any currency, in minor units, as a message has it.
pub(crate) fn in_words(minor: i64, code: &str) -> String {
    match Currency::from_code(code) {
        Some(currency) => Money { minor, currency }.to_string(),
        None => format!("{minor} {code}, in minor units"),
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minus = if self.minor < 0 { "−" } else { "" };
        let amount = self.minor.unsigned_abs();
        let (whole, cents) = if self.currency.has_cents() {
            (amount / 100, Some(amount % 100))
        } else {
            (amount, None)
        };
        write!(f, "{minus}{}{}", self.currency.sign(), grouped(whole))?;
        match cents {
            Some(cents) => write!(f, ".{cents:02}"),
            None => Ok(()),
        }
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_on_an_english_page() {
        let shown = |minor, currency| Money { minor, currency }.to_string();
        assert_eq!(shown(18_979, Currency::Eur), "€189.79");
        assert_eq!(shown(5, Currency::Usd), "$0.05");
        assert_eq!(shown(-9_999, Currency::Gbp), "−£99.99");
        assert_eq!(shown(123_456_789, Currency::Chf), "CHF\u{a0}1,234,567.89");
        assert_eq!(shown(16_800, Currency::Jpy), "¥16,800");
    }
}
