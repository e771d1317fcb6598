//! Amounts at the border: the shop's ISO 4217 minor units on one side, Stripe's on the other
//! (contract/stripe.md section 6). Nothing else in paybridge knows that they differ.

use payment::{Currency, Money, MoneyError};
use thiserror::Error;

/// Currencies that Stripe writes without decimals. MGA is one of them although ISO gives it two.
const ZERO_DECIMAL: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
];

/// Currencies without decimals that Stripe, for compatibility, still writes with two (`00`).
const ALWAYS_TWO_DECIMAL: [&str; 2] = ["ISK", "UGX"];

/// The lowest amounts that Stripe charges, in Stripe's units, for the currencies it names one for.
const MINIMUMS: [(&str, i64); 23] = [
    ("AED", 200),
    ("AUD", 50),
    ("BGN", 100),
    ("BRL", 50),
    ("CAD", 50),
    ("CHF", 50),
    ("CZK", 1500),
    ("DKK", 250),
    ("EUR", 50),
    ("GBP", 30),
    ("HKD", 400),
    ("HUF", 17500),
    ("INR", 50),
    ("JPY", 50),
    ("MXN", 1000),
    ("MYR", 200),
    ("NOK", 300),
    ("NZD", 50),
    ("PLN", 200),
    ("RON", 200),
    ("SEK", 300),
    ("SGD", 50),
    ("USD", 50),
];

/// Why an amount cannot pass the border.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AmountError {
    /// Stripe has no unit for this currency.
    #[error("{0} cannot be charged with Stripe")]
    UnsupportedCurrency(Currency),
    /// Stripe cannot write the amount exactly, and money is never rounded.
    #[error("{amount} cannot be charged with Stripe: it has to be a multiple of {step}")]
    NotExpressible {
        /// The amount.
        amount: Money,
        /// What it has to be a multiple of.
        step: Money,
    },
    /// Stripe charges no less than this.
    #[error("{amount} is below the lowest amount that can be charged, {minimum}")]
    BelowMinimum {
        /// The amount.
        amount: Money,
        /// The lowest one.
        minimum: Money,
    },
    /// What Stripe sent is no amount of money.
    #[error("{amount} {currency} is not an amount: {reason}")]
    Unreadable {
        /// The number that Stripe sent.
        amount: i64,
        /// The currency that Stripe sent.
        currency: String,
        /// What is wrong with them.
        reason: String,
    },
    /// The number does not fit.
    #[error("the amount does not fit into 63 bits of minor units")]
    Overflow,
}

/// How Stripe's number follows from the shop's.
#[derive(Clone, Copy)]
enum Unit {
    /// The same number.
    Same,
    /// The same number, a multiple of ten (three-decimal currencies).
    SameInTens,
    /// The shop's number times this.
    Multiplied(i64),
    /// The shop's number divided by this.
    Divided(i64),
}

fn unit(currency: Currency) -> Result<Unit, AmountError> {
    let code = currency.code();
    let zero_decimal = ZERO_DECIMAL.contains(&code);
    let two_decimal = ALWAYS_TWO_DECIMAL.contains(&code);
    match currency.exponent() {
        0 if zero_decimal => Ok(Unit::Same),
        0 if two_decimal => Ok(Unit::Multiplied(100)),
        2 if zero_decimal => Ok(Unit::Divided(100)),
        2 => Ok(Unit::Same),
        3 => Ok(Unit::SameInTens),
        _ => Err(AmountError::UnsupportedCurrency(currency)),
    }
}

/// The amount in Stripe's units.
///
/// # Errors
/// [`AmountError::UnsupportedCurrency`], [`AmountError::NotExpressible`] where Stripe's unit is
/// coarser than the shop's and the amount does not fit it, or [`AmountError::Overflow`].
pub fn to_stripe(amount: Money) -> Result<i64, AmountError> {
    let minor = amount.minor();
    match unit(amount.currency())? {
        Unit::Same => Ok(minor),
        Unit::SameInTens => multiple_of(10, amount).map(|()| minor),
        Unit::Multiplied(factor) => minor.checked_mul(factor).ok_or(AmountError::Overflow),
        Unit::Divided(factor) => multiple_of(factor, amount).map(|()| minor / factor),
    }
}

fn multiple_of(step: i64, amount: Money) -> Result<(), AmountError> {
    if amount.minor() % step == 0 {
        return Ok(());
    }
    let step = Money::new(step, amount.currency()).map_err(|_| AmountError::Overflow)?;
    Err(AmountError::NotExpressible { amount, step })
}

/// The amount that Stripe sent, in the shop's units; Stripe writes the currency in lower case.
///
/// # Errors
/// [`AmountError::Unreadable`], [`AmountError::UnsupportedCurrency`] or [`AmountError::Overflow`].
pub fn from_stripe(amount: i64, currency: &str) -> Result<Money, AmountError> {
    let unreadable =
        |reason: String| AmountError::Unreadable { amount, currency: currency.to_owned(), reason };
    let money = |minor: i64, parsed: Currency| {
        Money::new(minor, parsed).map_err(|error| unreadable(error.to_string()))
    };
    let parsed =
        Currency::parse(currency).map_err(|error: MoneyError| unreadable(error.to_string()))?;
    match unit(parsed)? {
        Unit::Same | Unit::SameInTens => money(amount, parsed),
        Unit::Multiplied(factor) if amount % factor == 0 => money(amount / factor, parsed),
        Unit::Multiplied(factor) => Err(unreadable(format!("it is no multiple of {factor}"))),
        Unit::Divided(factor) => {
            money(amount.checked_mul(factor).ok_or(AmountError::Overflow)?, parsed)
        }
    }
}

