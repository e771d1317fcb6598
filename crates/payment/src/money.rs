//! Amounts of money: integers in minor units, each with its currency. Never a float.

use std::fmt;

use thiserror::Error;

/// An ISO 4217 currency that has minor units (or none, like JPY).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Reads an alphabetic ISO 4217 code, in either case.
    ///
    /// # Errors
    /// [`MoneyError::UnknownCurrency`] when ISO 4217 has no such code, or has it without an
    /// exponent (as for `XAU`, gold).
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        let unknown = || MoneyError::UnknownCurrency(code.to_owned());
        let currency =
            iso_currency::Currency::from_code(&code.to_ascii_uppercase()).ok_or_else(unknown)?;
        currency.exponent().ok_or_else(unknown)?;
        Ok(Self(currency))
    }

    /// The alphabetic code in upper case, as the shop writes it.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many digits the minor unit has: 2 for EUR, 0 for JPY, 3 for KWD.
    pub fn exponent(self) -> u16 {
        // `parse` lets only currencies with an exponent in.
        self.0.exponent().unwrap_or(0)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A non-negative amount in minor units of its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why an amount could not be made or computed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// Amounts are never negative; a direction is a word, not a sign.
    #[error("the amount {0} is negative")]
    Negative(i64),
    /// The code is not an ISO 4217 currency with minor units.
    #[error("{0:?} is not an ISO 4217 currency")]
    UnknownCurrency(String),
    /// Two amounts of different currencies were put together.
    #[error("{0} and {1} are different currencies")]
    CurrencyMismatch(Currency, Currency),
    /// The result does not fit.
    #[error("the amount does not fit into 63 bits of minor units")]
    Overflow,
}

impl Money {
    /// An amount of `minor` units.
    ///
    /// # Errors
    /// [`MoneyError::Negative`].
    pub fn new(minor: i64, currency: Currency) -> Result<Self, MoneyError> {
        if minor < 0 {
            return Err(MoneyError::Negative(minor));
        }
        Ok(Self { minor, currency })
    }

    /// Nothing, in `currency`.
    pub fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// The amount in minor units.
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// Whether the amount is zero.
    pub fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`] or [`MoneyError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// What is left after taking `other` away, and nothing where it is more than there is.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`].
    pub fn minus_or_zero(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        Ok(Self { minor: (self.minor - other.minor).max(0), ..self })
    }

    /// Whether `other` can be taken from this amount: same currency, and not more than there is.
    pub fn covers(self, other: Self) -> bool {
        self.currency == other.currency && self.minor >= other.minor
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch(self.currency, other.currency))
        }
    }
}

/// In major units with the currency's code, for people: `189.79 EUR`, `1500 JPY`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = usize::from(self.currency.exponent());
        let text = format!("{:0width$}", self.minor, width = digits + 1);
        let (major, minor) = text.split_at(text.len() - digits);
        if digits == 0 {
            write!(f, "{major} {}", self.currency)
        } else {
            write!(f, "{major}.{minor} {}", self.currency)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, Currency::parse(code).unwrap()).unwrap()
    }

    #[test]
    fn shows_major_units_by_the_exponent_of_the_currency() {
        assert_eq!(money(18979, "EUR").to_string(), "189.79 EUR");
        assert_eq!(money(5, "EUR").to_string(), "0.05 EUR");
        assert_eq!(money(1500, "JPY").to_string(), "1500 JPY");
        assert_eq!(money(1234, "KWD").to_string(), "1.234 KWD");
    }

    #[test]
    fn refuses_what_is_no_amount() {
        assert_eq!(Money::new(-1, Currency::parse("EUR").unwrap()), Err(MoneyError::Negative(-1)));
        assert!(Currency::parse("XYZ").is_err());
        assert!(Currency::parse("XAU").is_err(), "gold has no minor unit");
        assert_eq!(Currency::parse("eur").unwrap().code(), "EUR");
    }

    proptest! {
        #[test]
        fn adding_and_taking_away_again_changes_nothing(a in 0..i64::MAX / 2, b in 0..i64::MAX / 2) {
            let (a, b) = (money(a, "EUR"), money(b, "EUR"));
            let sum = a.plus(b).unwrap();
            prop_assert!(sum.covers(a) && sum.covers(b));
            prop_assert_eq!(sum.minus_or_zero(b).unwrap(), a);
        }

        #[test]
        fn different_currencies_never_meet(a in 0i64..1000, b in 0i64..1000) {
            prop_assert!(money(a, "EUR").plus(money(b, "USD")).is_err());
            prop_assert!(!money(a, "EUR").covers(money(b, "USD")));
        }

        #[test]
        fn sums_that_do_not_fit_are_errors(a in 1..=i64::MAX) {
            prop_assert_eq!(money(i64::MAX, "EUR").plus(money(a, "EUR")), Err(MoneyError::Overflow));
        }
    }
}