/// The lowest amount that Stripe charges in this currency, where it names one. It may ask for more
/// where it settles in another currency, and refuses the call then.
pub fn minimum(currency: Currency) -> Option<Money> {
    let (_, amount) = MINIMUMS.iter().find(|(code, _)| *code == currency.code())?;
    from_stripe(*amount, currency.code()).ok()
}

/// Whether a payment of this amount can be asked for, so that a use case can refuse it before
/// anything is stored (conformance case 12).
///
/// # Errors
/// As [`to_stripe`], and [`AmountError::BelowMinimum`].
pub fn check(amount: Money) -> Result<(), AmountError> {
    to_stripe(amount)?;
    match minimum(amount.currency()) {
        Some(minimum) if !amount.covers(minimum) => {
            Err(AmountError::BelowMinimum { amount, minimum })
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, Currency::parse(code).unwrap()).unwrap()
    }

    fn sent(minor: i64, code: &str) -> Result<i64, String> {
        to_stripe(money(minor, code)).map_err(|error| error.to_string())
    }

    #[test]
    fn euros_and_yen_are_sent_as_the_shop_has_them() {
        assert_eq!(sent(18979, "EUR"), Ok(18979));
        assert_eq!(sent(1500, "JPY"), Ok(1500));
        assert_eq!(sent(17501, "HUF"), Ok(17501));
    }

    #[test]
    fn icelandic_kronur_and_ugandan_shillings_are_sent_with_two_decimals() {
        assert_eq!(sent(5, "ISK"), Ok(500));
        assert_eq!(from_stripe(500, "isk"), Ok(money(5, "ISK")));
        assert_eq!(sent(7, "UGX"), Ok(700));
        assert!(from_stripe(501, "isk").is_err());
    }

    #[test]
    fn ariary_have_decimals_for_iso_and_none_for_stripe() {
        assert_eq!(sent(150_000, "MGA"), Ok(1500));
        assert_eq!(
            sent(150_020, "MGA"),
            Err("1500.20 MGA cannot be charged with Stripe: it has to be a multiple of 1.00 MGA"
                .to_owned())
        );
    }

    #[test]
    fn a_single_fils_cannot_be_charged() {
        assert_eq!(sent(5120, "KWD"), Ok(5120));
        assert_eq!(
            sent(5124, "KWD"),
            Err("5.124 KWD cannot be charged with Stripe: it has to be a multiple of 0.010 KWD"
                .to_owned())
        );
    }

    #[test]
    fn a_currency_that_stripe_does_not_have_is_refused() {
        assert_eq!(sent(10_000, "CLF"), Err("CLF cannot be charged with Stripe".to_owned()));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        assert!(from_stripe(100, "doubloons").is_err());
        assert!(from_stripe(-1, "eur").is_err());
        assert_eq!(to_stripe(money(i64::MAX, "ISK")), Err(AmountError::Overflow));
        assert_eq!(from_stripe(i64::MAX, "mga"), Err(AmountError::Overflow));
    }

    #[test]
    fn amounts_below_the_minimum_are_told_with_it() {
        assert_eq!(check(money(50, "EUR")), Ok(()));
        assert_eq!(
            check(money(49, "EUR")).unwrap_err().to_string(),
            "0.49 EUR is below the lowest amount that can be charged, 0.50 EUR"
        );
        assert_eq!(minimum(Currency::parse("HUF").unwrap()), Some(money(17500, "HUF")));
        assert_eq!(minimum(Currency::parse("ISK").unwrap()), None);
        assert_eq!(check(money(1, "ISK")), Ok(()));
    }

    #[test]
    fn every_minimum_and_every_exception_names_a_real_currency() {
        for (code, _) in MINIMUMS {
            assert!(minimum(Currency::parse(code).unwrap()).is_some(), "{code}");
        }
        for code in ZERO_DECIMAL.into_iter().chain(ALWAYS_TWO_DECIMAL) {
            assert!(unit(Currency::parse(code).unwrap()).is_ok(), "{code}");
        }
    }

    fn any_currency() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "EUR", "USD", "JPY", "MGA", "ISK", "UGX", "KWD", "BHD", "HUF", "TWD", "XOF", "CLP",
        ])
    }

    proptest! {
        #[test]
        fn what_can_be_sent_comes_back_the_same(minor in 0..=i64::MAX, code in any_currency()) {
            let amount = money(minor, code);
            if let Ok(number) = to_stripe(amount) {
                prop_assert_eq!(from_stripe(number, &code.to_lowercase()), Ok(amount));
            }
        }

        #[test]
        fn what_stripe_sends_can_be_sent_back(number in 0..i64::MAX / 1000, code in any_currency()) {
            // Stripe never sends a last digit other than 0 for three decimals, nor cents of ISK.
            let number = number / 100 * 100;
            let amount = from_stripe(number, code).unwrap();
            prop_assert_eq!(to_stripe(amount), Ok(number));
        }
    }
}
